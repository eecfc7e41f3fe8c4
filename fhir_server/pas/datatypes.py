"""FHIR data types and the hub's small values, row by row (FHIR R4 data types; PAS 2.2.1 datatype profiles)."""

from __future__ import annotations

from typing import Any

from fhir_server.authorization import values
from fhir_server.fhir.mapping import Extension, Form, Row, Table, Writing, choice
from fhir_server.fhir.primitives import CODE, DATE, DATE_TIME, DECIMAL, POSITIVE_INTEGER, STRING, URI
from fhir_server.fhir.reading import MANY, Reading

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"


def pas_extension(name: str) -> Extension:
    """Return the address of the PAS extension *name*."""
    return Extension(f"{PAS}extension-{name}")


def is_text(value: Any) -> bool:
    """Return whether a hub value is told in text: a date rather than a period."""
    return isinstance(value, str)


def is_anything(value: Any) -> bool:
    """Return true: the last form of a choice takes what no other form took."""
    return True


CODING = Table(
    values.Code,
    Row("system", "system", URI),
    Row("version", "version", STRING),
    Row("value", "code", CODE),
    Row("display", "display", STRING),
    type_name="Coding",
)
CONCEPT = Table(
    values.Concept,
    Row("codes", "coding", CODING, MANY),
    Row("text", "text", STRING),
    type_name="CodeableConcept",
)
PERIOD = Table(values.Period, Row("start", "start", DATE_TIME), Row("end", "end", DATE_TIME), type_name="Period")
QUANTITY = Table(
    values.Quantity,
    Row("value", "value", DECIMAL),
    Row("comparator", "comparator", CODE),
    Row("unit", "unit", STRING),
    Row("system", "system", URI),
    Row("code", "code", CODE),
    type_name="Quantity",
)
DURATION = Table(values.Quantity, *QUANTITY.rows, type_name="Duration")
RANGE = Table(values.Range, Row("low", "low", QUANTITY), Row("high", "high", QUANTITY), type_name="Range")
MONEY = Table(values.Money, Row("value", "value", DECIMAL), Row("currency", "currency", CODE), type_name="Money")
DATE_OR_PERIOD = choice((DATE, is_text), (PERIOD, is_anything))
DATE_TIME_OR_PERIOD = choice((DATE_TIME, is_text), (PERIOD, is_anything))

ASSIGNER = Table(
    values.Identifier,
    Row("type", "type", CONCEPT),
    Row("system", "system", URI),
    Row("value", "value", STRING),
    type_name="Identifier",
)
IDENTIFIER = Table(
    values.Identifier,
    Row("jurisdiction", pas_extension("identifierJurisdiction"), CONCEPT),
    Row("sub_department", pas_extension("identifierSubDepartment"), STRING),
    Row("use", "use", CODE),
    Row("type", "type", CONCEPT),
    Row("system", "system", URI),
    Row("value", "value", STRING),
    Row("period", "period", PERIOD),
    Row("assigner_identifier", "assigner.identifier", ASSIGNER),
    Row("assigner_name", "assigner.display", STRING),
    type_name="Identifier",
)
NAME = Table(
    values.PersonName,
    Row("use", "use", CODE),
    Row("text", "text", STRING),
    Row("family", "family", STRING),
    Row("given", "given", STRING, MANY),
    Row("prefix", "prefix", STRING, MANY),
    Row("suffix", "suffix", STRING, MANY),
    type_name="HumanName",
)
ADDRESS = Table(
    values.Address,
    Row("use", "use", CODE),
    Row("type", "type", CODE),
    Row("text", "text", STRING),
    Row("lines", "line", STRING, MANY),
    Row("city", "city", STRING),
    Row("district", "district", STRING),
    Row("state", "state", STRING),
    Row("postal_code", "postalCode", STRING),
    Row("country", "country", STRING),
    Row("period", "period", PERIOD),
    type_name="Address",
)
TELECOM = Table(
    values.ContactPoint,
    Row("system", "system", CODE),
    Row("value", "value", STRING),
    Row("use", "use", CODE),
    type_name="ContactPoint",
)
CONTACT = Table(
    values.ContactPerson,
    Row("name", "name", NAME),
    Row("telecom", "telecom", TELECOM, MANY),
    type_name="BackboneElement",
)


class ContactDetail:
    """FHIR's ContactDetail: a name in one piece and ways to reach it."""

    type_name = "ContactDetail"
    _name = Table(values.PersonName, Row("text", "name", STRING))
    _rest = Table(values.ContactPerson, Row("telecom", "telecom", TELECOM, MANY))

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        """Return the contact person that *value* names."""
        contact = self._rest.read(value, path, reading)
        name = self._name.read(value, path, reading) if isinstance(value, dict) else None
        return values.ContactPerson(name, contact.telecom if contact else ()) if contact or name else None

    def write(self, value: Any, writing: Writing) -> Any:
        """Return the ContactDetail of a contact person."""
        name = self._name.write(value.name, writing) if value.name else {}
        return {**name, **self._rest.write(value, writing)}


CONTACT_DETAIL: Form = ContactDetail()

TIMING = Table(
    values.Timing,
    # HSD07 and HSD08; the contexts of the two extensions forbid this place, the profile demands it (trap T-1).
    Row("calendar_pattern", pas_extension("timingcalendarpattern"), CONCEPT),
    Row("delivery_pattern", pas_extension("timingdeliverypattern"), CONCEPT),
    Row("bounds", "repeat.bounds[x]", DURATION),
    Row("count", "repeat.count", POSITIVE_INTEGER),
    Row("count_maximum", "repeat.countMax", POSITIVE_INTEGER),
    Row("frequency", "repeat.frequency", POSITIVE_INTEGER),
    Row("frequency_maximum", "repeat.frequencyMax", POSITIVE_INTEGER),
    Row("period", "repeat.period", DECIMAL),
    Row("period_maximum", "repeat.periodMax", DECIMAL),
    Row("period_unit", "repeat.periodUnit", CODE),
    type_name="Timing",
)
