"""Exemptions: the notices that were given, and which records an exempt provider was asked for (guide 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import bindparam, insert, select, update

from fhir_server.authorization.caller import Role
from fhir_server.errors import NotFound
from fhir_server.store.outgoing_tables import documentation_sample, exemption_notice
from fhir_server.store.repository import Repository
from fhir_server.store.statements import Statement
from fhir_server.store.values import utc_text

MOST_SAMPLES = 10
"""A year and provider (WISeR guide 6.0, 5.1)."""


@dataclass(frozen=True, slots=True)
class ExemptionNotice:
    """An exemption that was granted or removed, by the counts of a period (``2026-Q2``).

    No state or category: it holds for all. The store fills in ``notified_at`` and ``id``.
    """

    npi: str
    kind: Literal["granted", "removed"]
    effective_from: str
    period: str
    requests: int
    affirmed: int
    state: str | None = None
    category: str | None = None
    notified_at: str = ""
    letter: str | None = None
    id: int = 0


_columns = exemption_notice.c
_NOTIFY = Statement(insert(exemption_notice).returning(_columns.id))
_LETTER_MADE = Statement(
    update(exemption_notice)
    .where(_columns.id == bindparam("notice"), _columns.letter.is_(None))
    .values(letter=bindparam("number"))
)
_READ = select(
    _columns.npi,
    _columns.kind,
    _columns.effective_from,
    _columns.period,
    _columns.requests,
    _columns.affirmed,
    _columns.state,
    _columns.category,
    _columns.notified_at,
    _columns.letter,
    _columns.id,
)
_OF = Statement(_READ.where(_columns.npi == bindparam("of_npi")).order_by(_columns.id))
_SAMPLE = Statement(insert(documentation_sample))
_SAMPLES = Statement(
    select(documentation_sample.c.about, documentation_sample.c.slot)
    .where(documentation_sample.c.npi == bindparam("of_npi"), documentation_sample.c.year == bindparam("of_year"))
    .order_by(documentation_sample.c.slot)
)


class Exemptions(Repository):
    """The notices and samples of the store, for operators: all raise `NotAllowed` for others."""

    __slots__ = ()

    def notify(self, notice: ExemptionNotice, at: datetime) -> int:
        """Store a notice that is given at *at*; return its id."""
        self._unit.caller.require(Role.OPERATOR)
        names = ("npi", "kind", "effective_from", "period", "requests", "affirmed", "state", "category", "letter")
        values = {name: getattr(notice, name) for name in names}
        [[number]] = self._rows(_NOTIFY, {**values, "notified_at": utc_text(at)})
        return int(number)

    def letter_made(self, notice: int, letter: str) -> None:
        """Name the letter that tells the notice. Raises `NotFound` where there is no such notice without one."""
        self._unit.caller.require(Role.OPERATOR)
        if self._run(_LETTER_MADE, {"notice": notice, "number": letter}) != 1:
            raise NotFound.because("No such notice waits for its letter.", "Ask for the notices of the provider.")

    def of(self, npi: str) -> tuple[ExemptionNotice, ...]:
        """Return the notices of a provider, oldest first."""
        self._unit.caller.require(Role.OPERATOR)
        return tuple(ExemptionNotice(*row) for row in self._rows(_OF, {"of_npi": npi}))

    def latest(self, npi: str, state: str | None, category: str | None) -> ExemptionNotice | None:
        """Return the last notice for just this state and category."""
        alike = [each for each in self.of(npi) if (each.state, each.category) == (state, category)]
        return alike[-1] if alike else None

    def sample(self, npi: str, year: int, about: str, at: datetime) -> int | None:
        """Take one of the year's slots for *about*, a case or a claim, and return it; the same again has its slot.

        Returns ``None`` when the provider was asked as often as he may be in the year.
        """
        self._unit.caller.require(Role.OPERATOR)
        self._one_at_a_time([f"{npi}\x00{year}"])
        taken = {known: int(slot) for known, slot in self._rows(_SAMPLES, {"of_npi": npi, "of_year": year})}
        if about in taken or len(taken) >= MOST_SAMPLES:
            return taken.get(about)
        slot = len(taken) + 1
        row = {"npi": npi, "year": year, "slot": slot, "about": about, "sampled_at": utc_text(at)}
        self._run(_SAMPLE, row)
        return slot

    def samples(self, npi: str, year: int) -> tuple[str, ...]:
        """Return what the provider was asked about in the year, in its order."""
        self._unit.caller.require(Role.OPERATOR)
        return tuple(about for about, _ in self._rows(_SAMPLES, {"of_npi": npi, "of_year": year}))
