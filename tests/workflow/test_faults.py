"""Whatever statement of a submission fails, the caller gets 503 and nothing is kept; the retry succeeds."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.store.integrity import cases_of
from tests.store.test_faults import failing_at, operational_error
from tests.web.bundles import DISMISSED_AS_ERROR, WITH_GUIDS, renewed
from tests.web.served import Serve, case_of, rules_of

NONE = 0


@pytest.mark.parametrize("path", [WITH_GUIDS, DISMISSED_AS_ERROR])
def test_every_statement_may_fail(serve: Serve, path: str) -> None:
    served = serve()
    with failing_at(served.database, NONE) as seen:
        kept = [case_of(served.submit(renewed(path, "0")))]
    statements = len(seen)
    assert statements > 12
    for failing in range(1, statements + 1):
        body = renewed(path, str(failing))
        before = served.counts()
        with failing_at(served.database, failing):
            response = served.submit(body)
        assert rules_of(response, 503) == ["unavailable"], failing
        assert int(response.headers["Retry-After"]) >= 1
        assert served.counts() == before
        retried = served.submit(body)
        assert retried.status_code == 200
        assert "Idempotent-Replayed" not in retried.headers
        kept.append(case_of(retried))
    assert cases_of(served.database) == sorted(kept)


def test_every_statement_of_a_replay_may_fail(serve: Serve) -> None:
    served = serve()
    body = renewed(WITH_GUIDS, "replay")
    first = served.submit(body)
    with failing_at(served.database, NONE) as seen:
        assert served.submit(body).data == first.data
    for failing in range(1, len(seen) + 1):
        with failing_at(served.database, failing):
            assert rules_of(served.submit(body), 503) == ["unavailable"]
        assert served.submit(body).data == first.data
    assert cases_of(served.database) == [case_of(first)]


def test_the_commit_may_fail(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    served = serve()
    with served.database.engines.writing() as connection:
        dialect, error = connection.dialect, operational_error(connection)

    def broken(_connection: object) -> None:
        raise error

    body = renewed(WITH_GUIDS, "commit")
    monkeypatch.setattr(dialect, "do_commit", broken)
    assert rules_of(served.submit(body), 503) == ["unavailable"]
    monkeypatch.undo()
    assert cases_of(served.database) == []
    assert served.submit(body).status_code == 200
    assert len(cases_of(served.database)) == 1


def test_a_store_that_another_process_holds_for_too_long_is_unavailable(serve_sqlite: Serve, tmp_path: Path) -> None:
    served = serve_sqlite()
    served.submit(renewed(WITH_GUIDS, "before"))
    served.database.close()
    served.database._wait_seconds = 0.05
    holder = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert rules_of(served.submit(renewed(WITH_GUIDS, "meanwhile")), 503) == ["unavailable"]
    assert served.get("/readyz").status_code == 200  # it can still be read
    holder.execute("ROLLBACK")
    holder.close()
    assert served.submit(renewed(WITH_GUIDS, "meanwhile")).status_code == 200


def test_a_full_disk_is_unavailable_and_keeps_what_was_there(serve_sqlite: Serve) -> None:
    served = serve_sqlite()
    first = served.submit(renewed(WITH_GUIDS, "before"))
    with served.database.engines.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    statuses = [served.submit(renewed(WITH_GUIDS, str(number))).status_code for number in range(12)]
    assert statuses[-1] == 503
    assert set(statuses) <= {200, 503}
    with served.database.engines.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert served.submit(renewed(WITH_GUIDS, "before")).data == first.data
    assert served.submit(renewed(WITH_GUIDS, "11")).status_code == 200
    cases_of(served.database)
