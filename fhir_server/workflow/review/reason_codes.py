"""CMS's review reason codes and statements, from a file: the list is CMS's to publish, and none is made up here.

The file is CSV with the columns ``code``, ``statement`` and ``source``. A code has five characters (CMS, Review Reason
Codes and Statements). Without a file no code can be given, and the items that are missing or not met stand alone.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fhir_server.authorization.codes import NAMESPACE
from fhir_server.authorization.values import Code, Concept
from fhir_server.errors import SettingsInvalid

SYSTEM = f"{NAMESPACE}/CodeSystem/cms-review-reason"
COLUMNS = ("code", "statement", "source")
_CODE = re.compile(r"[A-Z0-9]{5}")


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """A code of the list: what it says, and which edition of the list says so."""

    code: str
    statement: str
    source: str

    @property
    def concept(self) -> Concept:
        """The code as an answer tells it."""
        return Concept((Code(SYSTEM, self.code, self.statement),))


def read_reason_codes(path: Path) -> dict[str, ReasonCode]:
    """Return the codes of the file at *path*, by code. Raises `SettingsInvalid` naming every wrong row."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsInvalid(f"REASON_CODES_FILE: {path} cannot be read: {error}") from error
    problems = list(_problems(rows))
    if problems:
        raise SettingsInvalid("\n".join(f"REASON_CODES_FILE: {path}, {each}" for each in problems))
    return {row["code"]: ReasonCode(*(row[each].strip() for each in COLUMNS)) for row in rows}


def _problems(rows: list[dict[str, str]]) -> Iterator[str]:
    if not rows:
        yield "line 1: there are no rows"
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        if tuple(row) != COLUMNS or None in row.values():
            yield f"line {number}: the columns are {', '.join(COLUMNS)}"
            continue
        yield from (f"line {number}: {problem}" for problem in _problems_of_row(row, seen))


def _problems_of_row(row: Mapping[str, str], seen: set[str]) -> Iterator[str]:
    code = row["code"]
    if not _CODE.fullmatch(code):
        yield f"the code {code[:20]!r} has not five letters and digits"
    if code in seen:
        yield f"the code {code} stands twice"
    seen.add(code)
    yield from (f"{name} is empty" for name in ("statement", "source") if not row[name].strip())
