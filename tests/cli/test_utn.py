"""`wiser-pas utn`: numbers and claims from the operator's command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from fhir_server.store.database import Database
from fhir_server.workflow.tracking_numbers import begin
from tests.cli.conftest import Command, Ended
from tests.letters.contents import AFFIRMED, CASE, MEMBER, UTN
from tests.workflow.decided import AT, WORKER, decide

Utn = Callable[..., Ended]
LINE = ("--member", MEMBER, "--code", "64483", "--date", "2026-06-15")


@pytest.fixture
def utn(sqlite_url: str, command: Command) -> Iterator[Utn]:
    """A function that runs ``wiser-pas utn`` on a store with one decision, whose number is pending."""
    store = Database(sqlite_url, sandbox=False)
    store.upgrade()
    decision = decide(store, AFFIRMED)
    with store.write(WORKER) as unit:
        begin(unit, CASE, decision, AT)
    yield lambda *words: command("utn", *words, DATABASE_URL=sqlite_url)
    store.close()


def test_a_number_is_refused_asked_for_again_and_entered(utn: Utn) -> None:
    assert CASE in utn("list").out
    failed = utn("fail", CASE, "E17", "Not on file.", "--mend", "Check the Medicare number.")
    listed = json.loads(utn("list", "--status", "failed", "--json").out)
    retried, issued, again = utn("retry", CASE), utn("issue", CASE, UTN), utn("issue", CASE, UTN)

    assert (failed.code, retried.code, issued.code, again.code) == (0, 0, 0, 1)
    assert [each["case"] for each in listed] == [CASE]
    assert "member_id" not in listed[0]
    assert UTN in utn("list", "--status", "issued").out
    assert "never changes" in again.err


def test_a_line_is_checked_and_its_claim_recorded(utn: Utn) -> None:
    utn("issue", CASE, UTN)

    covered = utn("check", UTN, *LINE)
    paid = utn("claim", UTN, "CLM-1", "paid", *LINE[2:])
    used = utn("check", UTN, *LINE, "--json")

    assert covered.code == 0
    assert covered.out.startswith("Covered, by line 1.")
    assert MEMBER not in covered.out
    assert (paid.code, used.code) == (0, 1)
    assert {"rule": "UTN-UNITS", "result": "not met"}.items() <= json.loads(used.out)["reasons"][-1].items()
    assert "was on record before" in utn("claim", UTN, "CLM-1", "paid", *LINE[2:]).out


def test_another_form_is_refused_with_its_rule(utn: Utn) -> None:
    assert "14 capital letters and digits" in utn("issue", CASE, "123").err
    assert "simulated" in utn("issue", CASE, "SIM00000000001").err
