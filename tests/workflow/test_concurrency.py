"""Two at once: the same content makes one case, and different contents lose nothing."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from threading import Barrier

from tests.store.integrity import cases_of
from tests.web.bundles import IN_REVIEW, example_bytes, renewed
from tests.web.served import SUBMIT, Serve, Served

AT_ONCE = 8


def together(served: Served, bodies: list[bytes], path: str = SUBMIT) -> list[tuple[int, bytes, bool]]:
    """Send all *bodies* at the same moment, each from a thread of its own; return status, answer and replayed."""
    barrier = Barrier(len(bodies))

    def send(body: bytes) -> tuple[int, bytes, bool]:
        client = served.app.test_client()
        barrier.wait()
        response = client.post(path, data=body, headers={"Content-Type": "application/fhir+json"})
        return response.status_code, response.data, "Idempotent-Replayed" in response.headers

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(send, bodies))


def test_threads_with_the_same_content_make_one_case(serve: Serve) -> None:
    served = serve()
    for number in range(5):
        answers = together(served, [renewed(IN_REVIEW, str(number))] * AT_ONCE)
        assert {status for status, _, _ in answers} == {200}
        assert len({body for _, body, _ in answers}) == 1
        assert [replayed for _, _, replayed in answers].count(False) == 1
    assert len(cases_of(served.database)) == 5


def test_threads_with_different_contents_make_a_case_each(serve: Serve) -> None:
    served = serve()
    answers = together(served, [renewed(IN_REVIEW, str(number)) for number in range(AT_ONCE)])
    assert {status for status, _, _ in answers} == {200}
    assert len({body for _, body, _ in answers}) == AT_ONCE
    assert len(cases_of(served.database)) == AT_ONCE


def test_two_requests_for_the_same_service_at_once_are_a_request_and_its_duplicate(serve: Serve) -> None:
    """D08 holds at the same moment too: content differs, member, provider and service do not."""
    served = serve()
    body = example_bytes(IN_REVIEW)
    bodies = [body.replace(b"MR-20261123-0001", f"MR-{number}".encode()) for number in range(AT_ONCE)]
    assert {status for status, _, _ in together(served, bodies)} == {200}
    states = [row[0] for row in served.rows("SELECT state FROM authorization_case")]
    assert sorted(states) == ["dismissed"] * (AT_ONCE - 1) + ["in-review"]


def _submit_in_process(url: str, bodies: list[bytes]) -> list[tuple[int, bytes]]:
    served = Served(url)
    answers = [served.submit(body) for body in bodies]
    served.close()
    return [(answer.status_code, answer.data) for answer in answers]


def test_processes_with_the_same_contents_make_one_case_each(serve: Serve, store_url: str) -> None:
    served = serve()
    bodies = [renewed(IN_REVIEW, str(number)) for number in range(20)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        one, two = pool.map(_submit_in_process, [store_url] * 2, [bodies] * 2)
    assert one == two
    assert {status for status, _ in one} == {200}
    assert len(cases_of(served.database)) == len(bodies)
