"""What the policy reads from a request.

The table of `fhir_server.policy.fact_table` is what ``wiser-pas policy facts`` prints and what `facts_of` runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.policy.extraction import Service
from fhir_server.policy.fact_table import LINE_FACTS, REQUEST_FACTS, Fact
from fhir_server.policy.forms import is_medicare_number
from fhir_server.policy.lines import FacilitySource, LineOfBusiness, LineView, ProviderNumber, Site, Surroundings
from fhir_server.policy.spans import Span


@dataclass(frozen=True, slots=True)
class LineFacts:
    """What one service line says. ``None``, or an empty tuple, is silence.

    The fields that end in ``unreadable`` tell that something was sent that cannot be read. ``other_site`` is a place of
    service that contradicts ``site``.
    """

    sequence: int
    cancelled: bool
    service: Service
    modifiers: tuple[str, ...]
    revenue: str | None
    diagnoses: tuple[str, ...]
    diagnoses_unreadable: bool
    serviced: Span | None
    serviced_unreadable: bool
    units: Decimal | int | None
    site: Site | None
    other_site: Site | None
    site_unreadable: bool
    line_of_business: LineOfBusiness | None
    state: str | None
    state_unreadable: bool
    facility_source: FacilitySource
    facility_npi: str | None
    facility_named: bool
    ccn: str | None
    ptan: ProviderNumber | None

    @property
    def code(self) -> str | None:
        """The CPT or HCPCS code, if a well-formed one was sent."""
        return self.service.code


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What a request says. Only codes, dates and states of it may be repeated in words."""

    member_id: str | None = field(repr=False)
    names: tuple[tuple[str, str], ...] = field(repr=False)
    birth_date: str | None = field(repr=False)
    sex: str | None = field(repr=False)
    coverage_type: str | None
    coverage_types: tuple[str, ...]
    payer_identifiers: tuple[str, ...]
    requester_npi: str | None
    requester_named: bool
    certification_type: str | None
    prior_number: str | None
    expedited: bool
    expedited_by_priority: bool
    expedited_reason: bool
    all_diagnoses: tuple[str, ...]
    procedures: tuple[str, ...]
    lines: tuple[LineFacts, ...]

    @property
    def has_medicare_number(self) -> bool:
        """Whether the member number has the form of a Medicare Beneficiary Identifier."""
        return self.member_id is not None and is_medicare_number(self.member_id)

    @property
    def resubmission(self) -> bool:
        """Whether the request calls itself a resubmission or revision (certification type R or S)."""
        return self.certification_type in ("R", "S")

    @property
    def npis(self) -> tuple[str, ...]:
        """The NPIs that a registry has to be asked about."""
        of_lines = (npi for line in self.lines for npi in (line.facility_npi, line.ptan and line.ptan.npi))
        return tuple(dict.fromkeys(npi for npi in (self.requester_npi, *of_lines) if npi))

    def provider_of(self, line: LineFacts) -> str | None:
        """The NPI of who gives the service of *line*: the facility, else the requester; ``None`` if it is unclear."""
        if line.facility_source == "untied":
            return None
        return line.facility_npi or self.requester_npi

    def item_of(self, line: LineFacts) -> tuple[str, str] | None:
        """What makes another request for the beneficiary a duplicate (D08): the provider's NPI and the single code."""
        provider = self.provider_of(line)
        if line.cancelled or line.code is None or line.service.end or provider is None:
            return None
        return provider, line.code


FACTS: tuple[Fact[AuthorizationRequest] | Fact[LineView], ...] = (*REQUEST_FACTS, *LINE_FACTS)
"""Every fact, in the order in which ``wiser-pas policy facts`` shows them."""


def facts_of(request: AuthorizationRequest) -> RequestFacts:
    """Return what *request* says; pure, and the same for every policy."""
    around = Surroundings.of(request)
    of_lines = tuple(_line_facts(LineView.of(around, line)) for line in request.lines)
    return RequestFacts(**{fact.field: fact.extract(request) for fact in REQUEST_FACTS}, lines=of_lines)  # type: ignore[arg-type]


def _line_facts(view: LineView) -> LineFacts:
    return LineFacts(**{fact.field: fact.extract(view) for fact in LINE_FACTS})  # type: ignore[arg-type]
