"""The code rules about services: units, levels, areas, products, modifiers and answers that go with a code.

Each test returns what the line runs into, in codes and numbers, or ``None``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

from fhir_server.policy.categories import ProcedureCode, Words
from fhir_server.policy.code_rule_context import AnswerName, LineRuleContext, units_of
from fhir_server.policy.code_rule_diagnoses import Nothing
from fhir_server.policy.criteria import ElementId
from fhir_server.policy.facts import LineFacts
from fhir_server.policy.rows import Row

Sex = Literal["male", "female"]
_SIDES = ("LT", "RT")


def code_sent(asked: Nothing, context: LineRuleContext) -> str | None:
    """The code is on the request at all."""
    return context.line.code


class OfCategory(Row, frozen=True, kw_only=True):
    """The category whose article, or whose products, count."""

    category: Words


def noncovered_in_article(asked: OfCategory, context: LineRuleContext) -> str | None:
    """The contractor's article calls the code non-covered."""
    article, code = context.article(asked.category), context.line.code
    return code if article and code in article.noncovered else None


class Modifiers(Row, frozen=True, kw_only=True):
    """Modifiers that a rule looks for."""

    modifiers: tuple[Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{2}$")], ...]


def modifier_sent(asked: Modifiers, context: LineRuleContext) -> str | None:
    """The line has one of the modifiers."""
    found = [each for each in context.line.modifiers if each in asked.modifiers]
    return f"{context.line.code} with the modifier {found[0]}" if found else None


class Levels(Row, frozen=True, kw_only=True):
    """How many levels the ``codes`` may ask for in one session; ``answer`` is the number that was answered.

    With an ``explained`` answer the rule is silent.
    """

    codes: tuple[ProcedureCode, ...]
    most: int
    answer: AnswerName | None = None
    explained: AnswerName | None = None


def too_many_levels(asked: Levels, context: LineRuleContext) -> str | None:
    """The codes of the session, or the answer, come to more levels than are allowed."""
    if context.answer(asked.explained) is not None:
        return None
    answered = context.number(asked.answer)
    if answered is not None and answered > asked.most:
        return f"{answered:g} levels answered"
    levels = _levels(line for line in context.same_session() if line.code in asked.codes)
    return f"{levels} levels by {', '.join(asked.codes)}" if levels > asked.most else None


def _levels(lines: Iterable[LineFacts]) -> int:
    """Add up the units; those of a code for the left and for the right side are the same levels."""
    by_code: dict[str, dict[str, int]] = {}
    for line in lines:
        side = next((each for each in line.modifiers if each in _SIDES), "")
        units = by_code.setdefault(line.code or "", {"": 0, "LT": 0, "RT": 0})
        units[side] += units_of(line)
    return sum(units[""] + max(units["LT"], units["RT"]) for units in by_code.values())


class Codes(Row, frozen=True, kw_only=True):
    """Codes that a rule looks for."""

    codes: tuple[ProcedureCode, ...]


def sent_together(asked: Codes, context: LineRuleContext) -> str | None:
    """One of the codes is asked for in the same session."""
    found = dict.fromkeys(line.code for line in context.same_session() if line.code in asked.codes)
    return f"{context.line.code} with {', '.join(code for code in found if code)}" if found else None


class Bounds(Row, frozen=True, kw_only=True):
    """The bounds of an answered number; ``above`` itself is out. ``needed`` is whether its absence counts too."""

    answer: AnswerName
    label: Words
    minimum: int | float | None = None
    above: int | float | None = None
    maximum: int | float | None = None
    needed: bool = False


def number_outside(asked: Bounds, context: LineRuleContext) -> str | None:
    """The answered number lies outside the bounds."""
    number = context.number(asked.answer)
    if number is None:
        return f"{asked.label} not stated" if asked.needed else None
    outside = (
        (asked.minimum is not None and number < asked.minimum)
        or (asked.above is not None and number <= asked.above)
        or (asked.maximum is not None and number > asked.maximum)
    )
    return f"{context.line.code}, {asked.label} {number:g}" if outside else None


class PlannedAddOn(Row, frozen=True, kw_only=True):
    """An add-on code that goes with a code where the answered number is ``above`` the one of the code itself.

    Beyond ``up_to`` it is another code that is meant.
    """

    add_on: ProcedureCode
    answer: AnswerName
    above: int | float
    up_to: int | float = math.inf


def add_on_planned(asked: PlannedAddOn, context: LineRuleContext) -> str | None:
    """The answers tell that an add-on is planned, and it is not on the request."""
    number = context.number(asked.answer)
    if number is None or not asked.above < number <= asked.up_to or asked.add_on in context.facts.procedures:
        return None
    return f"{context.line.code} without {asked.add_on}"


class UnitsByArea(Row, frozen=True, kw_only=True):
    """Units of an add-on: one for ``each`` square centimetre, or part of it, beyond the ``first`` ones."""

    answer: AnswerName
    first: int
    each: int


def units_differ_from_area(asked: UnitsByArea, context: LineRuleContext) -> str | None:
    """The units of the line are not those that the answered area comes to."""
    area = context.number(asked.answer)
    if area is None or context.line.units is None:
        return None
    expected = max(math.ceil((area - asked.first) / asked.each), 0)
    units = units_of(context.line)
    return f"{units} units for {area:g} cm², which come to {expected}" if units != expected else None


class Product(Row, frozen=True, kw_only=True):
    """The category of the products, and the answer that names the one chosen."""

    category: Words
    answer: AnswerName


def product_missing(asked: Product, context: LineRuleContext) -> str | None:
    """Neither a line nor the answer names a product of the category's list."""
    if context.products(asked.category):
        return None
    told = context.answer(asked.answer)
    if isinstance(told, str) and context.is_product(told.upper(), asked.category):
        return None
    return f"{context.line.code} without a product code"


def several_products(asked: OfCategory, context: LineRuleContext) -> str | None:
    """More than one product is asked for in the session."""
    found = context.products(asked.category)
    return ", ".join(found) if len(found) > 1 else None


class UnlistedProduct(Row, frozen=True, kw_only=True):
    """Codes that begin as products of the category do."""

    category: Words
    beginnings: tuple[Words, ...]


def product_not_listed(asked: UnlistedProduct, context: LineRuleContext) -> str | None:
    """The code is of a product, and not on the category's list."""
    code = context.line.code
    if code is None or not code.startswith(asked.beginnings) or context.is_product(code, asked.category):
        return None
    return code


class ProductArea(Row, frozen=True, kw_only=True):
    """The category of the products and the answered area of the wound."""

    category: Words
    answer: AnswerName


def product_larger_than_wound(asked: ProductArea, context: LineRuleContext) -> str | None:
    """The units of the products come to more square centimetres than the wound has."""
    area = context.number(asked.answer)
    lines = [line for line in context.same_session() if line.code and context.is_product(line.code, asked.category)]
    units = sum(units_of(line) for line in lines)
    return f"{units} units of product for {area:g} cm²" if area is not None and units > area else None


class SexOnRecord(Row, frozen=True, kw_only=True):
    """The sex whose record the code goes with."""

    sex: Sex


def other_sex_on_record(asked: SexOnRecord, context: LineRuleContext) -> str | None:
    """The record names the other sex; what is neither, or unknown, is no reason to ask."""
    other = "female" if asked.sex == "male" else "male"
    return f"{context.line.code}, {other} on record" if context.sex == other else None


class Elements(Row, frozen=True, kw_only=True):
    """Elements of the checklist, each with the words for what it asks."""

    elements: dict[ElementId, Words]


def element_missing(asked: Elements, context: LineRuleContext) -> str | None:
    """One of the elements counts for the line and has no values (S-36)."""
    return ", ".join(words for element, words in asked.elements.items() if element in context.missing) or None
