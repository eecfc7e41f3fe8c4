"""The policy's registry port, filled from the store, and the loading of a registry file into it (S-15)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from fhir_server.authorization.caller import Caller
from fhir_server.policy.registry import BeneficiaryRecord, Exemption, ProviderRecord, RegistryFile
from fhir_server.store.database import Database
from fhir_server.store.unit import UnitOfWork


class StoredRegistry:
    """The registry that was loaded into the store; one that was never loaded knows nothing."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._rows = unit.registry

    def beneficiary(self, member_id: str) -> BeneficiaryRecord | None:
        """Return the record of a member number (written as `forms.member_number` does), or ``None``."""
        row = self._rows.beneficiary(member_id)
        return None if row is None else BeneficiaryRecord(**row)

    def provider(self, npi: str) -> ProviderRecord | None:
        """Return the record of an NPI, or ``None``."""
        row = self._rows.provider(npi)
        return None if row is None else ProviderRecord(**row)

    def exemptions(self, npi: str) -> tuple[Exemption, ...]:
        """Return every exemption of an NPI, past and future ones included."""
        return tuple(Exemption(**row) for row in self._rows.exemptions(npi))


@dataclass(frozen=True, slots=True)
class RegistryLoaded:
    """How many records were stored."""

    beneficiaries: int
    providers: int
    exemptions: int


def load_registry(
    database: Database, caller: Caller, content: RegistryFile, at: datetime, *, replace: bool = False
) -> RegistryLoaded:
    """Store the records of *content* in one transaction, in the place of what was known about the same people.

    With *replace*, all that *content* does not hold is forgotten. Raises `NotAllowed` unless *caller* is an operator.
    """
    with database.write(caller) as unit:
        return RegistryLoaded(
            beneficiaries=unit.registry.load("beneficiary", _rows(content.beneficiaries), at, replace=replace),
            providers=unit.registry.load("provider", _rows(content.providers), at, replace=replace),
            exemptions=unit.registry.load("exemption", _rows(content.exemptions), at, replace=replace),
        )


def _rows(records: Iterable[BeneficiaryRecord | ProviderRecord | Exemption]) -> list[dict[str, Any]]:
    return [asdict(record) for record in records]
