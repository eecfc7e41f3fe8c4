"""What a check found, and the words and answer that a pack has for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from fhir_server.authorization.codes import FOLLOW_UP_ACTIONS, REJECT_REASONS, dismissal_code
from fhir_server.authorization.determination import Dismissal, Finding, FindingResult
from fhir_server.authorization.response import RequestError
from fhir_server.authorization.values import Code, Concept
from fhir_server.policy.categories import ScopeRule
from fhir_server.policy.coverage import Cause, CoveragePack

_LINE_LOOPS = ("2000F", "2010F")


@dataclass(frozen=True, slots=True)
class Held:
    """A check held against a request: ``found`` says on what, in codes, dates and states only.

    ``said`` says the same in words to the requester, where they differ. ``where`` names whom to turn to instead.
    ``position`` moves the error to another X12 element than the pack's. ``sent`` tells, of what is unknown, that
    something was sent which does not decide.
    """

    cause: str
    result: FindingResult
    found: str = ""
    line: int | None = None
    said: str = ""
    where: str = ""
    position: str | None = None
    sent: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """A check that was not met, in the pack's words; ``cause`` is the id of its row."""

    cause: str
    dismissal: str
    reason: str
    mend: str
    error: RequestError | None = None
    by_scope_rule: bool = False

    @property
    def words(self) -> str:
        """Why, and how to mend it."""
        return f"{self.reason} {self.mend}"


@dataclass(frozen=True, slots=True)
class Remark:
    """What is told where a check is unknown: something missing or unclear, or a sentence for the requester.

    ``routes`` is whether a person has to look at the request for it.
    """

    kind: Literal["missing", "unclear", "notice"]
    words: str
    routes: bool = True


def finding(pack: CoveragePack, held: Held) -> Finding:
    """Return *held* as it is kept with the determination."""
    row = pack.row_of(held.cause)
    return Finding(row.rule, held.result, held.found or "nothing stated", row.source, held.line)


def rule_finding(rule: ScopeRule, result: FindingResult, found: str, line: int) -> Finding:
    """Return the outcome of a scope rule as it is kept with the determination."""
    return Finding(rule.id, result, found or "nothing stated", rule.source, line)


def problem(pack: CoveragePack, held: Held) -> Problem:
    """Return what to tell about *held*, which was not met."""
    row, cause = pack.causes[held.cause]
    words = {"found": held.said or held.found, "where": held.where}
    position = held.position or cause.position
    reason = _of_line(held, position) + cause.reason.format(**words)
    return Problem(cause.id, row.code, reason, cause.mend.format(**words), _error(cause, row.code, position))


def _error(cause: Cause, dismissal: str, position: str | None) -> RequestError | None:
    """S-13: the code of the dismissal stands beside the X12 901 code."""
    if cause.error is None:
        return None
    code = Concept((Code(REJECT_REASONS, cause.error), dismissal_code(dismissal)))
    follow_up = Concept((Code(FOLLOW_UP_ACTIONS, cause.follow_up),)) if cause.follow_up else None
    return RequestError(code, follow_up, position)


def _of_line(held: Held, position: str | None) -> str:
    """An error has no line of its own: where its element belongs to one, the words say which."""
    return f"Line {held.line}: " if position and position.startswith(_LINE_LOOPS) else ""


def rule_problem(rule: ScopeRule, found: str) -> Problem:
    """Return what to tell about a scope rule that was not met."""
    reason, mend = (text.format(found=found, where="") for text in (rule.reason, rule.mend))
    return Problem(rule.id, rule.otherwise, reason, mend, by_scope_rule=True)


def remark(pack: CoveragePack, held: Held) -> Remark | None:
    """Return what is to be told where *held* could not be decided."""
    if held.result != "unknown":
        return None
    row = pack.row_of(held.cause)
    if isinstance(row, Cause):
        return asked_for(None if held.sent else row.missing, row.unclear if held.sent else None)
    if row.notice:
        return Remark("notice", row.notice.format(found=held.said or held.found, where=held.where), row.routes)
    return asked_for(row.missing, row.unclear)


def asked_for(missing: str | None, unclear: str | None) -> Remark | None:
    """Return the remark that names what is missing, else what is unclear."""
    if missing:
        return Remark("missing", missing)
    return Remark("unclear", unclear) if unclear else None


def dismissal_of(code: str, problems: Sequence[Problem]) -> Dismissal:
    """Return the dismissal *code* in the words of *problems*."""
    return Dismissal(code, once(each.reason for each in problems), once(each.mend for each in problems))


def once(sentences: Iterable[str]) -> str:
    """Return *sentences* as one text, each of them once."""
    return " ".join(dict.fromkeys(sentences))
