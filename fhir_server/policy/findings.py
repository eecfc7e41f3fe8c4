"""What a check found, and the words and answer that a pack has for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fhir_server.authorization.determination import Dismissal, Finding, FindingResult
from fhir_server.authorization.response import RequestError
from fhir_server.authorization.values import Code, Concept
from fhir_server.policy.coverage import CoveragePack, ScopeRule

REJECT_REASON = "https://codesystem.x12.org/005010/901"
_LINE_LOOPS = ("2000F", "2010F")
FOLLOW_UP = "https://codesystem.x12.org/005010/889"


@dataclass(frozen=True, slots=True)
class Held:
    """A check held against a request: ``found`` says on what, in codes, dates and states only.

    ``where`` names whom to turn to instead. ``position`` moves the error to another X12 element than the pack's.
    """

    cause: str
    result: FindingResult
    found: str = ""
    line: int | None = None
    where: str = ""
    position: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A check that was not met, in the pack's words."""

    dismissal: str
    reason: str
    mend: str
    error: RequestError | None = None

    @property
    def words(self) -> str:
        """Why, and how to mend it."""
        return f"{self.reason} {self.mend}"


def finding(pack: CoveragePack, held: Held) -> Finding:
    """Return *held* as it is kept with the determination."""
    _, cause = pack.causes[held.cause]
    return Finding(cause.rule, held.result, held.found or "nothing stated", cause.source, held.line)


def rule_finding(rule: ScopeRule, result: FindingResult, found: str, line: int) -> Finding:
    """Return the outcome of a scope rule as it is kept with the determination."""
    return Finding(rule.id, result, found or "nothing stated", rule.source, line)


def problem(pack: CoveragePack, held: Held) -> Problem:
    """Return what to tell about *held*, which was not met."""
    row, cause = pack.causes[held.cause]
    words = {"found": held.found, "where": held.where}
    position = held.position or cause.position
    error = None
    if cause.error:
        follow_up = Concept((Code(FOLLOW_UP, cause.follow_up),)) if cause.follow_up else None
        error = RequestError(Concept((Code(REJECT_REASON, cause.error),)), follow_up, position)
    return Problem(row.code, _of_line(held, position) + cause.reason.format(**words), cause.mend.format(**words), error)


def _of_line(held: Held, position: str | None) -> str:
    """An error has no line of its own: where its element belongs to one, the words say which."""
    return f"Line {held.line}: " if position and position.startswith(_LINE_LOOPS) else ""


def rule_problem(rule: ScopeRule, found: str) -> Problem:
    """Return what to tell about a scope rule that was not met."""
    return Problem(rule.otherwise, rule.reason.format(found=found, where=""), rule.mend.format(found=found, where=""))


def missing_for(pack: CoveragePack, held: Held) -> str | None:
    """Return the name of what has to be brought where *held* could not be decided."""
    return pack.causes[held.cause][1].missing if held.result == "unknown" else None


def dismissal_of(code: str, problems: Sequence[Problem]) -> Dismissal:
    """Return the dismissal *code* in the words of *problems*."""
    return Dismissal(code, once(each.reason for each in problems), once(each.mend for each in problems))


def once(sentences: Iterable[str]) -> str:
    """Return *sentences* as one text, each of them once."""
    return " ".join(dict.fromkeys(sentences))
