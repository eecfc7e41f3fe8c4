"""The registry: eligibility, enrolment and exemptions, as an operator loaded them (S-15).

Rows are plain mappings; their keys and types are those of the records that the policy's registry file is read into.
An absent row means that nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Column, bindparam, delete, insert, literal_column, select

from fhir_server.authorization.caller import Role
from fhir_server.store.repository import Repository
from fhir_server.store.statements import Statement
from fhir_server.store.tables import registry_beneficiary, registry_exemption, registry_provider
from fhir_server.store.values import indexed, utc_text

RegistryKind = Literal["beneficiary", "provider", "exemption"]

_ABOUT: Mapping[RegistryKind, Column[str]] = {
    "beneficiary": registry_beneficiary.c.member_id,
    "provider": registry_provider.c.npi,
    "exemption": registry_exemption.c.npi,
}
_INSERT = {kind: insert(about.table) for kind, about in _ABOUT.items()}
_CLEAR = {kind: delete(about.table) for kind, about in _ABOUT.items()}
_FORGET = {kind: _CLEAR[kind].where(about == bindparam("sought")) for kind, about in _ABOUT.items()}
# Most members and providers have no row, and each submission asks: the rows with their types are read where there are.
_KNOWN = {
    kind: Statement(select(literal_column("1")).select_from(about.table).where(about == bindparam("sought")).limit(1))
    for kind, about in _ABOUT.items()
}

_BENEFICIARY = select(
    registry_beneficiary.c.member_id,
    registry_beneficiary.c.status,
    registry_beneficiary.c.payer,
    registry_beneficiary.c.family_name,
    registry_beneficiary.c.given_name,
    registry_beneficiary.c.birth_date,
).where(_ABOUT["beneficiary"] == bindparam("sought"))
_PROVIDER = select(
    registry_provider.c.npi, registry_provider.c.eligible, registry_provider.c.ptan, registry_provider.c.ccn
).where(_ABOUT["provider"] == bindparam("sought"))
_EXEMPTIONS = (
    select(
        registry_exemption.c.npi,
        registry_exemption.c.effective_from,
        registry_exemption.c.effective_to,
        registry_exemption.c.states,
        registry_exemption.c.categories,
    )
    .where(_ABOUT["exemption"] == bindparam("sought"))
    .order_by(registry_exemption.c.effective_from, registry_exemption.c.id)
)


class Registry(Repository):
    """The registry of the store. Every caller's requests are weighed by it; only an operator loads it."""

    __slots__ = ()

    def load(
        self, kind: RegistryKind, rows: Iterable[Mapping[str, Any]], at: datetime, *, replace: bool = False
    ) -> int:
        """Store *rows* in the place of all that was known about the same members or providers; return how many.

        With *replace*, everything of this kind that is not among *rows* is forgotten. Raises `NotAllowed` unless the
        caller is an operator.
        """
        unit = self._unit
        unit.caller.require(Role.OPERATOR)
        about = _ABOUT[kind].name
        loaded = {"loaded_by": unit.caller.client, "loaded_at": utc_text(at)}
        made = [{**row, **loaded} for row in rows]
        if replace:
            unit.connection.execute(_CLEAR[kind])
        elif made:
            unit.connection.execute(_FORGET[kind], [{"sought": key} for key in sorted({row[about] for row in made})])
        if made:
            unit.connection.execute(_INSERT[kind], made)
        return len(made)

    def beneficiary(self, member_id: str) -> dict[str, Any] | None:
        """Return what is known of the member: member_id, status, payer, family_name, given_name, birth_date."""
        sought = {"sought": indexed(member_id)}
        if self._row(_KNOWN["beneficiary"], sought) is None:
            return None
        return dict(self._unit.connection.execute(_BENEFICIARY, sought).mappings().one())

    def provider(self, npi: str) -> dict[str, Any] | None:
        """Return what is known of the provider: npi, eligible, ptan, ccn."""
        sought = {"sought": indexed(npi)}
        if self._row(_KNOWN["provider"], sought) is None:
            return None
        return dict(self._unit.connection.execute(_PROVIDER, sought).mappings().one())

    def exemptions(self, npi: str) -> tuple[dict[str, Any], ...]:
        """Return the provider's exemptions, earliest first: npi, effective_from, effective_to, states, categories.

        States and categories are tuples, or ``None`` for all.
        """
        sought = {"sought": indexed(npi)}
        if self._row(_KNOWN["exemption"], sought) is None:
            return ()
        rows = self._unit.connection.execute(_EXEMPTIONS, sought).mappings()
        return tuple(
            {**row, **{name: row[name] and tuple(row[name]) for name in ("states", "categories")}} for row in rows
        )
