"""The same content is answered once (S-16), also when it comes twice at once."""

from __future__ import annotations

import multiprocessing
import threading
from datetime import timedelta
from multiprocessing.synchronize import Barrier

import pytest

from fhir_server.authorization.caller import Caller
from fhir_server.errors import NotAllowed
from fhir_server.store.database import Database
from tests.store.submissions import ALICE, BOB, NOW, WINDOW, Submission, submit


def test_the_stored_answer_comes_back_to_the_byte(database: Database) -> None:
    sent = Submission(answer=bytes(range(256)))
    with database.write(ALICE) as unit:
        assert submit(unit, sent) is None
    with database.write(ALICE) as unit:
        stored = submit(unit, sent.of_case("WP-9"))
        assert stored is not None
        assert (stored.case, stored.status, stored.body) == (sent.case, 200, sent.answer)
        assert (stored.content_type, stored.event_number) == ("application/fhir+json", 3)
    with database.read(ALICE) as unit:
        assert unit.cases.identified_by("request", "A-1") == (sent.case,)


@pytest.mark.parametrize(("later", "replayed"), [(-1, True), (0, False), (1, False)])
def test_the_window_ends(database: Database, later: int, replayed: bool) -> None:
    sent = Submission()
    with database.write(ALICE) as unit:
        submit(unit, sent)
    with database.write(ALICE) as unit:
        at = NOW + WINDOW + timedelta(milliseconds=later)
        again = submit(unit, Submission(case="WP-2", answer=b"second", at=at))
        assert (again is not None) == replayed
    if not replayed:
        with database.write(ALICE) as unit:
            stored = unit.replays.claim(sent.key(ALICE), at, WINDOW)
            assert stored is not None
            assert (stored.case, stored.body) == ("WP-2", b"second")


def test_a_claim_that_was_never_answered_is_given_again(database: Database) -> None:
    for _ in range(2):
        with database.write(ALICE) as unit:
            assert unit.replays.claim("key", NOW, WINDOW) is None


def test_an_answer_is_guarded_even_if_two_clients_had_one_key(database: Database) -> None:
    sent = Submission()
    with database.write(ALICE) as unit:
        submit(unit, sent)
    with database.write(BOB) as unit, pytest.raises(NotAllowed):
        unit.replays.claim(sent.key(ALICE), NOW, WINDOW)


def test_two_threads_at_once_make_one_case(database: Database) -> None:
    begun, answers = threading.Barrier(8), []

    def one(position: int) -> None:
        begun.wait()
        with database.write(ALICE) as unit:
            answers.append(submit(unit, Submission(case=f"WP-{position}")))

    threads = [threading.Thread(target=one, args=(position,)) for position in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(None) == 1
    assert len({each.case for each in answers if each}) == 1
    assert len(answers) == 8


def test_who_waits_for_a_submission_that_fails_makes_the_case(database: Database) -> None:
    claimed, results = threading.Event(), []

    def fails() -> None:
        with database.write(ALICE) as unit:
            submit(unit, Submission(case="WP-lost"))
            claimed.set()
            raise RuntimeError("crash")

    def waits() -> None:
        claimed.wait(10)
        with database.write(ALICE) as unit:
            results.append(submit(unit, Submission(case="WP-kept")))

    thread = threading.Thread(target=waits)
    thread.start()
    with pytest.raises(RuntimeError):
        fails()
    thread.join()
    assert results == [None]
    with database.read(ALICE) as unit:
        assert unit.cases.identified_by("request", "A-1") == ("WP-kept",)


def _submit_all(url: str, process: int, begun: Barrier) -> None:
    database = Database(url, sandbox=False, wait_seconds=30)
    begun.wait()
    for number in range(40):
        with database.write(Caller("alice")) as unit:
            submit(unit, Submission(case=f"WP-{process}-{number}", body=str(number).encode()))
    database.close()


def test_two_processes_at_once_make_one_case_each(database: Database, store_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    begun = context.Barrier(3)
    processes = [context.Process(target=_submit_all, args=(store_url, each, begun)) for each in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    with database.read(ALICE) as unit:
        assert len(unit.cases.identified_by("request", "A-1")) == 40
