"""The reviewers of a participant, from a file: who they are, where they are licensed, what they know.

reviewers:
  - id: dr-adams
    name: Ada Adams
    kind: clinician
    npi: "1234567893"
    licences:
      - {state: OH, number: "35.012345", valid_from: 2020-01-01, valid_to: 2027-12-31}
    specialties: [orthopedic-surgery]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Annotated, Any

import msgspec

from fhir_server.authorization.caller import Caller, Role
from fhir_server.errors import ContentInvalid, Issue
from fhir_server.policy.forms import is_npi
from fhir_server.policy.rows import Problems, Row, read_mapping
from fhir_server.store.database import Database
from fhir_server.store.reviewers import Licence, Reviewer, ReviewerKind
from fhir_server.store.translating import ConstraintBroken

_Words = Annotated[str, msgspec.Meta(min_length=1)]
_Id = Annotated[str, msgspec.Meta(pattern=r"^[\w.-]{1,64}$")]
_State = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}$")]
_CONTENT = re.compile(r"value '.*'", re.DOTALL)


class _LicenceRow(Row, frozen=True, kw_only=True):
    state: _State
    number: _Words
    valid_from: date
    valid_to: date | None = None


class _ReviewerRow(Row, frozen=True, kw_only=True):
    id: _Id
    name: _Words
    kind: ReviewerKind
    npi: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{10}$")] | None = None
    active: bool = True
    licences: tuple[_LicenceRow, ...] = ()
    specialties: tuple[_Words, ...] = ()


_MEND = (
    f"Correct the row; its fields are {', '.join(_ReviewerRow.__struct_fields__)}, "
    f"those of a licence {', '.join(_LicenceRow.__struct_fields__)}."
)


def read_reviewers(text: str) -> tuple[Reviewer, ...]:
    """Return the reviewers of a file, YAML or JSON, with the list ``reviewers``.

    Raises `ContentInvalid` with one issue for each wrong row.
    """
    problems = Problems()
    content = read_mapping(text, "reviewers", problems)
    rows = content.pop("reviewers", None)
    if not isinstance(rows, list):
        problems.add("reviewers", "a list of rows is expected")
        rows = []
    for key in content:
        problems.add("reviewers", f"the key {key} is unknown")
    read = {index: row for index, each in enumerate(rows, start=1) if (row := _row(each, index, problems)) is not None}
    for index, row in read.items():
        for problem in _problems(row, [other.id for other in read.values()]):
            problems.add(f"reviewers, row {index}", problem)
    if problems.found:
        raise ContentInvalid(Issue("reviewer-row", found, _MEND) for found in problems.found)
    return tuple(_reviewer(row) for row in read.values())


def load_reviewers(
    database: Database, caller: Caller, reviewers: Iterable[Reviewer], at: datetime, *, replace: bool = False
) -> int:
    """Store *reviewers* in one transaction, each in the place of what was known of him; return how many.

    With *replace*, those that are not among them become inactive. Raises `NotAllowed` unless *caller* is an operator,
    `ContentInvalid` for another kind than before, and for a simulated reviewer where the store is no sandbox.
    """
    caller.require(Role.OPERATOR)
    try:
        with database.write(caller) as unit:
            return unit.reviewers.load(reviewers, at, replace=replace)
    except ConstraintBroken as broken:
        raise ContentInvalid(
            [Issue("reviewer-row", f"{broken}.", "Give him another id, or the kind he has.")]
        ) from None


def known_reviewers(database: Database, caller: Caller) -> tuple[Reviewer, ...]:
    """Return every reviewer by name, those that are not active too."""
    with database.read(caller) as unit:
        return unit.reviewers.all()


def _row(content: Any, index: int, problems: Problems) -> _ReviewerRow | None:
    try:
        return msgspec.convert(content, _ReviewerRow)
    except msgspec.ValidationError as error:
        problems.add(f"reviewers, row {index}", _CONTENT.sub("a value", str(error)))
        return None


def _problems(row: _ReviewerRow, ids: list[str]) -> Iterator[str]:
    if ids.count(row.id) > 1:
        yield f"the id {row.id} stands twice"
    if row.npi and not is_npi(row.npi):
        yield "the NPI has a wrong check digit"
    if row.kind == "clinician" and row.active:
        yield from (f"a clinician needs {name}" for name in ("licences", "specialties") if not getattr(row, name))
    numbers = [(each.state, each.number) for each in row.licences]
    yield from (
        f"the licence {state} stands twice" for state, _ in {each for each in numbers if numbers.count(each) > 1}
    )
    for each in row.licences:
        if each.valid_to is not None and each.valid_to < each.valid_from:
            yield f"the licence for {each.state} ends before it begins"


def _reviewer(row: _ReviewerRow) -> Reviewer:
    licences = tuple(
        Licence(
            each.state, each.number, each.valid_from.isoformat(), each.valid_to.isoformat() if each.valid_to else None
        )
        for each in row.licences
    )
    return Reviewer(row.id, row.name, row.kind, row.npi, row.active, licences, tuple(dict.fromkeys(row.specialties)))
