"""Functions whose arguments are evaluated for each item, or only where they are wanted (FHIRPath N1, 5.1, 5.2, 5.7)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cmp_to_key

from fhir_server.fhir.fhirpath.errors import EvaluationFailed
from fhir_server.fhir.fhirpath.functions.tables import Filter, PredicateFilter
from fhir_server.fhir.fhirpath.nodes import Items, Node
from fhir_server.fhir.fhirpath.numeric import number
from fhir_server.fhir.fhirpath.running import Evaluate, Run, Truth
from fhir_server.fhir.fhirpath.types import DATES, STRINGS
from fhir_server.fhir.fhirpath.values import EMPTY, truth, verdict

_MOST_REPEATED = 10_000  # a tree of this size is no resource that this server takes
_SORTED_TOGETHER = (
    frozenset(("integer", "unsignedInt", "positiveInt", "integer64")),
    frozenset(("decimal",)),
    frozenset(("boolean",)),
    frozenset(("time",)),
    DATES,
    STRINGS - {"xhtml", "base64Binary", "markdown", "id", "sid"},
)


def _where(focus: Items, this: Node, run: Run, criteria: Truth) -> Items:
    outer = run.index
    found: list[Node] = []
    for index, item in enumerate(focus):
        run.index = index
        if criteria((item,), item, run):
            found.append(item)
    run.index = outer
    return found


def _select(focus: Items, this: Node, run: Run, projection: Evaluate) -> Items:
    outer = run.index
    found: list[Node] = []
    for index, item in enumerate(focus):
        run.index = index
        found.extend(projection((item,), item, run))
    run.index = outer
    return found


def _repeat(focus: Items, this: Node, run: Run, projection: Evaluate) -> Items:
    found: list[Node] = []
    filed: dict[tuple[object, ...], list[Node]] = {}
    current = list(focus)
    while current:
        added = [each for item in current for each in projection((item,), item, run)]
        current = []
        for each in added:
            alike = filed.setdefault(_texts(each), [])
            if not any(each.type is other.type and _same(each, other) for other in alike):
                alike.append(each)
                found.append(each)
                current.append(each)
        if len(found) > _MOST_REPEATED:
            raise EvaluationFailed("too much to repeat")
    return found


def _texts(item: Node) -> tuple[object, ...]:
    """Return what is the same for items that are: only those have to be compared."""
    value = item.value
    if not isinstance(value, dict):
        return ()
    return tuple(sorted((name, each) for name, each in value.items() if isinstance(each, str)))


def _same(left: Node, right: Node) -> bool:
    return left.value is right.value or (left.value == right.value and left.extra == right.extra)


def _exists(focus: Items, this: Node, run: Run, criteria: Truth) -> bool:
    return any(criteria((item,), item, run) for item in focus)


def _all(focus: Items, this: Node, run: Run, criteria: Truth) -> bool:
    return all(criteria((item,), item, run) is True for item in focus)


def _iif(focus: Items, this: Node, run: Run, criterion: Evaluate, then: Evaluate, *otherwise: Evaluate) -> Items:
    if len(focus) > 1:
        raise EvaluationFailed("iif of several values")
    if truth(criterion(focus, focus[0] if focus else this, run)):
        return then(focus, this, run)
    return otherwise[0](focus, this, run) if otherwise else EMPTY


def _aggregate(focus: Items, this: Node, run: Run, aggregator: Evaluate, *initial: Evaluate) -> Items:
    outer, outer_index = run.total, run.index
    total = initial[0](focus, this, run) if initial else EMPTY
    for index, item in enumerate(focus):
        run.total, run.index = total, index
        total = aggregator((item,), item, run)
    run.total, run.index = outer, outer_index
    return total


def _trace(focus: Items, this: Node, run: Run, *_: Evaluate) -> Items:
    return focus


def _define_variable(focus: Items, this: Node, run: Run, name: Evaluate, *value: Evaluate) -> Items:
    names = name(focus, this, run)
    text = names[0].text() if names else None
    if text is None:
        raise EvaluationFailed("a variable without a name")
    run.variables = {**(run.variables or {}), text: value[0](focus, this, run) if value else focus}
    return focus


def _coalesce(focus: Items, this: Node, run: Run, *alternatives: Evaluate) -> Items:
    for alternative in alternatives:
        found = alternative(focus, this, run)
        if found:
            return found
    return EMPTY


def _check(focus: Items, this: Node, run: Run, criterion: Evaluate, _: Evaluate) -> Items:
    if not verdict(criterion(focus, this, run)):
        raise EvaluationFailed("check failed")
    return focus


def sort(focus: Items, run: Run, keys: tuple[tuple[Evaluate, bool], ...]) -> Items:
    """Return the items by the values of the keys, each of which may be told to descend; by themselves without keys."""

    def compare(left: Node, right: Node) -> int:
        for key, descending in keys:
            order = _order(_key(left, key, run), _key(right, key, run))
            if order:
                return -order if descending else order
        return 0 if keys else _order(left, right)

    return sorted(focus, key=cmp_to_key(compare))


def _key(item: Node, key: Evaluate, run: Run) -> Node | None:
    found = key((item,), item, run)
    if len(found) > 1:
        raise EvaluationFailed("several values to sort by")
    return found[0] if found else None


def _order(left: Node | None, right: Node | None) -> int:
    if left is None or right is None:
        return (left is None) - (right is None)
    kind = next((each for each in _SORTED_TOGETHER if left.type.fhir_name in each), frozenset[str]())
    mine, other = left.text(), right.text()
    if right.type.fhir_name not in kind or mine is None or other is None:
        raise EvaluationFailed("values that are not sorted together")
    if "integer" in kind or "decimal" in kind:
        first, second = number(mine), number(other)
        return (first > second) - (first < second)
    order = (mine > other) - (mine < other)
    return -order if "boolean" in kind else order  # true before false, as the validator sorts


FILTERS: Mapping[str, Filter] = {
    "aggregate": Filter(_aggregate, 1, 2),
    "check": Filter(_check, 2, 2),
    "coalesce": Filter(_coalesce, 1, 100),
    "defineVariable": Filter(_define_variable, 1, 2),
    "iif": Filter(_iif, 2, 3),
    "repeat": Filter(_repeat),
    "select": Filter(_select),
    "trace": Filter(_trace, 1, 2),
    "where": Filter(_where, criteria=True),
}
PREDICATES: Mapping[str, PredicateFilter] = {"all": PredicateFilter(_all), "exists": PredicateFilter(_exists)}
