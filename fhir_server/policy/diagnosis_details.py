"""What the words of ICD-10-CM tell about a code, and its number does not: its side, and whether it is unspecified.

The table is made by ``scripts/diagnosis_details.py`` from the descriptions of the edition, which are in the public
domain; only the facts are kept, for the families of codes that the policy meets.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fhir_server.policy.categories import DiagnosisFamily, Words
from fhir_server.policy.rows import Problems, Row, read_file, take_one

Side = Literal["right", "left", "both"]
_SHORTEST = 3
"""The characters of a category, such as ``M17``."""


class DetailsTable(Row, frozen=True, kw_only=True):
    """The file: a code, or a family with its trailing dash, stands where its words first say so."""

    edition: Words
    source: Words
    families: tuple[DiagnosisFamily, ...]
    unspecified: tuple[DiagnosisFamily, ...]
    right: tuple[DiagnosisFamily, ...]
    left: tuple[DiagnosisFamily, ...]
    both: tuple[DiagnosisFamily, ...]
    side_open: tuple[DiagnosisFamily, ...]


@dataclass(frozen=True, slots=True)
class Families:
    """Codes and families of codes: ``M17.11`` is itself alone, ``M17.1-`` all that begin with it."""

    codes: frozenset[str]

    def __contains__(self, code: str) -> bool:
        return code in self.codes or any(code[:end] + "-" in self.codes for end in range(_SHORTEST, len(code) + 1))


@dataclass(frozen=True, slots=True)
class DiagnosisDetails:
    """The sides and the unspecified codes of the families that the policy meets; other codes have neither."""

    edition: str
    unspecified: Families
    side_open: Families
    sides: tuple[tuple[Side, Families], ...]

    def side(self, code: str) -> Side | None:
        """Return the side that *code* names."""
        return next((side for side, families in self.sides if code in families), None)


NO_DETAILS = DiagnosisDetails("none", Families(frozenset()), Families(frozenset()), ())


def read_details(path: Path, problems: Problems) -> DiagnosisDetails:
    """Return the table of the file; what is wrong is noted in *problems*."""
    content = read_file(path, problems)
    table = take_one(content, DetailsTable, path.name, problems) if content else None
    if table is None:
        return NO_DETAILS
    return DiagnosisDetails(
        table.edition,
        Families(frozenset(table.unspecified)),
        Families(frozenset(table.side_open)),
        (
            ("right", Families(frozenset(table.right))),
            ("left", Families(frozenset(table.left))),
            ("both", Families(frozenset(table.both))),
        ),
    )
