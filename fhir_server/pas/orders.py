"""Orders behind a service line, row by row (PAS 2.2.1 profiles; CRD coverage-information)."""

from __future__ import annotations

from functools import partial

from fhir_server.authorization import orders
from fhir_server.fhir.mapping import Extension, Row, Table, choice
from fhir_server.fhir.primitives import BOOLEAN, CANONICAL, CODE, DATE, DATE_TIME, STRING, UNSIGNED_INTEGER, URL
from fhir_server.fhir.reading import MANY
from fhir_server.pas.datatypes import (
    CODING,
    CONCEPT,
    CONTACT_DETAIL,
    IDENTIFIER,
    PAS,
    PERIOD,
    QUANTITY,
    RANGE,
    TELECOM,
    TIMING,
    is_anything,
    is_text,
    pas_extension,
)
from fhir_server.pas.links import KindLink, RecordLink
from fhir_server.pas.parties import ANYONE_LINK, COVERAGE_LINK, PERSON_LINK

COVERAGE_INFORMATION = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information"


_DETAIL = Table(
    orders.CoverageDetail,
    Row("category", Extension("category"), CODE),
    Row("code", Extension("code"), CONCEPT),
    Row("text", Extension("value"), STRING),
    Row("flag", Extension("value"), BOOLEAN),
    Row("address", Extension("value"), URL),
    Row("period", Extension("value"), PERIOD),
    Row("quantity", Extension("value"), QUANTITY),
    Row("qualification", Extension("qualification"), STRING),
    type_name="Extension",
)
_COVERAGE_INFORMATION = Table(
    orders.CoverageInformation,
    Row("coverage", Extension("coverage"), COVERAGE_LINK),
    Row("covered", Extension("covered"), CODE),
    Row("authorization_needed", Extension("pa-needed"), CODE),
    Row("documentation_needed", Extension("doc-needed"), CODE, MANY),
    Row("documentation_purposes", Extension("doc-purpose"), CODE, MANY),
    Row("information_needed", Extension("info-needed"), CODE, MANY),
    Row("billing_codes", Extension("billingCode"), CODING, MANY),
    Row("reasons", Extension("reason"), CONCEPT, MANY),
    Row("details", Extension("detail"), _DETAIL, MANY),
    Row("dependencies", Extension("dependency"), RecordLink(), MANY),
    Row("questionnaires", Extension("questionnaire"), CANONICAL, MANY),
    Row("answers", Extension("response"), RecordLink(), MANY),
    Row("date", Extension("date"), DATE),
    Row("assertion_id", Extension("coverage-assertion-id"), STRING),
    Row("satisfied_authorization", Extension("satisfied-pa-id"), STRING),
    # CRD 2.0.1 gives the contact as one ContactPoint, CRD 2.2.1 as a ContactDetail.
    Row("contacts", Extension("contact"), CONTACT_DETAIL, MANY, only="2.2"),
    Row("contact_points", Extension("contact"), TELECOM, MANY, only="2.0"),
    Row("expiry_date", Extension("expiry-date"), DATE),
    type_name="Extension",
)
_COVERAGE_ROW = Row("coverage_information", Extension(COVERAGE_INFORMATION), _COVERAGE_INFORMATION, MANY)
_OCCURRENCE = choice((DATE_TIME, is_text), (PERIOD, is_anything))

SERVICE_REQUEST = Table(
    partial(orders.ServiceOrder, "service"),
    _COVERAGE_ROW,
    Row("code_end", pas_extension("productOrServiceCodeEnd"), CONCEPT),
    Row("identifiers", "identifier", IDENTIFIER, MANY),
    Row("status", "status", CODE),
    Row("intent", "intent", CODE),
    Row("categories", "category", CONCEPT, MANY),
    Row("code", "code", CONCEPT),
    Row("quantity", "quantity[x]", QUANTITY),
    Row("subject", "subject", PERSON_LINK),
    Row("encounter_documented_by", "encounter", RecordLink()),
    Row("timing", "occurrence[x]", TIMING),
    Row("occurrence", "occurrence[x]", _OCCURRENCE),
    Row("authored_on", "authoredOn", DATE_TIME),
    Row("requester", "requester", ANYONE_LINK),
    type_name="ServiceRequest",
    profile=f"{PAS}profile-servicerequest",
)
DEVICE_REQUEST = Table(
    partial(orders.ServiceOrder, "device"),
    _COVERAGE_ROW,
    Row("identifiers", "identifier", IDENTIFIER, MANY),
    Row("status", "status", CODE),
    Row("intent", "intent", CODE),
    Row("code", "code[x]", CONCEPT),
    Row("code_documented_by", "code[x]", RecordLink()),
    Row("subject", "subject", PERSON_LINK),
    Row("encounter_documented_by", "encounter", RecordLink()),
    Row("timing", "occurrence[x]", TIMING),
    Row("occurrence", "occurrence[x]", _OCCURRENCE),
    Row("authored_on", "authoredOn", DATE_TIME),
    Row("requester", "requester", ANYONE_LINK),
    type_name="DeviceRequest",
    profile=f"{PAS}profile-devicerequest",
)
_DOSE = Table(
    orders.DoseAmount,
    Row("quantity", "dose[x]", QUANTITY),
    Row("range", "dose[x]", RANGE),
)
_DOSAGE = Table(
    orders.Dosage,
    Row("text", "text", STRING),
    Row("timing", "timing", TIMING),
    Row("amounts", "doseAndRate", _DOSE, MANY),
)
MEDICATION_REQUEST = Table(
    partial(orders.ServiceOrder, "medication"),
    _COVERAGE_ROW,
    Row("identifiers", "identifier", IDENTIFIER, MANY),
    Row("status", "status", CODE),
    Row("intent", "intent", CODE),
    Row("categories", "category", CONCEPT, MANY),
    Row("reported", "reported[x]", BOOLEAN),
    Row("reported_by", "reported[x]", RecordLink()),
    Row("code", "medication[x]", CONCEPT),
    Row("code_documented_by", "medication[x]", RecordLink()),
    Row("subject", "subject", PERSON_LINK),
    Row("encounter_documented_by", "encounter", RecordLink()),
    Row("authored_on", "authoredOn", DATE_TIME),
    Row("requester", "requester", ANYONE_LINK),
    Row("dosages", "dosageInstruction", _DOSAGE, MANY),
    Row("refills", "dispenseRequest.numberOfRepeatsAllowed", UNSIGNED_INTEGER),
    Row("dispense_quantity", "dispenseRequest.quantity", QUANTITY),
    type_name="MedicationRequest",
    profile=f"{PAS}profile-medicationrequest",
)
NUTRITION_ORDER = Table(
    partial(orders.ServiceOrder, "nutrition"),
    _COVERAGE_ROW,
    Row("identifiers", "identifier", IDENTIFIER, MANY),
    Row("status", "status", CODE),
    Row("intent", "intent", CODE),
    Row("subject", "patient", PERSON_LINK),
    Row("encounter_documented_by", "encounter", RecordLink()),
    Row("authored_on", "dateTime", DATE_TIME),
    Row("requester", "orderer", ANYONE_LINK),
    Row("oral_diet_types", "oralDiet.type", CONCEPT, MANY),
    Row("enteral_formula_type", "enteralFormula.baseFormulaType", CONCEPT),
    type_name="NutritionOrder",
    profile=f"{PAS}profile-nutritionorder",
)
ORDER_LINK = KindLink(
    tables={table.type_name: table for table in (SERVICE_REQUEST, MEDICATION_REQUEST, DEVICE_REQUEST, NUTRITION_ORDER)},
    kinds={
        "service": "ServiceRequest",
        "medication": "MedicationRequest",
        "device": "DeviceRequest",
        "nutrition": "NutritionOrder",
    },
)
