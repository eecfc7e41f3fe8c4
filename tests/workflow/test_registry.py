"""The registry, from a file to the policy's port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime

import pytest

from fhir_server.authorization.caller import Caller, operator
from fhir_server.errors import NotAllowed
from fhir_server.policy.registry import BeneficiaryRecord, Exemption, ProviderRecord, RegistryFile
from fhir_server.store.database import Database
from fhir_server.workflow.registry import RegistryLoaded, StoredRegistry, load_registry

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MEMBER, NPI = "1EG4TE5MK73", "1234567893"
BENEFICIARY = BeneficiaryRecord(MEMBER, "deceased", "railroad", "Doe", "Jane", date(1950, 1, 2))
PROVIDER = ProviderRecord(NPI, eligible=False, ptan="OH1", ccn="360001")
EXEMPTIONS = (
    Exemption(NPI, date(2026, 1, 1), date(2026, 6, 30), ("OH", "TX"), ("knee-arthroscopy",)),
    Exemption(NPI, date(2026, 7, 1)),
)
FILE = RegistryFile((BENEFICIARY,), (PROVIDER,), EXEMPTIONS)


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    """A store that exists and knows nothing, on either engine."""
    with closing(Database(store_url, sandbox=False)) as made:
        made.upgrade()
        yield made


def test_what_was_loaded_is_known_with_every_field(database: Database) -> None:
    loaded = load_registry(database, operator(), FILE, NOW)

    assert loaded == RegistryLoaded(1, 1, 2)
    with database.read(Caller("anyone")) as unit:
        registry = StoredRegistry(unit)
        assert registry.beneficiary(MEMBER) == BENEFICIARY
        assert registry.provider(NPI) == PROVIDER
        assert registry.exemptions(NPI) == EXEMPTIONS


def test_who_is_not_listed_is_unknown(database: Database) -> None:
    with database.read(Caller("anyone")) as unit:
        registry = StoredRegistry(unit)

        assert (registry.beneficiary(MEMBER), registry.provider(NPI), registry.exemptions(NPI)) == (None, None, ())


def test_a_later_file_takes_the_place_of_what_was_known_of_the_same_people(database: Database) -> None:
    load_registry(database, operator(), FILE, NOW)
    later = RegistryFile((BeneficiaryRecord(MEMBER),), exemptions=(Exemption(NPI, date(2027, 1, 1)),))

    load_registry(database, operator(), later, NOW)

    with database.read(operator()) as unit:
        registry = StoredRegistry(unit)
        assert registry.beneficiary(MEMBER) == BeneficiaryRecord(MEMBER)
        assert registry.provider(NPI) == PROVIDER
        assert registry.exemptions(NPI) == later.exemptions


def test_replacing_forgets_everything_else(database: Database) -> None:
    load_registry(database, operator(), FILE, NOW)

    load_registry(database, operator(), RegistryFile(), NOW, replace=True)

    with database.read(operator()) as unit:
        registry = StoredRegistry(unit)
        assert (registry.beneficiary(MEMBER), registry.provider(NPI), registry.exemptions(NPI)) == (None, None, ())


def test_only_an_operator_loads(database: Database) -> None:
    with pytest.raises(NotAllowed):
        load_registry(database, Caller("ehr"), FILE, NOW)

    with database.read(operator()) as unit:
        assert StoredRegistry(unit).beneficiary(MEMBER) is None
