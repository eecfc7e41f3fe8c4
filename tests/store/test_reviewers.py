"""Who may decide is what an operator loaded last, and nobody is forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fhir_server.authorization.caller import Caller, Role
from fhir_server.errors import NotAllowed, NotFound
from fhir_server.store.database import Database
from fhir_server.store.reviewers import Licence, Reviewer
from fhir_server.store.translating import ConstraintBroken
from tests.store.reviews import CLINIC, DOCTOR, NEUROLOGY, OPERATOR, OTHER, REVIEWERS, load
from tests.store.submissions import ALICE, NOW

SIMULATED = Reviewer("s-1", "Z. Simulated", "simulated")


def test_reviewers_are_read_as_they_were_loaded(database: Database) -> None:
    load(database)
    with database.read(CLINIC) as unit:
        assert unit.reviewers.all() == REVIEWERS
        assert unit.reviewers.get("r-2") == OTHER
        with pytest.raises(NotFound):
            unit.reviewers.get("r-9")


def test_what_is_loaded_takes_the_place_of_what_was_known(database: Database) -> None:
    load(database)
    licences = (Licence("NJ", "N", "2026-01-01", "2027-12-31"), Licence("OH", "OH-124", "2026-01-01"))
    changed = replace(DOCTOR, name="A. Married", npi=None, licences=licences, specialties=("x", NEUROLOGY))
    load(database, [changed])
    with database.read(CLINIC) as unit:
        assert unit.reviewers.get("r-1") == replace(changed, specialties=tuple(sorted(("x", NEUROLOGY))))
        assert unit.reviewers.get("r-2") == OTHER


def test_those_that_a_whole_list_does_not_name_are_not_active(database: Database) -> None:
    load(database)
    with database.write(OPERATOR) as unit:
        assert unit.reviewers.load([DOCTOR], NOW, replace=True) == 1
    with database.read(CLINIC) as unit:
        assert [each.id for each in unit.reviewers.all() if each.active] == ["r-1"]
        assert len(unit.reviewers.all()) == len(REVIEWERS)


def test_a_kind_never_changes(database: Database) -> None:
    load(database)
    with pytest.raises(ConstraintBroken, match="one kind"):
        load(database, [replace(DOCTOR, kind="coordinator")])


def test_a_simulated_reviewer_is_in_a_sandbox_only(database: Database) -> None:
    with pytest.raises(ConstraintBroken, match="sandbox"):
        load(database, [SIMULATED])


def test_a_simulated_reviewer_in_a_sandbox(sandbox: Database) -> None:
    load(sandbox, [SIMULATED])
    with sandbox.read(CLINIC) as unit:
        assert unit.reviewers.all() == (SIMULATED,)
    with pytest.raises(ConstraintBroken, match="one kind"):
        load(sandbox, [replace(SIMULATED, kind="clinician")])


@pytest.mark.parametrize(
    "licence", [Licence("OH", "", "2020-01-01"), Licence("OH", "1", ""), Licence("OH", "1", "now")]
)
def test_a_licence_has_a_number_and_a_day(database: Database, licence: Licence) -> None:
    with pytest.raises(ConstraintBroken):
        load(database, [replace(DOCTOR, licences=(licence,))])


def test_only_an_operator_loads_and_only_who_reviews_sees(database: Database) -> None:
    load(database)
    for caller in (ALICE, CLINIC):
        with database.write(caller) as unit, pytest.raises(NotAllowed):
            unit.reviewers.load(REVIEWERS, NOW)
    with database.read(ALICE) as unit:
        with pytest.raises(NotAllowed):
            unit.reviewers.all()
        with pytest.raises(NotAllowed):
            unit.reviewers.get("r-1")
    with database.read(Caller("desk", roles=frozenset({Role.OPERATOR}))) as unit:
        assert unit.reviewers.get("r-1") == DOCTOR
