"""Who is calling: made once at the edge from a credential, and handed down to every use case.

The one guard that each read and write of the store passes is `Caller.check`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fhir_server.errors import NotAllowed


class Role(StrEnum):
    """What a caller may do beyond its own cases."""

    SUBMITTER = "submitter"
    REVIEWER = "reviewer"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class CallerOrganization:
    """An organization that a caller speaks for."""

    name: str
    npi: tuple[str, ...] = ()
    sending_systems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated client with its organizations and roles. ``client`` owns what it submits."""

    client: str
    organizations: tuple[CallerOrganization, ...] = ()
    roles: frozenset[Role] = frozenset({Role.SUBMITTER})
    development: bool = False

    @property
    def npis(self) -> frozenset[str]:
        """All NPIs that the caller speaks for."""
        return frozenset(npi for each in self.organizations for npi in each.npi)

    @property
    def sees_all(self) -> bool:
        """Whether the caller may read what anyone submitted."""
        return not self.roles.isdisjoint((Role.REVIEWER, Role.OPERATOR))

    def may_see(self, owner: str) -> bool:
        """Return whether the caller may read what *owner* submitted."""
        return owner == self.client or self.sees_all

    def require(self, role: Role) -> None:
        """Raise `NotAllowed` unless the caller has *role*."""
        if role not in self.roles:
            raise NotAllowed.because(
                f"The client may not act as {role.value}.", f"Ask the operator for the role {role.value}."
            )

    def check(self, owner: str) -> None:
        """Raise `NotAllowed` unless the caller may read or change what *owner* submitted."""
        if not self.may_see(owner):
            raise NotAllowed.because(
                "The case belongs to another client.", "Use the credentials of the client that submitted it."
            )


def operator(client: str = "operator") -> Caller:
    """Return the identity of a person at the server's own command line."""
    return Caller(client, roles=frozenset(Role))
