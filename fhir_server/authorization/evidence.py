"""What a request's records say about the criteria of a policy: facts, each with a pointer to where it was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

FactValue: TypeAlias = bool | int | float | str | tuple[str, ...]
"""What was found. Dates are ISO 8601 text (``2026-03-01``); several choices are a tuple."""

EvidenceSource = Literal["answer", "resource", "section", "text", "request", "reviewer"]
"""``answer``: a questionnaire; ``resource``: a coded FHIR resource; ``section``: a coded entry of a C-CDA section;
``text``: words of a readable document; ``request``: a field of the request itself; ``reviewer``: seen by a person."""


@dataclass(frozen=True, slots=True)
class EvidencePointer:
    """Where something was found.

    ``document`` is the `Document.key`, ``None`` for the request itself. ``place`` is a linkId, a FHIRPath, the LOINC
    code of a C-CDA section, or a page (``page 2``); ``start`` and ``end`` are the characters of a text there.
    """

    source: EvidenceSource
    document: str | None = None
    place: str | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class EvidenceFact:
    """One value for one field of one element of a checklist; ``field`` is ``value`` where the element has only one."""

    element: str
    field: str
    value: FactValue
    pointer: EvidencePointer


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """A record that came with the request.

    ``elements`` are those that it is tied to, by the answer of a questionnaire or by its type. ``readable`` is whether
    software could read what it says; one that is not is evidence for a person, never for an affirmation. ``clinical``
    is whether it is a clinical record at all (S-04), which an answered questionnaire alone is not.
    """

    document: str
    readable: bool
    clinical: bool = True
    elements: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnreadableAnswer:
    """An answer that has not the form its element asks for; ``asked`` says which form that is."""

    element: str
    field: str
    asked: str
    pointer: EvidencePointer


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was found in the records of one request, in the order in which it was found."""

    facts: tuple[EvidenceFact, ...] = ()
    records: tuple[EvidenceRecord, ...] = ()
    unreadable: tuple[UnreadableAnswer, ...] = ()
