"""What a category of services is made of: its codes, scope rules, diagnosis lists and associated codes.

The rows are read from YAML by `fhir_server.policy.pack`; they are what a policy nurse edits and reads.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec

from fhir_server.policy.criteria import Checklist
from fhir_server.policy.rows import Row

ProcedureCode = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9]{4}[0-9A-Z]|[A-Z][0-9]{4})$")]
DiagnosisCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z](?:[0-9][0-9A-Z]|A[0-9])(?:\.[0-9A-Z]{1,4})?$")]
DiagnosisFamily = Annotated[str, msgspec.Meta(pattern=r"^[A-Z](?:[0-9][0-9A-Z]|A[0-9])(?:\.[0-9A-Z]{1,4})?-?$")]
StateCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}$")]
Words = Annotated[str, msgspec.Meta(min_length=1)]

RULE_TESTS = (
    "diagnosis_list",
    "not_diagnosis",
    "requires_with",
    "initial_implant_only",
    "epidural_steroid_purpose",
    "from_date",
    "states_not_active",
)
"""The fields of a scope rule that say what it tests; each rule has exactly one."""


class DatedRow(Row, frozen=True, kw_only=True):
    """A row that holds from one date of service to another, both included, with the place where it stands."""

    source: Words
    effective_from: date
    effective_to: date | None = None


class CodeRow(DatedRow, frozen=True, kw_only=True):
    """A code that is reviewed. An add-on needs one of its base codes on the same request."""

    code: ProcedureCode
    system: Literal["CPT", "HCPCS"]
    label: Words
    add_on: bool = False
    base_codes: tuple[ProcedureCode, ...] = ()
    base_codes_source: Words | None = None


class AnswerTold(Row, frozen=True, kw_only=True):
    """An answer of the checklist that tells the same as the codes do: ``means`` what the rule asks for, or not.

    ``field`` is ``*`` where any answer of an element whose id begins with ``element`` tells it.
    """

    element: Words
    field: Words
    value: bool | str | None = None
    means: bool = True


class ScopeRule(DatedRow, frozen=True, kw_only=True):
    """A rule that decides whether a code is a service of the model. One of the fields of `RULE_TESTS` is set.

    ``initial_implant_only`` names the diagnoses of a revision or replacement; a trailing dash takes in all below.
    ``epidural_steroid_purpose`` names the list of diagnoses that tell an epidural steroid injection. ``missing`` names
    what has to be brought where nothing was sent, ``unclear`` what has to be made clear where what was sent is not
    enough. ``answer`` is the answer of the checklist that tells the same.
    """

    id: Words
    codes: tuple[ProcedureCode, ...]
    otherwise: Words
    reason: Words
    mend: Words
    missing: Words | None = None
    unclear: Words | None = None
    diagnosis_list: Words | None = None
    not_diagnosis: tuple[DiagnosisCode, ...] | None = None
    requires_with: tuple[ProcedureCode, ...] | None = None
    initial_implant_only: tuple[DiagnosisFamily, ...] | None = None
    epidural_steroid_purpose: Words | None = None
    from_date: date | None = msgspec.field(name="from", default=None)
    states_not_active: tuple[StateCode, ...] | None = None
    answer: AnswerTold | None = None

    @property
    def tests(self) -> tuple[str, ...]:
        """Which tests are set; one, in a pack that was read."""
        return tuple(name for name in RULE_TESTS if getattr(self, name) is not None)


class PolicyRow(Row, frozen=True, kw_only=True):
    """A coverage policy (NCD or LCD) and the states where it decides."""

    id: Words
    states: tuple[StateCode, ...]
    source: Words


class AssociatedCodes(Row, frozen=True, kw_only=True):
    """Codes that are not reviewed themselves and follow a code of the category."""

    source: Words
    as_of: date
    codes: tuple[ProcedureCode, ...]


class NoteRow(Row, frozen=True, kw_only=True):
    """A remark for whoever reads the category."""

    text: Words
    source: Words


class Category(Row, frozen=True, kw_only=True):
    """A service category. A delayed one is not in force and keeps its place."""

    id: Words
    number: int
    label: Words
    status: Literal["active", "delayed"]
    source: Words
    policies: tuple[PolicyRow, ...] = ()
    codes: tuple[CodeRow, ...] = ()
    mentioned_codes: tuple[ProcedureCode, ...] = ()
    scope_rules: tuple[ScopeRule, ...] = ()
    associated: tuple[AssociatedCodes, ...] = ()
    notes: tuple[NoteRow, ...] = ()
    criteria: Checklist | None = None


class ListedDiagnosis(Row, frozen=True, kw_only=True):
    """A diagnosis of a list; without dates or a source of its own it has those of the list."""

    code: DiagnosisCode
    source: Words | None = None
    branch: Words | None = None
    effective_from: date | None = None
    effective_to: date | None = None


class DiagnosisList(DatedRow, frozen=True, kw_only=True):
    """Diagnoses that make a code a service of the model, or tell what it is asked for."""

    id: Words
    label: Words
    as_of: date
    codes: tuple[ListedDiagnosis, ...]
