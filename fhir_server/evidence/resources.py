"""Coded FHIR resources as clinical statements: where each type holds code, value and date, and which of them count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from fhir_server.evidence.checklist_index import CodeName
from fhir_server.evidence.code_systems import LOINC, code_name, system_name
from fhir_server.evidence.members import Json, codings_in, object_in, objects_in, text_in
from fhir_server.evidence.records import Record, Records
from fhir_server.evidence.statements import ClinicalStatement


@dataclass(frozen=True, slots=True)
class CodedType:
    """How a resource type tells something with a code.

    ``statuses`` are those in which it tells it; ``codes`` and ``dates`` are elements, the first that is there counts (a
    Period's end, else its start). ``medication`` is whether the code may stand in a Medication that it points at.
    """

    codes: tuple[str, ...]
    dates: tuple[str, ...]
    statuses: frozenset[str]
    medication: bool = False


def _of(*statuses: str) -> frozenset[str]:
    return frozenset(statuses)


# R4 elements and status codes (hl7.org/fhir/R4). Left out are the statuses of what was not done, is not known to have
# been done, was only planned, or was an error.
CODED_TYPES: Mapping[str, CodedType] = MappingProxyType(
    {
        "AllergyIntolerance": CodedType(("code",), ("recordedDate", "onsetDateTime"), _of()),
        "Condition": CodedType(("code",), ("onsetDateTime", "onsetPeriod", "recordedDate"), _of()),
        "DiagnosticReport": CodedType(
            ("code",),
            ("effectiveDateTime", "effectivePeriod", "issued"),
            _of("final", "amended", "corrected", "appended"),
        ),
        "ImagingStudy": CodedType(("procedureCode",), ("started",), _of("available")),
        "Immunization": CodedType(("vaccineCode",), ("occurrenceDateTime",), _of("completed")),
        "MedicationAdministration": CodedType(
            ("medicationCodeableConcept",),
            ("effectiveDateTime", "effectivePeriod"),
            _of("completed", "in-progress", "stopped"),
            medication=True,
        ),
        "MedicationDispense": CodedType(
            ("medicationCodeableConcept",), ("whenHandedOver", "whenPrepared"), _of("completed"), medication=True
        ),
        "MedicationRequest": CodedType(
            ("medicationCodeableConcept",),
            ("authoredOn",),
            _of("active", "completed", "stopped", "on-hold"),
            medication=True,
        ),
        "MedicationStatement": CodedType(
            ("medicationCodeableConcept",),
            ("effectiveDateTime", "effectivePeriod", "dateAsserted"),
            _of("active", "completed", "stopped", "on-hold"),
            medication=True,
        ),
        "Observation": CodedType(
            ("code",),
            ("effectiveDateTime", "effectiveInstant", "effectivePeriod", "issued"),
            _of("final", "amended", "corrected"),
        ),
        "Procedure": CodedType(("code",), ("performedDateTime", "performedPeriod"), _of("completed")),
        "ServiceRequest": CodedType(("code",), ("authoredOn",), _of("active", "completed")),
    }
)
# Condition and AllergyIntolerance have no status but these two (condition-ver-status, condition-clinical, their like).
NOT_SO = frozenset({"refuted", "entered-in-error"})
NO_LONGER_SO = frozenset({"inactive", "remission", "resolved"})
# MedicationRequest and ServiceRequest: what was thought of, not asked for (request-intent).
ONLY_THOUGHT_OF = frozenset({"proposal", "plan", "option"})


def statements_of(record: Record, records: Records) -> Iterator[ClinicalStatement]:
    """Yield what a coded resource states; nothing where its status says that it does not."""
    coded = CODED_TYPES.get(record.kind)
    if coded is None or not _counts(record.resource, coded):
        return
    date_element, day = _date(record.resource, coded)
    yield _statement(record, record.resource, coded, (date_element, day), "", records)
    if record.kind == "Observation":
        for number, component in enumerate(objects_in(record.resource, "component")):
            yield _statement(record, component, coded, (date_element, day), f"component[{number}].", records)


def _counts(resource: Json, coded: CodedType) -> bool:
    verification = {text_in(each, "code") for each in codings_in(resource, "verificationStatus")}
    clinical = {text_in(each, "code") for each in codings_in(resource, "clinicalStatus")}
    if verification & NOT_SO or clinical & NO_LONGER_SO:
        return False
    if resource.get("doNotPerform") is True or text_in(resource, "intent") in ONLY_THOUGHT_OF:
        return False
    return not coded.statuses or text_in(resource, "status") in coded.statuses


def _date(resource: Json, coded: CodedType) -> tuple[str, str | None]:
    for name in coded.dates:
        period = object_in(resource, name)
        found = text_in(resource, name) or text_in(period, "end") or text_in(period, "start")
        if found is not None:
            return name, found
    return "", None


def _statement(
    record: Record, node: Json, coded: CodedType, when: tuple[str, str | None], inside: str, records: Records
) -> ClinicalStatement:
    """Return the statement of *node*, which is the resource itself or, *inside* it, one of its components."""
    base = record.path or record.kind
    element, codes = _codes(record, node, coded, records)
    value = next(((name, content) for name, content in node.items() if name.startswith("value")), None)
    return ClinicalStatement(
        (record.kind,),
        codes,
        "resource",
        record.document,
        f"{base}.{inside}{element}",
        when[1],
        f"{base}.{when[0]}",
        value,
        f"{base}.{inside}value",
    )


def _codes(record: Record, node: Json, coded: CodedType, records: Records) -> tuple[str, tuple[CodeName, ...]]:
    for name in coded.codes:
        found = tuple(code_names(codings_in(node, name)))
        if found:
            return name, found
    if coded.medication:
        reference = text_in(object_in(node, "medicationReference"), "reference")
        medication = records.resolve(record, reference) if reference else None
        if medication is not None:
            return "medicationReference", tuple(code_names(codings_in(medication.resource, "code")))
    return coded.codes[0], ()


def code_names(codings: list[Json]) -> Iterator[CodeName]:
    """Yield the system and code of each coding that has both."""
    for coding in codings:
        system, code = text_in(coding, "system"), text_in(coding, "code")
        if system and code:
            name = system_name(system)
            yield name, code_name(name, code)


def loinc_codes(node: Any, *names: str) -> tuple[str, ...]:
    """Return the LOINC codes of the elements *names* of *node*."""
    found = (coding for name in names for coding in code_names(codings_in(node, name)))
    return tuple(dict.fromkeys(code for system, code in found if system == LOINC))
