"""What came of a submission, in words and as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from fhir_server.client import AnswerError, LineAction, PasError, PasRefused, SubmitAnswer


def answer_lines(answer: SubmitAnswer) -> Iterator[str]:
    """Yield the answer: status, case, outcome and actions on the first line, then remarks and errors."""
    told = [f"HTTP {answer.status}", answer.case or "no case number", answer.outcome or "no outcome"]
    actions = answer.actions()
    if answer.replayed:
        told.append("answered before")
    yield "  ".join([*told, *map(action_words, actions)])
    errors = answer.errors()
    for error in errors:
        yield f"  error {error_words(error)}"
    with_errors = {error.words for error in errors}
    for note in answer.notes():
        if note not in with_errors:
            yield f"  {_lines_of(note, actions)}{note}"


def _lines_of(note: str, actions: tuple[LineAction, ...]) -> str:
    lines = dict.fromkeys(each.line for each in actions if note in each.notes and each.line is not None)
    if not lines:
        return ""
    return f"{'line' if len(lines) == 1 else 'lines'} {', '.join(map(str, lines))}: "


def action_words(action: LineAction) -> str:
    """Return an action with its line, its codes and the number that was given."""
    place = "all" if action.line is None else f"{'added ' if action.added else ''}line {action.line}"
    codes = " ".join((action.code or "no action", *action.beside, *action.reasons))
    parts = (f"{place}: {codes}", action.label, action.number)
    return " ".join(part for part in parts if part)


def error_words(error: AnswerError) -> str:
    """Return a business error: codes, place, what to do next, and its words."""
    codes = " ".join((error.code or "without code", *error.beside))
    where = f" at {error.position}" if error.position else ""
    follow_up = f", follow-up {error.follow_up}" if error.follow_up else ""
    return f"{codes}{where}{follow_up}{': ' + error.words if error.words else ''}"


def failure_lines(error: PasError) -> Iterator[str]:
    """Yield why there is no answer; of a refusal every problem with its place."""
    if not isinstance(error, PasRefused):
        yield str(error)
        return
    yield f"HTTP {error.status}  refused"
    for issue in error.issues:
        place = f"{issue.expression}: " if issue.expression else ""
        rule = f" [{issue.rule}]" if issue.rule else ""
        where = f" ({issue.diagnostics})" if issue.diagnostics else ""
        yield f"  {issue.severity} {place}{issue.found}{where}{rule}"


def answer_data(answer: SubmitAnswer) -> dict[str, Any]:
    """Return the answer as plain data."""
    return {
        "status": answer.status,
        "case": answer.case,
        "outcome": answer.outcome,
        "replayed": answer.replayed,
        "attempts": answer.attempts,
        "actions": [asdict(each) for each in answer.actions()],
        "errors": [asdict(each) for each in answer.errors()],
        "notes": list(answer.notes()),
    }


def failure_data(error: PasError) -> dict[str, Any]:
    """Return a failure as plain data; ``status`` is absent where the server never answered."""
    if not isinstance(error, PasRefused):
        return {"failure": str(error)}
    names = ("severity", "rule", "found", "expression", "diagnostics")
    return {"status": error.status, "issues": [{name: getattr(each, name) for name in names} for each in error.issues]}
