"""Write which diagnoses are unspecified, and which name a side, as a policy pack needs them.

    .venv/bin/python scripts/diagnosis_details.py [FILE]

Read from the descriptions of ICD-10-CM (public domain) in the package simple-icd-10-cm. Only codes are written, each
where the words first say so: what holds for a header holds for all codes below it, and is written with a dash.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from textwrap import fill

import simple_icd_10_cm as icd

from fhir_server.policy.diagnoses import icd_10_cm

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "fhir_server" / "policy" / "packs" / "wiser" / "diagnosis-details.yaml"

# The families in which a diagnosis of Appendix B, of a billing article or of a code rule stands.
FAMILIES = (
    "A18.0", "B02", "C41", "C79.5", "C90", "E08.4", "E08.6", "E09.4", "E09.6", "E10.4", "E10.6", "E11.4", "E11.6",
    "E13.4", "E13.6", "F31", "F32", "F33", "G06", "G40", "G47", "G50", "G54", "G57", "G58", "G59", "G89", "G90.5",
    "G95", "G99", "I83", "I87", "L97", "M06", "M08", "M17", "M22", "M23", "M25", "M40", "M41", "M43", "M45", "M46",
    "M47", "M48", "M49", "M50", "M51", "M53", "M54", "M67", "M79", "M80", "M84.4", "M84.5", "M84.6", "M96", "M99",
    "N30", "N36", "N39", "N52", "R15", "R33", "R35", "R39", "S12", "S13", "S83", "T85.1", "T85.8",
)  # fmt: skip
UNSPECIFIED = re.compile(r"(?<!and )(?<!or )\bunspecified\b", re.IGNORECASE)
"""A header of `other and unspecified` sites holds specific codes too."""
SIDES = {name: re.compile(rf"\b{word}\b", re.IGNORECASE) for name, word in
         {"right": "right", "left": "left", "both": "bilateral"}.items()}  # fmt: skip


def nodes() -> dict[str, str]:
    """Return the codes and headers of the families with their descriptions, in the order of the edition."""
    found = (code for code in icd.get_all_codes(with_dots=True) if "-" not in code and code.startswith(FAMILIES))
    return {code: icd.get_description(code) for code in found}


def first_where(said: Callable[[str], bool], codes: Iterable[str]) -> Iterator[str]:
    """Yield the codes and headers of which *said* holds, with all below them, unless it so holds of their header."""

    def holds(code: str) -> bool:
        return said(code) and all(map(said, icd.get_descendants(code)))

    return (code for code in codes if holds(code) and not holds(icd.get_parent(code)))


def says(word: re.Pattern[str], code: str) -> bool:
    """Return whether the words of *code* hold *word*."""
    return word.search(icd.get_description(code)) is not None


def unspecified(code: str) -> bool:
    """Return whether the words of *code* leave open what a code beside it, or beside a header of it, says."""
    if not says(UNSPECIFIED, code):
        return False
    header = icd.get_parent(code)
    if says(UNSPECIFIED, header):
        return unspecified(header)
    return any(not says(UNSPECIFIED, each) for each in icd.get_children(header))


def side_open(code: str, descriptions: frozenset[str]) -> bool:
    """Return whether *code* leaves a side open that another code names in the same words."""
    words = icd.get_description(code)
    return any(
        words[: match.start()] + side + words[match.end() :] in descriptions
        for match in UNSPECIFIED.finditer(words)
        for side in ("right", "left")
    )


def table() -> dict[str, list[str]]:
    """Return the codes of each list."""
    known = nodes()
    descriptions = frozenset(known.values())
    found = {"unspecified": list(first_where(unspecified, known))}
    for side, word in SIDES.items():
        found[side] = list(first_where(partial(says, word), known))
    found["side_open"] = list(first_where(lambda code: side_open(code, descriptions), known))
    return {name: [code if icd.is_leaf(code) else f"{code}-" for code in codes] for name, codes in found.items()}


def text_of(lists: dict[str, list[str]], edition: str) -> str:
    """Return the file."""
    parts = [
        "# Which diagnoses are unspecified beside a more specific code, which name a side, and which leave it open.",
        "# Made by scripts/diagnosis_details.py from the descriptions of ICD-10-CM. A dash takes in all codes below.",
        "",
        f'edition: "{edition}"',
        'source: "ICD-10-CM, descriptions of the edition"',
        *_list("families", [f"{each}-" for each in FAMILIES]),
    ]
    for name, codes in lists.items():
        parts += _list(name, codes)
    return "\n".join(parts) + "\n"


def _list(name: str, codes: Iterable[str]) -> list[str]:
    lines = fill(", ".join(codes), 116, break_on_hyphens=False)
    return ["", f"{name}: [", *(f"  {line}" for line in lines.splitlines()), "]"]


def main(path: Path = FILE) -> int:
    path.write_text(text_of(table(), icd_10_cm().edition), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:2])))
