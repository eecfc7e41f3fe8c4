"""Exemptions of providers ("gold card"): earned, told, lost (guide 6.0, 5; docs/exemptions.md).

    count      the requests of each provider in the period that ends with a quarter
    propose    whom to exempt from the next quarter on, whose exemption to end, and why
    apply      notices, letters and the registry's rows, in one transaction, once for a quarter

What the guide leaves open is set by the operator; where anything is not set, nothing is assessed.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal, Protocol

from fhir_server.authorization.caller import Caller, Role
from fhir_server.authorization.events import Received
from fhir_server.authorization.parties import Provider
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.errors import Issue, NotFound, Refusal
from fhir_server.policy.registry import Exemption
from fhir_server.store.database import Database
from fhir_server.store.exemptions import MOST_SAMPLES, ExemptionNotice
from fhir_server.store.unit import UnitOfWork
from fhir_server.workflow.exemption_counts import Count, Grantee, Terms, affirmed_later, counts
from fhir_server.workflow.letters import Written, keep_notice, notice_number
from fhir_server.workflow.quarters import Quarter, next_quarter_after
from fhir_server.workflow.registry import StoredRegistry

NOTICE: Final = timedelta(days=60)
"""Before the quarter from which on an exemption is gone (G6 5.1)."""
JOB: Final = "exemptions"


class NotReady(Refusal):
    """Something that the assessment rests on is not there yet."""

    status, issue_code, rule = 409, "conflict", "exemptions"


class NoticeWriter(Protocol):
    """Writes the letter that tells an exemption or its end."""

    def __call__(
        self,
        notice: ExemptionNotice,
        *,
        number: str,
        at: datetime,
        provider: Provider,
        threshold: Decimal | None,
        reason: str | None,
    ) -> Written:
        """Return the letter *number* to *provider*."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a grantee stands after a period, and what follows: nothing, an exemption, or its end."""

    count: Count
    exempt: bool
    proposal: Literal["grant", "remove"] | None
    effective_from: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """What an assessment found. ``notices`` are the ids of those that were given, none unless it was applied."""

    quarter: str
    period: str
    standings: tuple[Standing, ...]
    notices: tuple[int, ...] = ()


def assess(database: Database, caller: Caller, quarter: Quarter, terms: Terms, at: datetime) -> Assessment:
    """Return how providers stand after the period that ends with *quarter*; nothing is changed. For operators.

    Raises `NotReady` where *terms* are not complete, with every setting that is missing, or the quarter is not over.
    """
    caller.require(Role.OPERATOR)
    _check_ready(quarter, terms, at)
    with database.read(caller) as unit:
        return _assessed(unit, quarter, terms, at)


def apply(
    database: Database, caller: Caller, quarter: Quarter, terms: Terms, write: NoticeWriter, at: datetime
) -> Assessment:
    """Assess and do what follows: registry rows, notices and letters; once for a quarter. For operators.

    Raises `NotReady` as `assess` does, and where the quarter was applied before.
    """
    caller.require(Role.OPERATOR)
    _check_ready(quarter, terms, at)
    with database.write(caller) as unit:
        if not unit.jobs.claim(JOB, str(quarter), at):
            raise NotReady.because(f"The exemptions of {quarter} were applied already.", "Assess another quarter.")
        assessment = _assessed(unit, quarter, terms, at)
        made = [_do(unit, each, assessment.period, terms, write, at) for each in assessment.standings if each.proposal]
        return replace(assessment, notices=tuple(made))


def remove(
    database: Database,
    caller: Caller,
    grantee: Grantee,
    *,
    period: str,
    requests: int,
    affirmed: int,
    reason: str,
    write: NoticeWriter,
    at: datetime,
) -> ExemptionNotice:
    """End an exemption after its re-evaluation: *affirmed* of *requests* records met the criteria. For operators.

    It ends with the first quarter that begins at least 60 days from now. Raises `NotFound` where the grantee has none.
    """
    with database.write(caller) as unit:
        count = Count(grantee, requests, affirmed, requests, _last_case(unit, grantee.npi, at))
        effective = next_quarter_after(_day(at), NOTICE).first_day
        if not any(_is_of(each, grantee) and _runs(each, effective) for each in _exemptions(unit, grantee.npi)):
            raise NotFound.because(
                "There is no exemption of just this provider, state and category.", "See `wiser-pas exemptions list`."
            )
        standing = Standing(count, True, "remove", effective, reason)
        _do(unit, standing, period, Terms(), write, at)
        latest = unit.exemptions_log.latest(grantee.npi, grantee.state, grantee.category)
        assert latest is not None
        return latest


def sample(
    database: Database,
    caller: Caller,
    npi: str,
    claims: Sequence[str],
    at: datetime,
    *,
    most: int = MOST_SAMPLES,
    chance: random.Random | None = None,
) -> tuple[str, ...]:
    """Draw up to *most* of *claims* of an exempt provider for a look at their records; return those drawn.

    A year has ten (G6 5.1): what was drawn before counts, and is not drawn again. For operators.
    """
    drawn: list[str] = []
    year = at.astimezone(UTC).year
    with database.write(caller) as unit:
        known = set(unit.exemptions_log.samples(npi, year))
        fresh = [each for each in dict.fromkeys(claims) if each not in known]
        picked = (chance or random.SystemRandom()).sample(fresh, min(most, len(fresh)))
        for claim in picked:
            if unit.exemptions_log.sample(npi, year, claim, at) is not None:
                drawn.append(claim)
    return tuple(drawn)


def _check_ready(quarter: Quarter, terms: Terms, at: datetime) -> None:
    if terms.missing:
        found = "The setting {} has no value; the guide leaves it open, and no default would be right."
        mend = "Set what CMS or the participant published (docs/exemptions.md)."
        raise NotReady([Issue(NotReady.rule, found.format(name), mend, code="required") for name in terms.missing])
    if at < quarter.ends:
        raise NotReady.because(f"{quarter} is not over yet.", f"Assess it from {quarter.later(1).first_day} on.")


def _assessed(unit: UnitOfWork, quarter: Quarter, terms: Terms, at: datetime) -> Assessment:
    assert terms.quarters is not None
    assert terms.grain is not None
    first = quarter.later(1 - terms.quarters)
    decisions = unit.decisions.between(first.begins, quarter.ends)
    later = affirmed_later(unit, decisions) if terms.counted == "after-resubmission" else frozenset[str]()
    found = counts(decisions, later, terms.grain)
    period = str(quarter) if first == quarter else f"{first} to {quarter}"
    return Assessment(str(quarter), period, tuple(_standing(unit, each, terms, at) for each in found))


def _standing(unit: UnitOfWork, count: Count, terms: Terms, at: datetime) -> Standing:
    assert terms.threshold is not None
    begins = next_quarter_after(_day(at)).first_day
    ends = next_quarter_after(_day(at), NOTICE).first_day
    known = _exemptions(unit, count.grantee.npi)
    exempt = any(_covers(each, count.grantee) and _runs(each, begins) for each in known)
    removable = any(_is_of(each, count.grantee) and _runs(each, ends) for each in known)
    reached = count.reaches(terms.threshold)
    rate = f"{count.affirmed} of {count.requests} requests were affirmed; {terms.threshold} percent are needed."
    if not count.enough:
        return Standing(
            count, exempt, None, None, f"{count.requests_of_provider} requests are too few to be assessed by"
        )
    if reached and not exempt:
        return Standing(count, exempt, "grant", begins, rate)
    if not reached and removable:
        return Standing(count, exempt, "remove", ends, rate)
    return Standing(count, exempt, None, None, rate)


def _do(unit: UnitOfWork, standing: Standing, period: str, terms: Terms, write: NoticeWriter, at: datetime) -> int:
    """Give the notice with its letter, and let the registry know; return the notice's id."""
    count, grantee, effective = standing.count, standing.count.grantee, standing.effective_from
    assert effective is not None
    granted = standing.proposal == "grant"
    notice = ExemptionNotice(
        npi=grantee.npi,
        kind="granted" if granted else "removed",
        effective_from=effective.isoformat(),
        period=period,
        requests=count.requests,
        affirmed=count.affirmed,
        state=grantee.state,
        category=grantee.category,
    )
    number = unit.exemptions_log.notify(notice, at)
    kept = replace(notice, id=number)
    written = write(
        kept,
        number=notice_number(kept),
        at=at,
        provider=_provider(unit, count.last_case, grantee.npi),
        threshold=terms.threshold,
        reason=None if granted else standing.reason,
    )
    keep_notice(unit, kept, written, at)
    known = _exemptions(unit, grantee.npi)
    rows = [*known, _exemption(grantee, effective)] if granted else list(_ended(known, grantee, effective))
    unit.registry.load("exemption", [asdict(row) for row in rows], at)
    return number


def _exemption(grantee: Grantee, begins: date) -> Exemption:
    states = (grantee.state,) if grantee.state else None
    return Exemption(grantee.npi, begins, None, states, (grantee.category,) if grantee.category else None)


def _ended(known: Iterable[Exemption], grantee: Grantee, ends: date) -> Iterator[Exemption]:
    """Yield the exemptions with those of *grantee* over from *ends* on; one that would begin then is gone."""
    for each in known:
        if not (_is_of(each, grantee) and _runs(each, ends)):
            yield each
        elif each.effective_from < ends:
            yield replace(each, effective_to=ends - timedelta(days=1))


def _exemptions(unit: UnitOfWork, npi: str) -> tuple[Exemption, ...]:
    return StoredRegistry(unit).exemptions(npi)


def _is_of(exemption: Exemption, grantee: Grantee) -> bool:
    """Return whether the exemption is given to just *grantee*."""
    return exemption == replace(_exemption(grantee, exemption.effective_from), effective_to=exemption.effective_to)


def _covers(exemption: Exemption, grantee: Grantee) -> bool:
    """Return whether all of *grantee* is exempt by it."""
    in_states = exemption.states is None or grantee.state in exemption.states
    return in_states and (exemption.categories is None or grantee.category in exemption.categories)


def _runs(exemption: Exemption, day: date) -> bool:
    """Return whether the exemption holds on *day* or begins later."""
    return exemption.effective_to is None or exemption.effective_to >= day


def _provider(unit: UnitOfWork, case: str, npi: str) -> Provider:
    """Return the provider as the request of *case* names it, for the letter's address."""
    received = [each.data for each in unit.events.of(case) if isinstance(each.data, Received)] if case else []
    return next((each for one in reversed(received) for each in _named(one.request, npi)), Provider())


def _named(request: AuthorizationRequest, npi: str) -> Iterator[Provider]:
    team = (member.provider for member in request.care_team)
    for provider in (request.requester, *(each for each in team if each)):
        if provider.organization and provider.organization.npi == npi:
            yield Provider(provider.organization)
        elif provider.practitioner and provider.practitioner.npi == npi:
            yield Provider(practitioner=provider.practitioner)


def _last_case(unit: UnitOfWork, npi: str, at: datetime) -> str:
    decided = unit.decisions.between(datetime.min.replace(tzinfo=UTC), at)
    return next((each.case for each in reversed(decided) if each.provider_npi == npi), "")


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
