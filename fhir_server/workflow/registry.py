"""The policy's registry port, filled from the store (S-15)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from fhir_server.authorization.caller import Caller
from fhir_server.policy.registry import BeneficiaryRecord, Exemption, ProviderRecord, RegistryFile
from fhir_server.store.database import Database
from fhir_server.store.unit import UnitOfWork


class StoredRegistry:
    """The registry that was loaded into the store; one that was never loaded knows nothing."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._registry = unit.registry

    def beneficiary(self, member_id: str) -> BeneficiaryRecord | None:
        """Return the record of a member number."""
        row = self._registry.beneficiary(member_id)
        return row and BeneficiaryRecord(**_dated(row, BeneficiaryRecord))

    def provider(self, npi: str) -> ProviderRecord | None:
        """Return the record of an NPI."""
        row = self._registry.provider(npi)
        return row and ProviderRecord(**_dated(row, ProviderRecord))

    def exemptions(self, npi: str) -> tuple[Exemption, ...]:
        """Return every exemption of an NPI."""
        return tuple(Exemption(**_dated(row, Exemption)) for row in self._registry.exemptions(npi))
