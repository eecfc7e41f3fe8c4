"""Whom a request goes to that software did not affirm, and which records the requester is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fhir_server.authorization.codes import PAYERS_QUESTIONNAIRE
from fhir_server.authorization.determination import Routing, Tier
from fhir_server.authorization.response import InformationRequest
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.findings import Remark
from fhir_server.policy.merits import Merits
from fhir_server.policy.scope import ScopedLine
from fhir_server.policy.weighing import CLINICAL_RECORDS

MEDICAL_RECORDS = "11503-0"
"""LOINC: medical records, in the value set c80-doc-typecodes of FHIR R4."""


def routing_of(pack: CoveragePack, merits: Merits, held_up: Sequence[Remark], lines: Sequence[ScopedLine]) -> Routing:
    """Return who has to look: any of the specialties that can judge a category of the request."""
    checklists = [pack.checklists[each].checklist for each in merits.categories if each in pack.checklists]
    specialties = dict.fromkeys(specialty for each in checklists for specialty in each.specialties)
    state = next((line.facts.state for line in lines if line.facts.state), None)
    reasons = tuple(_reasons(merits, held_up))
    return Routing(merits.categories, tuple(specialties), _tier(merits, reasons), state, reasons)


def _reasons(merits: Merits, held_up: Sequence[Remark]) -> Iterator[str]:
    if held_up:
        yield "administrative"
    yield from dict.fromkeys(each.gap for each in merits.gaps if each.gap)
    if merits.stopping:
        yield "code-rule"
    if merits.always_review:
        yield "always-a-clinician"
    if merits.unlisted:
        yield "no-checklist"


def _tier(merits: Merits, reasons: Sequence[str]) -> Tier:
    """What software finds contradictory, failing or never decides is complex; what only lacks something is not."""
    if {"failing", "conflicting", "doubtful", "always-a-clinician"}.intersection(reasons) or len(merits.categories) > 1:
        return "complex"
    return "administrative" if tuple(reasons) == ("administrative",) else "standard"


def information_requests(pack: CoveragePack, merits: Merits) -> Iterator[InformationRequest]:
    """Yield a request for each document that is missing and has a type, and one for the answers that are."""
    missing = [each for each in merits.gaps if each.gap in ("missing", "unreadable")]
    rows = {row.id: row for each in pack.checklists.values() for row in each.checklist.elements}
    asked: set[str] = set()
    records = by_questionnaire = False
    for finding in missing:
        row = rows.get(finding.element)
        if finding.element == CLINICAL_RECORDS:
            records = True
        elif row is None or not (row.document and row.document_types):
            by_questionnaire = True
        elif row.document_types[0].loinc not in asked:
            asked.add(row.document_types[0].loinc)
            yield InformationRequest(code=row.document_types[0].loinc)
    if records:
        yield InformationRequest(code=MEDICAL_RECORDS)
    if by_questionnaire:
        yield InformationRequest(code=PAYERS_QUESTIONNAIRE)
