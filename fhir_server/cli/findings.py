"""What is wrong with the resources in a file: read as it comes, and never given up for what it holds."""

from __future__ import annotations

import codecs
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from fhir_server.errors import Issue, Refusal
from fhir_server.fhir.formats import read_content
from fhir_server.fhir.limits import DEFAULT_LIMITS
from fhir_server.fhir.positions import Position, located

STANDARD_INPUT = "-"
LINES = ".ndjson"
START = Position(1, 1)
SEVERITIES = ("fatal", "error", "warning", "information")

Check = Callable[[dict[str, Any]], list[Issue]]
Finding = tuple[Issue, Position | None]


def findings_of(file: Path, check: Check) -> Sequence[Finding]:
    """Return what *check* and the reading of *file* find, in the order of the file; ``-`` is standard input.

    Of several at one place the gravest comes first. Whatever the file holds, and also where it cannot be read, the
    answer is a list of findings.
    """
    try:
        with _opened(file) as stream:
            in_lines = file.suffix.lower() == LINES
            findings = list(_in_lines(stream, check)) if in_lines else _in_whole(stream, check)
    except OSError as error:
        return [(Issue("file-unreadable", f"The file cannot be read: {error.strerror}.", "Make it readable."), None)]
    findings.sort(key=_order)
    return findings


def _opened(file: Path) -> AbstractContextManager[BinaryIO]:
    if str(file) == STANDARD_INPUT:
        return nullcontext(sys.stdin.buffer)
    return file.open("rb")


def _order(finding: tuple[Issue, Position]) -> tuple[Position, int]:
    issue, position = finding
    return position, SEVERITIES.index(issue.severity)


def _in_whole(stream: BinaryIO, check: Check) -> list[tuple[Issue, Position]]:
    return _in_content(stream.read(DEFAULT_LIMITS.max_bytes + 1), check)


def _in_lines(stream: BinaryIO, check: Check) -> Iterator[tuple[Issue, Position]]:
    """Yield what is found in each line, which holds one resource; an empty line holds none."""
    number = 0
    while line := stream.readline(DEFAULT_LIMITS.max_bytes + 1):
        number += 1
        if line.strip():
            for issue, place in _in_content(line.rstrip(b"\r\n"), check):
                yield issue, Position(number, place.column)
        while not line.endswith(b"\n") and (line := stream.readline(DEFAULT_LIMITS.max_bytes)):
            pass  # the rest of a line that is too long


def _in_content(data: bytes, check: Check) -> list[tuple[Issue, Position]]:
    """Return what is found in *data*; what has no place of its own is told of its beginning."""
    issues = _issues(data, check)
    found = located(data.decode(errors="replace"), issues) if issues else []
    return [(issue, place or START) for issue, place in found]


def _issues(data: bytes, check: Check) -> list[Issue]:
    content, issues = data.removeprefix(codecs.BOM_UTF8), []
    if not content.strip():
        return [_at_start("file-empty", "The file is empty.", "Put a resource into it.")]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return [_at_start("file-encoding", "The file is in UTF-16.", "Save it as UTF-8.")]
    form = "xml" if content.lstrip().startswith(b"<") else "json"
    if content is not data and form == "json":
        found = "The file starts with a byte order mark, which JSON must not have."
        issues.append(_at_start("json-bom", found, "Save it as UTF-8 without one."))
    try:
        resource, faults = read_content(content, form, DEFAULT_LIMITS)
    except Refusal as refusal:
        return [*issues, *refusal.issues]
    return [*issues, *faults, *(_checked(resource, check) if resource is not None else ())]


def _checked(resource: dict[str, Any], check: Check) -> list[Issue]:
    """Return what *check* finds; a fault of our own is told of this file, and the next one gets its turn."""
    try:
        return check(resource)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong, the other files are still judged
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
        found = f"The validator itself failed: {type(error).__name__} at {place}."
        return [Issue("validator-fault", found, "Report it, with the file if you may.", severity="fatal")]


def _at_start(rule: str, found: str, mend: str) -> Issue:
    return Issue(rule, found, mend, code="structure", diagnostics="line 1, column 1")
