"""Parties, coverage and encounter, row by row (PAS 2.2.1 profiles)."""

from __future__ import annotations

from fhir_server.authorization import parties
from fhir_server.fhir.mapping import Extension, Row, Table, Wrapped
from fhir_server.fhir.primitives import BOOLEAN, CODE, DATE, INSTANT, INTEGER, STRING
from fhir_server.fhir.reading import FIRST, MANY
from fhir_server.pas.datatypes import (
    ADDRESS,
    CODING,
    CONCEPT,
    CONTACT,
    IDENTIFIER,
    NAME,
    PAS,
    PERIOD,
    TELECOM,
    pas_extension,
)
from fhir_server.pas.links import Link, ProviderLink, RecordLink

# What is mandatory and unknown says so (HRex conf-1 to conf-6, PAS-115). A name has a family name, if an unknown one:
# that satisfies US Core 3.1.1, which knows no other reason, and 7.0.0 alike.
UNKNOWN = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
UNKNOWN_NAME = {"_family": UNKNOWN}

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_GROUP = Table(
    parties.PopulationGroup,
    Row("categories", Extension("ombCategory"), CODING, MANY),
    Row("detailed", Extension("detailed"), CODING, MANY),
    Row("text", Extension("text"), STRING),
    type_name="Extension",
)
_LANGUAGE = Table(parties.Language, Row("language", "language", CONCEPT), Row("preferred", "preferred", BOOLEAN))

# Race to sex at birth, telephone and language are must-support through US Core 3.1.1, in PAS 2.0.1 only.
_PERSON = (
    Row("race", Extension(f"{US_CORE}race"), _GROUP),
    Row("ethnicity", Extension(f"{US_CORE}ethnicity"), _GROUP),
    Row("birth_sex", Extension(f"{US_CORE}birthsex"), CODE),
    Row("military_status", pas_extension("militaryStatus"), CONCEPT),
    Row("identifiers", "identifier", IDENTIFIER, MANY),
    Row("names", "name", NAME, MANY, absent=[UNKNOWN_NAME]),
    Row("telecom", "telecom", TELECOM, MANY),
    Row("gender", "gender", CODE, absent="unknown"),
    Row("birth_date", "birthDate", DATE),
    Row("addresses", "address", ADDRESS, MANY),
    Row("multiple_birth_order", "multipleBirthInteger", INTEGER),
    Row("languages", "communication", _LANGUAGE, MANY),
)
BENEFICIARY = Table(parties.Person, *_PERSON, type_name="Patient", profile=f"{PAS}profile-beneficiary")
SUBSCRIBER = Table(parties.Person, *_PERSON, type_name="Patient", profile=f"{PAS}profile-subscriber")

_ORGANIZATION = (
    Row("identifiers", "identifier", IDENTIFIER, MANY),
    Row("active", "active", BOOLEAN, absent=True),
    Row("types", "type", CONCEPT, MANY),
    Row("name", "name", STRING, absent=UNKNOWN),
    Row("telecom", "telecom", TELECOM, MANY),
    Row("addresses", "address", ADDRESS, MANY),
    Row("contacts", "contact", CONTACT, MANY),
)
INSURER = Table(parties.Organization, *_ORGANIZATION, type_name="Organization", profile=f"{PAS}profile-insurer")
REQUESTOR = Table(parties.Organization, *_ORGANIZATION, type_name="Organization", profile=f"{PAS}profile-requestor")
ORGANIZATION = Table(parties.Organization, *_ORGANIZATION, type_name="Organization")

PRACTITIONER = Table(
    parties.Practitioner,
    Row("identifiers", "identifier", IDENTIFIER, MANY),
    Row("names", "name", NAME, MANY, absent=[UNKNOWN_NAME]),
    Row("telecom", "telecom", TELECOM, MANY),
    Row("addresses", "address", ADDRESS, MANY),
    type_name="Practitioner",
    profile=f"{PAS}profile-practitioner",
)
LOCATION = Table(
    parties.Location,
    Row("identifiers", "identifier", IDENTIFIER, MANY),
    Row("status", "status", CODE),
    Row("name", "name", STRING, absent=UNKNOWN),
    Row("types", "type", CONCEPT, MANY),
    Row("telecom", "telecom", TELECOM, MANY),
    Row("address", "address", ADDRESS, absent=UNKNOWN),
    Row("managing_organization", "managingOrganization", Link(ORGANIZATION, "name")),
    type_name="Location",
)
LOCATION_LINK = Link(LOCATION, "name")
ROLE = Table(
    parties.Role,
    Row("identifiers", "identifier", IDENTIFIER, MANY),
    Row("codes", "code", CONCEPT, MANY),
    Row("specialties", "specialty", CONCEPT, MANY),
    Row("locations", "location", LOCATION_LINK, MANY),
    Row("telecom", "telecom", TELECOM, MANY),
    Row("endpoints", "endpoint", RecordLink(), MANY),
    type_name="PractitionerRole",
    profile=f"{PAS}profile-practitionerrole",
)
PERSON_LINK = Link(BENEFICIARY)
SUBSCRIBER_LINK = Link(SUBSCRIBER)
INSURER_LINK = Link(INSURER, "name")
ORGANIZATION_LINK = Link(ORGANIZATION, "name")
REQUESTOR_LINK = ProviderLink(Link(REQUESTOR, "name"), Link(PRACTITIONER), ROLE)
PROVIDER_LINK = ProviderLink(ORGANIZATION_LINK, Link(PRACTITIONER), ROLE)
ANYONE_LINK = ProviderLink(ORGANIZATION_LINK, Link(PRACTITIONER), ROLE, anyone=True)

COVERAGE = Table(
    parties.Coverage,
    Row("identifiers", "identifier", IDENTIFIER, MANY),
    Row("status", "status", CODE, absent="active"),
    Row("type", "type", CONCEPT),
    Row("subscriber", "subscriber", SUBSCRIBER_LINK),
    Row("subscriber_id", "subscriberId", STRING),
    Row("beneficiary", "beneficiary", PERSON_LINK),
    Row("relationship", "relationship", CONCEPT),
    Row("period", "period", PERIOD),
    Row("payor", "payor", INSURER_LINK, FIRST),
    Row(
        "classes",
        "class",
        Table(
            parties.CoverageClass,
            Row("type", "type", CONCEPT),
            Row("value", "value", STRING),
            Row("name", "name", STRING),
        ),
        MANY,
    ),
    type_name="Coverage",
    profile=f"{PAS}profile-coverage",
)
COVERAGE_LINK = Link(COVERAGE)

_PARTICIPANT = Table(
    parties.EncounterParticipant,
    Row("types", "type", CONCEPT, MANY),
    Row("period", "period", PERIOD),
    Row("individual", "individual", ANYONE_LINK),
)


ENCOUNTER = Table(
    parties.Encounter,
    Row("patient_status", pas_extension("patientStatus"), CONCEPT),
    Row("nursing_home_residential_status", pas_extension("nursingHomeResidentialStatus"), CONCEPT),
    Row("last_updated", "meta.lastUpdated", INSTANT),
    Row("identifiers", "identifier", IDENTIFIER, MANY),
    Row("status", "status", CODE),
    Row("encounter_class", "class", CODING),
    Row("types", "type", CONCEPT, MANY),
    Row("subject", "subject", PERSON_LINK),
    Row("participants", "participant", _PARTICIPANT, MANY),
    Row("period", "period", PERIOD),
    Row("reason_codes", "reasonCode", CONCEPT, MANY),
    Row("reasons_documented_by", "reasonReference", RecordLink(), MANY),
    Row("admission_source", "hospitalization.admitSource", CONCEPT),
    Row("discharge_disposition", "hospitalization.dischargeDisposition", CONCEPT),
    Row("locations", "location", Wrapped("location", LOCATION_LINK), MANY),
    Row("service_provider", "serviceProvider", ORGANIZATION_LINK),
    type_name="Encounter",
    profile=f"{PAS}profile-encounter",
)
