"""`wiser-pas report touchless`: figures of decisions."""

from __future__ import annotations

import json

from fhir_server.store.database import Database
from tests.cli.conftest import Command
from tests.letters.contents import AFFIRMED, DISMISSED, IN_REVIEW
from tests.workflow.decided import decide


def test_the_figures_of_a_period(sqlite_url: str, command: Command) -> None:
    store = Database(sqlite_url, sandbox=False)
    store.upgrade()
    for number, each in enumerate((AFFIRMED, AFFIRMED, IN_REVIEW, DISMISSED)):
        decide(store, each, case=f"W-{number}", state_of_service="TX")
    store.close()
    words = ("report", "touchless", "--since", "2026-06-01", "--until", "2026-06-01")

    shown = command(*words, DATABASE_URL=sqlite_url)
    total = json.loads(command(*words, "--json", DATABASE_URL=sqlite_url).out)["total"]
    before = json.loads(command(*words[:2], "--until", "2026-05-31", "--json", DATABASE_URL=sqlite_url).out)["total"]

    assert "66.7 %" in shown.out
    assert "Denied by software: 0" in shown.out
    assert (total["received"], total["affirmed_at_once"], total["routed"], total["dismissed"]) == (4, 2, 1, {"D05": 1})
    assert before["received"] == 0
