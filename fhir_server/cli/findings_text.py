"""What a validation found, in words and as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from fhir_server.cli.findings import Finding
from fhir_server.errors import Issue

FAULTS = ("fatal", "error")
NOUNS = {"fatal": "fatal error", "error": "error", "warning": "warning", "information": "remark"}


@dataclass(slots=True)
class Tally:
    """How many files were valid, and what was found in all of them."""

    valid: int = 0
    invalid: int = 0
    severities: Counter[str] = field(default_factory=Counter)

    def add(self, findings: Sequence[Finding]) -> None:
        """Count one file."""
        if is_valid(findings):
            self.valid += 1
        else:
            self.invalid += 1
        self.severities.update(issue.severity for issue, _ in findings)

    def words(self) -> str:
        """Return the sum in a sentence."""
        files = _counted(self.valid + self.invalid, "file")
        return f"{files}: {self.valid} valid, {self.invalid} invalid; {_counts(self.severities) or 'no problem'}."


def is_valid(findings: Sequence[Finding]) -> bool:
    """Return whether there is no error among *findings*."""
    return not any(issue.severity in FAULTS for issue, _ in findings)


def file_lines(name: str, findings: Sequence[Finding], *, with_remarks: bool) -> Iterator[str]:
    """Yield what was found in a file: a heading with the counts, then a line for each problem, or remark too."""
    counts = _counts(Counter(issue.severity for issue, _ in findings))
    yield printable(f"{name}  {'valid' if is_valid(findings) else 'invalid'}{f': {counts}' if counts else ''}")
    for issue, position in findings:
        if issue.severity == "information" and not with_remarks:
            continue
        place = f"{position.line}:{position.column}" if position else ""
        told = (issue.severity, place, issue.expression or "", f"[{issue.rule}]", text_of(issue))
        yield printable("  " + " ".join(part for part in told if part))


def file_data(name: str, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return what was found in a file as plain data; what has no place has no line and column."""
    return {"file": name, "valid": is_valid(findings), "issues": [_issue_data(*finding) for finding in findings]}


def _issue_data(issue: Issue, position: Any) -> dict[str, Any]:
    return {
        "severity": issue.severity,
        "key": issue.rule,
        "expression": issue.expression,
        "text": text_of(issue),
        "line": position.line if position else None,
        "column": position.column if position else None,
    }


def text_of(issue: Issue) -> str:
    """Return what was found and how to mend it."""
    return f"{issue.found} {issue.mend}".strip()


def printable(line: str) -> str:
    """Return *line* with a mark for each character that would do something else on a terminal than to be seen."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in line)


def _counts(severities: Counter[str]) -> str:
    return ", ".join(_counted(severities[name], noun) for name, noun in NOUNS.items() if severities[name])


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
