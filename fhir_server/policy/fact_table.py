"""The table of facts: what the policy reads from a request, and where this server looks for it.

Places and their order follow the standard's own homes of each datum; nothing is expected beyond mandatory and
must-support elements (PAS-008, PAS-012). A row holds its own extractor, so that what is shown is what is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from fhir_server.authorization.parties import NPI
from fhir_server.authorization.request import MEDICARE_BENEFICIARY_SYSTEM, MEMBER_NUMBER, AuthorizationRequest
from fhir_server.policy import extraction, lines, systems
from fhir_server.policy.lines import LineView

View = TypeVar("View")


@dataclass(frozen=True, slots=True)
class Fact(Generic[View]):
    """A fact and where it comes from.

    ``field`` is its name in `RequestFacts` or `LineFacts`; ``hub`` the places looked at, in order, as paths of an
    `AuthorizationRequest`; ``looked_for`` the systems, types and codes that are taken there, where not everything is;
    ``x12`` its position in a 278; ``element`` the element of a checklist that says the same.
    """

    field: str
    what: str
    hub: tuple[str, ...]
    x12: str
    extract: Callable[[View], object]
    element: str | None = None
    looked_for: tuple[str, ...] = ()


_NPI = (NPI,)
_FACILITY_STATE = (
    "care_team.provider.role.locations.address.state",
    "care_team.provider.organization.addresses.state",
    "requester.role.locations.address.state",
    "requester.organization.addresses.state",
)
_FACILITY_ROLE = (f"{systems.ENTITY_ROLE}|77", f"{systems.ENTITY_ROLE}|FA", f"{systems.ENTITY_ROLE}|SJ")
_SITE = (systems.BILL_TYPE, systems.PLACE_OF_SERVICE)
_PROCEDURE = tuple(sorted(systems.PROCEDURE_SYSTEMS))
_MEMBER = ("|".join(MEMBER_NUMBER), MEDICARE_BENEFICIARY_SYSTEM)

REQUEST_FACTS: tuple[Fact[AuthorizationRequest], ...] = (
    Fact(
        "member_id",
        "Medicare number (MBI); its format is checked",
        ("insurance.coverage.identifiers", "beneficiary.identifiers", "insurance.coverage.subscriber_id"),
        "2010C NM109, qualifier MI",
        extraction.member_id,
        looked_for=_MEMBER,
    ),
    Fact("names", "Names of the beneficiary", ("beneficiary.names",), "2010C NM103, NM104", extraction.names),
    Fact("birth_date", "Date of birth", ("beneficiary.birth_date",), "2010C DMG02", extraction.birth_date),
    Fact("sex", "Administrative sex on the record", ("beneficiary.gender",), "2010C DMG03", extraction.sex),
    Fact(
        "coverage_type",
        "Payer is Original Medicare: type of the coverage that is asked",
        ("insurance.coverage.type",),
        "none",
        extraction.coverage_type,
        looked_for=(systems.SOURCE_OF_PAYMENT,),
    ),
    Fact(
        "coverage_types",
        "Payer is Medicare Advantage: types of all coverages",
        ("insurance.coverage.type",),
        "none",
        extraction.coverage_types,
        looked_for=(systems.SOURCE_OF_PAYMENT,),
    ),
    Fact(
        "payer_identifiers",
        "Payer is Original Medicare: identifiers of the payer",
        ("insurance.coverage.payor.identifiers", "payer.identifiers"),
        "2010A NM109",
        extraction.payer_identifiers,
    ),
    Fact(
        "requester_npi",
        "NPI of the requester",
        ("requester.practitioner.identifiers", "requester.organization.identifiers"),
        "2010B NM109, qualifier XX",
        extraction.requester_npi,
        looked_for=_NPI,
    ),
    Fact(
        "requester_named",
        "Name of the requester",
        ("requester.organization.name", "requester.role.locations.name", "requester.practitioner.names"),
        "2010B NM103",
        extraction.requester_named,
    ),
    Fact(
        "certification_type",
        "Initial or resubmission: I, R or S",
        ("certification_type", "lines.certification_type"),
        "UM02",
        extraction.certification_type,
        looked_for=(systems.CERTIFICATION_TYPE,),
    ),
    Fact(
        "prior_number",
        "Initial or resubmission: number of the earlier decision",
        (
            "authorization_number",
            "administrative_reference_number",
            "lines.authorization_number",
            "lines.administrative_reference_number",
        ),
        "REF*BB or REF*NT",
        extraction.prior_number,
    ),
    Fact(
        "expedited",
        "Expedited",
        ("level_of_service", "priority"),
        "UM06",
        extraction.expedited,
        looked_for=(f"{systems.LEVEL_OF_SERVICE}|U", f"{systems.LEVEL_OF_SERVICE}|03", f"{systems.PRIORITY}|stat"),
    ),
    Fact(
        "expedited_by_priority",
        "Expedited by the priority alone, which a 278 cannot carry",
        ("priority", "level_of_service"),
        "none",
        extraction.expedited_by_priority,
        looked_for=(f"{systems.PRIORITY}|stat",),
    ),
    Fact(
        "expedited_reason",
        "Reason for the expedited review, in words",
        ("supporting_information.text",),
        "MSG",
        extraction.expedited_reason,
        looked_for=("a message text",),
    ),
    Fact(
        "all_diagnoses",
        "All diagnoses (ICD-10-CM) of the request; a revision or replacement",
        ("diagnoses.code",),
        "HI",
        extraction.all_diagnoses,
        looked_for=(systems.ICD_10_CM,),
    ),
    Fact(
        "procedures",
        "All codes of the request: a generator planned with a lead, a base code beside its add-on",
        ("lines.service",),
        "2000F SV1 or SV2",
        extraction.procedures,
        "SN6",
        looked_for=_PROCEDURE,
    ),
)

LINE_FACTS: tuple[Fact[LineView], ...] = (
    Fact("sequence", "Number of the line", ("lines.sequence",), "2000F HL", lambda view: view.line.sequence),
    Fact("cancelled", "Line was withdrawn", ("lines.cancelled",), "UM02 3", lambda view: bool(view.line.cancelled)),
    Fact(
        "service",
        "CPT or HCPCS code, or a range of them",
        ("lines.service", "lines.service_end"),
        "SV101-2, -8 or SV202-2, -8",
        lines.service,
        looked_for=_PROCEDURE,
    ),
    Fact("modifiers", "Modifiers of the code", ("lines.modifiers",), "SV101-3 to -6", lines.modifiers),
    Fact("revenue", "Revenue code", ("lines.revenue",), "SV201", lines.revenue),
    Fact(
        "diagnoses",
        "Diagnoses (ICD-10-CM) of the line, else of the request; purpose of 62323",
        ("lines.diagnoses", "diagnoses.code"),
        "HI",
        lines.diagnoses,
        looked_for=(systems.ICD_10_CM,),
    ),
    Fact(
        "diagnoses_unreadable",
        "A diagnosis was sent that is not an ICD-10-CM code",
        ("lines.diagnoses", "diagnoses.code"),
        "HI",
        lines.diagnoses_unreadable,
        looked_for=(systems.ICD_10_CM,),
    ),
    Fact(
        "serviced",
        "Date of service",
        ("lines.serviced", "supporting_information.timing"),
        "DTP*472, else DTP*AAH",
        lines.serviced,
    ),
    Fact(
        "serviced_unreadable",
        "A date of service was sent that cannot be read",
        ("lines.serviced", "supporting_information.timing"),
        "DTP*472, else DTP*AAH",
        lines.serviced_unreadable,
    ),
    Fact("units", "Units", ("lines.quantity",), "SV104, SV205 or HSD", lines.units),
    Fact(
        "site",
        "Site of service: type of bill or place of service",
        ("lines.location",),
        "UM04, qualifier A or B",
        lines.site,
        looked_for=_SITE,
    ),
    Fact(
        "other_site",
        "A place of service that contradicts the type of bill",
        ("lines.location",),
        "UM04, qualifier A or B",
        lines.other_site,
        looked_for=_SITE,
    ),
    Fact(
        "site_unreadable",
        "A site was sent that is neither",
        ("lines.location",),
        "UM04, qualifier A or B",
        lines.site_unreadable,
        looked_for=_SITE,
    ),
    Fact(
        "line_of_business",
        "Line of business: 13x, 19, 22 Part A; 11, 12, 24 Part B",
        ("lines.location",),
        "UM04",
        lines.line_of_business,
        looked_for=_SITE,
    ),
    Fact(
        "state",
        "State of service: of the facility (role 77 or FA, then SJ), else of the requester",
        _FACILITY_STATE,
        "2010F or 2010EA N402; else 2010B N402",
        lines.state_of_service,
        looked_for=_FACILITY_ROLE,
    ),
    Fact(
        "state_unreadable",
        "A state was sent that is none of the United States",
        _FACILITY_STATE,
        "2010F or 2010EA N402; else 2010B N402",
        lines.state_unreadable,
        looked_for=_FACILITY_ROLE,
    ),
    Fact(
        "facility_source",
        "Where the facility stands: the line, the request, the requester in its place, or nobody knows",
        ("lines.care_team", "care_team.covers_whole_request", "care_team.role", "requester"),
        "2010F, 2010EA or 2010B",
        lambda view: view.facility_source,
        looked_for=_FACILITY_ROLE,
    ),
    Fact(
        "facility_npi",
        "NPI of the facility",
        (
            "care_team.provider.organization.identifiers",
            "care_team.provider.practitioner.identifiers",
            "requester.organization.identifiers",
            "requester.practitioner.identifiers",
        ),
        "2010F or 2010EA NM109, qualifier XX",
        lines.facility_npi,
        looked_for=_NPI,
    ),
    Fact(
        "facility_named",
        "Name of the facility",
        (
            "care_team.provider.organization.name",
            "care_team.provider.role.locations.name",
            "care_team.provider.practitioner.names",
            "requester.organization.name",
            "requester.role.locations.name",
            "requester.practitioner.names",
        ),
        "2010F or 2010EA NM103",
        lines.facility_named,
    ),
    Fact(
        "ccn",
        "CMS certification number (CCN) of the facility",
        ("care_team.provider.organization.identifiers", "requester.organization.identifiers"),
        "REF*1J",
        lines.ccn,
        looked_for=(systems.CCN,),
    ),
    Fact(
        "ptan",
        "Provider transaction access number (PTAN) of the facility or a practitioner, with that one's NPI",
        (
            "care_team.provider.organization.identifiers",
            "care_team.provider.practitioner.identifiers",
            "requester.practitioner.identifiers",
            "requester.organization.identifiers",
        ),
        "REF*ZH",
        lines.ptan,
        looked_for=("|".join(systems.MEDICARE_PROVIDER_NUMBER),),
    ),
)
