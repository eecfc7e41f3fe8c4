"""PAS Claim, Claim Update and Claim Inquiry, row by row (PAS 2.2.1).

One table serves the three profiles and both releases: an element that a profile does not know is simply absent.
"""

from __future__ import annotations

from typing import Any

from fhir_server.authorization import request
from fhir_server.fhir.mapping import Extension, Fixed, Row, Table, Writing
from fhir_server.fhir.primitives import BOOLEAN, CODE, DATE, DATE_TIME, DECIMAL, POSITIVE_INTEGER, STRING, Coded
from fhir_server.fhir.reading import MANY, Json, Reading
from fhir_server.pas.datatypes import (
    ADDRESS,
    CONCEPT,
    DATE_OR_PERIOD,
    IDENTIFIER,
    MONEY,
    PAS,
    PERIOD,
    QUANTITY,
    pas_extension,
)
from fhir_server.pas.links import Link, RecordLink
from fhir_server.pas.orders import ORDER_LINK
from fhir_server.pas.parties import (
    COVERAGE_LINK,
    ENCOUNTER,
    INSURER_LINK,
    PERSON_LINK,
    PROVIDER_LINK,
    REQUESTOR_LINK,
)

TEMPORARY_CODES = "http://hl7.org/fhir/us/davinci-pas/CodeSystem/PASTempCodes"
CLAIM_ENCOUNTER = Extension("http://hl7.org/fhir/5.0/StructureDefinition/extension-Claim.encounter")
INFO_CANCELLED = Extension(f"{PAS}modifierextension-infoCancelled", modifier=True)

CHANGE = Coded({"added": "added", "changed": "changed"})

# PAS 2.2.1, value set PASSupportingInfoType (PASTempCodes).
SUPPORTING_KINDS = {
    "patientEvent": "patient-event",
    "admissionDates": "admission",
    "dischargeDates": "discharge",
    "additionalInformation": "document",
    "freeFormMessage": "message",
}

TRANSMISSION = Table(
    request.TransmissionIdentifiers,
    Row("application_sender", Extension("applicationSenderCode"), STRING),
    Row("application_receiver", Extension("applicationReceiverCode"), STRING),
    Row("interchange_sender", Extension("interchangeSenderID"), STRING),
    Row("interchange_receiver", Extension("interchangeReceiverID"), STRING),
    type_name="Extension",
)
_CONDITION = Table(
    request.ConditionIndicator,
    Row("category", Extension("category"), CONCEPT),
    Row("applies", Extension("indicator"), BOOLEAN),
    Row("codes", Extension("code"), CONCEPT, MANY),
    type_name="Extension",
)
_HOME_HEALTH_CARE = Table(
    request.HomeHealthCare,
    Row("prognosis", Extension("prognosis"), CONCEPT),
    Row("date", Extension("date"), DATE),
    type_name="Extension",
)
_CARE_TEAM = Table(
    request.CareTeamMember,
    Row("covers_whole_request", pas_extension("careTeamClaimScope"), BOOLEAN),
    Row("sequence", "sequence", POSITIVE_INTEGER, required=True),
    Row("provider", "provider", PROVIDER_LINK),
    Row("role", "role", CONCEPT),
    Row("qualification", "qualification", CONCEPT),
)
_DOCUMENT_DESCRIPTION = Table(
    request.DocumentDescription,
    Row("report_type", Extension("reportTypeCode"), CONCEPT),
    Row("transmission_method", Extension("transmissionMethod"), CONCEPT),
    Row("control_number", Extension("controlNumber"), STRING),
    Row("description", Extension("description"), STRING),
    type_name="Extension",
)


class SupportingCategory:
    """The category of a supporting information: one of the guide's five, or any other concept."""

    type_name = "CodeableConcept"

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        """Return the hub's name of the kind; the concept itself where the guide has none."""
        concept = CONCEPT.read(value, path, reading)
        return concept and SUPPORTING_KINDS.get(concept.code_in(TEMPORARY_CODES) or "", concept)

    def write(self, value: Any, writing: Writing) -> Json:
        """Return the CodeableConcept."""
        if isinstance(value, str):
            code = next(code for code, kind in SUPPORTING_KINDS.items() if kind == value)
            return {"coding": [{"system": TEMPORARY_CODES, "code": code}]}
        return CONCEPT.write(value, writing)


_SUPPORTING_INFORMATION = Table(
    request.SupportingInformation,
    Row("change", pas_extension("infoChanged"), CHANGE),
    Row("cancelled", INFO_CANCELLED, BOOLEAN),
    # PWK; mandatory on additional information since 2.2, unknown to 2.0.1 (trap T-37).
    Row("document_description", pas_extension("documentInformation"), _DOCUMENT_DESCRIPTION, since="2.2"),
    Row("sequence", "sequence", POSITIVE_INTEGER, required=True),
    Row("kind", "category", SupportingCategory(), required=True),
    Row("timing", "timing[x]", DATE_OR_PERIOD),
    Row("document", "value[x]", RecordLink()),
    Row("text", "value[x]", STRING),
)
_DIAGNOSIS = Table(
    request.Diagnosis,
    Row("recorded_date", pas_extension("diagnosisRecordedDate"), DATE),
    Row("sequence", "sequence", POSITIVE_INTEGER, required=True),
    Row("code", "diagnosis[x]", CONCEPT),
    Row("types", "type", CONCEPT, MANY),
)
_INSURANCE = Table(
    request.Insurance,
    Row("sequence", "sequence", POSITIVE_INTEGER, required=True),
    Row("focal", "focal", BOOLEAN),
    Row("coverage", "coverage", COVERAGE_LINK, required=True),
)
_ACCIDENT = Table(
    request.Accident,
    Row("date", "date", DATE),
    Row("type", "type", CONCEPT),
    Row("location", "location[x]", ADDRESS),
)
_RELATED = Table(
    request.PriorRequest,
    Row("claim", "claim", RecordLink(or_identifier=True)),
    Row("relationship", "relationship", CONCEPT),
)
_ITEM = Table(
    request.ServiceLine,
    Row("request_type", pas_extension("serviceItemRequestType"), CONCEPT),
    Row("certification_type", pas_extension("certificationType"), CONCEPT),
    Row("trace_numbers", pas_extension("itemTraceNumber"), IDENTIFIER, MANY),
    Row("authorization_number", pas_extension("authorizationNumber"), STRING),
    Row("administrative_reference_number", pas_extension("administrationReferenceNumber"), STRING),
    Row("service_end", pas_extension("productOrServiceCodeEnd"), CONCEPT),
    Row("epsdt", pas_extension("epsdtIndicator"), BOOLEAN),
    Row("nursing_home_residential_status", pas_extension("nursingHomeResidentialStatus"), CONCEPT),
    Row("nursing_home_level_of_care", pas_extension("nursingHomeLevelOfCare"), CONCEPT),
    Row("revenue_unit_rate_limit", pas_extension("revenueUnitRateLimit"), DECIMAL),
    Row("order", pas_extension("requestedService"), ORDER_LINK),
    Row("change", pas_extension("infoChanged"), CHANGE),
    Row("certification_issued", pas_extension("itemCertificationIssueDate"), DATE_OR_PERIOD),
    Row("certification_expires", pas_extension("itemCertificationExpirationDate"), DATE_OR_PERIOD),
    Row("certification_effective", pas_extension("itemCertificationEffectiveDate"), DATE_OR_PERIOD),
    Row("review_action", pas_extension("reviewActionCode"), CONCEPT),
    Row("cancelled", INFO_CANCELLED, BOOLEAN),
    Row("sequence", "sequence", POSITIVE_INTEGER, required=True),
    Row("care_team", "careTeamSequence", POSITIVE_INTEGER, MANY),
    Row("diagnoses", "diagnosisSequence", POSITIVE_INTEGER, MANY),
    Row("information", "informationSequence", POSITIVE_INTEGER, MANY),
    Row("revenue", "revenue", CONCEPT),
    Row("category", "category", CONCEPT),
    Row("service", "productOrService", CONCEPT, required=True),
    Row("modifiers", "modifier", CONCEPT, MANY),
    Row("serviced", "serviced[x]", DATE_OR_PERIOD),
    Row("location", "location[x]", CONCEPT),
    Row("quantity", "quantity", QUANTITY),
    Row("unit_price", "unitPrice", MONEY),
)
CLAIM = Table(
    request.AuthorizationRequest,
    Row("transmission", pas_extension("TransmissionIdentifiers"), TRANSMISSION, since="2.2"),
    Row("level_of_service", pas_extension("levelOfServiceCode"), CONCEPT),
    Row("conditions", pas_extension("conditionCode"), _CONDITION, MANY),
    Row("home_health_care", pas_extension("homeHealthCareInformation"), _HOME_HEALTH_CARE),
    Row("authorization_number", pas_extension("authorizationNumber"), STRING, since="2.2"),
    Row("administrative_reference_number", pas_extension("administrationReferenceNumber"), STRING, since="2.2"),
    Row("certification_type", pas_extension("certificationType"), CONCEPT),
    Row("encounter", CLAIM_ENCOUNTER, Link(ENCOUNTER)),
    Row("identifiers", "identifier", IDENTIFIER, MANY),
    Row("status", "status", CODE),
    Row("type", "type", CONCEPT, required=True),
    Row("beneficiary", "patient", PERSON_LINK, required=True),
    Row("billable_period", "billablePeriod", PERIOD),
    Row("created", "created", DATE_TIME, required=True),
    Row("payer", "insurer", INSURER_LINK, required=True),
    Row("requester", "provider", REQUESTOR_LINK, required=True),
    Row("priority", "priority", CONCEPT),
    Row("prior", "related", _RELATED, MANY),
    Row("care_team", "careTeam", _CARE_TEAM, MANY),
    Row("supporting_information", "supportingInfo", _SUPPORTING_INFORMATION, MANY),
    Row("diagnoses", "diagnosis", _DIAGNOSIS, MANY),
    Row("insurance", "insurance", _INSURANCE, MANY, required=True),
    Row("accident", "accident", _ACCIDENT),
    Row("lines", "item", _ITEM, MANY),
    Fixed("use", "preauthorization", checked=True),
    type_name="Claim",
)
PROFILES = {
    "initial": f"{PAS}profile-claim",
    "update": f"{PAS}profile-claim-update",
    "inquiry": f"{PAS}profile-claim-inquiry",
}
