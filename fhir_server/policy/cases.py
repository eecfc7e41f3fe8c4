"""Policy cases: a request told in a few lines of YAML, and what ought to become of it.

Policy staff keep such cases beside a pack as its tests (docs/policy-cases.md). What a case does not say has a default
(`DEFAULTS`); ``null`` means that nothing was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from fhir_server.authorization.determination import CriterionResult, LineOutcome
from fhir_server.authorization.states import State
from fhir_server.errors import ContentInvalid, Issue
from fhir_server.policy.registry import BeneficiaryStatus, Payer
from fhir_server.policy.rows import Problems, Row, read_mapping

Words = Annotated[str, msgspec.Meta(min_length=1)]
Sex = Literal["female", "male"]

FIRST_RECEIPT = date(2026, 1, 5)
USUAL_RECEIPT = date(2026, 6, 1)
DAYS_BEFORE_SERVICE = 14
HOUR_OF_RECEIPT = time(15, tzinfo=UTC)
GENERAL_RECORD = "11506-3"
SMALLEST_FIVE_DIGITS = 10_000

LAST_YEAR = 2200
"""Far beyond every policy; later dates leave no room to count days."""


class CaseLine(Row, frozen=True, kw_only=True):
    """A service that is asked for."""

    code: Words
    modifiers: tuple[Words, ...] = ()
    units: int | None = 1
    revenue: Words | None = None


class CaseDays(Row, frozen=True, kw_only=True):
    """Days of service from one to another, both included."""

    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")


class CaseDocument(Row, frozen=True, kw_only=True):
    """A clinical record: its LOINC type, the elements that an answer ties it to, and whether software can read it."""

    type: Words | None = GENERAL_RECORD
    element: tuple[Words, ...] = ()
    readable: bool = True


class CasePatient(Row, frozen=True, kw_only=True):
    """The beneficiary. The last word of the name is the last name."""

    name: Words | None = "Ottoline Quistgaard"
    birth_date: date | None = date(1948, 3, 9)
    sex: Sex | None = None


class CaseIds(Row, frozen=True, kw_only=True):
    """Numbers: ``npi``, ``ptan`` and ``ccn`` are those of the facility, else of the practice that gives the service."""

    mbi: Words | None = "1EG4-TE5-MK73"
    npi: Words | None = "1234567893"
    requester_npi: Words | None = "1999999901"
    ptan: Words | None = "P00001"
    ccn: Words | None = "450001"


class CaseExpedited(Row, frozen=True, kw_only=True):
    """A wish to be decided fast, and why."""

    requested: bool = True
    reason: Words | None = None


class CaseEligibility(Row, frozen=True, kw_only=True):
    """What an eligibility check says of the Medicare number."""

    status: BeneficiaryStatus = "eligible"
    payer: Payer | None = None
    name: Words | None = None
    birth_date: date | None = None


class CaseEnrolment(Row, frozen=True, kw_only=True):
    """What is on file for the provider's NPI."""

    eligible: bool = True
    ptan: Words | None = None
    ccn: Words | None = None


class CaseExemption(Row, frozen=True, kw_only=True):
    """An exemption of the provider; without states or categories it holds for all."""

    first: date = msgspec.field(name="from")
    last: date | None = msgspec.field(name="to", default=None)
    states: tuple[Words, ...] | None = None
    categories: tuple[Words, ...] | None = None


class CaseRegistry(Row, frozen=True, kw_only=True):
    """What the server knows beyond the request. What is not told here is unknown."""

    eligibility: CaseEligibility | None = None
    enrolment: CaseEnrolment | None = None
    exemptions: tuple[CaseExemption, ...] = ()


class EarlierRequest(Row, frozen=True, kw_only=True):
    """An earlier request of the same sender, by default for the same codes and the same beneficiary."""

    status: State
    codes: tuple[Words, ...] | None = None
    utn: Words | None = None
    patient: CasePatient | None = None
    mbi: Words | None = None
    claim: Literal["none", "paid", "denied"] = "none"


class Expectation(Row, frozen=True, kw_only=True):
    """What ought to come out; what is left out is not looked at.

    Lists of elements are whole: an element that is found and not named is a difference. ``rules`` names all code rules
    that keep software from affirming; nudges may be named too. ``asks`` are words of what the requester is asked for.
    """

    outcome: Literal["affirmed", "in-review", "dismissed"] | UnsetType = UNSET
    dismissal: Words | UnsetType | None = UNSET
    lines: dict[int, LineOutcome] | UnsetType = UNSET
    missing: tuple[Words, ...] | UnsetType = UNSET
    failing: tuple[Words, ...] | UnsetType = UNSET
    conflicting: tuple[Words, ...] | UnsetType = UNSET
    unreadable: tuple[Words, ...] | UnsetType = UNSET
    doubtful: tuple[Words, ...] | UnsetType = UNSET
    open: tuple[Words, ...] | UnsetType = UNSET
    criteria: dict[str, CriterionResult] | UnsetType = UNSET
    rules: tuple[Words, ...] | UnsetType = UNSET
    reasons: tuple[Words, ...] | UnsetType = UNSET
    asks: tuple[Words, ...] | UnsetType = UNSET
    expedited: bool | UnsetType = UNSET
    downgraded: bool | UnsetType = UNSET
    due: datetime | UnsetType = UNSET
    last_day_of_service: date | UnsetType = UNSET


class PolicyCase(Row, frozen=True, kw_only=True):
    """One case. ``title`` says what it shows and ``source`` where the policy says so."""

    state: Words | None
    lines: tuple[CaseLine, ...]
    diagnoses: tuple[Words, ...]
    title: str = ""
    source: str = ""
    site: Words | None = "22"
    coverage: Words | None = "original-medicare"
    date_of_service: date | CaseDays | UnsetType | None = UNSET
    received: datetime | UnsetType = UNSET
    decided: datetime | UnsetType = UNSET
    answers: dict[str, Any] = msgspec.field(default_factory=dict)
    documents: tuple[CaseDocument, ...] = (CaseDocument(),)
    patient: CasePatient = CasePatient()
    ids: CaseIds = CaseIds()
    sent_to: Words | None = None
    submission: Literal["initial", "resubmission"] = "initial"
    prior_utn: Words | None = None
    expedited: CaseExpedited = CaseExpedited(requested=False)
    registry: CaseRegistry = CaseRegistry()
    earlier: tuple[EarlierRequest, ...] | UnsetType = UNSET
    expect: Expectation | None = None
    place: Words = "case"

    @property
    def received_at(self) -> datetime:
        """When the request is received."""
        if isinstance(self.received, datetime):
            return self.received
        first = self.days_of_service[0] if self.days_of_service else None
        if first is None or self.date_of_service is UNSET:
            return _at_usual_hour(USUAL_RECEIPT)
        return _at_usual_hour(max(first - timedelta(days=DAYS_BEFORE_SERVICE), FIRST_RECEIPT))

    @property
    def decided_at(self) -> datetime:
        """When the request is decided."""
        return self.decided if isinstance(self.decided, datetime) else self.received_at

    @property
    def days_of_service(self) -> tuple[date, date] | None:
        """The first and the last day of service; ``None`` where none is sent."""
        told = self.date_of_service
        if isinstance(told, CaseDays):
            return told.first, told.last
        if isinstance(told, date):
            return told, told
        if told is None:
            return None
        received = self.received.date() if isinstance(self.received, datetime) else USUAL_RECEIPT
        day = received + timedelta(days=DAYS_BEFORE_SERVICE)
        return day, day


class Default(NamedTuple):
    """What a key of a case counts as where the case does not say it."""

    key: str
    value: str
    sentence: str


DEFAULTS: tuple[Default, ...] = (
    Default("title", "none", "What the case shows, in a sentence; it decides nothing."),
    Default("source", "none", "Where the policy says so; it decides nothing."),
    Default(
        "site",
        "22",
        "Hospital outpatient department. A place of service (11, 12, 19, 22, 24), or 13x or 131 as bill type.",
    ),
    Default(
        "coverage",
        "original-medicare",
        "One of original-medicare, medicare-advantage, medicaid, railroad, veterans-affairs, indian-health-service and "
        "none, or a code of the Source of Payment Typology.",
    ),
    Default("date_of_service", "14 days after receipt", "One day, or {from, to}."),
    Default(
        "received",
        "14 days before the service",
        "A day counts as 15:00 UTC. Never before 2026-01-05; where no date of service is told either, 2026-06-01.",
    ),
    Default("decided", "as received", "The day from which an affirmation is counted."),
    Default("lines.modifiers", "none", "Two characters each."),
    Default("lines.units", "1", "null: no units are sent."),
    Default("lines.revenue", "none", "Revenue code of the line."),
    Default(
        "answers",
        "none",
        "Element id to {field: value}. A single value is that of the field `value`, or of the only field; `none` "
        "answers every yes-or-no field of the element with no.",
    ),
    Default(
        "documents",
        "one readable clinical record",
        "Each {type, element, readable}: LOINC type (11506-3), elements that it is tied to (none), readable (true). It "
        "is tied to an element too that names its type. []: no record came.",
    ),
    Default("patient", "Ottoline Quistgaard, born 1948-03-09", "{name, birth_date, sex}; no sex is sent."),
    Default(
        "ids",
        "well-formed numbers",
        "{mbi, npi, requester_npi, ptan, ccn}: 1EG4-TE5-MK73, 1234567893, 1999999901, P00001, 450001.",
    ),
    Default("sent_to", "whoever reviews the state", "A state, or the id of a participant or contractor."),
    Default("submission", "initial", "initial or resubmission."),
    Default("prior_utn", "none", "The number of the earlier decision."),
    Default("expedited", "false", "true, or {reason} with the reason for it; true alone gives no reason."),
    Default(
        "registry",
        "knows nothing",
        "eligibility (eligible, deceased, not-found, or {status, payer, name, birth_date}); enrolment {eligible, ptan, "
        "ccn}; exemptions, each {from, to, states, categories}; exempt: true is one for everything.",
    ),
    Default(
        "earlier",
        "none; with prior_utn, a non-affirmed decision",
        "Earlier requests, each {status, codes, utn, patient, mbi, claim}: the same codes and beneficiary, no claim.",
    ),
    Default("expect", "none", "What ought to come out: where it differs, the command ends with 1."),
)
"""Every default, with a sentence. State, lines and diagnoses have none: a case has to say them."""


def read_case(text: str, place: str) -> PolicyCase:
    """Return the case that the YAML *text* holds; *place* names it in what is told about it.

    Raises `ContentInvalid` with one issue for each key that is unknown, missing or wrong.
    """
    problems = Problems()
    content = read_mapping(text, place, problems)
    read = dict(_read_keys(content, place, problems)) if not problems.found else {}
    if not problems.found:
        case = PolicyCase(**read, place=place)
        _check(case, problems)
    if problems.found:
        raise ContentInvalid(Issue("policy-case", each, MEND) for each in problems.found)
    return case


MEND = "docs/policy-cases.md lists the keys of a case; `wiser-pas policy try --defaults` shows what they count as."


def _read_keys(content: dict[str, Any], place: str, problems: Problems) -> Iterator[tuple[str, Any]]:
    """Yield each key with its value; every one that is wrong is noted."""
    known = {each.name: each for each in msgspec.structs.fields(PolicyCase) if each.name != "place"}
    for key in content:
        if key not in known:
            problems.add(place, f"the key {key} is unknown; known are {', '.join(known)}")
    for key, field in known.items():
        if key not in content:
            if field.required:
                problems.add(place, f"the key {key} is missing")
            continue
        try:
            yield key, msgspec.convert(_PREPARED.get(key, _as_is)(content[key]), field.type)
        except msgspec.ValidationError as error:
            quotes = (
                "; write a code or a number with leading zeros in quotes" if "`str`, got `int`" in str(error) else ""
            )
            problems.add(place, f"{key}: {error}{quotes}")


def _check(case: PolicyCase, problems: Problems) -> None:
    if not case.lines:
        problems.add(case.place, "lines: at least one is expected")
    moments = {"received": case.received, "decided": case.decided}
    far = [name for name, told in moments.items() if isinstance(told, datetime) and told.year > LAST_YEAR]
    for name in far:
        problems.add(case.place, f"{name}: the date is out of range; years up to {LAST_YEAR} are taken")
    if far:
        return
    if case.decided_at < case.received_at:
        problems.add(case.place, "decided: the decision is before the receipt")
    if isinstance(case.date_of_service, CaseDays) and case.date_of_service.last < case.date_of_service.first:
        problems.add(case.place, "date_of_service: it ends before it begins")


def _at_usual_hour(day: date) -> datetime:
    return datetime.combine(day, HOUR_OF_RECEIPT)


# What staff write in the shortest way, made into the form of the rows above.


def _as_is(told: object) -> object:
    return told


def _text(told: object) -> object:
    """A number that is written without quotes is a code; what is no code as a number is left, and refused."""
    is_code = isinstance(told, int) and not isinstance(told, bool) and told > 9
    return str(told) if is_code else told


def _code(told: object) -> object:
    """Without quotes, only a code of five digits that does not begin with 0 is read as it stands."""
    return _text(told) if not isinstance(told, int) or told >= SMALLEST_FIVE_DIGITS else told


def _moment(told: object) -> object:
    if isinstance(told, str) and len(told) == len("2026-06-01"):
        with suppress(ValueError):
            told = date.fromisoformat(told)
    if isinstance(told, datetime):
        return told if told.tzinfo else told.replace(tzinfo=UTC)
    return _at_usual_hour(told) if isinstance(told, date) else told


def _with(told: object, **prepare: Callable[[object], object]) -> object:
    """Return the mapping *told* with the keys that are named prepared."""
    if not isinstance(told, dict):
        return told
    return {key: prepare[key](value) if key in prepare else value for key, value in told.items()}


def _each(prepare: Callable[[object], object]) -> Callable[[object], object]:
    return lambda told: [prepare(each) for each in told] if isinstance(told, list) else told


def _line(told: object) -> object:
    if not isinstance(told, dict):
        return {"code": _code(told)}
    return _with(told, code=_code, modifiers=_each(_text), revenue=_text)


def _document(told: object) -> object:
    return _with(told, element=lambda element: [element] if isinstance(element, str) else element)


def _ids(told: object) -> object:
    return {str(key).lower(): _text(value) for key, value in told.items()} if isinstance(told, dict) else told


def _expedited(told: object) -> object:
    return {"requested": told} if isinstance(told, bool) else told


def _registry(told: object) -> object:
    if not isinstance(told, dict):
        return told
    content = _with(
        told,
        eligibility=lambda status: {"status": status} if isinstance(status, str) else status,
        enrolment=lambda enrolment: _with(enrolment, ptan=_text, ccn=_text),
    )
    if isinstance(content, dict) and content.pop("exempt", False) is True:
        content["exemptions"] = [*(content.get("exemptions") or ()), {"from": FIRST_RECEIPT}]
    return content


def _earlier(told: object) -> object:
    return _with(told, codes=_each(_code), utn=_text)


def _expectation(told: object) -> object:
    return _with(told, due=_moment)


_PREPARED: dict[str, Callable[[object], object]] = {
    "lines": _each(_line),
    "site": _text,
    "coverage": _text,
    "received": _moment,
    "decided": _moment,
    "documents": _each(_document),
    "ids": _ids,
    "prior_utn": _text,
    "expedited": _expedited,
    "registry": _registry,
    "earlier": _each(_earlier),
    "expect": _expectation,
}
