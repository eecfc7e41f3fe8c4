"""`wiser-pas exemptions`: what is missing, who is exempt, and how an exemption ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from fhir_server.store.database import Database
from fhir_server.workflow.quarters import quarter_of
from tests.cli.conftest import Command, Ended
from tests.letters.contents import AFFIRMED
from tests.workflow.decided import decide

NPI = "1999999901"
SET = {
    "EXEMPTION_THRESHOLD": "90",
    "EXEMPTION_PERIOD": "2",
    "EXEMPTION_COUNTS": "initial",
    "EXEMPTION_GRAIN": "npi",
}
LAST_QUARTER = quarter_of(datetime.now(UTC).date()).later(-1)
Exemptions = Callable[..., Ended]


@pytest.fixture
def exemptions(sqlite_url: str, command: Command) -> Exemptions:
    """A function that runs ``wiser-pas exemptions`` on a store with ten affirmed requests of the last quarter."""
    store = Database(sqlite_url, sandbox=False)
    store.upgrade()
    for number in range(10):
        decide(store, AFFIRMED, case=f"W-{number}", at=LAST_QUARTER.begins, provider_npi=NPI)
    store.close()
    return lambda *words, **settings: command("exemptions", *words, DATABASE_URL=sqlite_url, **settings)


def test_nothing_is_assessed_until_everything_is_set(exemptions: Exemptions) -> None:
    refused = exemptions("assess", "--quarter", LAST_QUARTER, EXEMPTION_THRESHOLD="90")

    assert refused.code == 1
    assert "EXEMPTION_THRESHOLD" not in refused.err
    for name in ("EXEMPTION_PERIOD", "EXEMPTION_COUNTS", "EXEMPTION_GRAIN"):
        assert name in refused.err


def test_an_exemption_is_shown_applied_and_ended(exemptions: Exemptions) -> None:
    looked = exemptions("assess", "--quarter", LAST_QUARTER, **SET)
    applied = exemptions("assess", "--quarter", LAST_QUARTER, "--apply", "--json", **SET)
    again = exemptions("assess", "--quarter", LAST_QUARTER, "--apply", **SET)
    ended = exemptions(
        "remove", NPI, "--period", "2027", "--requests", 10, "--affirmed", 4, "--reason", "Too few met the rules."
    )
    listed = json.loads(exemptions("list", NPI, "--json").out)

    assert "grant from" in looked.out
    assert "nothing was changed" in looked.out
    assert len(json.loads(applied.out)["notices"]) == 1
    assert (again.code, ended.code) == (1, 0)
    assert [each["kind"] for each in listed] == ["granted", "removed"]
    assert all(each["letter"] for each in listed)


def test_claims_are_drawn(exemptions: Exemptions) -> None:
    drawn = exemptions("sample", NPI, *[f"CLM-{number}" for number in range(20)], "--most", 3)

    assert len(drawn.out.split()) == 3


def test_what_is_no_quarter_is_wrong_use(exemptions: Exemptions) -> None:
    assert exemptions("assess", "--quarter", "soon").code == 2
