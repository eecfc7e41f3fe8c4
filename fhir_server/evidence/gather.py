"""All that the records of a request say about the checklists at hand, from top to bottom:

    read       the documents into resources
    answer     the finished questionnaires of the beneficiary, and what they attach to an element
    look       into each record: does it count, can it be read, what is it tied to
    state      what coded resources and C-CDA entries say, the newest of each
    find       values behind labels in readable text

Nothing here raises for what a request holds: what cannot be read is told as a record that is not readable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from fhir_server.authorization.evidence import Evidence, EvidenceFact, EvidenceRecord, UnreadableAnswer
from fhir_server.authorization.request import AuthorizationRequest, Document
from fhir_server.evidence.allowance import Allowance
from fhir_server.evidence.answers import QUESTIONNAIRE_RESPONSE, Attached, is_answered, read_answers
from fhir_server.evidence.attachments import (
    Attachment,
    Reading,
    attachment_at,
    attachment_of,
    attachments_of,
    binary_of,
    read_attachment,
)
from fhir_server.evidence.beneficiary import SUBJECT_ELEMENTS, Beneficiary, beneficiary_of
from fhir_server.evidence.checklist_index import ChecklistIndex, index_of
from fhir_server.evidence.code_systems import LOINC
from fhir_server.evidence.members import object_in, objects_in, text_in
from fhir_server.evidence.passages import Passage
from fhir_server.evidence.records import FHIR_JSON, Record, Records, read_records
from fhir_server.evidence.resources import CODED_TYPES, loinc_codes, statements_of
from fhir_server.evidence.statements import ClinicalStatement, find_facts
from fhir_server.evidence.text import find_in_text
from fhir_server.policy.criteria import Checklist

# Resource types that are records of care (S-04): who gave it, who pays, what is asked for and what a form says are not.
CLINICAL_KINDS = (frozenset(CODED_TYPES) - {"ServiceRequest"}) | {
    "Binary",
    "ClinicalImpression",
    "DocumentReference",
    "FamilyMemberHistory",
    "Media",
}
# Of these, a resource without bytes is an announcement of a record, not one.
MADE_OF_BYTES = frozenset({"Binary", "DocumentReference", "Media"})
# R4, document-reference-status and composition-status: another one stands in its place, or none.
NOT_VALID = frozenset({"entered-in-error", "superseded"})
# Elements that tell the type of a document, by LOINC.
TYPE_ELEMENTS = {"DocumentReference": ("type", "category"), "DiagnosticReport": ("code", "category")}


def gather_evidence(request: AuthorizationRequest, checklists: Sequence[tuple[str, Checklist]]) -> Evidence:
    """Return what the records of *request* say about the elements of *checklists* (category id, checklist).

    The facts come in the order answers, coded statements, text; each points at where it was found. The same request
    gives the same evidence. Fields that the request itself answers (``from_request``) are not looked for.
    """
    if not checklists:
        return Evidence()
    gathering = _Gathering(
        index_of([checklist for _, checklist in checklists]), read_records(request.documents), beneficiary_of(request)
    )
    gathering.run()
    return Evidence(tuple(gathering.facts), tuple(gathering.found_records), tuple(gathering.unreadable))


@dataclass(slots=True)
class _Gathering:
    index: ChecklistIndex
    records: Records
    beneficiary: Beneficiary
    allowance: Allowance = field(default_factory=Allowance)
    facts: list[EvidenceFact] = field(default_factory=list)
    unreadable: list[UnreadableAnswer] = field(default_factory=list)
    found_records: list[EvidenceRecord] = field(default_factory=list)
    statements: list[ClinicalStatement] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    ties: dict[int, set[str]] = field(default_factory=dict)
    inline: dict[int, list[Attached]] = field(default_factory=dict)

    def run(self) -> None:
        for record in self.records.known:
            if is_answered(record) and self._is_about_beneficiary(record):
                self._answer(record)
        named = {id(each.resource) for each in self._named_binaries()}
        for record in self.records.known:
            if id(record.resource) not in named and _is_told(record):
                self.found_records += self._look(record)
        for document in self.records.others:
            self.found_records.append(self._look_at_other(document))
        self._state()
        self._find()

    def _answer(self, record: Record) -> None:
        answers = read_answers(record, self.index)
        self.facts += answers.facts
        self.unreadable += answers.unreadable
        for each in answers.attached:
            found = self.records.resolve(record, each.reference) if each.reference else None
            if found is not None and each.element is not None:
                self.ties.setdefault(id(found.resource), set()).add(each.element)
            if "data" in each.attachment:
                self.inline.setdefault(id(record.resource), []).append(each)

    def _named_binaries(self) -> Iterator[Record]:
        """Yield the Binaries whose bytes are read as those of the resource that names them."""
        for record in self.records.known:
            for node in objects_in(record.resource, "content") if record.kind == "DocumentReference" else ():
                binary = binary_of(record, object_in(node, "attachment"), self.records)
                if binary is not None:
                    yield binary

    def _look(self, record: Record) -> Iterator[EvidenceRecord]:
        if record.kind == QUESTIONNAIRE_RESPONSE:
            yield EvidenceRecord(record.document, readable=True, clinical=False)
            for each in self.inline.get(id(record.resource), ()):
                yield self._look_at_inline(each)
        elif record.kind not in CLINICAL_KINDS | CODED_TYPES.keys():
            yield EvidenceRecord(record.document, readable=True, clinical=False)
        elif not self._is_about_beneficiary(record) or _is_not_valid(record):
            yield EvidenceRecord(record.document, readable=False, clinical=False)
        else:
            yield self._look_into(record)

    def _look_into(self, record: Record) -> EvidenceRecord:
        """Return a record that counts; keep what it says."""
        readings = [self._read(each) for each in attachments_of(record, self.records) if each.data]
        if record.kind in MADE_OF_BYTES and not readings:
            return EvidenceRecord(record.document, readable=False, clinical=False)
        self._keep_statements(statements_of(record, self.records))
        types = loinc_codes(record.resource, *TYPE_ELEMENTS.get(record.kind, ()))
        tied = self.ties.get(id(record.resource), set())
        return self._told(record.document, readings, types, tied, record.kind in CLINICAL_KINDS)

    def _look_at_inline(self, each: Attached) -> EvidenceRecord:
        attachment = attachment_at(each.record, each.place, each.attachment, self.records)
        readings = [self._read(attachment)] if attachment.data else []
        if not readings:
            return EvidenceRecord(attachment.document, readable=False, clinical=False)
        return self._told(attachment.document, readings, (), {each.element} if each.element else set())

    def _look_at_other(self, document: Document) -> EvidenceRecord:
        """Return a document that is no FHIR, or could not be read as such."""
        if document.media_type == FHIR_JSON or not document.content:
            return EvidenceRecord(document.key, readable=False, clinical=False)
        codes = document.type.codes if document.type is not None else ()
        types = tuple(code.value for code in codes if code.system == LOINC and code.value)
        return self._told(document.key, [self._read(attachment_of(document))], types, set())

    def _told(
        self, document: str, readings: Iterable[Reading], types: tuple[str, ...], tied: set[str], clinical: bool = True
    ) -> EvidenceRecord:
        """Return the record of *document*; a part of it that names another patient makes it count for nothing."""
        read = list(readings)
        if any(self.beneficiary.contradicts(each.birth_date, each.numbers) for each in read):
            return EvidenceRecord(document, readable=False, clinical=False)
        for each in read:
            self.passages += each.passages
            self.statements += each.statements
        types = tuple(dict.fromkeys((*types, *(code for each in read for code in each.types))))
        by_type = [element for code in types for element in self.index.document_types.get(code, ())]
        elements = tuple(sorted({*tied, *by_type}))
        return EvidenceRecord(document, all(each.readable for each in read), clinical, elements, types)

    def _read(self, attachment: Attachment) -> Reading:
        return read_attachment(attachment, self.allowance)

    def _keep_statements(self, statements: Iterable[ClinicalStatement]) -> None:
        for each in statements:
            if self.allowance.take("statements", 1):
                self.statements.append(each)

    def _state(self) -> None:
        for found in find_facts(self.index, self.statements):
            if isinstance(found, EvidenceFact):
                self.facts.append(found)
            else:
                self.unreadable.append(found)

    def _find(self) -> None:
        if not self.index.labels:
            return
        for passage in self.passages:
            if self.allowance.take("characters", len(passage.text)):
                self.facts += find_in_text(self.index, passage)

    def _is_about_beneficiary(self, record: Record) -> bool:
        """Return whether a record names the beneficiary; what is contained may leave that to what contains it."""
        if record.kind == "Binary":  # it has no element that could name anybody
            return True
        if record.contained and SUBJECT_ELEMENTS.isdisjoint(record.resource):
            return self.beneficiary.is_subject(self.records.by_identity[id(record.container)], self.records)
        return self.beneficiary.is_subject(record, self.records)


def _is_told(record: Record) -> bool:
    """Return whether a resource is a record of its own: a container is told by what is in it."""
    if record.kind == "Bundle":
        return False
    return not record.contained or record.kind in CLINICAL_KINDS or record.kind == QUESTIONNAIRE_RESPONSE


def _is_not_valid(record: Record) -> bool:
    return not NOT_VALID.isdisjoint(filter(None, (text_in(record.resource, each) for each in ("status", "docStatus"))))
