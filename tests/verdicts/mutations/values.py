"""Values that a profile fixes, bounds or binds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from tests.verdicts.codes import codings
from tests.verdicts.elements import Place
from tests.verdicts.mutations.seed import Mutation, Seed, key_of
from tests.verdicts.patches import Steps, add, found, put, remove, replace
from tests.verdicts.samples import Maker

LONGEST = 2000  # what is longer would swell the table
BOUNDED = "http://hl7.org/fhir/StructureDefinition/questionnaire-"
# A value of each type that a choice may have.
OF_TYPES: dict[str, Any] = {
    "String": "text",
    "Boolean": True,
    "Integer": 5,
    "DateTime": "2026-01-01",
    "Quantity": {"value": 5},
    "CodeableConcept": {"text": "text"},
    "Reference": {"display": "somebody"},
    "Period": {"start": "2026-01-01"},
    "Money": {"value": 5, "currency": "USD"},
    "Nonsense": "text",
}


def fixed_value(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Send another value than the one that is fixed."""
    for place in seed.places:
        for key, wanted in place.node.element.items():
            if key.startswith("fixed") and place.parent is not None:
                yield Mutation(key_of(place), [replace(place.path, _other(wanted, chance))])


def pattern_value(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Send a value that lacks a part of the pattern or has another there."""
    for place in seed.places:
        for key, wanted in place.node.element.items():
            if key.startswith("pattern"):
                yield from _against_pattern(place, wanted, chance)


def _against_pattern(place: Place, wanted: Any, chance: random.Random) -> Iterator[Mutation]:
    if not isinstance(wanted, dict):
        yield Mutation(key_of(place), [replace(place.path, _other(wanted, chance))])
        return
    for steps, value in _leaves(wanted):
        try:
            found(place.value, steps)
        except (LookupError, TypeError, ValueError):
            continue
        yield Mutation(key_of(place), [replace((*place.path, *steps), _other(value, chance))])
        yield Mutation(key_of(place), [remove((*place.path, *steps))])


def length(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Send a string longer than allowed, or just as long, and numbers and dates beyond or at a bound."""
    for place in seed.places:
        inner = place.node.children.get("value")
        for told in (place.node.element, inner.element if inner else {}):
            if (most := told.get("maxLength", LONGEST + 1)) <= LONGEST:
                for size in (most, most + 1):
                    yield Mutation(f"{key_of(place)} {size - most}", [replace(place.path, "x" * size)])
        if place.node.element["path"] == "Questionnaire.item":
            for value in (-1, 0, 1):
                bounded = {"url": BOUNDED + chance.choice(("minOccurs", "maxOccurs")), "valueInteger": value}
                change = put((*place.path, "extension"), [bounded], seed.resource)
                yield Mutation(f"{bounded['url']} {value}", [change])


def binding(seed: Seed, chance: random.Random, strengths: tuple[str, ...]) -> Iterator[Mutation]:
    """Send a code that the value set does not have, another that it has, or one without its system."""
    for place in seed.places:
        bound = place.node.element.get("binding")
        if not bound or bound["strength"] not in strengths or place.parent is None:
            continue
        for label, value in _codes(seed, place, bound.get("valueSet", ""), chance):
            yield Mutation(f"{key_of(place)} {label}", [replace(place.path, value)])


def binding_required(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """`binding` where the value set must be used."""
    return binding(seed, chance, ("required",))


def binding_extensible(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """`binding` where the value set must be used if it has a fitting code."""
    return binding(seed, chance, ("extensible",))


def binding_weak(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """`binding` where any code may be used."""
    return binding(seed, chance, ("preferred", "example"))


def coding(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Change a Coding: without code, system, with a relative system, another version or display."""
    for place in seed.objects:
        if place.type != "Coding":
            continue
        for name, wrong in (
            ("system", "not-a-uri"),
            ("system", "http://terminology.hl7.org/CodeSystem/unknown"),
            ("system", "http://hl7.org/fhir/ValueSet/administrative-gender"),
            ("code", "no such code"),
            ("code", "Two  blanks"),
            ("display", "Something else"),
            ("display", ""),
            ("version", "9.9"),
            ("userSelected", "true"),
            ("userSelected", True),
        ):
            yield Mutation(f"{key_of(place)} {name}", [_put(place, name, wrong)])
        for name in ("system", "code"):
            if name in place.value:
                yield Mutation(f"{key_of(place)} no {name}", [remove((*place.path, name))])


def _put(place: Place, name: str, value: Any) -> dict[str, Any]:
    path: Steps = (*place.path, name)
    return replace(path, value) if name in place.value else add(path, value)


def _codes(seed: Seed, place: Place, value_set: str, chance: random.Random) -> Iterator[tuple[str, Any]]:
    inside = codings(seed.view.library, value_set)
    another = chance.choice(inside) if inside else {"system": "http://example.org/codes", "code": "c"}
    first = inside[0] if inside else another
    wrong = {"system": first["system"], "code": "no-such-code"}
    foreign = {"system": "http://example.org/codes", "code": first["code"]}
    known = {"system": "http://hl7.org/fhir/administrative-gender", "code": "male"}
    if place.type in ("CodeableConcept", "Coding"):
        for label, one in (
            ("other", another),
            ("wrong", wrong),
            ("foreign", foreign),
            ("known", known),
            ("no system", {"code": first["code"]}),
            ("upper", first | {"code": str(first["code"]).upper() + "x"}),
        ):
            yield label, {"coding": [one]} if place.type == "CodeableConcept" else one
        if place.type == "CodeableConcept":
            yield "text", {"text": "text alone"}
            yield "both", {"coding": [wrong, another]}
            yield "empty", {"coding": []}
    elif place.type in ("Quantity", "Duration", "Age"):
        yield "unit", {"value": 1, "system": "http://example.org/units", "code": "zz"}
    elif isinstance(place.value, str):
        yield "other", another["code"]
        yield "wrong", "no-such-code"
        yield "upper", str(first["code"]).upper() + "x"
        yield "blank", f" {first['code']}"


def _leaves(pattern: Any, steps: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    if isinstance(pattern, dict):
        for key, value in pattern.items():
            yield from _leaves(value, (*steps, key))
    elif isinstance(pattern, list):
        for index, value in enumerate(pattern):
            yield from _leaves(value, (*steps, index))
    else:
        yield steps, pattern


def _other(value: Any, chance: random.Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return chance.choice((value + "x", value.upper() + "X", "other"))
    if isinstance(value, dict):
        changed = deepcopy(value)
        first = next(iter(changed))
        changed[first] = _other(changed[first], chance)
        return changed
    return [_other(value[0], chance)] if isinstance(value, list) else value + 1


def choice_disallowed(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Send a choice with a type that is not among those allowed."""
    for place in seed.places[1:]:
        stem = _stem(place)
        if stem is None:
            continue
        allowed = {code[0].upper() + code[1:] for code in place.node.types}
        kind = chance.choice([each for each in OF_TYPES if each != "Nonsense" and each not in allowed] or ["Nonsense"])
        path = (*place.path[:-1], stem + kind)
        yield Mutation(key_of(place), [remove(place.path), add(path, OF_TYPES[kind])])


def choice_other(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Send a choice with another type that is allowed, or that the base allows."""
    for place, stem, kind, value in _other_choices(seed, chance):
        yield Mutation(f"{key_of(place)} {kind}", [remove(place.path), add((*place.path[:-1], stem + kind), value)])


def choice_two(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Send a choice twice, with two types."""
    for place, stem, kind, value in _other_choices(seed, chance):
        yield Mutation(f"{key_of(place)} {kind}", [add((*place.path[:-1], stem + kind), value)])


def _other_choices(seed: Seed, chance: random.Random) -> Iterator[tuple[Place, str, str, Any]]:
    for place in seed.places[1:]:
        stem = _stem(place)
        if stem is None:
            continue
        base = seed.view.tree(place.parent.type) if place.parent else None
        wide = (base.children.get(f"{stem}[x]") if base else None) or place.sliced or place.node
        codes = [code for code in wide.types if stem + code[0].upper() + code[1:] != place.name]
        if codes:
            code = chance.choice(codes)
            yield place, stem, code[0].upper() + code[1:], Maker(seed.view, chance).value(wide, code)


def _stem(place: Place) -> str | None:
    """Return the name of the choice that the value belongs to (``value``), or None where it is none."""
    name = place.node.name
    return name.removesuffix("[x]") if name.endswith("[x]") and place.name.startswith(name[:-3]) else None
