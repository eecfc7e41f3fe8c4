"""What may never happen, 1: nobody but a licensed clinician who looked at everything denies, by whatever entrance.

The database by itself is held to it in tests/store/test_denials.py; here it is met through the use cases, with callers
that claim to be somebody, and through the store, with all but one of the things that a denial needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from fhir_server.authorization.caller import Caller, Role, operator
from fhir_server.authorization.determination import Decider
from fhir_server.authorization.events import Determined, EventKind
from fhir_server.authorization.states import State
from fhir_server.errors import Refusal
from fhir_server.store.database import Database
from fhir_server.store.reviewers import Licence, Reviewer
from fhir_server.store.translating import ConstraintBroken
from fhir_server.store.unit import UnitOfWork
from fhir_server.workflow.answers import standing
from fhir_server.workflow.review.assignment import claim
from fhir_server.workflow.review.correction import second_look
from fhir_server.workflow.review.decision import Decision, LineDecision, decide
from tests.workflow.review.bench import ADAMS, BAKER, COORDINATOR, KNEE, LATE, NOW, REVIEWERS, Bench, bench_on, reviewer
from tests.workflow.review.histories import denial

DENIAL = Decision({1: LineDecision("non-affirmed")}, "No.")
RIGHTFUL = Decider(kind="clinician", reviewer=ADAMS, licence="35.000001", specialty="orthopedic-surgery")
CALLERS = {
    "a submitter with a reviewer's name": Caller(ADAMS),
    "an operator with a reviewer's name": Caller(ADAMS, roles=frozenset({Role.OPERATOR})),
    "an operator at the command line": operator(),
    "a reviewer whom nobody loaded": reviewer("dr-nobody"),
    "a reviewer who is not active": reviewer("dr-gone"),
    "a coordinator": reviewer(COORDINATOR),
    "a reviewer whose licence is over": reviewer(LATE),
    "a reviewer who does not have the case": reviewer(BAKER),
}
DECIDERS = {
    "software": Decider(),
    "nobody": replace(RIGHTFUL, reviewer=None),
    "a name without a record": replace(RIGHTFUL, reviewer="dr-nobody"),
    "a coordinator": replace(RIGHTFUL, reviewer=COORDINATOR),
    "who does not have the case": replace(RIGHTFUL, reviewer=BAKER, licence="35.000002", specialty="sports-medicine"),
    "no licence": replace(RIGHTFUL, licence=None),
    "another's licence": replace(RIGHTFUL, licence="35.000002"),
    "a licence of another state": replace(RIGHTFUL, licence="T0001"),
    "no specialty": replace(RIGHTFUL, specialty=None),
    "a specialty that does not fit": replace(RIGHTFUL, specialty="neurology"),
    "a simulated reviewer": replace(RIGHTFUL, kind="simulated"),
    "a partner": Decider(decided_by="partner", kind="clinician", interchange="ISA-1"),
}


def ready_to_deny(bench: Bench) -> str:
    """Return a case that Adams has, and about which he settled everything."""
    case = bench.submit()
    bench.claim(case)
    bench.find_all(case, but={"KN1": "not met"})
    return case


def write_denial(unit: UnitOfWork, bench: Bench, case: str, decider: Decider) -> None:
    """Append a denial to the log, without any use case."""
    forged = denial(standing(unit.events.of(case)), decider, State.NON_AFFIRMED)
    unit.events.append(case, "x", EventKind.DETERMINED, Determined(forged), State.NON_AFFIRMED, bench.tick())


@pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS)
def test_no_use_case_lets_another_deny(bench: Bench, caller: Caller) -> None:
    case = ready_to_deny(bench)
    events = len(bench.events(case))
    with pytest.raises(Refusal):
        decide(bench.desk, caller, case, DENIAL, bench.tick())
    assert len(bench.events(case)) == events
    assert bench.state(case) is State.IN_REVIEW


@pytest.mark.parametrize("decider", DECIDERS.values(), ids=DECIDERS)
def test_the_store_refuses_a_denial_by_another(bench: Bench, decider: Decider) -> None:
    case = ready_to_deny(bench)
    with pytest.raises(ConstraintBroken), bench.database.write(operator()) as unit:
        write_denial(unit, bench, case, decider)
    assert bench.state(case) is State.IN_REVIEW


def test_the_store_takes_the_denial_that_has_everything(bench: Bench) -> None:
    case = ready_to_deny(bench)
    with bench.database.write(operator()) as unit:
        write_denial(unit, bench, case, RIGHTFUL)
    assert bench.state(case) is State.NON_AFFIRMED


def _loaded_anew(**changes: Any) -> Callable[[Bench, str], None]:
    def load(bench: Bench, case: str) -> None:
        with bench.database.write(operator()) as unit:
            unit.reviewers.load([replace(REVIEWERS[0], **changes)], NOW)

    return load


def _doubted(bench: Bench, case: str) -> None:
    bench.find(case, ADAMS, "KN2", "unknown")


def _given_back(bench: Bench, case: str) -> None:
    with bench.database.write(operator()) as unit:
        unit.worklist.release(case, ADAMS)


def _begun_anew(bench: Bench, case: str) -> None:
    with bench.database.write(operator()) as unit:
        unit.worklist.reopen(case)
        unit.worklist.assign(case, ADAMS, bench.now)


def _affirmed(bench: Bench, case: str) -> None:
    bench.find(case, ADAMS, "KN1", "met")
    bench.decide(case, line_1="affirmed")


LACKS: Mapping[str, Callable[[Bench, str], None]] = {
    "an active reviewer": _loaded_anew(active=False),
    "a licence for the day": _loaded_anew(licences=(Licence("OH", "35.000001", "2020-01-01", "2026-05-31"),)),
    "a licence for the state": _loaded_anew(licences=(Licence("TX", "35.000001", "2020-01-01"),)),
    "a specialty of the case": _loaded_anew(specialties=("neurology",)),
    "a settled criterion": _doubted,
    "the case": _given_back,
    "findings of this round": _begun_anew,
    "a case in review": _affirmed,
}


@pytest.mark.parametrize("lack", LACKS.values(), ids=LACKS)
def test_a_denial_that_lacks_one_thing_is_refused_by_use_case_and_store(
    bench: Bench, lack: Callable[[Bench, str], None]
) -> None:
    case = ready_to_deny(bench)
    lack(bench, case)
    state = bench.state(case)
    with pytest.raises(Refusal):
        decide(bench.desk, reviewer(ADAMS), case, DENIAL, bench.tick())
    with pytest.raises((ConstraintBroken, Refusal)), bench.database.write(operator()) as unit:
        write_denial(unit, bench, case, RIGHTFUL)
    assert bench.state(case) is state


def test_a_specialty_of_which_the_case_asks_nothing_helps_nobody(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    second_looker = reviewer(ADAMS)
    claim(quick_bench.desk, second_looker, case, quick_bench.tick())
    second_look(quick_bench.desk, second_looker, case, "Not sure.", quick_bench.tick())
    with pytest.raises(Refusal):
        decide(quick_bench.desk, second_looker, case, DENIAL, quick_bench.tick())


def test_a_simulated_reviewer_denies_in_a_sandbox_alone(sandbox: Database, quick_bench: Bench) -> None:
    simulated = Reviewer(
        "sim", "Sim", "simulated", licences=(Licence("OH", "S1", "2020-01-01"),), specialties=("orthopedic-surgery",)
    )
    with pytest.raises(ConstraintBroken), quick_bench.database.write(operator()) as unit:
        unit.reviewers.load([simulated], NOW)
    bench = bench_on(sandbox)
    with sandbox.write(operator()) as unit:
        unit.reviewers.load([simulated], NOW)
    decided = bench.deny(bench.submit(), "sim")
    assert decided.decider.kind == "simulated"
    assert "a simulated reviewer" in (decided.lines[0].reason or "")
    assert next(each for each in decided.criteria if each.element == "KN1").category == KNEE
