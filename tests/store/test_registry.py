"""The registry gives back what an operator loaded, and knows nothing of anybody else (S-15)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

import pytest

from fhir_server.authorization.caller import operator
from fhir_server.errors import NotAllowed
from fhir_server.policy.registry import BeneficiaryRecord, Exemption, ProviderRecord
from fhir_server.store.database import Database
from tests.store.submissions import ALICE, NOW

JANE = BeneficiaryRecord("M1", "deceased", "original-medicare", "Doe", "Jane", date(1950, 1, 1))
JOHN = BeneficiaryRecord("M2", "not-found")
CLINIC = ProviderRecord("1", False, "P", "C")
OTHER = ProviderRecord("2")
EXEMPTIONS = (
    Exemption("1", date(2026, 1, 1), date(2026, 12, 31), ("OH", "TX"), ("nerve",)),
    Exemption("1", date(2027, 1, 1)),
)


def test_an_empty_registry_knows_nothing(database: Database) -> None:
    with database.read(ALICE) as unit:
        assert unit.registry.beneficiary("M1") is None
        assert unit.registry.provider("1\x00") is None
        assert unit.registry.exemptions("1") == ()


def test_records_come_back_as_they_were_loaded(database: Database) -> None:
    with database.write(operator()) as unit:
        assert unit.registry.load("beneficiary", map(asdict, (JANE, JOHN)), NOW) == 2
        assert unit.registry.load("provider", map(asdict, (CLINIC, OTHER)), NOW) == 2
        assert unit.registry.load("exemption", map(asdict, reversed(EXEMPTIONS)), NOW) == 2
    with database.read(ALICE) as unit:
        assert BeneficiaryRecord(**(unit.registry.beneficiary("M1") or {})) == JANE
        assert BeneficiaryRecord(**(unit.registry.beneficiary("M2") or {})) == JOHN
        assert ProviderRecord(**(unit.registry.provider("1") or {})) == CLINIC
        assert tuple(Exemption(**each) for each in unit.registry.exemptions("1")) == EXEMPTIONS
        assert unit.registry.exemptions("2") == ()


@pytest.mark.parametrize("replace", [False, True])
def test_a_later_file_takes_the_place_of_what_was_known(database: Database, replace: bool) -> None:
    with database.write(operator()) as unit:
        unit.registry.load("provider", map(asdict, (CLINIC, OTHER)), NOW)
        unit.registry.load("exemption", map(asdict, EXEMPTIONS), NOW)
    with database.write(operator()) as unit:
        unit.registry.load("provider", [asdict(ProviderRecord("1"))], NOW, replace=replace)
        unit.registry.load("exemption", [asdict(EXEMPTIONS[1])], NOW, replace=replace)
        unit.registry.load("beneficiary", [], NOW, replace=replace)
    with database.read(ALICE) as unit:
        assert unit.registry.provider("1") == asdict(ProviderRecord("1"))
        assert (unit.registry.provider("2") is None) is replace
        assert len(unit.registry.exemptions("1")) == 1


def test_only_an_operator_loads_it(database: Database) -> None:
    with database.write(ALICE) as unit, pytest.raises(NotAllowed):
        unit.registry.load("provider", [asdict(CLINIC)], NOW)
