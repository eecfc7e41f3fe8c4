"""What operators see: health, readiness, figures, request ids."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fhir_server.web import operation
from tests.conftest import StartPostgreSQL
from tests.web.bundles import IN_REVIEW, example, renewed
from tests.web.served import SUBMIT, Serve, Served, rules_of


def figures(served: Served) -> dict[tuple[str, ...], float]:
    """Return the counts of answered requests by route, method and status."""
    text = served.get("/metrics").text
    return {
        (sample.labels["route"], sample.labels["method"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "wiser_pas_requests_total"
    }


def test_it_is_alive_and_ready(serve: Serve) -> None:
    served = serve()
    assert served.get("/healthz").get_json() == {"status": "ok"}
    assert served.get("/readyz").get_json() == {"status": "ready"}


def test_a_store_that_is_gone_makes_it_not_ready_and_it_stays_alive(serve_sqlite: Serve, tmp_path: Path) -> None:
    served = serve_sqlite()
    served.close()
    (tmp_path / "store.sqlite").rename(tmp_path / "elsewhere")
    response = served.get("/readyz")
    assert response.status_code == 503
    assert response.get_json()["status"] == "not ready"
    assert served.get("/healthz").status_code == 200
    refused = served.submit(example())
    assert rules_of(refused, 503) == ["unavailable"]
    assert int(refused.headers["Retry-After"]) >= 1
    (tmp_path / "elsewhere").rename(tmp_path / "store.sqlite")
    assert served.get("/readyz").status_code == 200
    assert served.submit(example()).status_code == 200


def test_a_database_server_that_stops_makes_it_not_ready_until_it_is_back(start_postgresql: StartPostgreSQL) -> None:
    server = start_postgresql(fsync=False)
    served = Served(server.url("postgres"))
    assert served.submit(renewed(IN_REVIEW, "before")).status_code == 200
    server.stop()
    assert served.get("/readyz").status_code == 503
    assert rules_of(served.submit(renewed(IN_REVIEW, "meanwhile")), 503) == ["unavailable"]
    server.start()
    assert served.get("/readyz").status_code == 200
    assert served.submit(renewed(IN_REVIEW, "meanwhile")).status_code == 200
    assert len(served.cases()) == 2
    served.close()


def test_figures_are_counted_by_route_and_never_by_address(served: Served) -> None:
    before = figures(served)
    served.submit(example())
    served.get("/stu2.2/fhir/Patient/1EG4TE5MK73")
    served.get("/1EG4TE5MK73?name=Canary")
    after = figures(served)
    assert after[SUBMIT, "POST", "200"] == before.get((SUBMIT, "POST", "200"), 0) + 1
    assert after["unknown", "GET", "404"] == before.get(("unknown", "GET", "404"), 0) + 2
    page = served.get("/metrics").text
    assert "1EG4TE5MK73" not in page
    assert "Canary" not in page


def test_a_method_that_is_none_does_not_become_a_label(served: Served) -> None:
    served.client.open(SUBMIT, method="1EG4TE5MK73")
    page = served.get("/metrics").text
    assert "1EG4TE5MK73" not in page
    assert figures(served)["unknown", "other", "405"] >= 1


def test_seconds_are_measured_by_route(served: Served) -> None:
    served.submit(example())
    page = served.get("/metrics").text
    assert f'wiser_pas_request_seconds_count{{route="{SUBMIT}"}}' in page


@pytest.mark.parametrize(
    "sent", ["0AF7651916CD43DD", "0af7651916cd43dd8448eb211c80319c", "0a1b2c3d-0a1b-4c2d-8e3f-0123456789ab"]
)
def test_a_request_id_comes_back(served: Served, sent: str) -> None:
    assert served.get("/healthz", X_Request_Id=sent).headers["X-Request-Id"] == sent
    assert served.submit(example(), X_Request_Id=sent).headers["X-Request-Id"] == sent


@pytest.mark.parametrize("sent", ["", "two words", "<script>", "ä", "a" * 65, "1EG4TE5MK73"])
def test_an_unfit_request_id_is_replaced(served: Served, sent: str) -> None:
    given = served.get("/healthz", X_Request_Id=sent).headers["X-Request-Id"]
    assert given != sent
    assert re.fullmatch(r"[0-9a-f]{32}", given)


def test_answers_are_not_stored_on_the_way(served: Served) -> None:
    for response in (served.submit(example()), served.get("/nowhere"), served.get("/")):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_request_is_answered_though_its_figures_are_lost(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(operation.REQUESTS, "labels", lost)
    assert served.submit(example()).status_code == 200


def test_figures_that_cannot_be_read_are_unavailable(
    served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "gone"))
    assert rules_of(served.get("/metrics"), 503) == ["unavailable"]
