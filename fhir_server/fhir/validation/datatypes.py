"""What holds for a data type beside its definition, wherever it stands: the rules of the HL7 validator 6.10.4 for R4.

The type Coding has none here: a code without a system, or with one that is no address, is told by no rule of the
validator outside a CodeableConcept, and left to the binding of the element.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from fhir_server.fhir.validation.report import Place, Report
from fhir_server.fhir.validation.rules import Rule
from fhir_server.fhir.validation.text import is_uuid

Json = dict[str, Any]

SYSTEM = Rule(
    "identifier-system",
    "Type_Specific_Checks_DT_Identifier_System",
    "The system of the identifier is not absolute.",
    "Send it as http:, https:, urn: or ldap: and what follows.",
)
URI_VALUE = Rule(
    "identifier-uri",
    "TYPE_SPECIFIC_CHECKS_DT_IDENTIFIER_IETF_SYSTEM_VALUE",
    "The system of the identifier says that its value is an absolute URI, and it is none.",
    "Send the whole URI as value, or the system that the value is of.",
)
UUID_SYSTEM = Rule(
    "identifier-uuid",
    "TYPE_SPECIFIC_CHECKS_DT_IDENTIFIER_IETF_SYSTEM_WRONG_1",
    "The system of the identifier says that its value is a UUID, and it is none.",
    "Send the system that the value is of.",
)
UUID_BARE = Rule(
    "identifier-uuid",
    "TYPE_SPECIFIC_CHECKS_DT_IDENTIFIER_IETF_SYSTEM_WRONG_2",
    "A UUID is sent under the address of the document that defines UUIDs.",
    "Send it as urn:uuid:… with the system urn:ietf:rfc:3986.",
    "warning",
)
UUID_URN = Rule(
    "identifier-uuid",
    "TYPE_SPECIFIC_CHECKS_DT_IDENTIFIER_IETF_SYSTEM_WRONG_3",
    UUID_BARE.found,
    "Send it with the system urn:ietf:rfc:3986.",
    "warning",
)
CODE_WITHOUT_SYSTEM = Rule(
    "coding-system",
    "Coding_has_no_system__cannot_validate",
    "The coding has no system, so that nobody knows what its code means.",
    "Add the system.",
    "warning",
)
ANNOTATION_WITHOUT_UNIT = Rule(
    "ucum-annotation",
    "TYPE_SPECIFIC_CHECKS_DT_QTY_UCUM_ANNOTATIONS_NO_UNIT",
    "The UCUM code says something in braces that no unit for people says.",
    "Add the unit in words.",
    "warning",
)
ANNOTATION_NOT_IN_UNIT = Rule(
    "ucum-annotation",
    "TYPE_SPECIFIC_CHECKS_DT_QTY_UCUM_ANNOTATIONS_NOT_IN_UNIT",
    "The UCUM code says something in braces that the unit for people does not say.",
    "Say it in the unit.",
    "warning",
)
REFERENCE_BLANK = Rule(
    "reference-form",
    "REFERENCE_REF_INVALID_REF",
    "The reference holds a blank.",
    "Take it out.",
)
REFERENCE_EMPTY = Rule(
    "reference-empty",
    "Reference_REF_NoDisplay",
    "The reference says neither by reference nor by identifier nor by display what it is about.",
    "Add one of them.",
    "warning",
)

_SYSTEMS = ("http:", "https:", "urn:", "ldap:")
_URI = "urn:ietf:rfc:3986"
_UUIDS = "https://tools.ietf.org/html/rfc4122"
_CODED = frozenset({"code", "display", "version"})
_UCUM = "http://unitsofmeasure.org"
_is_uri = re.compile(r"(?!file:(?!/|.*:))[A-Za-z][A-Za-z0-9_\[\]]*:", re.DOTALL).match
_has_blank = re.compile(r"[ \t\n\x0b\x0c\r]").search


def check_identifier(value: Json, place: Place, report: Report) -> None:
    """Note where the system is not absolute, or promises another kind of value."""
    system = value.get("system")
    if type(system) is not str:
        return
    if not system.startswith(_SYSTEMS):
        SYSTEM.note(place, report)
        return
    if system != _URI and system != _UUIDS:
        return
    identity = value.get("value")
    if type(identity) is not str:
        return
    if system == _URI:
        if _is_uri(identity) is None:
            URI_VALUE.note(place, report)
    elif identity.startswith("urn:uuid:"):
        UUID_URN.note(place, report)
    else:
        (UUID_SYSTEM if is_uuid(identity) is None else UUID_BARE).note(place, report)


def check_codeable_concept(value: Json, place: Place, report: Report) -> None:
    """Note each coding without a system."""
    codings = value.get("coding")
    if type(codings) is list:
        for number, coding in enumerate(codings):
            if type(coding) is dict and "system" not in coding and not _CODED.isdisjoint(coding):
                CODE_WITHOUT_SYSTEM.note((place, "coding", number), report)


def check_quantity(value: Json, place: Place, report: Report) -> None:
    """Note where the unit for people leaves out what the UCUM code says in braces."""
    code = value.get("code")
    if type(code) is not str or "{" not in code or value.get("system") != _UCUM:
        return
    start, end = code.find("{"), code.find("}")
    if end < start:
        return
    unit = value.get("unit")
    if type(unit) is not str:
        ANNOTATION_WITHOUT_UNIT.note(place, report)
    elif code[start + 1 : end].lower() not in unit.lower():
        ANNOTATION_NOT_IN_UNIT.note(place, report)


def check_reference(value: Json, place: Place, report: Report) -> None:
    """Note where the reference is no address, or where there is nothing that says what it is about."""
    reference = value.get("reference")
    if type(reference) is str and reference:
        if _has_blank(reference) is not None:
            REFERENCE_BLANK.note(place, report)
    elif not value.get("display") and not _is_identified(value.get("identifier")):
        REFERENCE_EMPTY.note(place, report)


def _is_identified(identifier: Any) -> bool:
    return type(identifier) is dict and bool(identifier.get("system") or identifier.get("value"))


DATATYPES: Mapping[str, Callable[[Json, Place, Report], None]] = {
    "CodeableConcept": check_codeable_concept,
    "Identifier": check_identifier,
    "Quantity": check_quantity,
    "Reference": check_reference,
}
