"""PAS ClaimResponse, row by row (PAS 2.2.1), and the requests for information that go with it.

PAS 2.0.1 differs in the rows that say so: the sub-extensions of authorized provider, detail and error element.
"""

from __future__ import annotations

from typing import Any

from fhir_server.authorization import response
from fhir_server.authorization.parties import Provider
from fhir_server.fhir.mapping import Extension, Fixed, Row, Table, Wrapped, Writing
from fhir_server.fhir.primitives import BOOLEAN, CODE, DATE, DATE_TIME, DECIMAL, POSITIVE_INTEGER, STRING, Coded
from fhir_server.fhir.reading import FIRST, MANY, Json, Reading
from fhir_server.pas.claim import TRANSMISSION
from fhir_server.pas.datatypes import (
    ADDRESS,
    CONCEPT,
    DATE_OR_PERIOD,
    DATE_TIME_OR_PERIOD,
    IDENTIFIER,
    MONEY,
    PAS,
    PERIOD,
    QUANTITY,
    pas_extension,
)
from fhir_server.pas.links import Link
from fhir_server.pas.orders import ORDER_LINK
from fhir_server.pas.parties import (
    COVERAGE_LINK,
    INSURER_LINK,
    LOCATION_LINK,
    PERSON_LINK,
    PROVIDER_LINK,
    REQUESTOR_LINK,
)

SUBMITTED = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/adjudication", "code": "submitted"}]}
# The hub tells a pend by the review actions; `queued` is how 2.0.1 has it too (S-12).
OUTCOME = Coded({"complete": "complete", "error": "error", "partial": "partial", "queued": "complete"})
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

# The review action is the whole content of an adjudication, whose category is always ``submitted`` (rule 4 of 3.2).
_ACTION = Table(
    response.ReviewAction,
    Row("action", pas_extension("reviewActionCode"), CONCEPT),
    Row("number", Extension("number"), STRING),
    Row("reasons", Extension("reasonCode"), CONCEPT, MANY),
    Row("second_surgical_opinion", Extension("secondSurgicalOpinionFlag"), BOOLEAN),
    type_name="Extension",
)
_DECIDED = (pas_extension("reviewAction"), _ACTION, response.ReviewAction(), (Fixed("category", SUBMITTED),))
_ADJUDICATION = Wrapped(*_DECIDED)
# 2.0.1 has decisions on items only: no context of its extensions names an added item or the whole response.
_OTHER_ADJUDICATION = Wrapped(*_DECIDED, since="2.2")

_AUTHORIZED_PROVIDER = Table(
    response.AuthorizedProvider,
    Row("provider", Extension("provider"), PROVIDER_LINK),
    Row("type", pas_extension("authorizedProviderType"), CONCEPT, only="2.2"),
    Row("type", Extension("providerType"), CONCEPT, only="2.0"),
    Row("role", Extension("role"), CONCEPT, since="2.2"),
    Row("qualification", Extension("qualification"), CONCEPT, since="2.2"),
    type_name="Extension",
)
_SERVICE_DETAIL = Table(
    response.ServiceDetail,
    Row("service", Extension("productOrServiceCode"), CONCEPT),
    Row("service_end", pas_extension("productOrServiceCodeEnd"), CONCEPT),
    Row("modifiers", Extension("modifier"), CONCEPT, MANY),
    Row("unit_price", Extension("unitPrice"), MONEY),
    Row("quantity", Extension("quantity"), QUANTITY),
    Row("epsdt", pas_extension("epsdtIndicator"), BOOLEAN),
    Row("nursing_home_level_of_care", pas_extension("nursingHomeLevelOfCare"), CONCEPT),
    Row("revenue", pas_extension("revenueCode"), CONCEPT, only="2.2"),
    Row("revenue", Extension("revenue"), CONCEPT, only="2.0"),
    Row("revenue_unit_rate_limit", pas_extension("revenueUnitRateLimit"), DECIMAL),
    Row("order", pas_extension("requestedService"), ORDER_LINK),
    type_name="Extension",
)
_ITEM = Table(
    response.ResponseLine,
    Row("trace_numbers", pas_extension("itemTraceNumber"), IDENTIFIER, MANY),
    Row("authorization_issued", pas_extension("itemPreAuthIssueDate"), DATE),
    Row("authorization_period", pas_extension("itemPreAuthPeriod"), PERIOD),
    Row("previous_authorization_number", pas_extension("authorizationNumber"), STRING),
    Row("administrative_reference_number", pas_extension("administrationReferenceNumber"), STRING),
    Row("requested_service_date", pas_extension("itemRequestedServiceDate"), DATE_TIME_OR_PERIOD),
    Row("authorized_providers", pas_extension("itemAuthorizedProvider"), _AUTHORIZED_PROVIDER, MANY),
    Row("detail", pas_extension("itemAuthorizedDetail"), _SERVICE_DETAIL),
    Row("admission", pas_extension("admissionDates"), DATE_OR_PERIOD, since="2.2"),
    Row("discharge", pas_extension("dischargeDate"), DATE, since="2.2"),
    Row("communicated_diagnoses", pas_extension("communicatedDiagnosis"), CONCEPT, MANY),
    Row("sequence", "itemSequence", POSITIVE_INTEGER, required=True),
    Row("notes", "noteNumber", POSITIVE_INTEGER, MANY),
    Row("actions", "adjudication", _ADJUDICATION, MANY),
)


class AddedLineProviderLink:
    """A provider of an added line: a reference that carries the provider's type as an extension."""

    type_name = "Reference"

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        """Return the provider and its type."""
        provider = PROVIDER_LINK.read(value, path, reading)
        kind = _PROVIDER_TYPE.read(value, path, reading) if isinstance(value, dict) else None
        told = provider if isinstance(provider, Provider) else None
        return response.AddedLineProvider(told, kind.type if kind else None)

    def write(self, value: response.AddedLineProvider, writing: Writing) -> Json:
        """Return the reference with its extension."""
        reference = PROVIDER_LINK.write(value.provider, writing) if value.provider else {}
        return {**_PROVIDER_TYPE.write(value, writing), **reference}


_PROVIDER_TYPE = Table(
    response.AddedLineProvider, Row("type", pas_extension("authorizedProviderType"), CONCEPT, since="2.2")
)
_ADDED_ITEM = Table(
    response.AddedLine,
    Row("trace_numbers", pas_extension("itemTraceNumber"), IDENTIFIER, MANY, since="2.2"),
    Row("authorization_issued", pas_extension("itemPreAuthIssueDate"), DATE, since="2.2"),
    Row("authorization_period", pas_extension("itemPreAuthPeriod"), PERIOD, since="2.2"),
    Row("previous_authorization_number", pas_extension("authorizationNumber"), STRING, since="2.2"),
    Row("administrative_reference_number", pas_extension("administrationReferenceNumber"), STRING, since="2.2"),
    Row("request_type", pas_extension("serviceItemRequestType"), CONCEPT, since="2.2"),
    Row("certification_type", pas_extension("certificationType"), CONCEPT, since="2.2"),
    Row("service_end", pas_extension("productOrServiceCodeEnd"), CONCEPT, since="2.2"),
    Row("category", pas_extension("itemCategory"), CONCEPT, since="2.2"),
    Row("epsdt", pas_extension("epsdtIndicator"), BOOLEAN, since="2.2"),
    Row("nursing_home_residential_status", pas_extension("nursingHomeResidentialStatus"), CONCEPT, since="2.2"),
    Row("nursing_home_level_of_care", pas_extension("nursingHomeLevelOfCare"), CONCEPT, since="2.2"),
    Row("revenue", pas_extension("revenueCode"), CONCEPT, since="2.2"),
    Row("revenue_unit_rate_limit", pas_extension("revenueUnitRateLimit"), DECIMAL, since="2.2"),
    Row("order", pas_extension("requestedService"), ORDER_LINK, since="2.2"),
    Row("admission", pas_extension("admissionDates"), DATE_OR_PERIOD, since="2.2"),
    Row("discharge", pas_extension("dischargeDate"), DATE, since="2.2"),
    Row("sequence", "itemSequence", POSITIVE_INTEGER, FIRST, required=True),
    Row("providers", "provider", AddedLineProviderLink(), MANY),
    Row("service", "productOrService", CONCEPT, required=True),
    Row("modifiers", "modifier", CONCEPT, MANY),
    Row("serviced", "serviced[x]", DATE_OR_PERIOD),
    Row("location", "location[x]", CONCEPT),
    Row("location_address", "location[x]", ADDRESS),
    Row("place", "location[x]", LOCATION_LINK),
    Row("quantity", "quantity", QUANTITY),
    Row("unit_price", "unitPrice", MONEY),
    Row("notes", "noteNumber", POSITIVE_INTEGER, MANY),
    Row("actions", "adjudication", _OTHER_ADJUDICATION, MANY),
)
_ERROR_ELEMENT = pas_extension("errorElement")
_ERROR = Table(
    response.RequestError,
    Row("follow_up", pas_extension("errorFollowupAction"), CONCEPT),
    Row("position", (_ERROR_ELEMENT, Extension("error")), STRING, only="2.2"),
    Row("position", _ERROR_ELEMENT, STRING, only="2.0"),
    Row("note", (_ERROR_ELEMENT, Extension("processNote")), POSITIVE_INTEGER, only="2.2"),
    Row("path", pas_extension("errorPath"), STRING),
    Row("code", "code", CONCEPT, required=True),
)
_REVIEWER = Table(
    response.Reviewer,
    Row("human", Extension("wasHumanReviewedFlag"), BOOLEAN, required=True),
    Row("npi", Extension("reviewerNPI"), IDENTIFIER),
    Row("specialty", Extension("reviewerSpecialty"), CONCEPT),
    type_name="Extension",
)
_ANSWERED_REQUEST = Table(
    response.AnsweredRequest,
    Row("absent", Extension(ABSENT), CODE),
    Row("key", "reference", STRING),
    Row("identifier", "identifier", IDENTIFIER),
    type_name="Reference",
)
_NOTE = Table(
    response.Note,
    Row("number", "number", POSITIVE_INTEGER, required=True),
    Row("text", "text", STRING, required=True),
)
_INSURANCE = Table(
    response.AnsweredInsurance,
    Row("sequence", "sequence", POSITIVE_INTEGER, required=True),
    Row("focal", "focal", BOOLEAN, required=True),
    Row("coverage", "coverage", COVERAGE_LINK, required=True),
)

# A code asked for goes into the payload as bare text (trap T-24); 2.0.1 has the line number on the payload.
_LINE_NUMBER = pas_extension("serviceLineNumber")
COMMUNICATION_REQUEST = Table(
    response.InformationRequest,
    Row("line", _LINE_NUMBER, POSITIVE_INTEGER, only="2.2"),
    Row("line", ("payload[0]", _LINE_NUMBER), POSITIVE_INTEGER, only="2.0"),
    Row("identifier", "identifier", IDENTIFIER, FIRST),
    Row("category", "category", CONCEPT, FIRST),
    Row("medium", "medium", CONCEPT, FIRST),
    Row("modifiers", ("payload[0]", pas_extension("contentModifier")), CONCEPT, MANY),
    Row("diagnoses", ("payload[0]", pas_extension("communicatedDiagnosis")), CONCEPT, MANY),
    Row("code", "payload[0].content[x]", STRING),
    Row("requester", "requester", INSURER_LINK),
    Row("recipients", "recipient", PROVIDER_LINK, MANY),
    Row("sender", "sender", REQUESTOR_LINK),
    Fixed("status", "active"),
    type_name="CommunicationRequest",
    profile=f"{PAS}profile-communicationrequest",
)


def _rows(communicated_requests: bool) -> tuple[Row | Fixed, ...]:
    rows: list[Row | Fixed] = [
        Row("transmission", pas_extension("TransmissionIdentifiers"), TRANSMISSION, since="2.2"),
        Row("reviewer", pas_extension("claimResponseReviewer"), _REVIEWER, since="2.2"),
        Row("authorized_providers", pas_extension("itemAuthorizedProvider"), _AUTHORIZED_PROVIDER, MANY, since="2.2"),
        Row("identifiers", "identifier", IDENTIFIER, MANY),
        Fixed("status", "active"),
        Row("type", "type", CONCEPT, required=True),
        Fixed("use", "preauthorization"),
        Row("beneficiary", "patient", PERSON_LINK, required=True),
        Row("created", "created", DATE_TIME, required=True),
        Row("payer", "insurer", INSURER_LINK, required=True),
        Row("requester", "requestor", REQUESTOR_LINK),
        Row("request", "request", _ANSWERED_REQUEST),
        Row("outcome", "outcome", OUTCOME, required=True),
        Row("disposition", "disposition", STRING),
        Row("authorization_number", "preAuthRef", STRING),
        Row("authorization_period", "preAuthPeriod", PERIOD),
        Row("lines", "item", _ITEM, MANY),
        Row("added_lines", "addItem", _ADDED_ITEM, MANY),
        Row("actions", "adjudication", _OTHER_ADJUDICATION, MANY),
        Row("notes", "processNote", _NOTE, MANY),
        Row("insurance", "insurance", _INSURANCE, MANY),
        Row("errors", "error", _ERROR, MANY),
    ]
    if communicated_requests:
        rows.append(Row("information_requests", "communicationRequest", Link(COMMUNICATION_REQUEST), MANY))
    return tuple(rows)


# An inquiry response carries no requests for information; everything else is the same (PAS profiles, ClaimResponse).
CLAIM_RESPONSE = Table(
    response.AuthorizationResponse, *_rows(True), type_name="ClaimResponse", profile=f"{PAS}profile-claimresponse"
)
CLAIM_INQUIRY_RESPONSE = Table(
    response.AuthorizationResponse,
    *_rows(False),
    type_name="ClaimResponse",
    profile=f"{PAS}profile-claiminquiryresponse",
)
