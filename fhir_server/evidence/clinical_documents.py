"""C-CDA documents: what their sections say in words, and their coded entries as clinical statements.

Template and element names are those of the C-CDA R2.1 implementation guide (HL7 CDA R2). An entry counts as the FHIR
resource that the C-CDA on FHIR guide maps it to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from lxml import etree

from fhir_server.errors import Refusal
from fhir_server.evidence.checklist_index import CodeName
from fhir_server.evidence.code_systems import LOINC, OID, code_name, system_name
from fhir_server.evidence.markup import plain_text
from fhir_server.evidence.members import decoded_bytes
from fhir_server.evidence.statements import ClinicalStatement
from fhir_server.evidence.units import UCUM
from fhir_server.fhir import xml

HL7 = "urn:hl7-org:v3"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
ROOT = f"{{{HL7}}}ClinicalDocument"
MEDICARE_NUMBERS = {"2.16.840.1.113883.4.927": "http://hl7.org/fhir/sid/us-mbi"}
NO_LONGER_SO = frozenset({"73425007", "413322009"})  # SNOMED CT: inactive, resolved
PROBLEM_STATUS = "2.16.840.1.113883.10.20.22.4.6"
_TIME = re.compile(r"(\d{4})(\d{2})?(\d{2})?(?:(\d{2})(\d{2})(\d{2})?(?:\.\d+)?([+-]\d{4})?)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Template:
    """An entry of C-CDA: the FHIR types that it counts as, and where its code stands (``.`` is the entry itself).

    ``statuses`` are those in which it says so. ``value`` is whether the entry has one beside its code.
    """

    kinds: tuple[str, ...]
    code: str
    value: bool = False
    statuses: frozenset[str] = frozenset({"completed"})


_MEDICATIONS = ("MedicationStatement", "MedicationRequest")
_MATERIAL = "consumable/manufacturedProduct/manufacturedMaterial/code"
_ALL = frozenset({"completed", "active"})

# By the root of the templateId (C-CDA R2.1, volume 2).
TEMPLATES: Mapping[str, Template] = MappingProxyType(
    {
        "2.16.840.1.113883.10.20.22.4.4": Template(("Condition",), "value"),  # problem observation
        "2.16.840.1.113883.10.20.22.4.2": Template(("Observation",), "code", value=True),  # result observation
        "2.16.840.1.113883.10.20.22.4.27": Template(("Observation",), "code", value=True),  # vital sign
        "2.16.840.1.113883.10.20.22.4.69": Template(("Observation",), "code", value=True),  # assessment scale
        "2.16.840.1.113883.10.20.22.4.67": Template(("Observation",), "code", value=True),  # functional status
        "2.16.840.1.113883.10.20.22.4.38": Template(("Observation",), "code", value=True),  # social history
        "2.16.840.1.113883.10.20.22.4.78": Template(("Observation",), "code", value=True),  # smoking status
        "2.16.840.1.113883.10.20.22.4.14": Template(("Procedure",), "code"),  # procedure activity, procedure
        "2.16.840.1.113883.10.20.22.4.13": Template(("Procedure",), "code"),  # procedure activity, observation
        "2.16.840.1.113883.10.20.22.4.12": Template(("Procedure",), "code"),  # procedure activity, act
        "2.16.840.1.113883.10.20.22.4.16": Template(_MEDICATIONS, _MATERIAL, statuses=_ALL),  # medication activity
        "2.16.840.1.113883.10.20.22.4.52": Template(("Immunization",), _MATERIAL),  # immunization activity
        "2.16.840.1.113883.10.20.22.4.7": Template(  # allergy, intolerance
            ("AllergyIntolerance",), "participant/participantRole/playingEntity/code"
        ),
    }
)
STATEMENTS = tuple(f"{{{HL7}}}{name}" for name in ("act", "observation", "procedure", "substanceAdministration"))


@dataclass(frozen=True, slots=True)
class ClinicalDocument:
    """A C-CDA document: its LOINC types, sections by LOINC code (a repeated one with a number), coded entries.

    ``birth_date`` and ``numbers`` are those of the patient that it names. ``body`` is the type and the bytes of a
    document whose body is a file of another kind.
    """

    types: tuple[str, ...]
    sections: tuple[tuple[str, str], ...]
    statements: tuple[ClinicalStatement, ...]
    birth_date: str | None
    numbers: frozenset[tuple[str, str]]
    body: tuple[str, bytes] | None


def read_clinical_document(data: bytes, document: str, place: str, most: int) -> ClinicalDocument | None:
    """Return the C-CDA document in *data*, or ``None`` where it is none, or has more than *most* coded entries.

    *document* and *place* are where it was sent; the places of what it says begin with them.
    """
    try:
        root = xml.parse(data)
    except Refusal:
        return None
    if root.tag != ROOT:
        return None
    sections, statements = [], list[ClinicalStatement]()
    for code, section in _sections(root):
        words = section.find(f"{{{HL7}}}text")
        sections.append((code, plain_text(words) if words is not None else ""))
        for entry in section.iterchildren(f"{{{HL7}}}entry"):
            for statement in _statements(entry, document, " ".join(filter(None, (place, code)))):
                statements.append(statement)
                if len(statements) > most:
                    return None
    return ClinicalDocument(_types(root), tuple(sections), tuple(statements), *_patient(root), _body(root))


def _sections(root: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """Yield the sections of the body, those inside another after it, each with its code."""
    seen: dict[str, int] = {}
    waiting = _sections_in(_find(root, "component/structuredBody"))
    while waiting:
        section = waiting.pop()
        waiting += _sections_in(section)
        code = _attribute(_child(section, "code"), "code") or "section"
        seen[code] = number = seen.get(code, 0) + 1
        yield code if number == 1 else f"{code}[{number - 1}]", section


def _sections_in(node: etree._Element | None) -> list[etree._Element]:
    """Return the sections right in a body or section, the last first."""
    components = node.iterchildren(f"{{{HL7}}}component") if node is not None else ()
    return [each for component in components for each in component.iterchildren(f"{{{HL7}}}section")][::-1]


def _body(root: etree._Element) -> tuple[str, bytes] | None:
    """Return the type and bytes of a body that is a file of another kind (an unstructured document)."""
    text = _find(root, "component/nonXMLBody/text")
    if text is None or text.get("representation") != "B64":
        return None
    return text.get("mediaType", ""), decoded_bytes(text.text)


def _types(root: etree._Element) -> tuple[str, ...]:
    codes = list(_codes(_child(root, "code")))
    return tuple(dict.fromkeys(code for system, code in codes if system == LOINC))


def _patient(root: etree._Element) -> tuple[str | None, frozenset[tuple[str, str]]]:
    role = _find(root, "recordTarget/patientRole")
    if role is None:
        return None, frozenset()
    numbers = {
        (MEDICARE_NUMBERS[each.get("root", "")], each.get("extension", ""))
        for each in role.iterchildren(f"{{{HL7}}}id")
        if each.get("root") in MEDICARE_NUMBERS and each.get("extension")
    }
    birth = _time(_attribute(_find(role, "patient/birthTime"), "value"))
    return birth[:10] if birth and len(birth) >= len("YYYY-MM-DD") else None, frozenset(numbers)


def _statements(entry: etree._Element, document: str, place: str) -> Iterator[ClinicalStatement]:
    for node in entry.iter(*STATEMENTS):
        template = next(filter(None, (TEMPLATES.get(each) for each in _template_ids(node))), None)
        if template is None or not _says_so(node, template):
            continue
        code = _find(node, template.code)
        codes = tuple(dict.fromkeys(_codes(code)))
        value = _value(_child(node, "value")) if template.value else None
        if codes:
            yield ClinicalStatement(template.kinds, codes, "section", document, place, _date(node), place, value, place)


def _template_ids(node: etree._Element) -> list[str]:
    return [each.get("root", "") for each in node.iterchildren(f"{{{HL7}}}templateId")]


def _says_so(node: etree._Element, template: Template) -> bool:
    """Return whether the entry says that something is so: not denied, not only planned, not resolved."""
    status = _attribute(_child(node, "statusCode"), "code")
    if node.get("negationInd") == "true" or (status is not None and status not in template.statuses):
        return False
    if node.get("moodCode", "EVN") != "EVN" and template.kinds != _MEDICATIONS:
        return False
    return "Condition" not in template.kinds or not _is_over(node)


def _is_over(problem: etree._Element) -> bool:
    if _attribute(_find(problem, "effectiveTime/high"), "value"):
        return True
    for relation in problem.iterchildren(f"{{{HL7}}}entryRelationship"):
        status = _child(relation, "observation")
        if status is not None and PROBLEM_STATUS in _template_ids(status):
            return _attribute(_child(status, "value"), "code") in NO_LONGER_SO
    return False


def _codes(node: etree._Element | None) -> Iterator[CodeName]:
    """Yield the code of a coded element, then its translations."""
    if node is None:
        return
    for each in (node, *node.iterchildren(f"{{{HL7}}}translation")):
        system, code = each.get("codeSystem"), each.get("code")
        if system and code:
            name = system_name(f"{OID}{system}")
            yield name, code_name(name, code)


def _date(node: etree._Element) -> str | None:
    """Return when it was: a time, else the beginning of a span, else its end."""
    when = _child(node, "effectiveTime")
    texts = (_attribute(when, "value"), *(_attribute(_find(when, name), "value") for name in ("low", "high")))
    return next(filter(None, map(_time, texts)), None)


def _time(text: str | None) -> str | None:
    """Return an HL7 time stamp (``20260301103000-0500``) as ISO 8601."""
    match = _TIME.fullmatch(text or "")
    if match is None:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    date = "-".join(filter(None, (year, month, day)))
    if day is None or hour is None or zone is None:
        return date
    return f"{date}T{hour}:{minute}:{second or '00'}{zone[:3]}:{zone[3:]}"


def _value(node: etree._Element | None) -> tuple[str, Any] | None:
    """Return a value of CDA as FHIR names and holds it; ``None`` where there is none."""
    if node is None or node.get("nullFlavor"):
        return None
    kind = (node.get(XSI_TYPE) or "").rpartition(":")[2]
    reader = _VALUES.get(kind)
    return reader(node) if reader is not None else ("valueUnread", None)


def _number(text: str | None) -> Decimal | None:
    try:
        return Decimal(text) if text and _NUMBER.fullmatch(text) else None
    except InvalidOperation:
        return None


def _quantity(node: etree._Element) -> tuple[str, Any]:
    quantity: dict[str, Any] = {"value": _number(node.get("value"))}
    if node.get("unit"):
        quantity |= {"system": UCUM, "code": node.get("unit")}
    return "valueQuantity", quantity


def _coded(node: etree._Element) -> tuple[str, Any]:
    codings = [{"system": system, "code": code, "display": node.get("displayName")} for system, code in _codes(node)]
    return "valueCodeableConcept", {"coding": codings}


_VALUES = {
    "PQ": _quantity,
    "REAL": lambda node: ("valueDecimal", _number(node.get("value"))),
    "INT": lambda node: ("valueDecimal", _number(node.get("value"))),
    "BL": lambda node: ("valueBoolean", {"true": True, "false": False}.get(node.get("value", ""))),
    "TS": lambda node: ("valueDateTime", _time(node.get("value"))),
    "ST": lambda node: ("valueString", node.text),
    "CD": _coded,
    "CE": _coded,
    "CO": _coded,
}


def _child(node: etree._Element | None, name: str) -> etree._Element | None:
    return node.find(f"{{{HL7}}}{name}") if node is not None else None


def _find(node: etree._Element | None, path: str) -> etree._Element | None:
    for name in path.split("/"):
        node = _child(node, name)
    return node


def _attribute(node: etree._Element | None, name: str) -> str | None:
    return node.get(name) if node is not None else None
