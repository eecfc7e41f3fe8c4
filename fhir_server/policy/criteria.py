"""The checklist of a category: its elements, what an answer to each looks like, and the test that it has to pass.

The rows are read from ``criteria:`` of a category's YAML; they are what a policy nurse edits and reads. A test is an
expression over the fields of the elements (`fhir_server.policy.expressions`).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec

from fhir_server.authorization.determination import CriterionKind
from fhir_server.policy.rows import Row

Words = Annotated[str, msgspec.Meta(min_length=1)]
ElementId = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}[A-Z]?[0-9]{1,2}$")]
FieldName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*$")]
FieldType = Literal["bool", "date", "num", "choice", "choices", "text", "code"]
"""``choices`` is any number of the values; ``code`` a procedure or diagnosis code."""
ElementType = Literal["bool", "date", "num", "choice", "text", "doc", "score", "list", "group", "codes"]


class ChoiceRow(Row, frozen=True, kw_only=True):
    """One value of a choice: the word that an answer holds, and what a person reads."""

    value: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    label: Words


class CodedSource(Row, frozen=True, kw_only=True):
    """Clinical resources that answer a field: of these types, with one of these codes.

    ``take`` is what is read of the resource: ``presence`` (a choice or true), its ``value`` in ``unit``, or its
    ``date``. ``as_value`` is the choice that its presence means. ``system`` is the code system's canonical address; a
    code that ends in a dash takes in all that begin with it.
    """

    resources: tuple[Words, ...]
    system: Words
    codes: tuple[Words, ...]
    source: Words
    take: Literal["presence", "value", "date"] = "presence"
    unit: Words | None = None
    as_value: Words | None = None


class TextSource(Row, frozen=True, kw_only=True):
    """Words before a number or date in a readable document that answer a field (``AHI 32``)."""

    labels: tuple[Words, ...]
    source: Words
    unit: Words | None = None


class Field(Row, frozen=True, kw_only=True):
    """One thing that an element asks. ``minimum``, ``maximum`` and ``unit`` bound what can be meant at all.

    ``required`` is whether an element without it is not fully answered; a field that only counts in some cases is not,
    and ``default`` is what it then counts as, once anything else of the element was answered. ``from_request`` names a
    fact that the request itself holds (`fhir_server.policy.request_facts`).
    """

    name: FieldName
    type: FieldType
    label: Words
    required: bool = True
    unit: Words | None = None
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[ChoiceRow, ...] = ()
    default: bool | float | str | None = None
    from_request: Words | None = None
    resources: tuple[CodedSource, ...] = ()
    texts: tuple[TextSource, ...] = ()


class DocumentType(Row, frozen=True, kw_only=True):
    """A type of document, by its LOINC code, that is tied to the element by nothing but its type."""

    loinc: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,7}-[0-9]$")]
    label: Words
    source: Words


class Example(Row, frozen=True, kw_only=True):
    """An answer and what it comes to: how the element is meant, checked by ``policy check``."""

    answer: dict[str, object]
    result: Literal["met", "not met", "unknown"]


class Criterion(Row, frozen=True, kw_only=True):
    """One element of the checklist.

    ``test`` is true where the element is in order, for every kind: that of an X says that nothing excluded is there,
    that of an RC that nothing is, or that a rationale is. ``applies_if`` says when it counts at all. Of the elements of
    one ``group`` one has to be met; one of kind ``1of`` beside one of kind ``R`` is its alternative. A ``document``
    element needs a record tied to it beside its test, by an answer or by one of ``document_types``. Elements whose
    ``basis`` is ``route-only`` may send to a person and are never named as missing (S-07). A ``scope`` element repeats
    a scope rule, which tells a failure as a dismissal (S-37). ``rules`` are the code rules that ask for the same
    (S-36).
    """

    id: ElementId
    label: Words
    type: ElementType
    kind: CriterionKind
    source: Words
    effective_from: date
    effective_to: date | None = None
    fields: tuple[Field, ...] = ()
    test: Words | None = None
    applies_if: Words | None = None
    group: Words | None = None
    document: bool = False
    document_types: tuple[DocumentType, ...] = ()
    basis: Literal["guide", "route-only"] = "guide"
    scope: bool = False
    rules: tuple[Words, ...] = ()
    help: Words | None = None
    examples: tuple[Example, ...] = ()


class Checklist(Row, frozen=True, kw_only=True):
    """The criteria of a category and who can judge them.

    ``specialties`` are those of which any one fits; ``always_review`` says why software never affirms here (S-05).
    """

    specialties: tuple[Words, ...]
    specialties_source: Words
    elements: tuple[Criterion, ...]
    always_review: Words | None = None
