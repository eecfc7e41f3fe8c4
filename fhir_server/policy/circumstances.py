"""All that a decision depends on beside the request and the policy: the time, the settings, what the server knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from fhir_server.policy.registry import BeneficiaryRecord, Exemption, ProviderRecord


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A service that a provider gives, asked for in an undecided case (D08)."""

    provider_npi: str
    service_code: str
    case: str


@dataclass(frozen=True, slots=True)
class PriorCase:
    """The case that a number on the request leads to, as far as a resubmission is held against it (G6 3.2, 4.4).

    ``names`` are last and given names as `forms.folded` writes them. ``claim_denied`` is whether a claim under it was
    denied, which ends resubmission.
    """

    case: str
    state: str
    member_id: str | None = field(repr=False, default=None)
    names: tuple[tuple[str, str], ...] = field(repr=False, default=())
    birth_date: str | None = field(repr=False, default=None)
    claim_denied: bool = False


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The same request under the same circumstances, and the same packs, gets the same answer to the byte.

    ``now`` is when the request was received, with its time zone. ``time_zone`` (IANA) is that of the contractor of the
    state of service: its day of ``now`` is the day of receipt and of the decision.
    ``states`` are the states whose requests this server decides (setting ``STATES``), in two letters.
    ``medicare_payers`` and ``excluded_payers`` are payer identifiers, each as ``value`` or ``system|value``: Original
    Medicare (setting ``MEDICARE_PAYERS``), and payers that are told from it by nothing but their identifier, such as
    Railroad Medicare.
    ``beneficiary`` is the registry's record of the request's member number, or ``None`` if it holds none.
    ``providers`` are the registry's records by NPI, at least of the NPIs that the request names; one that is missing is
    unknown. ``exemptions`` are those of the same NPIs, past and future ones included.
    ``open_items`` are the services that undecided cases of the same caller ask for, for the same beneficiary: at least
    those that the request asks for again.
    ``prior`` is the caller's own case that the number of an earlier decision on the request leads to, if there is one.
    ``sandbox`` is whether the server runs as a sandbox, where duplicates are not refused (S-24).
    """

    now: datetime
    states: frozenset[str]
    medicare_payers: frozenset[str] = frozenset()
    excluded_payers: frozenset[str] = frozenset()
    beneficiary: BeneficiaryRecord | None = None
    providers: Mapping[str, ProviderRecord] = field(default_factory=dict)
    exemptions: tuple[Exemption, ...] = ()
    open_items: tuple[OpenItem, ...] = ()
    prior: PriorCase | None = None
    sandbox: bool = False
    time_zone: str = "UTC"

    @property
    def today(self) -> date:
        """The day of ``now`` where the contractor is."""
        return self.now.astimezone(ZoneInfo(self.time_zone)).date()

    def open_case(self, item: tuple[str, str] | None) -> str | None:
        """Return the undecided case that asks for *item*, the provider's NPI and the code."""
        found = (each.case for each in self.open_items if (each.provider_npi, each.service_code) == item)
        return next(found, None)
