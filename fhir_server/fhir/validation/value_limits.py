"""What a profile says a value may not go below or beyond: minValue[x] and maxValue[x]."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fhir_server.fhir.validation.enable_when import amounts, is_number, start
from fhir_server.fhir.validation.report import Place
from fhir_server.fhir.validation.tree import Node

if TYPE_CHECKING:
    from fhir_server.fhir.validation.run import Run

Check = Callable[[Any, Place, "Run"], None]
Amounts = tuple[Any, Any]


def limit_checks(node: Node) -> Iterator[Check]:
    """Yield the checks of the limits of an element. A value of another kind than its limit is told elsewhere."""
    for prefix, sign in (("minValue", 1), ("maxValue", -1)):
        limit = node.value(prefix)
        if limit:
            yield _limit(limit[1], sign)


def _limit(limit: Any, sign: int) -> Check:
    shown = f"{limit.get('value')} {limit.get('code', '')}".strip() if isinstance(limit, dict) else limit
    told = f"The value must be {'at least' if sign > 0 else 'at most'} {shown}."

    def check(value: Any, place: Place, run: Run) -> None:
        pair = comparable(value, limit)
        if pair is not None and (pair[0] < pair[1] if sign > 0 else pair[0] > pair[1]):
            run.report.error("value-limit", place, told, "", "value")

    return check


def comparable(value: Any, limit: Any) -> Amounts | None:
    """Return both in a form that compares, ``None`` where they do not: dates as moments, quantities in one unit."""
    if is_number(limit):
        return (value, limit) if is_number(value) else None
    if isinstance(limit, dict):
        return _quantities(value, limit)
    if not isinstance(value, str):
        return None
    moments = start(value), start(limit)
    if None not in moments:
        return moments
    return (value, limit) if _is_time(value) and _is_time(limit) else None


def _quantities(value: Any, limit: Any) -> tuple[Decimal, Decimal] | None:
    """Return two quantities whose units are of one kind as numbers."""
    return amounts(value, limit) if isinstance(value, dict) and value.get("system") == limit.get("system") else None


def _is_time(text: str) -> bool:
    return text[2:3] == ":" and text[5:6] == ":"
