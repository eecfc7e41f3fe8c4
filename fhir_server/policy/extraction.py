"""How each fact of a whole request is read from the hub: one function a fact, named as the field that it fills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fhir_server.authorization.parties import Coverage, Provider, identifier_in
from fhir_server.authorization.request import MEDICARE_BENEFICIARY_SYSTEM, MEMBER_NUMBER, AuthorizationRequest
from fhir_server.authorization.values import Concept, PersonName
from fhir_server.policy import forms
from fhir_server.policy.systems import ICD_10_CM, OTHER_SERVICE_SYSTEMS, PROCEDURE_SYSTEMS, SOURCE_OF_PAYMENT

ORIGINAL_MEDICARE_TYPES = frozenset({"12", "121", "129"})
"""Types of coverage (SOPT) that are Original Medicare."""
URGENT_LEVELS = frozenset({"U", "03"})
URGENT_PRIORITY = "stat"

ServiceFault = Literal["missing", "not a well-formed CPT or HCPCS code", "not coded in CPT or HCPCS"]


@dataclass(frozen=True, slots=True)
class Service:
    """What a line asks for: a well-formed CPT or HCPCS ``code``, and the ``end`` of a range that begins with it.

    ``fault`` says why no such code can be read; ``elsewhere`` is a code of another system of procedures, products or
    kinds of service alone, which has no fault.
    """

    code: str | None = None
    end: str | None = None
    fault: ServiceFault | None = None
    elsewhere: bool = False

    def __str__(self) -> str:
        return f"{self.code} to {self.end}" if self.end else self.code or "The service"


def coverage(request: AuthorizationRequest) -> Coverage | None:
    """The coverage that is asked: one typed Original Medicare, else the focal one, else the first.

    See docs/decisions/several-coverages.md (PAS trap T-14).
    """
    focal_first = sorted(request.insurance, key=lambda each: not each.focal)
    coverages = (each.coverage for each in focal_first if each.coverage)
    typed = next((each for each in coverages if _type_of(each) in ORIGINAL_MEDICARE_TYPES), None)
    return typed or request.coverage


def _type_of(sent: Coverage) -> str | None:
    code = sent.type.code_in(SOURCE_OF_PAYMENT) if sent.type else None
    return code if code and code.isdecimal() else None


def coverage_type(request: AuthorizationRequest) -> str | None:
    """The SOPT code of the coverage that is asked."""
    asked = coverage(request)
    return _type_of(asked) if asked else None


def coverage_types(request: AuthorizationRequest) -> tuple[str, ...]:
    """The SOPT codes of all coverages."""
    types = (_type_of(each.coverage) for each in request.insurance if each.coverage)
    return tuple(each for each in types if each)


def payer_identifiers(request: AuthorizationRequest) -> tuple[str, ...]:
    """Each identifier twice, as ``value`` and as ``system|value``."""
    asked = coverage(request)
    payor = asked.payor if asked else None
    return tuple(
        text
        for organization in (payor, request.payer)
        for each in (organization.identifiers if organization else ())
        if each.value
        for text in (each.value, f"{each.system or ''}|{each.value}")
    )


def member_id(request: AuthorizationRequest) -> str | None:
    """The member number as `forms.member_number` writes it."""
    sent = _member_number(request)
    return forms.member_number(sent) or None if sent else None


def _member_number(request: AuthorizationRequest) -> str | None:
    asked, person = coverage(request), request.beneficiary
    for each in (*(asked.identifiers if asked else ()), *person.identifiers):
        if each.type and each.type.has(*MEMBER_NUMBER) and each.value:
            return each.value
    return identifier_in(person.identifiers, MEDICARE_BENEFICIARY_SYSTEM) or (asked.subscriber_id if asked else None)


def names(request: AuthorizationRequest) -> tuple[tuple[str, str], ...]:
    """Every name as last name and given names, as `forms.folded` writes them; a part that was not sent is empty."""
    read = (_name(each) for each in request.beneficiary.names)
    return tuple(each for each in read if any(each))


def _name(sent: PersonName) -> tuple[str, str]:
    """A name that is only text is its last word and those before it."""
    if sent.family or sent.given:
        return forms.folded(sent.family or ""), forms.folded(" ".join(sent.given))
    given, _, family = forms.folded(sent.text or "").rpartition(" ")
    return family, given


def birth_date(request: AuthorizationRequest) -> str | None:
    """The date of birth as it was sent."""
    return request.beneficiary.birth_date


def sex(request: AuthorizationRequest) -> str | None:
    """The administrative sex on the record, as FHIR writes it (``female``, ``male``, ``other``, ``unknown``)."""
    return request.beneficiary.gender


def requester_npi(request: AuthorizationRequest) -> str | None:
    """The requester's NPI, whatever its form."""
    return request.requester.npi


def requester_named(request: AuthorizationRequest) -> bool:
    """Whether the requester has a name."""
    return is_named(request.requester)


def is_named(provider: Provider) -> bool:
    """Whether an organization, a place or a person of *provider* has a name."""
    organization, practitioner = provider.organization, provider.practitioner
    places = provider.role.locations if provider.role else ()
    people = practitioner.names if practitioner else ()
    return bool(
        (organization and organization.name)
        or any(place.name for place in places)
        or any(each.family or each.text for each in people)
    )


def certification_type(request: AuthorizationRequest) -> str | None:
    """The X12 1322 code of the request, else of the first line that has one."""
    concepts = (request.certification_type, *(line.certification_type for line in request.lines))
    return next((each.value for each in concepts if each and each.value), None)


def prior_number(request: AuthorizationRequest) -> str | None:
    """The first number of an earlier decision: of the request, else of a line."""
    numbers = [request.authorization_number, request.administrative_reference_number]
    for line in request.lines:
        numbers += [line.authorization_number, line.administrative_reference_number]
    return next((each for each in numbers if each), None)


def expedited(request: AuthorizationRequest) -> bool:
    """Whether the request asks to be decided fast."""
    return _has_urgent_level(request) or _has_urgent_priority(request)


def expedited_by_priority(request: AuthorizationRequest) -> bool:
    """Whether only the priority says so, which an X12 278 cannot carry."""
    return _has_urgent_priority(request) and not _has_urgent_level(request)


def _has_urgent_level(request: AuthorizationRequest) -> bool:
    return bool(request.level_of_service and request.level_of_service.value in URGENT_LEVELS)


def _has_urgent_priority(request: AuthorizationRequest) -> bool:
    return bool(request.priority and request.priority.value == URGENT_PRIORITY)


def expedited_reason(request: AuthorizationRequest) -> bool:
    """Whether a message in words came with the request."""
    return any(each.kind == "message" and each.text and not each.cancelled for each in request.supporting_information)


def procedures(request: AuthorizationRequest) -> tuple[str, ...]:
    """The codes of all lines that were not withdrawn."""
    codes = (service_of(line.service).code for line in request.lines if not line.cancelled)
    return tuple(code for code in codes if code)


def service_of(concept: Concept, end: Concept | None = None) -> Service:
    """What *concept*, or the range from it to *end*, asks for."""
    sent = [code.value for code in concept.codes if code.system in PROCEDURE_SYSTEMS and code.value]
    if not sent:
        return _uncoded(concept)
    code = _first_procedure(sent)
    if code is None:
        return Service(fault="not a well-formed CPT or HCPCS code")
    if end is None or not any(each.value for each in end.codes):
        return Service(code)
    last = _first_procedure([each.value for each in end.codes if each.value])
    if last is None or last < code:
        return Service(fault="not a well-formed CPT or HCPCS code")
    return Service(code, last if last > code else None)


def _first_procedure(sent: list[str]) -> str | None:
    return next((code for each in sent if (code := forms.procedure_code(each))), None)


def _uncoded(concept: Concept) -> Service:
    coded = [code for code in concept.codes if code.value]
    if any(code.system in OTHER_SERVICE_SYSTEMS for code in coded):
        return Service(elsewhere=True)
    return Service(fault="not coded in CPT or HCPCS" if coded else "missing")


def all_diagnoses(request: AuthorizationRequest) -> tuple[str, ...]:
    """The well-formed ICD-10-CM codes of the whole request, in order."""
    read = (diagnosis_of(each.code) for each in request.diagnoses)
    return tuple(dict.fromkeys(code for code in read if code))


def diagnosis_of(concept: Concept) -> str | None:
    """The ICD-10-CM code of *concept*, if it is well formed."""
    sent = concept.code_in(ICD_10_CM)
    return forms.diagnosis_code(sent) if sent else None
