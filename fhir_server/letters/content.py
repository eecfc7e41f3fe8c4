"""What a letter is made from: the hub's request and determination, or an exemption, and who writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from fhir_server.authorization.determination import Determination
from fhir_server.authorization.events import Reclassified
from fhir_server.authorization.parties import Provider
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.policy.coverage import Contractor


@dataclass(frozen=True, slots=True)
class Sender:
    """The organization that reviews, and how it is reached."""

    name: str
    phone: str | None = None
    fax: str | None = None
    email: str | None = None
    portal: str | None = None


@dataclass(frozen=True, slots=True)
class GivenNumber:
    """A decision's tracking number (UTN). A simulated one is not the contractor's."""

    number: str
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class CaseMatter:
    """A letter about a case.

    ``determination`` is the decision that is told; a notice of reclassification has ``reclassified`` as well.
    ``earlier_letter`` is the number of the letter that told it before its tracking number came.
    ``resubmission`` is whether the request took up an earlier case. ``labels`` are our labels of the service codes;
    ``statements`` the loaded texts of review reason codes.
    """

    case: str
    request: AuthorizationRequest = field(repr=False)
    determination: Determination
    tracking_number: GivenNumber | None = None
    earlier_letter: str | None = None
    resubmission: bool = False
    reclassified: Reclassified | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    statements: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExemptionMatter:
    """A letter about a provider's exemption.

    ``effective_from`` is the first day with the exemption, or without it where it is removed; ``effective_to`` its
    last day where one is set. ``states`` and ``categories`` are names, ``None`` means all. ``requests`` and
    ``affirmed`` were counted in ``period``. The rate that earns an exemption is ``None`` while none is set.
    """

    provider: Provider
    npi: str
    effective_from: date
    effective_to: date | None = None
    states: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None
    period: str | None = None
    requests: int | None = None
    affirmed: int | None = None
    least_requests: int = 10
    least_percent: Decimal | int | None = None
    reason: str | None = None


Matter: TypeAlias = CaseMatter | ExemptionMatter


@dataclass(frozen=True, slots=True)
class LetterContent:
    """All that a letter is made from; the same content makes the same letter.

    ``dated`` is the day in ``time_zone`` (an IANA name, the contractor's) on which it is written. ``sandbox`` marks it
    as no real decision.
    """

    number: str
    dated: date
    sender: Sender
    matter: Matter
    contractor: Contractor | None = None
    time_zone: str = "UTC"
    sandbox: bool = False
