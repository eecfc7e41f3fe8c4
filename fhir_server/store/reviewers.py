"""Reviewers: who may decide what software may not, where they are licensed and what they know (never.md, 1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import bindparam, delete, insert, not_, select, update

from fhir_server.authorization.caller import Role
from fhir_server.errors import NotFound
from fhir_server.store.repository import Repository
from fhir_server.store.review_tables import reviewer, reviewer_licence, reviewer_specialty
from fhir_server.store.statements import Statement, upsert
from fhir_server.store.values import utc_text

ReviewerKind = Literal["clinician", "coordinator", "simulated"]


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence to practise in a state, from one calendar day (``2026-03-01``) to another or until further notice."""

    state: str
    number: str
    valid_from: str
    valid_to: str | None = None


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A person who works on cases. Only an active clinician decides; a simulated one is of a sandbox alone (S-24)."""

    id: str
    name: str
    kind: ReviewerKind
    npi: str | None = None
    active: bool = True
    licences: tuple[Licence, ...] = ()
    specialties: tuple[str, ...] = ()


def _load(statement: Any) -> Any:
    names = ("name", "kind", "npi", "active", "changed_at", "changed_by")
    return statement.on_conflict_do_update(
        index_elements=[reviewer.c.id], set_={name: statement.excluded[name] for name in names}
    )


_LOAD = upsert(reviewer, _load)
_ADD_LICENCE = Statement(insert(reviewer_licence))
_ADD_SPECIALTY = Statement(insert(reviewer_specialty))
_FORGET = tuple(
    Statement(delete(table).where(table.c.reviewer_id == bindparam("reviewer")))
    for table in (reviewer_licence, reviewer_specialty)
)
_ALL = Statement(
    select(reviewer.c.id, reviewer.c.name, reviewer.c.kind, reviewer.c.npi, reviewer.c.active).order_by(
        reviewer.c.name, reviewer.c.id
    )
)
_LICENCES = Statement(
    select(
        reviewer_licence.c.reviewer_id,
        reviewer_licence.c.state,
        reviewer_licence.c.number,
        reviewer_licence.c.valid_from,
        reviewer_licence.c.valid_to,
    ).order_by(reviewer_licence.c.state, reviewer_licence.c.number)
)
_SPECIALTIES = Statement(
    select(reviewer_specialty.c.reviewer_id, reviewer_specialty.c.specialty).order_by(reviewer_specialty.c.specialty)
)


class Reviewers(Repository):
    """The reviewers of the store, some dozens at most. An operator loads them; whoever reviews may see them."""

    __slots__ = ()

    def load(self, reviewers: Iterable[Reviewer], at: datetime, *, replace: bool = False) -> int:
        """Store *reviewers*, each in the place of what was known of him; return how many.

        With *replace*, those that are not named become inactive. None is forgotten, since decisions name them. Raises
        `NotAllowed` unless the caller is an operator, `ConstraintBroken` for another kind than before or for a
        simulated one where the store is no sandbox.
        """
        unit = self._unit
        unit.caller.require(Role.OPERATOR)
        loaded, by = list(reviewers), {"changed_at": utc_text(at), "changed_by": unit.caller.client}
        for each in loaded:
            self._load(each, by)
        if replace:
            unnamed = not_(reviewer.c.id.in_([each.id for each in loaded]))
            unit.connection.execute(update(reviewer).where(reviewer.c.active, unnamed).values(active=False, **by))
        return len(loaded)

    def get(self, reviewer: str) -> Reviewer:
        """Return the reviewer. Raises `NotFound`, and `NotAllowed` unless the caller reviews or operates."""
        for each in self.all():
            if each.id == reviewer:
                return each
        raise NotFound.because("There is no reviewer of this id.", "Load the reviewers first.")

    def all(self) -> tuple[Reviewer, ...]:
        """Return every reviewer by name, those that are not active too. Raises `NotAllowed` as `get` does."""
        self._require_review()
        licences: dict[str, list[Licence]] = {}
        for owner, *licence in self._rows(_LICENCES, {}):
            licences.setdefault(owner, []).append(Licence(*licence))
        specialties: dict[str, list[str]] = {}
        for owner, specialty in self._rows(_SPECIALTIES, {}):
            specialties.setdefault(owner, []).append(specialty)
        return tuple(
            Reviewer(
                known, name, kind, npi, bool(active), tuple(licences.get(known, ())), tuple(specialties.get(known, ()))
            )
            for known, name, kind, npi, active in self._rows(_ALL, {})
        )

    def _load(self, each: Reviewer, by: dict[str, str]) -> None:
        connection = self._unit.connection
        self._run(
            _LOAD,
            {"id": each.id, "name": each.name, "kind": each.kind, "npi": each.npi, "active": each.active, **by},
        )
        for forget in _FORGET:
            self._run(forget, {"reviewer": each.id})
        _ADD_LICENCE.run_for_each(connection, [_licence_row(each.id, licence) for licence in each.licences])
        _ADD_SPECIALTY.run_for_each(
            connection, [{"reviewer_id": each.id, "specialty": one} for one in dict.fromkeys(each.specialties)]
        )


def _licence_row(reviewer: str, licence: Licence) -> dict[str, str | None]:
    columns = ("state", "number", "valid_from", "valid_to")
    return {"reviewer_id": reviewer, **{name: getattr(licence, name) for name in columns}}
