"""A second reading of the checklists, written from their words and not from the engine: slow, literal, by itself.

It reads the YAML of a category as it stands, parses the tests with a grammar of its own, and reckons in numbers: 0 is
no, 1 is unknown, 2 is yes; `and` is the smaller, `or` the larger, `not` the mirror. `tests/policy/test_agreement.py`
holds it against the engine.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import yaml

from fhir_server.authorization.evidence import Evidence
from fhir_server.policy.cases import PolicyCase
from fhir_server.policy.pack import builtin_pack

NO, UNKNOWN, YES = 0, 1, 2
UNSAID = object()
TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.\d+|\d+)|'(?P<text>[^']*)'|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[a-z_]+)?)"
    r"|(?P<sign><=|>=|==|!=|[<>()\[\],+*/-]))"
)
WORDS = {"and", "or", "not", "in", "true", "false", "True", "False"}

Outcome = tuple[str, str | None]
"""A result and, where something is open, why."""


def checklist_of(category: str) -> dict[str, Any]:
    """Return the `criteria:` block of a category's YAML, as it stands."""
    for path in (builtin_pack("wiser") / "categories").glob("*.yaml"):
        content = yaml.safe_load(path.read_text("utf-8"))
        if content["id"] == category:
            return dict(content["criteria"])
    raise LookupError(category)


# --- The language of the tests ---------------------------------------------------------------------------------------


def tokens_of(text: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    place = 0
    while text[place:].strip():
        match = TOKEN.match(text, place)
        assert match, f"no token at {text[place : place + 20]!r}"
        place = match.end()
        if match["number"] is not None:
            found.append(("constant", Decimal(match["number"])))
        elif match["text"] is not None:
            found.append(("constant", match["text"]))
        elif match["name"] is not None:
            name = match["name"]
            if name.lower() in ("true", "false"):
                found.append(("constant", name.lower() == "true"))
            else:
                found.append(("word" if name in WORDS else "name", name))
        else:
            found.append(("sign", match["sign"]))
    return found


class Reader:
    """Reads one expression, from what binds least to what binds most."""

    def __init__(self, text: str) -> None:
        self.tokens = tokens_of(text)

    def whole(self) -> Any:
        tree = self.either()
        assert not self.tokens, f"left over: {self.tokens}"
        return tree

    def next_is(self, *values: str) -> bool:
        return bool(self.tokens) and self.tokens[0][0] in ("word", "sign") and self.tokens[0][1] in values

    def take(self) -> Any:
        return self.tokens.pop(0)[1]

    def either(self) -> Any:
        parts = [self.both()]
        while self.next_is("or"):
            self.take()
            parts.append(self.both())
        return ("or", parts) if len(parts) > 1 else parts[0]

    def both(self) -> Any:
        parts = [self.negated()]
        while self.next_is("and"):
            self.take()
            parts.append(self.negated())
        return ("and", parts) if len(parts) > 1 else parts[0]

    def negated(self) -> Any:
        if self.next_is("not"):
            self.take()
            return "not", self.negated()
        return self.compared()

    def compared(self) -> Any:
        sides, signs = [self.sum()], []
        while self.next_is("<", "<=", ">", ">=", "==", "!=", "in", "not"):
            sign = self.take()
            if sign == "not":
                assert self.take() == "in"
                sign = "not in"
            signs.append(sign)
            sides.append(self.sum())
        return ("compare", sides, signs) if signs else sides[0]

    def sum(self) -> Any:
        tree = self.product()
        while self.next_is("+", "-"):
            tree = ("reckon", self.take(), tree, self.product())
        return tree

    def product(self) -> Any:
        tree = self.single()
        while self.next_is("*", "/"):
            tree = ("reckon", self.take(), tree, self.single())
        return tree

    def single(self) -> Any:
        kind, value = self.tokens.pop(0)
        if kind == "constant":
            return "constant", value
        if kind == "name" and self.next_is("("):
            return "call", value, self.listed()
        if kind == "name":
            return "name", value
        assert value in ("(", "["), value
        items, is_list = [self.either()], value == "["
        while self.next_is(","):
            is_list = True
            self.take()
            if self.next_is(")", "]"):
                break
            items.append(self.either())
        assert self.take() in (")", "]")
        return ("constant", tuple(each[1] for each in items)) if is_list else items[0]

    def listed(self) -> list[Any]:
        assert self.take() == "("
        arguments = []
        while not self.next_is(")"):
            arguments.append(self.either())
            if self.next_is(","):
                self.take()
        self.take()
        return arguments


def names_in(tree: Any) -> Iterator[str]:
    """Yield the names of a tree that was read."""
    if isinstance(tree, tuple) and tree and tree[0] == "name":
        yield tree[1]
    elif isinstance(tree, tuple | list):
        for part in tree[1:] if isinstance(tree, tuple) else tree:
            yield from names_in(part)


Known = Callable[[str], Any]
"""The value of a name, or ``UNSAID``."""


def truth(value: Any) -> int:
    """How sure a value is as a truth."""
    if value is UNSAID:
        return UNKNOWN
    return YES if value else NO


def value_of(tree: Any, known: Known) -> Any:
    """Return the value of a tree, or ``UNSAID``."""
    match tree:
        case "constant", constant:
            return constant
        case "name", name:
            return known(name)
        case "or", parts:
            return said(max(truth(value_of(each, known)) for each in parts))
        case "and", parts:
            return said(min(truth(value_of(each, known)) for each in parts))
        case "not", part:
            return said(YES - truth(value_of(part, known)))
        case "compare", sides, signs:
            values = [value_of(each, known) for each in sides]
            pairs = zip(values, signs, values[1:], strict=False)
            return said(min(truth(compared(left, sign, right)) for left, sign, right in pairs))
        case "reckon", sign, left, right:
            return reckoned(value_of(left, known), sign, value_of(right, known))
        case "call", name, arguments:
            return CALLS[name](*(value_of(each, known) for each in arguments))
    raise AssertionError(tree)


def said(sure: int) -> Any:
    return UNSAID if sure == UNKNOWN else sure == YES


def compared(left: Any, sign: str, right: Any) -> Any:
    if left is UNSAID or right is UNSAID:
        return UNSAID
    if sign in ("in", "not in"):
        return (left in right) == (sign == "in")
    if sign in ("==", "!="):
        return (left == right) == (sign == "==")
    if isinstance(left, Decimal) != isinstance(right, Decimal):
        return UNSAID
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign]


def reckoned(left: Any, sign: str, right: Any) -> Any:
    if left is UNSAID or right is UNSAID or (sign == "/" and not right):
        return UNSAID
    return {"+": left + right, "-": left - right, "*": left * right, "/": left / right if right else 0}[sign]


def same_day_later(day: date, months: int) -> date:
    """The same day of the month so many months on, or the last one that the month has."""
    count = day.year * 12 + (day.month - 1) + months
    year, month = count // 12, count % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def when_all_said(function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*values: Any) -> Any:
        return UNSAID if any(each is UNSAID for each in values) else function(*values)

    return called


def at_least(least: Any, *values: Any) -> Any:
    sure = [truth(each) for each in values]
    if sum(each == YES for each in sure) >= least:
        return True
    return UNSAID if sum(each != NO for each in sure) >= least else False


def chosen(choices: tuple[str, ...], *among: str) -> bool:
    wanted = [each for each in choices if each != "none"] if not among else [each for each in choices if each in among]
    return len(wanted) > 0


def stands_in(codes: tuple[str, ...], *wanted: str) -> bool:
    for code in codes:
        for each in wanted:
            if code == each or (each.endswith("-") and code.startswith(each.rstrip("-"))):
                return True
    return False


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().lower()


CALLS: dict[str, Callable[..., Any]] = {
    "days": when_all_said(lambda earlier, later: Decimal((later - earlier).days)),
    "weeks": when_all_said(lambda earlier, later: Decimal((later - earlier).days) / 7),
    "within_months": when_all_said(
        lambda earlier, later, months: earlier <= later and later <= same_day_later(earlier, int(months))
    ),
    "at_least_months": when_all_said(lambda earlier, later, months: later >= same_day_later(earlier, int(months))),
    "count": when_all_said(lambda choices: Decimal(len(choices))),
    "some": when_all_said(chosen),
    "has": when_all_said(stands_in),
    "same_text": when_all_said(lambda one, other: plain(one) == plain(other)),
    "all": lambda *values: said(min(truth(each) for each in values)),
    "any": lambda *values: said(max(truth(each) for each in values)),
    "none": lambda *values: said(YES - max(truth(each) for each in values)),
    "at_least": at_least,
    "answered": lambda value: value is not UNSAID,
    "stated": lambda value: UNSAID if value is UNSAID or value in ("", ()) else True,
}


# --- What was answered -----------------------------------------------------------------------------------------------


@dataclass
class Answered:
    """The answers to one field: its value, or why it has none."""

    value: Any = UNSAID
    conflicting: bool = False
    unreadable: bool = False


def as_meant(told: Any, field: dict[str, Any]) -> Any:
    """Return an answer as its field means it; ``UNSAID`` where it cannot be meant."""
    kind = field["type"]
    if kind == "bool":
        return told if isinstance(told, bool) else UNSAID
    if kind == "num":
        return number_meant(told, field)
    if kind == "date":
        return date.fromisoformat(told[:10]) if isinstance(told, str) and is_day(told[:10]) else UNSAID
    if kind in ("text", "code"):
        return told.strip() if isinstance(told, str) and told.strip() else UNSAID
    known = [each["value"] for each in field["values"]]
    if kind == "choice":
        return told if isinstance(told, str) and told in known else UNSAID
    choices = [told] if isinstance(told, str) else told
    return tuple(choices) if isinstance(choices, list | tuple) and all(each in known for each in choices) else UNSAID


def number_meant(told: Any, field: dict[str, Any]) -> Any:
    if isinstance(told, bool) or not isinstance(told, int | float):
        return UNSAID
    number = Decimal(str(told))
    low, high = field.get("minimum"), field.get("maximum")
    inside = (low is None or number >= Decimal(str(low))) and (high is None or number <= Decimal(str(high)))
    return number if inside else UNSAID


def is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def differ(one: Any, other: Any, kind: str) -> bool:
    """Whether two sources say different things: choices add up, words may differ, numbers agree as far as both go."""
    if kind == "text":
        return False
    if kind == "choices":
        return ("none" in one or "none" in other) and set(one) != set(other)
    if kind == "num":
        digits = min(decimals(one), decimals(other))
        return bool(abs(one - other) * 2 > Decimal(1).scaleb(-digits))
    return bool(one != other)


def decimals(number: Decimal) -> int:
    _, _, digits = format(number.normalize(), "f").partition(".")
    return len(digits)


def answered(evidence: Evidence, element: str, field: dict[str, Any]) -> Answered:
    told = [each.value for each in evidence.facts if (each.element, each.field) == (element, field["name"])]
    meant = [as_meant(each, field) for each in told]
    unreadable = UNSAID in meant or any(
        (each.element, each.field) == (element, field["name"]) for each in evidence.unreadable
    )
    readable = [each for each in meant if each is not UNSAID]
    conflicting = any(differ(readable[0], each, field["type"]) for each in readable[1:])
    if field["type"] == "choices":
        conflicting = any(differ(one, other, "choices") for one in readable for other in readable)
    if unreadable or conflicting or not readable:
        return Answered(UNSAID, conflicting, unreadable)
    if field["type"] == "choices":
        return Answered(tuple(dict.fromkeys(choice for each in readable for choice in each)))
    return Answered(readable[0])


# --- The request -----------------------------------------------------------------------------------------------------

SETTINGS = {
    "11": "office",
    "12": "home",
    "19": "outpatient-hospital",
    "22": "outpatient-hospital",
    "24": "surgery-center",
    "13x": "outpatient-hospital",
    "131": "outpatient-hospital",
}


def request_names(case: PolicyCase, line: int, codes: Sequence[str], today: date) -> dict[str, Any]:
    """What the request itself tells, by the names that a test uses; codes are those of the category in scope."""
    asked = case.lines[line - 1]
    diagnoses = tuple(dict.fromkeys(case.diagnoses))
    days = case.days_of_service
    told = {
        "line.code": asked.code,
        "line.codes": tuple(dict.fromkeys(codes)),
        "line.modifiers": asked.modifiers,
        "line.site": SETTINGS.get(case.site or ""),
        "line.units": Decimal(asked.units) if asked.units else None,
        "line.state": case.state,
        "line.service_date": days[0] if days else None,
        "line.diagnoses": diagnoses or None,
        "request.codes": tuple(each.code for each in case.lines),
        "request.diagnoses": diagnoses,
        "request.received": today,
        "beneficiary.age": age(case.patient.birth_date, days[0] if days else today),
    }
    return {name: value for name, value in told.items() if value is not None}


def age(born: date | None, day: date) -> Decimal | None:
    if born is None:
        return None
    years = day.year - born.year
    return Decimal(years - 1 if (day.month, day.day) < (born.month, born.day) else years)


# --- The checklist ---------------------------------------------------------------------------------------------------


def weighed(
    checklist: dict[str, Any], case: PolicyCase, evidence: Evidence, lines: Sequence[int], today: date
) -> dict[int, dict[str, Outcome]]:
    """Return, by line in scope, what each element comes to."""
    codes = [case.lines[line - 1].code for line in lines]
    return {line: _weighed(checklist, request_names(case, line, codes, today), evidence, today) for line in lines}


def _weighed(checklist: dict[str, Any], told: Mapping[str, Any], evidence: Evidence, today: date) -> dict[str, Outcome]:
    rows = [row for row in checklist["elements"] if row["effective_from"] <= today <= row.get("effective_to", today)]
    fields = {(row["id"], field["name"]): field for row in checklist["elements"] for field in row.get("fields", ())}
    answers = {name: answered(evidence, name[0], field) for name, field in fields.items()}
    for row in rows:
        _take_from_request(row, told, answers)
        _take_defaults(row, answers)

    def known(element: str) -> Known:
        def value(name: str) -> Any:
            if name in told or name.partition(".")[0] in ("line", "request", "beneficiary"):
                return told.get(name, UNSAID)
            part, dot, field = name.partition(".")
            return answers.get((part, field) if dot else (element, part), Answered()).value

        return value

    outcomes: dict[str, Outcome] = {}
    waiting = []
    for row in rows:
        condition = row.get("applies_if")
        applies = value_of(Reader(condition).whole(), known(row["id"])) if condition else True
        if applies is UNSAID:
            waiting.append(row)
        else:
            outcomes[row["id"]] = (
                _held(row, answers, evidence, known(row["id"])) if applies else ("not applicable", None)
            )
    for row in waiting:
        # What decides whether the element counts is open: that is asked for, and this not yet.
        depends_on = [each.partition(".")[0] for each in names_in(Reader(row["applies_if"]).whole()) if "." in each]
        elements = [each for each in depends_on if each not in ("line", "request", "beneficiary")]
        settled = all(_is_settled(outcomes.get(each)) for each in elements)
        outcomes[row["id"]] = _held(row, answers, evidence, known(row["id"])) if settled else ("not applicable", None)
    outcomes = {row["id"]: outcomes[row["id"]] for row in rows}
    return _grouped(rows, outcomes)


def _is_settled(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome[0] != "not applicable" and outcome[1] is None


def _take_from_request(row: dict[str, Any], told: Mapping[str, Any], answers: dict[tuple[str, str], Answered]) -> None:
    for field in row.get("fields", ()):
        fact = told.get(field.get("from_request"))
        answer = answers[row["id"], field["name"]]
        if fact is None:
            continue
        if answer.value is UNSAID:
            answer.value = fact
        elif answer.value != fact:
            answer.value, answer.conflicting = UNSAID, True


def _take_defaults(row: dict[str, Any], answers: dict[tuple[str, str], Answered]) -> None:
    own = [(field, answers[row["id"], field["name"]]) for field in row.get("fields", ())]
    if all(answer.value is UNSAID for _, answer in own):
        return
    for field, answer in own:
        if "default" in field and answer.value is UNSAID and not (answer.conflicting or answer.unreadable):
            default = field["default"]
            is_number = isinstance(default, int | float) and not isinstance(default, bool)
            answer.value = Decimal(str(default)) if is_number else default


def _held(
    row: dict[str, Any], answers: Mapping[tuple[str, str], Answered], evidence: Evidence, known: Known
) -> Outcome:
    own = [answers[row["id"], field["name"]] for field in row.get("fields", ())]
    conflicting, unreadable = any(each.conflicting for each in own), any(each.unreadable for each in own)
    attached = bool(row.get("document")) and any(row["id"] in record.elements for record in evidence.records)
    passed = value_of(Reader(row["test"]).whole(), known) if "test" in row else UNSAID
    if row["kind"] == "I" or row.get("basis") == "route-only":
        if conflicting or unreadable:
            return "unknown", "doubtful"
        if attached:  # a record, or else what the test says
            return "met", None
        return {NO: ("not met", "doubtful"), UNKNOWN: ("unknown", None), YES: ("met", None)}[truth(passed)]
    if conflicting or unreadable:
        return "unknown", "conflicting" if conflicting else "unreadable"
    sure = truth(passed) if "test" in row else YES
    if sure == NO:
        return "not met", "failing"
    if sure == UNKNOWN or (row.get("document") and not attached):
        return "unknown", "missing"
    return "met", None


def _grouped(rows: Sequence[dict[str, Any]], outcomes: dict[str, Outcome]) -> dict[str, Outcome]:
    """Of a group one has to be met; else what was answered is named, else what is required, else all of it."""
    settled = dict(outcomes)
    for group in {row["group"] for row in rows if "group" in row}:
        members = [row for row in rows if row.get("group") == group and outcomes[row["id"]][0] != "not applicable"]
        if any(outcomes[row["id"]][0] == "met" for row in members):
            named: list[str] = []
        else:
            tried = [row["id"] for row in members if outcomes[row["id"]][1] not in (None, "missing")]
            required = [row["id"] for row in members if row["kind"] == "R"]
            named = tried or required or [row["id"] for row in members]
        for row in members:
            if row["id"] not in named:
                settled[row["id"]] = outcomes[row["id"]][0], None
    return settled
