"""What a coverage policy is made of: states, settings, payers, dismissals, questions, and categories of services.

The rows are read from YAML by `fhir_server.policy.pack`; they are what a policy nurse edits and reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Annotated, Literal

import msgspec

from fhir_server.authorization.determination import PolicyEdition
from fhir_server.policy.categories import (
    Category,
    CodeRow,
    DatedRow,
    DiagnosisList,
    ProcedureCode,
    ScopeRule,
    StateCode,
    Words,
)
from fhir_server.policy.code_rule_rows import CodeRules
from fhir_server.policy.criteria import Field
from fhir_server.policy.diagnoses import DiagnosisCodes
from fhir_server.policy.expressions import Name
from fhir_server.policy.rows import Row
from fhir_server.policy.weighing import PreparedChecklist, prepare

SiteKind = Literal["place-of-service", "bill-type"]
NumberNeeded = Literal["ccn", "ptan"]
AnswerKind = Literal["line", "error"]


class Source(Row, frozen=True, kw_only=True):
    """A publication that the pack carries over."""

    id: Words
    title: Words
    edition: Words
    date: date


class ModelDates(Row, frozen=True, kw_only=True):
    """When the model runs."""

    requests_accepted_from: date
    first_date_of_service: date
    last_date_of_service: date
    partial_affirmation_from: date
    source: Words


class StateRow(DatedRow, frozen=True, kw_only=True):
    """A state of the model: who pays claims there, and who reviews."""

    state: StateCode
    contractor: Words
    participant: Words


class Closure(Row, frozen=True, kw_only=True):
    """From ``from_date`` on no request is taken for a state, or for ``all``; open cases go on."""

    state: StateCode | Literal["all"]
    from_date: date = msgspec.field(name="from")
    source: Words


class Participant(Row, frozen=True, kw_only=True):
    """The organization that reviews requests of a state."""

    id: Words
    name: Words
    portal: Words
    phone: Words
    as_of: date
    source: Words
    fax: Words | None = None
    email: Words | None = None


class Contractor(Row, frozen=True, kw_only=True):
    """The Medicare Administrative Contractor of a jurisdiction; ``time_zone`` (IANA) is where its days begin."""

    id: Words
    name: Words
    jurisdiction: Words
    phone: Words
    fax: Words
    mail: tuple[Words, ...]
    source: Words
    time_zone: Words
    time_zone_source: Words


class SiteRow(DatedRow, frozen=True, kw_only=True):
    """A setting that is reviewed, and which number of the facility it needs."""

    kind: SiteKind
    code: Words
    label: Words
    needs: NumberNeeded | None = None


class CoverageType(Row, frozen=True, kw_only=True):
    """Which payer a type of coverage means; ``under`` takes in all codes below."""

    payer: Words
    label: Words
    source: Words
    codes: tuple[Words, ...] = ()
    under: tuple[Words, ...] = ()

    def holds(self, code: str) -> bool:
        """Return whether *code* is one of the row's."""
        return code in self.codes or any(code.startswith(each) for each in self.under)


class EmergencyMark(DatedRow, frozen=True, kw_only=True):
    """A modifier, or the beginning of a revenue code, that tells emergency care."""

    modifier: Words | None = None
    revenue_under: Words | None = None


class OtherProgram(DatedRow, frozen=True, kw_only=True):
    """A code that another prior-authorization program reviews."""

    code: ProcedureCode
    program: Words


class Cause(Row, frozen=True, kw_only=True):
    """One way in which ``rule`` fails, in words; ``error``, ``follow_up``, ``position``: X12 901, 889, element.

    ``missing`` names what has to be brought where nothing was sent, ``unclear`` what has to be made clear where
    what was sent does not decide.
    """

    id: Words
    rule: Words
    reason: Words
    mend: Words
    source: Words
    missing: Words | None = None
    unclear: Words | None = None
    error: Words | None = None
    follow_up: Words | None = None
    position: Words | None = None


class DismissalRow(Row, frozen=True, kw_only=True):
    """A reason for dismissal: told with NA on the lines, or as errors."""

    code: Annotated[str, msgspec.Meta(pattern=r"^D[0-9]{2}$")]
    title: Words
    answer: AnswerKind
    source: Words
    causes: tuple[Cause, ...] = ()


class Question(Row, frozen=True, kw_only=True):
    """Something that only raises a question; it never dismisses.

    At most one of these is there: ``missing`` names what has to be brought, ``unclear`` what has to be made clear, and
    ``notice`` is a sentence for the requester. Without any it is kept for the reviewer alone. What is missing or
    unclear sends the request to a person; so does a notice that ``routes``.
    """

    id: Words
    rule: Words
    source: Words
    missing: Words | None = None
    unclear: Words | None = None
    notice: Words | None = None
    routes: bool = False


@dataclass(frozen=True)
class CoveragePack:
    """A coverage policy, whole and checked. Made by `fhir_server.policy.pack.load_packs`."""

    edition: PolicyEdition
    title: str
    sources: tuple[Source, ...]
    dates: ModelDates
    states: tuple[StateRow, ...]
    closures: tuple[Closure, ...]
    participants: tuple[Participant, ...]
    contractors: tuple[Contractor, ...]
    sites: tuple[SiteRow, ...]
    coverage_types: tuple[CoverageType, ...]
    emergency: tuple[EmergencyMark, ...]
    other_programs: tuple[OtherProgram, ...]
    diagnosis_lists: tuple[DiagnosisList, ...]
    dismissals: tuple[DismissalRow, ...]
    questions: tuple[Question, ...]
    diagnosis_codes: DiagnosisCodes
    code_rules: CodeRules = field(repr=False)
    categories: tuple[Category, ...] = field(repr=False)

    @cached_property
    def listed(self) -> dict[str, tuple[tuple[Category, CodeRow], ...]]:
        """The rows of each code that is reviewed, in the order of their dates."""
        rows: dict[str, list[tuple[Category, CodeRow]]] = {}
        for category in self.categories:
            for row in category.codes if category.status == "active" else ():
                rows.setdefault(row.code, []).append((category, row))
        return {code: tuple(sorted(each, key=lambda pair: pair[1].effective_from)) for code, each in rows.items()}

    @cached_property
    def rules(self) -> dict[str, tuple[ScopeRule, ...]]:
        """The scope rules of each code, in the order of the file."""
        every = [rule for category in self.categories for rule in category.scope_rules]
        return {code: tuple(rule for rule in every if code in rule.codes) for rule in every for code in rule.codes}

    @cached_property
    def associated(self) -> dict[str, frozenset[str]]:
        """The categories that each associated code may follow."""
        found: dict[str, set[str]] = {}
        for category in self.categories:
            for code in (code for group in category.associated for code in group.codes):
                found.setdefault(code, set()).add(category.id)
        return {code: frozenset(each) for code, each in found.items()}

    @cached_property
    def delayed(self) -> dict[str, Category]:
        """The delayed category that names each code."""
        delayed = [each for each in self.categories if each.status == "delayed"]
        return {code: each for each in delayed for code in (*each.mentioned_codes, *(row.code for row in each.codes))}

    @cached_property
    def lists(self) -> dict[str, dict[str, tuple[date, date | None]]]:
        """The diagnoses of each list, with the dates between which they stand there."""
        return {
            each.id: {
                row.code: (row.effective_from or each.effective_from, row.effective_to or each.effective_to)
                for row in each.codes
            }
            for each in self.diagnosis_lists
        }

    @cached_property
    def checklists(self) -> dict[str, PreparedChecklist]:
        """The checklist of each category that has one, ready to be held against evidence."""
        return {each.id: prepare(each.id, each.criteria) for each in self.categories if each.criteria}

    @cached_property
    def fields(self) -> dict[Name, Field]:
        """Every field of every checklist, by element and name."""
        return {name: field for each in self.checklists.values() for name, field in each.fields.items()}

    @cached_property
    def time_zones(self) -> dict[str, str]:
        """The time zone of each state's contractor."""
        zones = {each.id: each.time_zone for each in self.contractors}
        return {row.state: zones[row.contractor] for row in self.states}

    @cached_property
    def causes(self) -> dict[str, tuple[DismissalRow, Cause]]:
        """Each cause with the dismissal that it belongs to."""
        return {cause.id: (row, cause) for row in self.dismissals for cause in row.causes}

    @cached_property
    def questions_by_id(self) -> dict[str, Question]:
        """Each question by its id."""
        return {each.id: each for each in self.questions}

    def row_of(self, check: str) -> Cause | Question:
        """Return the row of a cause or a question."""
        return self.questions_by_id[check] if check in self.questions_by_id else self.causes[check][1]

    def listed_between(self, first: str, last: str) -> tuple[str, ...]:
        """Return the codes that are reviewed and lie in a range."""
        return tuple(sorted(code for code in self.listed if first <= code <= last))

    def rank(self, dismissal: str) -> int:
        """Return the place of a dismissal in the table: where several apply, the first is told."""
        return next(index for index, row in enumerate(self.dismissals) if row.code == dismissal)

    def is_told_as_error(self, dismissal: str) -> bool:
        """Return whether a dismissal is told as errors, not on the lines."""
        return any(row.code == dismissal and row.answer == "error" for row in self.dismissals)

    def title_of(self, dismissal: str) -> str:
        """Return the title of a dismissal, to be read within a sentence."""
        title = next(row.title for row in self.dismissals if row.code == dismissal)
        return title[0].lower() + title[1:]

    def payer_of(self, coverage_type: str) -> CoverageType | None:
        """Return the row of a type of coverage; a row that names the code goes before one that takes it in."""
        exact = self._payers_by_code.get(coverage_type)
        return exact or next((row for row in self.coverage_types if row.holds(coverage_type)), None)

    @cached_property
    def _payers_by_code(self) -> dict[str, CoverageType]:
        return {code: row for row in reversed(self.coverage_types) for code in row.codes}

    def participant_in(self, state: str) -> Participant | None:
        """Return who reviews requests of *state*."""
        row = next((each for each in self.states if each.state == state), None)
        return next((each for each in self.participants if row and each.id == row.participant), None)
