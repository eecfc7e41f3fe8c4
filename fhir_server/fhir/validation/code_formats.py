"""Codes of systems whose lists are not shipped, and identifiers: held against the form that their owner gave them.

``profiles/code-systems.yaml`` is the table. Codes that an operator has licensed are held against his list.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec

from fhir_server.errors import SettingsInvalid
from fhir_server.fhir.validation.check_digits import ALGORITHMS
from fhir_server.fhir.validation.report import Place, Report
from fhir_server.fhir.validation.tables import read_table, rows

MOST_REMEMBERED = 4096  # well-formed codes that a system remembers; a process sees the same few over and over
LONGEST_SHOWN = 64
COLUMNS = ("system", "code", "valid_from", "valid_to")

Validity = tuple[date | None, date | None]


class CodeSystemRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A row of the table: a system of codes or of identifiers, and the form that its values have."""

    name: str
    urls: tuple[str, ...]
    owner: str
    form: str
    expected: str
    source: str
    licence: str = ""
    check: str | None = None
    bare: str | None = None
    listed: bool = False


@dataclass(slots=True)
class Form:
    """A row made ready: ``fits`` tells whether a value has the form; ``good`` remembers values that have it.

    Numbers of persons are not remembered.
    """

    row: CodeSystemRow
    fits: Callable[[str], bool]
    digit_fits: Callable[[str], bool]
    remembers: bool
    codes: Mapping[str, Validity] | None = None
    good: set[str] = field(default_factory=set)

    @property
    def unchecked(self) -> bool:
        """Whether a code of the system is held against its form only."""
        return self.codes is None and not self.row.listed


class CodeFormats:
    """The forms of all systems of the table; made once a process, and shared."""

    def __init__(
        self,
        code_systems: Iterable[CodeSystemRow],
        identifiers: Iterable[CodeSystemRow] = (),
        licensed: Mapping[str, Mapping[str, Validity]] | None = None,
    ) -> None:
        self.codes = _by_url(code_systems, remembers=True)
        self.identifiers = _by_url(identifiers, remembers=False)
        for url, codes in (licensed or {}).items():
            form = self.codes.setdefault(url, _form(_unknown_system(url), remembers=True))
            form.codes = {**(form.codes or {}), **codes}  # a system has one form for all its addresses

    @classmethod
    def load(cls, path: Path, licensed: Mapping[str, Mapping[str, Validity]] | None = None) -> CodeFormats:
        """Return the forms of the table at *path*, and the licensed codes that `read_licensed` read."""
        content = read_table(path)
        return cls(rows(content, "code_systems", CodeSystemRow), rows(content, "identifiers", CodeSystemRow), licensed)

    def begin(self, day: date | None = None) -> CodeChecks:
        """Return the checks of one validation; *day* is when the codes have to be valid, ``None`` for any time."""
        return CodeChecks(self, day)


class CodeChecks:
    """What one validation has seen of codes: which systems could be checked for the form only is told once for each."""

    __slots__ = ("_codes", "_day", "_identifiers", "_unchecked")

    def __init__(self, formats: CodeFormats, day: date | None) -> None:
        self._codes = formats.codes
        self._identifiers = formats.identifiers
        self._day = day
        self._unchecked: dict[str, Place] = {}

    def check_coding(self, system: str, code: str, place: Place, report: Report) -> None:
        """Note a code that has not the form of its system, or that the licensed list does not hold: warnings.

        A system that the table does not know costs a look-up and nothing else.
        """
        form = self._codes.get(system)
        if form is None:
            return
        if code not in form.good or form.codes is not None:
            self._look_closer(form, code, place, report)
        if form.unchecked and form.row.name not in self._unchecked:
            self._unchecked[form.row.name] = place

    def check_identifier(self, system: str, value: str, place: Place, report: Report) -> None:
        """Note a value that has not the form of its identifier system. The value itself is never told."""
        form = self._identifiers.get(system)
        if form is None or value in form.good:
            return
        if _well_formed(form, value):
            return
        wrong = "check digit is wrong" if form.fits(value) else "form is not that of the system"
        found = f"The {form.row.name} is no valid one: its {wrong}."
        report.warning("identifier-format", place, found, f"Expected: {form.row.expected}.", "value", form.row.urls[0])

    def finish(self, report: Report) -> None:
        """Note, once for each system, that its codes were held against their form only: information."""
        for name, place in self._unchecked.items():
            found = f"Codes of {name} were checked for their form only: their list is not here."
            report.information("code-not-checked", place, found, about=name)

    def _look_closer(self, form: Form, code: str, place: Place, report: Report) -> None:
        if not _well_formed(form, code):
            wrong = "its check digit is wrong" if form.fits(code) else "it has another form"
            found = f"{_named(code)} is none of {form.row.name}: {wrong}."
            mend = f"Expected: {form.row.expected}."
            report.warning("code-format", place, found, mend, "code-invalid", form.row.urls[0])
        elif form.codes is not None:
            self._look_up(form, form.codes, code, place, report)

    def _look_up(self, form: Form, codes: Mapping[str, Validity], code: str, place: Place, report: Report) -> None:
        validity = codes.get(code)
        if validity is None:
            found = f"{_named(code)} is not in the list of {form.row.name} that the operator loaded."
            mend = "Use a code of the list, or load the edition that holds it."
            report.warning("code-unknown", place, found, mend, "code-invalid", form.row.urls[0])
        elif self._day is not None and not _valid(validity, self._day):
            first, last = validity
            found = f"{_named(code)} of {form.row.name} is valid from {first or 'ever'} to {last or 'now'} only."
            report.warning("code-expired", place, found, "Use a code that is valid.", "code-invalid", form.row.urls[0])


def _by_url(table: Iterable[CodeSystemRow], *, remembers: bool) -> dict[str, Form]:
    forms: dict[str, Form] = {}
    for row in table:
        form = _form(row, remembers=remembers or row.check is not None)
        for url in row.urls:
            if url in forms:
                raise ValueError(f"{row.name}: {url} is also an address of {forms[url].row.name}")
            forms[url] = form
    return forms


def _form(row: CodeSystemRow, *, remembers: bool) -> Form:
    whole = re.compile(row.form, re.ASCII).fullmatch
    algorithm = ALGORITHMS[row.check] if row.check else None
    bare = re.compile(row.bare, re.ASCII).fullmatch if row.bare else whole

    def digit_fits(value: str) -> bool:
        return algorithm is None or bare(value) is None or algorithm(value.replace("-", ""))

    return Form(row, lambda value: whole(value) is not None, digit_fits, remembers)


def _unknown_system(url: str) -> CodeSystemRow:
    """Return the row of a system that only the operator's file knows: any text is well formed."""
    return CodeSystemRow(
        name=url, urls=(url,), owner="the operator", form=r"[^\s]+(?: [^\s]+)*", expected="a code", source="CODES_FILE"
    )


def _well_formed(form: Form, value: str) -> bool:
    if value in form.good:
        return True
    if not form.fits(value) or not form.digit_fits(value):
        return False
    if form.remembers and len(form.good) < MOST_REMEMBERED:
        form.good.add(value)
    return True


def _named(code: str) -> str:
    return f"The code {code!r}" if len(code) <= LONGEST_SHOWN else "The code"


def _valid(validity: Validity, day: date) -> bool:
    first, last = validity
    return (first is None or first <= day) and (last is None or day <= last)


def read_licensed(path: Path) -> dict[str, dict[str, Validity]]:
    """Return an operator's codes by the address of their system, with the first and the last day of each.

    The file is CSV with the columns ``system``, ``code`` and, where wanted, ``valid_from`` and ``valid_to``
    (YYYY-MM-DD). Raises `SettingsInvalid`, which names every line that is wrong, or the file that cannot be read.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"CODES_FILE: {path} cannot be read.") from error
    table = csv.DictReader(lines)
    if not {"system", "code"} <= set(table.fieldnames or ()) <= set(COLUMNS):
        raise SettingsInvalid(f"CODES_FILE: the first line names the columns: {', '.join(COLUMNS)}.")
    read: dict[str, dict[str, Validity]] = {}
    wrong = []
    for line in table:
        system, code = (line["system"] or "").strip(), (line["code"] or "").strip()
        try:
            validity = _day(line.get("valid_from")), _day(line.get("valid_to"))
        except ValueError:
            wrong.append(f"CODES_FILE: line {table.line_num}: a date is written YYYY-MM-DD.")
            continue
        if not system or not code or None in line:
            wrong.append(f"CODES_FILE: line {table.line_num}: a system and a code are expected.")
            continue
        read.setdefault(system, {})[code] = validity
    if wrong:
        raise SettingsInvalid("\n".join(wrong))
    return read


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text.strip()) if text and text.strip() else None
