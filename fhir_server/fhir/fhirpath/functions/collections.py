"""Functions on collections: whether anything is there, parts of them, and sets of them (FHIRPath N1, 5.1, 5.3, 5.4)."""

from __future__ import annotations

from collections.abc import Mapping

from fhir_server.fhir.fhirpath import comparing
from fhir_server.fhir.fhirpath.errors import EvaluationFailed
from fhir_server.fhir.fhirpath.functions.tables import Function, Predicate
from fhir_server.fhir.fhirpath.nodes import Items, Node, holds_the_same
from fhir_server.fhir.fhirpath.running import Run
from fhir_server.fhir.fhirpath.values import EMPTY, is_integer, joined_text, truth, whole


def _exists(run: Run, focus: Items) -> bool:
    for item in focus:  # noqa: SIM110 - half the time of any(), and what most invariants ask
        if not item.is_empty():
            return True
    return False


def _empty(run: Run, focus: Items) -> bool:
    return not _exists(run, focus)


def _not(run: Run, focus: Items) -> bool | None:
    value = truth(focus)
    return None if value is None else not value


def _all(run: Run, focus: Items) -> bool:
    return all(item.is_boolean() and truth((item,)) is True for item in focus)


def _truths(focus: Items) -> list[bool | None]:
    if not all(item.is_boolean() for item in focus):
        raise EvaluationFailed("a value that is no boolean")
    return [truth((item,)) for item in focus]


def _all_true(run: Run, focus: Items) -> bool:
    return all(value is True for value in _truths(focus))


def _any_true(run: Run, focus: Items) -> bool:
    return any(value is True for value in _truths(focus))


def _all_false(run: Run, focus: Items) -> bool:
    return all(value is False for value in _truths(focus))


def _any_false(run: Run, focus: Items) -> bool:
    return any(value is False for value in _truths(focus))


def _is_distinct(run: Run, focus: Items) -> bool | None:
    if _are_different_texts(focus):
        return True
    distinct = True
    for index, item in enumerate(focus):
        for other in focus[index + 1 :]:
            same = comparing.equal(other, item)
            if same is None:
                return None
            if same:
                distinct = False
                break
    return distinct


def _are_different_texts(focus: Items) -> bool:
    """Return whether these are texts of one type, all different: the frequent case, without comparing each to each."""
    if len(focus) < 2:
        return True
    kind = focus[0].type
    if kind.fhir_name not in ("string", "uri", "code", "id"):
        return False
    texts = {item.value for item in focus if item.type is kind and type(item.value) is str}
    return len(texts) == len(focus)


def _distinct(run: Run, focus: Items) -> Items:
    found: list[Node] = []
    for index, item in enumerate(focus):
        answers = [comparing.equal(other, item) for other in focus[index + 1 :]]
        if None in answers:
            return EMPTY
        if True not in answers:
            found.append(item)
    return found


def _count(run: Run, focus: Items) -> Items:
    return run.values.integer(len(focus))


def _subset_of(run: Run, focus: Items, other: Items) -> bool:
    return all(any(_deeply_equal(item, each) for each in other) for item in focus)


def _superset_of(run: Run, focus: Items, other: Items) -> bool:
    return _subset_of(run, other, focus)


def _deeply_equal(left: Node, right: Node) -> bool:
    if left.type.primitive or right.type.primitive:
        return left.type.primitive == right.type.primitive and left.text() is not None and left.text() == right.text()
    return holds_the_same(left.value, right.value)


def _single(run: Run, focus: Items) -> Items:
    if len(focus) != 1:
        raise EvaluationFailed("not a single value")
    return focus


def _first(run: Run, focus: Items) -> Items:
    return focus[:1]


def _last(run: Run, focus: Items) -> Items:
    return focus[-1:]


def _tail(run: Run, focus: Items) -> Items:
    return focus[1:]


def _skip(run: Run, focus: Items, number: Items) -> Items:
    return focus[max(whole(number), 0) :]


def _take(run: Run, focus: Items, number: Items) -> Items:
    return focus[: max(whole(number), 0)]


def _item(run: Run, focus: Items, index: Items) -> Items:
    wanted = joined_text(index)
    if not is_integer(wanted) or not 0 <= int(wanted) < len(focus):
        return EMPTY
    return (focus[int(wanted)],)


def _union(run: Run, focus: Items, other: Items) -> Items:
    return comparing.distinct([*focus, *other])


def _combine(run: Run, focus: Items, other: Items) -> Items:
    return [*focus, *other]


def _intersect(run: Run, focus: Items, other: Items) -> Items:
    return comparing.distinct([item for item in focus if comparing.contains(other, item)])


def _exclude(run: Run, focus: Items, other: Items) -> Items:
    return [item for item in focus if not comparing.contains(other, item)]


FUNCTIONS: Mapping[str, Function] = {
    "combine": Function(_combine, 1, 1),
    "count": Function(_count),
    "distinct": Function(_distinct),
    "exclude": Function(_exclude, 1, 1),
    "first": Function(_first),
    "intersect": Function(_intersect, 1, 1),
    "item": Function(_item, 1, 1),
    "last": Function(_last),
    "single": Function(_single),
    "skip": Function(_skip, 1, 1),
    "tail": Function(_tail),
    "take": Function(_take, 1, 1),
    "union": Function(_union, 1, 1),
}
PREDICATES: Mapping[str, Predicate] = {
    "all": Predicate(_all),
    "allFalse": Predicate(_all_false),
    "allTrue": Predicate(_all_true),
    "anyFalse": Predicate(_any_false),
    "anyTrue": Predicate(_any_true),
    "empty": Predicate(_empty),
    "exists": Predicate(_exists),
    "isDistinct": Predicate(_is_distinct),
    "not": Predicate(_not),
    "subsetOf": Predicate(_subset_of, 1, 1),
    "supersetOf": Predicate(_superset_of, 1, 1),
}
