"""Fixed values and patterns: what a profile demands to be exactly, or at least, there."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

Match = Callable[[Any], bool]


def equal(wanted: Any) -> Match:
    """Return a test of whether a value is exactly *wanted* (``fixed[x]``)."""
    if isinstance(wanted, dict | list):
        return lambda found: _same(found, wanted)
    kind = type(wanted)
    if kind in (int, Decimal):
        text = str(wanted)
        return lambda found: type(found) in (int, Decimal) and str(found) == text
    return lambda found: type(found) is kind and found == wanted


def including(wanted: Any) -> Match:
    """Return a test of whether a value has at least what *wanted* has (``pattern[x]``).

    Of a list each member of the pattern must be matched by some member of the value.
    """
    if isinstance(wanted, dict):
        members = [(name, including(value)) for name, value in wanted.items()]
        return lambda found: (
            type(found) is dict and all(name in found and match(found[name]) for name, match in members)
        )
    if isinstance(wanted, list):
        matches = [including(value) for value in wanted]
        return lambda found: type(found) is list and all(any(match(each) for each in found) for match in matches)
    return equal(wanted)


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        if not isinstance(found, dict) or found.keys() - {"id"} != wanted.keys() - {"id"}:
            return False
        return all(name == "id" or _same(found[name], value) for name, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_same, found, wanted))
    return equal(wanted)(found)


Steps = tuple[tuple[str, int], ...]


def faults(found: Any, wanted: Any, exact: bool) -> list[tuple[Steps, str]]:
    """Return where *found* differs from *wanted*: the steps below it (name, index), and the kind of difference.

    The kind is ``missing``, ``different`` or ``more``. An object is compared member by member, as the faults of a fixed
    value or a pattern are told at the member that is wrong.
    """
    if isinstance(wanted, dict) and isinstance(found, dict):
        result = [fault for name, value in wanted.items() for fault in _of_member(found, name, value, exact)]
        if exact:
            result.extend((((name, -1),), "more") for name in found.keys() - wanted.keys() - {"id"})
        return result
    matches = (equal(wanted) if exact else including(wanted))(found)
    return [] if matches else [((), "different")]


def _of_member(found: dict[str, Any], name: str, wanted: Any, exact: bool) -> list[tuple[Steps, str]]:
    if name not in found:
        return [(((name, -1),), "missing")]
    value = found[name]
    if isinstance(wanted, dict):
        return [(((name, -1), *steps), kind) for steps, kind in faults(value, wanted, exact)]
    if exact and isinstance(wanted, list) and isinstance(value, list) and len(value) == len(wanted):
        pairs = enumerate(zip(value, wanted, strict=True))
        return [(((name, at), *steps), kind) for at, pair in pairs for steps, kind in faults(*pair, exact)]
    if (equal(wanted) if exact else including(wanted))(value):
        return []
    return [((), "different") if isinstance(wanted, list) else (((name, -1),), "different")]
