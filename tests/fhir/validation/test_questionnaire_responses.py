"""Responses held against their questionnaire.

What each row expects is what the HL7 validator 6.10.4 says of the same instance (with the questionnaire contained), but
for the rows of BELOW_ANSWERS and OWN, which say what is different.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fhir_server.fhir.json import loads
from fhir_server.fhir.validation.report import expression
from tests.fhir.packages import files
from tests.fhir.validation.responses import (
    CORE,
    GENDER,
    GENDERS,
    SDC,
    UCUM,
    Json,
    amount,
    answered,
    asked,
    check,
    coding,
    error,
    found,
    limited,
    number,
    options,
    text,
    warning,
    when,
    yes,
)

Row = tuple[str, list[Json], list[Json], list[tuple[str, str, str]]]


def ids(rows: list[Row]) -> list[str]:
    return [row[0] for row in rows]


GROUP = asked("g", "group", asked("c"))
PLACES: list[Row] = [
    ("answered", [asked("a")], [answered("a", text("x"))], []),
    ("nothing answered", [asked("a")], [], []),
    ("unknown", [asked("a")], [answered("z", text("x"))], [error("item-unknown")]),
    ("no linkId", [asked("a")], [{"answer": [text("x")]}], [error("link-id")]),
    ("order", [asked("a"), asked("b")], [answered("b", text("x")), answered("a", text("x"))], [error("item-order")]),
    ("outside its group", [GROUP, asked("a")], [answered("c", text("x"))], [error("item-misplaced")]),
    (
        "inside a group",
        [GROUP, asked("a")],
        [answered("g", items=[answered("a", number(1))])],
        [error("item-misplaced", "item[0]"), error("answer-type", "item[0].item[0].answer[0].value.ofType(integer)")],
    ),
    ("item twice", [asked("a")], [answered("a", text("x")), answered("a", text("y"))], [error("item-repeated")]),
    ("repeats", [asked("a", repeats=True)], [answered("a", text("x")), answered("a", text("y"))], []),
    ("answer twice", [asked("a")], [answered("a", text("x"), text("y"))], [error("answer-repeated", "item[0]")]),
    ("answers repeat", [asked("a", repeats=True)], [answered("a", text("x"), text("y"))], []),
    ("group answered", [GROUP], [answered("g", text("x"))], [error("group-answered", "item[0]")]),
    ("display answered", [asked("d", "display")], [answered("d", text("x"))], [error("display-answered", "item[0]")]),
    (
        "display with items",
        [asked("d", "display")],
        [answered("d", items=[answered("a", text("x"))])],
        [error("display-items", "item[0]")],
    ),
    (
        "items beside the answer",
        [asked("a", "string", asked("b"))],
        [answered("a", text("x"), items=[answered("b", text("y"))])],
        [error("items-beside-answer", "item[0]")],
    ),
    ("other text", [asked("a")], [answered("a", text("x"), text="other")], [error("item-text", "item[0]")]),
    ("text of none", [{"linkId": "a", "type": "string"}], [answered("a", text="x")], [error("item-text", "item[0]")]),
    ("same text", [asked("a")], [answered("a", text("x"), text="A")], []),
    ("no type", [{"linkId": "a"}], [answered("a", text("x"))], [error("item-type", "item[0]")]),
]
REQUIRED = asked("a", required=True)
MISSING: list[Row] = [
    ("absent", [REQUIRED], [], [error("answer-missing")]),
    ("without answer", [REQUIRED], [answered("a")], [error("answer-missing", "item[0]")]),
    ("in a group", [asked("g", "group", REQUIRED, asked("b"))], [answered("g", items=[answered("b", text("x"))])],
     [error("answer-missing", "item[0]")]),
    ("in an absent group", [asked("g", "group", REQUIRED)], [], []),
    ("group absent", [asked("g", "group", asked("a"), required=True)], [], [error("answer-missing")]),
    ("group empty", [asked("g", "group", asked("a"), required=True)], [answered("g")],
     [error("group-empty", "item[0]")]),
    ("below a question without answer", [asked("b", "string", REQUIRED)], [answered("b")], []),
    ("not enabled", [asked("p", "boolean"), REQUIRED | when("p", "=", answerBoolean=True)],
     [answered("p", yes(False))], []),
    ("not enabled, present", [asked("p", "boolean"), REQUIRED | when("p", "=", answerBoolean=True)],
     [answered("p", yes(False)), answered("a")], []),
    ("enabled", [asked("p", "boolean"), REQUIRED | when("p", "=", answerBoolean=True)], [answered("p", yes())],
     [error("answer-missing")]),
]  # fmt: skip
STRING = "item[0].answer[0].value.ofType(string)"
TYPED = ("boolean", "decimal", "integer", "date", "dateTime", "time", "url", "attachment", "reference", "quantity")
TYPES: list[Row] = [
    (f"{kind} in words", [asked("a", kind)], [answered("a", text("x"))], [error("answer-type", STRING)])
    for kind in TYPED
] + [
    ("string", [asked("a")], [answered("a", text("x"))], []),
    ("text", [asked("a", "text")], [answered("a", text("x"))], []),
    ("choice in words", [asked("a", "choice")], [answered("a", text("x"))], []),
    ("integer for a string", [asked("a")], [answered("a", number(1))],
     [error("answer-type", "item[0].answer[0].value.ofType(integer)")]),
    ("decimal for an integer", [asked("a", "integer")], [answered("a", number("1.0"))],
     [error("answer-type", "item[0].answer[0].value.ofType(decimal)")]),
    ("decimal for a choice", [asked("a", "choice")], [answered("a", number("1.0"))],
     [error("answer-type", "item[0].answer[0].value.ofType(decimal)")]),
    ("dateTime for a date", [asked("a", "date")], [answered("a", {"valueDateTime": "2020"})],
     [error("answer-type", "item[0].answer[0].value.ofType(dateTime)")]),
    ("no value but why", [asked("a")], [answered("a", {"_valueString": {"extension": [{"url": "u"}]}})], []),
]  # fmt: skip
TEXTS = options({"valueString": "x"}, {"valueString": "y"})
CODES = options({"valueCoding": {"system": "http://s", "code": "c", "display": "C"}}, {"valueCoding": {"code": "n"}})
NONE_OF_THEM = options(
    {"valueCoding": {"system": "http://s", "code": "none"},
     "extension": [{"url": CORE + "questionnaire-optionExclusive", "valueBoolean": True}]},
    {"valueCoding": {"system": "http://s", "code": "c"}},
)  # fmt: skip
NOT_OFFERED = [error("answer-option", "item[0].answer[0]")]
BOTH = ("choice", "open-choice")
OPTIONS: list[Row] = [
    ("text offered", [asked("a", "choice", **TEXTS)], [answered("a", text("x"))], []),
    ("text not offered", [asked("a", "choice", **TEXTS)], [answered("a", text("z"))], NOT_OFFERED),
    ("text not offered, open", [asked("a", "open-choice", **TEXTS)], [answered("a", text("z"))], []),
    ("text where codes are", [asked("a", "choice", **CODES)], [answered("a", text("free"))], NOT_OFFERED),
    ("text where codes are, open", [asked("a", "open-choice", **CODES)], [answered("a", text("free"))], []),
    ("the words of a code, open", [asked("a", "open-choice", **CODES)], [answered("a", text("c"))],
     [warning("answer-words", "item[0].answer[0]")]),
    ("exclusive with another", [asked("a", "choice", repeats=True, **NONE_OF_THEM)],
     [answered("a", coding("http://s", "none"), coding("http://s", "c"))],
     [error("answer-exclusive", "item[0].answer[0]")]),
    ("exclusive alone", [asked("a", "choice", repeats=True, **NONE_OF_THEM)],
     [answered("a", coding("http://s", "none"))], []),
    *[row for kind in BOTH for row in (
        (f"{kind}: code offered", [asked("a", kind, **CODES)], [answered("a", coding("http://s", "c", "other"))], []),
        (f"{kind}: no system", [asked("a", kind, **CODES)], [answered("a", coding(None, "c"))], NOT_OFFERED),
        (f"{kind}: no system, as offered", [asked("a", kind, **CODES)], [answered("a", coding(None, "n"))], []),
        (f"{kind}: other code", [asked("a", kind, **CODES)], [answered("a", coding("http://s", "z"))], NOT_OFFERED),
        (f"{kind}: display only", [asked("a", kind, **CODES)], [answered("a", coding(display="free"))], NOT_OFFERED),
        (f"{kind}: code where texts are", [asked("a", kind, **TEXTS)], [answered("a", coding("http://s", "c"))],
         NOT_OFFERED),
        (f"{kind}: no options", [asked("a", kind)], [answered("a", coding("http://s", "c"))], []),
        (f"{kind}: integer", [asked("a", kind, **options({"valueInteger": 1}))], [answered("a", number(2))],
         NOT_OFFERED),
        (f"{kind}: date", [asked("a", kind, **options({"valueDate": "2020-01-01"}))],
         [answered("a", {"valueDate": "2020-01-02"})], NOT_OFFERED),
        (f"{kind}: time", [asked("a", kind, **options({"valueTime": "10:00:00"}))],
         [answered("a", {"valueTime": "10:00:01"})], NOT_OFFERED),
    )],
    ("string", [asked("a", **TEXTS)], [answered("a", text("z"))], [error("answer-option", STRING)]),
    ("integer", [asked("a", "integer", **options({"valueInteger": 1}))], [answered("a", number(2))],
     [error("answer-option", "item[0].answer[0].value.ofType(integer)")]),
    ("integer offered", [asked("a", "integer", **options({"valueInteger": 1}))], [answered("a", number(1))], []),
    ("decimal", [asked("a", "decimal", **options({"valueInteger": 1}))], [answered("a", number("2.5"))],
     [error("answer-option", "item[0].answer[0].value.ofType(decimal)")]),
    ("date", [asked("a", "date", **options({"valueDate": "2020-01-01"}))],
     [answered("a", {"valueDate": "2020-01-02"})],
     [error("answer-option", "item[0].answer[0].value.ofType(date)")]),
    ("dateTime", [asked("a", "dateTime", **options({"valueDate": "2020-01-01"}))],
     [answered("a", {"valueDateTime": "2020-01-02"})],
     [error("answer-option", "item[0].answer[0].value.ofType(dateTime)")]),
    ("time", [asked("a", "time", **options({"valueTime": "10:00:00"}))], [answered("a", {"valueTime": "10:00:01"})],
     [error("answer-option", "item[0].answer[0].value.ofType(time)")]),
    ("texts where dates are asked", [asked("a", "date", **TEXTS)], [answered("a", {"valueDate": "2020-01-02"})],
     [error("answer-option", "item[0].answer[0].value.ofType(date)")]),
]  # fmt: skip
NOT_IN_SET = [error("answer-value-set", "item[0].answer[0]")]
VALUE_SETS: list[Row] = [
    *[row for kind in BOTH for row in (
        (f"{kind}: in", [asked("a", kind, answerValueSet=GENDERS)], [answered("a", coding(GENDER, "male"))], []),
        (f"{kind}: out", [asked("a", kind, answerValueSet=GENDERS)], [answered("a", coding(GENDER, "z"))], NOT_IN_SET),
        (f"{kind}: other system", [asked("a", kind, answerValueSet=GENDERS)],
         [answered("a", coding("http://x", "male"))], NOT_IN_SET),
        (f"{kind}: no system", [asked("a", kind, answerValueSet=GENDERS)], [answered("a", coding(None, "male"))],
         NOT_IN_SET),
        (f"{kind}: display only", [asked("a", kind, answerValueSet=GENDERS)], [answered("a", coding(display="x"))],
         NOT_IN_SET),
        (f"{kind}: words", [asked("a", kind, answerValueSet=GENDERS)], [answered("a", text("male"))], []),
    )],
    ("string out", [asked("a", answerValueSet=GENDERS)], [answered("a", text("zz"))],
     [error("answer-value-set", STRING)]),
]  # fmt: skip
INTEGER, DECIMAL = "item[0].answer[0].value.ofType(integer)", "item[0].answer[0].value.ofType(decimal)"
DATE, DATE_TIME = "item[0].answer[0].value.ofType(date)", "item[0].answer[0].value.ofType(dateTime)"
TIME, QUANTITY = "item[0].answer[0].value.ofType(time)", "item[0].answer[0].value.ofType(Quantity)"
UNITS = {"extension": [{"url": CORE + "questionnaire-unitOption", "valueCoding": {"system": UCUM, "code": each}}
                       for each in ("g", "kg")]}  # fmt: skip


def _numbers(kind: str, least: int | str, most: int | str, path: str) -> list[Row]:
    named = kind.capitalize()
    return [
        (f"{kind} too little", [asked("a", kind, **limited("minValue", **{f"value{named}": 5}))],
         [answered("a", number(least))], [error("limit-least", path)]),
        (f"{kind} just enough", [asked("a", kind, **limited("minValue", **{f"value{named}": 5}))],
         [answered("a", {f"value{named}": 5})], []),
        (f"{kind} too much", [asked("a", kind, **limited("maxValue", **{f"value{named}": 5}))],
         [answered("a", number(most))], [error("limit-most", path)]),
    ]  # fmt: skip


LIMITS: list[Row] = [
    ("too long", [asked("a", maxLength=2)], [answered("a", text("xyz"))], [error("max-length", STRING)]),
    ("too short", [asked("a", **limited("minLength", valueInteger=5))], [answered("a", text("xyz"))],
     [error("limit-min-length", STRING)]),
    ("form", [asked("a", **limited("regex", valueString="[0-9]+"))], [answered("a", text("12x"))],
     [error("limit-form", STRING)]),
    ("in form", [asked("a", **limited("regex", valueString="[0-9]+"))], [answered("a", text("12"))], []),
    ("lines", [asked("a")], [answered("a", text("x\ny"))], [warning("answer-lines", STRING)]),
    ("lines in a text", [asked("a", "text")], [answered("a", text("x\ny"))], []),
    *_numbers("integer", 4, 6, INTEGER),
    *_numbers("decimal", "4.5", "5.01", DECIMAL),
    ("decimal places", [asked("a", "decimal", **limited("maxDecimalPlaces", valueInteger=1))],
     [answered("a", number("4.55"))], [error("limit-decimals", DECIMAL)]),
    ("few decimal places", [asked("a", "decimal", **limited("maxDecimalPlaces", valueInteger=1))],
     [answered("a", number("4.5"))], []),
    ("date too early", [asked("a", "date", **limited("minValue", valueDate="2020-01-01"))],
     [answered("a", {"valueDate": "2019-12-31"})], [error("limit-least", DATE)]),
    ("a year begins on its first day", [asked("a", "date", **limited("minValue", valueDate="2020-01-01"))],
     [answered("a", {"valueDate": "2020"})], []),
    ("and no later", [asked("a", "date", **limited("minValue", valueDate="2020-06"))],
     [answered("a", {"valueDate": "2020"})], [error("limit-least", DATE)]),
    ("date too late", [asked("a", "date", **limited("maxValue", valueDate="2020"))],
     [answered("a", {"valueDate": "2020-01-02"})], [error("limit-most", DATE)]),
    ("the same moment", [asked("a", "dateTime", **limited("maxValue", valueDateTime="2020-01-01T10:00:00Z"))],
     [answered("a", {"valueDateTime": "2020-01-01T12:00:00+02:00"})], []),
    ("a second later", [asked("a", "dateTime", **limited("maxValue", valueDateTime="2020-01-01T10:00:00Z"))],
     [answered("a", {"valueDateTime": "2020-01-01T12:00:01+02:00"})], [error("limit-most", DATE_TIME)]),
    ("time too late", [asked("a", "time", **limited("maxValue", valueTime="10:00:00"))],
     [answered("a", {"valueTime": "10:00:01"})], [error("limit-most", TIME)]),
    ("time too early", [asked("a", "time", **limited("minValue", valueTime="10:00:00"))],
     [answered("a", {"valueTime": "09:59:59"})], [error("limit-least", TIME)]),
    ("contentType", [asked("a", "attachment", **limited("mimeType", valueCode="application/pdf"))],
     [answered("a", {"valueAttachment": {"contentType": "image/png"}})],
     [error("limit-mime-type", "item[0].answer[0]")]),
    ("beginning of a contentType", [asked("a", "attachment", **limited("mimeType", valueCode="image/"))],
     [answered("a", {"valueAttachment": {"contentType": "image/png"}})], []),
    ("no contentType", [asked("a", "attachment", **limited("mimeType", valueCode="image/png"))],
     [answered("a", {"valueAttachment": {"url": "http://x"}})], [error("limit-mime-type", "item[0].answer[0]")]),
    ("too large", [asked("a", "attachment", **limited("maxSize", valueDecimal=Decimal(2)))],
     [answered("a", {"valueAttachment": {"data": "AAAA"}})], [error("limit-size", "item[0].answer[0]")]),
    ("quantity too little", [asked("a", "quantity", **limited(SDC + "minQuantity", **amount(5)))],
     [answered("a", amount(4))], [error("limit-least", QUANTITY)]),
    ("quantity too much", [asked("a", "quantity", **limited(SDC + "maxQuantity", **amount(5)))],
     [answered("a", amount(6))], [error("limit-most", QUANTITY)]),
    ("quantity in a larger unit", [asked("a", "quantity", **limited(SDC + "minQuantity", **amount(5)))],
     [answered("a", amount(4, "g"))], []),
    ("quantity in a smaller unit", [asked("a", "quantity", **limited(SDC + "minQuantity", **amount(5, "g")))],
     [answered("a", amount(4))], [error("limit-least", QUANTITY)]),
    ("quantity of another kind", [asked("a", "quantity", **limited(SDC + "minQuantity", **amount(5, "g")))],
     [answered("a", amount(4, "m"))], [error("limit-unit", QUANTITY)]),
    ("quantity without unit", [asked("a", "quantity", **limited(SDC + "minQuantity", **amount(5, "g")))],
     [answered("a", amount(6, None, None))], [error("limit-unit", QUANTITY)]),
    ("unit", [asked("a", "quantity", **UNITS)], [answered("a", amount(4))], [error("answer-unit", QUANTITY)]),
    ("unit offered", [asked("a", "quantity", **UNITS)], [answered("a", amount(4, "kg"))], []),
    ("unit not in the value set",
     [asked("a", "quantity", **limited("questionnaire-unitValueSet", valueCanonical=GENDERS))],
     [answered("a", amount(4))], [error("answer-unit", QUANTITY)]),
    ("too many answers", [asked("a", repeats=True, **limited("questionnaire-maxOccurs", valueInteger=1))],
     [answered("a", text("x"), text("y"))], [error("limit-max-occurs", "item[0]")]),
    ("too few answers", [asked("a", repeats=True, **limited("questionnaire-minOccurs", valueInteger=2))],
     [answered("a", text("x"))], [error("limit-min-occurs", "item[0]")]),
]  # fmt: skip
IN_VAIN = [error("item-not-enabled", "item[1]")]


def _enabled(name: str, kind: str, decides: Json, enables: bool, **condition: Any) -> Row:
    items = [asked("p", kind), asked("a", **when("p", **condition))]
    return name, items, [answered("p", decides), answered("a", text("x"))], [] if enables else IN_VAIN


CODE = {"system": "http://s", "code": "c"}
SELF = {"question": "p", "operator": "exists", "answerBoolean": True}
REPEATED = [asked("g", "group", asked("p", "boolean"), asked("a", **when("p", "=", answerBoolean=True)), repeats=True)]
ENABLED: list[Row] = [
    _enabled("= holds", "boolean", yes(), True, sign="=", answerBoolean=True),
    _enabled("= fails", "boolean", yes(False), False, sign="=", answerBoolean=True),
    _enabled("> of false and true", "boolean", yes(), True, sign=">", answerBoolean=False),
    *[
        _enabled(f"5 {sign} {value} is {enables}", "integer", number(5), enables, sign=sign, answerInteger=value)
        for sign, value, enables in (
            ("=", 5, True), ("=", 6, False), ("!=", 5, False), ("!=", 6, True), (">", 4, True), (">", 5, False),
            ("<", 6, True), ("<", 5, False), (">=", 5, True), (">=", 6, False), ("<=", 5, True), ("<=", 4, False),
        )
    ],
    _enabled("1 = 1.0", "decimal", number("1"), True, sign="=", answerDecimal=Decimal("1.0")),
    _enabled("text in other case", "string", text("x"), False, sign="=", answerString="X"),
    _enabled("earlier date", "date", {"valueDate": "2019-01-01"}, False, sign=">", answerDate="2020-01-01"),
    _enabled("year = its first day", "date", {"valueDate": "2020"}, True, sign="=", answerDate="2020-01-01"),
    _enabled("earlier time", "time", {"valueTime": "09:00:00"}, False, sign=">", answerTime="10:00:00"),
    _enabled("less", "quantity", amount(4), False, sign=">", answerQuantity={"value": 5}),
    _enabled("code", "choice", coding("http://s", "c", "z"), True, sign="=", answerCoding=CODE),
    _enabled("code of any system", "choice", coding("http://s", "c"), True, sign="=", answerCoding={"code": "c"}),
    _enabled("code without system", "choice", coding(None, "c"), False, sign="=", answerCoding=CODE),
    _enabled("not that code", "choice", coding("http://s", "c"), False, sign="!=", answerCoding=CODE),
    ("exists", [asked("p", "boolean"), asked("a", **when("p", "exists", answerBoolean=True))],
     [answered("a", text("x"))], [error("item-not-enabled", "item[0]")]),
    ("exists not", [asked("p", "boolean"), asked("a", **when("p", "exists", answerBoolean=False))],
     [answered("p", yes()), answered("a", text("x"))], IN_VAIN),
    ("!= of no answer", [asked("p", "boolean"), asked("a", **when("p", "!=", answerBoolean=True))],
     [answered("a", text("x"))], [error("item-not-enabled", "item[0]")]),
    ("not enabled, not answered", [asked("p", "boolean"), asked("a", **when("p", "=", answerBoolean=True))],
     [answered("p", yes(False)), answered("a")], []),
    ("all", [asked("p", "boolean"), asked("a", **when("p", "=", "all", SELF, answerBoolean=True))],
     [answered("p", yes(False)), answered("a", text("x"))], IN_VAIN),
    ("any", [asked("p", "boolean"), asked("a", **when("p", "=", "any", SELF, answerBoolean=True))],
     [answered("p", yes(False)), answered("a", text("x"))], []),
    ("neither said", [asked("p", "boolean"), asked("a", **when("p", "=", "", SELF, answerBoolean=True))],
     [answered("p", yes(False)), answered("a", text("x"))], []),
    ("one of several answers", [asked("p", "choice", repeats=True),
                                asked("a", **when("p", "=", answerCoding={"code": "c"}))],
     [answered("p", coding("http://s", "d"), coding("http://s", "c")), answered("a", text("x"))], []),
    ("each repetition for itself", REPEATED,
     [answered("g", items=[answered("p", yes()), answered("a", text("x"))]),
      answered("g", items=[answered("p", yes(False)), answered("a", text("x"))])],
     [error("item-not-enabled", "item[1].item[1]")]),
    ("by the question it is in", [asked("p", "boolean", asked("a", **when("p", "=", answerBoolean=True)))],
     [answered("p", {"valueBoolean": True, "item": [answered("a", text("x"))]})], []),
    ("a group in vain, its questions missing",
     [asked("p", "boolean"), asked("g", "group", REQUIRED, asked("b"), **when("p", "=", answerBoolean=True))],
     [answered("p", yes(False)), answered("g", items=[answered("b", text("x"))])],
     [error("answer-missing", "item[1]"), error("item-not-enabled", "item[1]")]),
    ("by an unknown question", [asked("p", "boolean"), asked("a", **when("zz", "=", answerBoolean=True))],
     [answered("p", yes()), answered("a", text("x"))], IN_VAIN),
]  # fmt: skip
# The validator leaves `.answer[…]` out of the paths of what is below an answer; such a path leads nowhere.
BELOW_ANSWERS: list[Row] = [
    ("type", [asked("a", "string", asked("b", "integer"))], [answered("a", text("w", answered("b", text("y"))))],
     [error("answer-type", "item[0].answer[0].item[0].answer[0].value.ofType(string)")]),
    ("unknown", [asked("a", "string", asked("b"))], [answered("a", text("w", answered("z", text("y"))))],
     [error("item-unknown", "item[0].answer[0]")]),
    ("missing", [asked("b", "string", REQUIRED)], [answered("b", text("x"))],
     [error("answer-missing", "item[0].answer[0]")]),
    ("order", [asked("a", "string", asked("b"), asked("c"))],
     [answered("a", text("x", answered("c", text("y")), answered("b", text("y"))))],
     [error("item-order", "item[0].answer[0]")]),
    ("in vain", [asked("p", "boolean", asked("a", **when("p", "=", answerBoolean=True)))],
     [answered("p", {"valueBoolean": False, "item": [answered("a", text("x"))]})],
     [error("item-not-enabled", "item[0].answer[0].item[0]")]),
]  # fmt: skip
# The validator fails (HTTP 500) on conditions that compare values of different types; it holds maxLength against
# answers of type string only, and takes a file of just the largest size for too large.
OWN: list[Row] = [
    _enabled("words are no code", "open-choice", text("c"), False, sign="=", answerCoding={"code": "c"}),
    _enabled("words are not that code", "open-choice", text("c"), True, sign="!=", answerCoding={"code": "c"}),
    _enabled("no code is more", "choice", coding("http://s", "c"), False, sign=">", answerCoding={"code": "b"}),
    _enabled("integer and decimal", "integer", number(2), True, sign=">", answerDecimal=Decimal("1.5")),
    _enabled("dateTime and date", "dateTime", {"valueDateTime": "2021-01-01"}, True, sign=">", answerDate="2020-01-01"),
    _enabled("url and text", "url", {"valueUri": "http://x"}, True, sign="=", answerString="http://x"),
    _enabled("reference", "reference", {"valueReference": {"reference": "Patient/1"}}, True, sign="=",
             answerReference={"reference": "Patient/1"}),
    _enabled("exists what", "integer", number(2), True, sign="exists", answerInteger=1),
    _enabled("other units", "quantity", amount(4000), False, sign=">", answerQuantity=amount(5, "g")["valueQuantity"]),
    ("long text", [asked("a", "text", maxLength=2)], [answered("a", text("xyz"))], [warning("max-length", STRING)]),
    ("largest size", [asked("a", "attachment", **limited("maxSize", valueDecimal=Decimal(3)))],
     [answered("a", {"valueAttachment": {"data": "AAAA"}})], []),
    ("1.0 is offered as 1", [asked("a", "decimal", **options({"valueInteger": 1}))],
     [answered("a", number("1.0"))], []),
]  # fmt: skip
ROWS = PLACES + MISSING + TYPES + OPTIONS + VALUE_SETS + LIMITS + ENABLED + BELOW_ANSWERS + OWN


@pytest.mark.parametrize(("items", "answers", "expected"), [row[1:] for row in ROWS], ids=ids(ROWS))
def test_response(items: list[Json], answers: list[Json], expected: list[tuple[str, str, str]]) -> None:
    assert found(items, answers) == sorted(expected)


@pytest.mark.parametrize("status", ["in-progress", "stopped", "entered-in-error"])
def test_what_is_missing_is_a_warning_until_the_response_is_whole(status: str) -> None:
    assert found([REQUIRED], [], status) == [warning("answer-missing")]
    assert found([REQUIRED], [answered("a")], status) == [warning("answer-missing", "item[0]")]


def test_what_is_missing_in_an_amended_response_is_an_error() -> None:
    assert found([REQUIRED], [], "amended") == [error("answer-missing")]


def test_an_answer_in_vain_is_an_error_in_any_status() -> None:
    items = [asked("p", "boolean"), asked("a", **when("p", "=", answerBoolean=True))]
    assert found(items, [answered("p", yes(False)), answered("a", text("x"))], "in-progress") == IN_VAIN


@pytest.mark.parametrize(("authored", "expected"), [("2022-01-01", 1), ("2019-01-01", 1), ("2020-06-01", 0)])
def test_authored_outside_the_period_of_the_questionnaire(authored: str, expected: int) -> None:
    questionnaire = {"item": [], "effectivePeriod": {"start": "2020-01-01", "end": "2021-01-01"}}
    report = check({"status": "completed", "authored": authored}, questionnaire)
    assert [(each.severity, expression(each.place)) for each in report.faults] == [
        ("warning", "QuestionnaireResponse.authored")
    ] * expected


LOINC = "http://loinc.org"
LISTED = {"id": "v", "compose": {"include": [{"system": LOINC, "concept": [{"code": "LA1"}]}]}}
EXPANDED = {"id": "v", "expansion": {"contains": [{"abstract": True, "code": "top", "system": LOINC, "contains": [
    {"system": LOINC, "code": "LA1"}]}]}}  # fmt: skip
EXCLUDED = {"id": "v", "compose": {"include": [{"valueSet": [GENDERS]}],
                                   "exclude": [{"system": GENDER, "concept": [{"code": "male"}]}]}}  # fmt: skip


@pytest.mark.parametrize(
    ("value_set", "answer", "expected"),
    [
        (LISTED, coding(LOINC, "LA1"), ""),
        (LISTED, coding(LOINC, "LA2"), "error"),
        (LISTED, coding(GENDER, "male"), "error"),
        (EXPANDED, coding(LOINC, "LA1"), ""),
        (EXPANDED, coding(LOINC, "LA2"), "error"),
        (EXPANDED, coding(LOINC, "top"), "error"),
        (EXCLUDED, coding(GENDER, "female"), ""),
        (EXCLUDED, coding(GENDER, "male"), "error"),
        (EXCLUDED, coding(GENDER, "zz"), "error"),
        ({"id": "v", "compose": {"include": [{"system": LOINC}]}}, coding(LOINC, "LA1"), "information"),
        ({"id": "v", "compose": {"include": [{"valueSet": ["http://unknown"]}]}}, coding(LOINC, "1"), "information"),
        ({"id": "v"}, coding(LOINC, "LA1"), "information"),
        ({"id": "w"}, coding(LOINC, "LA1"), "information"),
    ],
)
def test_a_contained_value_set(value_set: Json, answer: Json, expected: str) -> None:
    told = found([asked("a", "choice", answerValueSet="#v")], [answered("a", answer)], contained=[value_set])
    assert [severity for _, severity, _ in told] == ([expected] if expected else [])


def test_a_code_that_nobody_knows_is_a_warning() -> None:
    items, answers = [asked("a", "choice", answerValueSet="#v")], [answered("a", coding(LOINC, "LA2"))]
    told = found(items, answers, contained=[LISTED], knows_system=lambda system: False)
    assert told == [warning("answer-value-set", "item[0].answer[0]")]


EXPRESSION = limited(
    SDC + "enableWhenExpression", valueExpression={"language": "text/fhirpath", "expression": "%resource.x"}
)


@pytest.mark.parametrize(
    ("truth", "expected"), [(True, []), (False, [error("item-not-enabled", "item[0]")]), (None, [])]
)
def test_an_expression_that_enables(truth: bool | None, expected: list[tuple[str, str, str]]) -> None:
    told = found([asked("a", **EXPRESSION)], [answered("a", text("x"))], evaluate=lambda text: truth)
    assert told == expected


def test_what_may_be_enabled_is_not_missing() -> None:
    assert found([asked("a", required=True, **EXPRESSION)], []) == []
    assert found([asked("a", required=True, **EXPRESSION)], [], evaluate=lambda text: True) == [error("answer-missing")]


def test_no_answer_stands_in_a_message() -> None:
    secret = "Zebra9"
    items = [asked("a", **limited("regex", valueString="[0-9]+"), maxLength=2, **TEXTS), asked("b", "integer")]
    report = check(
        {"status": "completed", "item": [answered("a", text(secret), text=secret), answered("b", text(secret))]},
        {"item": items},
    )
    assert len(report.faults) == 5
    assert secret not in "".join(each.found + each.mend for each in report.faults)


GUIDES = (
    "hl7.fhir.us.davinci-dtr-2.2.0.tgz",
    "hl7.fhir.us.davinci-dtr-2.0.1.tgz",
    "hl7.fhir.us.davinci-cdex-2.1.0.tgz",
    "hl7.fhir.us.core-7.0.0.tgz",
    "hl7.fhir.us.core-6.1.0.tgz",
    "hl7.fhir.uv.sdc-4.0.0.tgz",
)


def resources(value: Any) -> Iterator[Json]:
    """Every resource in a value, however deep."""
    if isinstance(value, dict) and "resourceType" in value:
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from resources(each)


@pytest.mark.parametrize("guide", GUIDES)
def test_the_examples_of_a_guide_answer_their_questionnaires(guide: str, shared: Path) -> None:
    found_here = [
        each
        for name, content in files(shared / "packages" / guide).items()
        if "/example/" in name and "Questionnaire" in content.decode()
        for each in resources(loads(content))
    ]
    forms = {each.get("url"): each for each in found_here if each["resourceType"] == "Questionnaire"}
    checked = 0
    for response in found_here:
        if response["resourceType"] == "QuestionnaireResponse":
            url = response.get("questionnaire", "").partition("|")[0]
            own = {f"#{each.get('id')}": each for each in response.get("contained", ())}
            questionnaire = own.get(url) or forms.get(url)
            if questionnaire is not None:
                checked += 1
                faults = check(response, questionnaire).faults
                assert [each for each in faults if each.severity != "information"] == [], response["id"]
    assert checked


def test_json_as_it_is_read() -> None:
    response = loads(b'{"item": [{"linkId": "a", "answer": [{"valueDecimal": 4.50}]}]}')
    questionnaire = {"item": [asked("a", "decimal", **limited("maxDecimalPlaces", valueInteger=1))]}
    assert [each.rule for each in check(response, questionnaire).faults] == ["questionnaire-limit-decimals"]
