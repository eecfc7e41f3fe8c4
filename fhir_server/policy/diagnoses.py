"""ICD-10-CM as a set of codes: which are complete and can be billed, and which only head more specific ones.

The codes are those of the package simple-icd-10-cm (S-25). Only its list of codes is read: to import it
would parse the whole classification, at twenty times the time and memory. A test compares the two code by code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Literal

from fhir_server.errors import PolicyInvalid
from fhir_server.policy.forms import diagnosis_code

Standing = Literal["complete", "header", "unknown"]

_PACKAGE = "simple_icd_10_cm"
_LIST = re.compile(r"code-list-([A-Z][a-z]+)-(\d{4})\.txt")
_AUTUMN = ("October", "November", "December")
"""The months that belong to the next federal fiscal year."""


@dataclass(frozen=True, slots=True)
class DiagnosisCodes:
    """An edition of ICD-10-CM; it holds for dates of service from ``first`` to ``last``, a federal fiscal year."""

    edition: str
    first: date
    last: date
    complete: frozenset[str] = field(repr=False)
    headers: frozenset[str] = field(repr=False)

    def standing(self, code: str) -> Standing:
        """Return whether *code*, with its dot, is ``complete``, a ``header`` of others, or ``unknown`` here."""
        if code in self.complete:
            return "complete"
        return "header" if code in self.headers else "unknown"


@cache
def icd_10_cm() -> DiagnosisCodes:
    """Return the installed edition; read once a process. Raises `PolicyInvalid` where the package has no list."""
    path, month, year = _list_of_codes()
    codes = sorted({each for each in path.read_text("utf-8").split() if each[0].isalpha() and "-" not in each})
    headers = {before for before, after in pairwise(codes) if after.startswith(before)}
    fiscal_year = year + (month in _AUTUMN)
    return DiagnosisCodes(
        edition=f"{fiscal_year} ({month} {year})",
        first=date(fiscal_year - 1, 10, 1),
        last=date(fiscal_year, 9, 30),
        complete=frozenset(_dotted(each) for each in codes if each not in headers),
        headers=frozenset(map(_dotted, headers)),
    )


def _dotted(code: str) -> str:
    return diagnosis_code(code) or code


def _list_of_codes() -> tuple[Path, str, int]:
    spec = find_spec(_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    for path in sorted(Path(folders[0], "data").iterdir()) if folders else ():
        if match := _LIST.fullmatch(path.name):
            return path, match[1], int(match[2])
    raise PolicyInvalid(f"the package {_PACKAGE} with its list of ICD-10-CM codes is not installed")
