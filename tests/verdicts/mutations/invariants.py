"""Invariants: the elements that an expression names are taken away, added, or given the codes that it names."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

from tests.verdicts.elements import Node, Place
from tests.verdicts.mutations.seed import Mutation, Seed
from tests.verdicts.packages import Json
from tests.verdicts.patches import Patch, Steps, add, remove, replace
from tests.verdicts.samples import PRIMITIVES, Maker

WORD = re.compile(r"[A-Za-z]+")
LITERAL = re.compile(r"'([^']*)'")
EVERYWHERE = {"ele-1", "ext-1", "dom-2", "dom-3", "dom-4", "dom-5", "dom-6"}  # other kinds break these
MOST_CHANGES = 6


def invariant(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Change one or two of the elements that an invariant is about."""
    for place in seed.places:
        for rule in _rules(seed, place):
            changes = list(_changes(seed, place, rule, chance))
            chance.shuffle(changes)
            for change in changes[:MOST_CHANGES]:
                yield Mutation(rule["key"], change)
            if len(changes) > 1:
                first, second = changes[:2]
                if _apart(first, second):
                    yield Mutation(rule["key"], first + second)


def _rules(seed: Seed, place: Place) -> Iterator[Json]:
    told = list(place.node.element.get("constraint", ()))
    if place.sliced:
        told += place.sliced.element.get("constraint", ())
    root = seed.view.tree(place.type) if place.type else None
    if root is not None and root is not place.node:
        told += root.element.get("constraint", ())
    if place.type == "Extension" and isinstance(place.value, dict):
        own = seed.view.tree(str(place.value.get("url")))
        told += own.element.get("constraint", ()) if own else ()
    seen = set()
    for rule in told:
        if rule["key"] not in EVERYWHERE and rule["key"] not in seen and rule.get("expression"):
            seen.add(rule["key"])
            yield rule


def _changes(seed: Seed, place: Place, rule: Json, chance: random.Random) -> Iterator[Patch]:
    expression = rule["expression"]
    words, literals = set(WORD.findall(LITERAL.sub("", expression))), LITERAL.findall(expression)
    if not isinstance(place.value, dict):
        yield from ([replace(place.path, value)] for value in _of_primitive(place, literals))
        return
    if place.type == "Extension":
        yield from _of_extension(seed, place, literals, chance)
    for name, node in seed.children(place).items():
        stem = name.removesuffix("[x]")
        if stem in words and stem not in ("extension", "id"):
            yield from _of_member(seed, place, stem, node, literals, chance)
    if "extension" in words:
        for url in (literal for literal in literals if literal.startswith("http")):
            yield from _of_url(seed, place, url, chance)


def _of_member(
    seed: Seed, place: Place, stem: str, node: Node, literals: list[str], chance: random.Random
) -> Iterator[Patch]:
    present = [key for key in place.value if key == stem or (node.name.endswith("[x]") and key.startswith(stem))]
    maker = Maker(seed.view, chance, lambda each: chance.random() < 0.3)
    for key in present:
        path = (*place.path, key)
        yield [remove(path)]
        yield from ([replace(path, value)] for value in _with(place.value[key], literals, chance))
    if not present and node.most:
        key, value = maker.member(node.name, node)
        if value not in ({}, []):
            yield [add((*place.path, key), value)]
            yield from ([add((*place.path, key), other)] for other in _with(value, literals, chance))


def _with(value: Any, literals: list[str], chance: random.Random) -> Iterator[Any]:
    """Yield *value* with the codes and dates changed."""
    if isinstance(value, list) and value:
        yield from ([other] for other in _with(value[0], literals, chance))
    elif isinstance(value, dict):
        for inner in ("coding", "value", "valueString"):
            if inner in value and inner != "coding":
                yield value | {inner: chance.choice((*literals, "x", "12"))}
        systems = [literal for literal in literals if ":" in literal]
        codes = [literal for literal in literals if ":" not in literal and literal]
        if codes and ("coding" in value or "text" in value):
            coding = {"code": chance.choice(codes)} | ({"system": chance.choice(systems)} if systems else {})
            yield {"coding": [coding]}
    elif isinstance(value, str):
        yield from literals
        if re.match(r"\d{4}-\d\d", value):
            yield from ("1999-01-01", "2999-01-01T10:00:00Z", "2020", "2020-05")
        else:
            yield "http://example.org/_history/1"
    elif isinstance(value, bool):
        yield not value
    elif value is not None:
        yield from (-1, 0, 10**6)


def _of_primitive(place: Place, literals: list[str]) -> Iterator[Any]:
    if place.type in PRIMITIVES and isinstance(place.value, str):
        yield from (
            "2020",
            "2020-05",
            "2020-05-04T10:00:00Z",
            "123456789",
            "1234567890",
            "x" * 260,
            "a|b",
            "a#b c",
            *literals,
        )


def _of_extension(seed: Seed, place: Place, literals: list[str], chance: random.Random) -> Iterator[Patch]:
    root = seed.view.tree(str(place.value.get("url")))
    parts = root.children["extension"].slices if root and "extension" in root.children else {}
    inside = place.value.get("extension")
    if not parts or not isinstance(inside, list):
        return
    maker = Maker(seed.view, chance, lambda node: chance.random() < 0.3)
    urls = [each.get("url") for each in inside if isinstance(each, dict)]
    for name, node in parts.items():
        if name in urls:
            index = urls.index(name)
            yield [remove((*place.path, "extension", index))]
            yield from _of_value(inside[index], (*place.path, "extension", index), literals)
        else:
            yield [add((*place.path, "extension", "-"), maker.extension(node, {}))]
            for literal in literals:
                made = maker.extension(node, {})
                if "valueCode" in made:
                    yield [add((*place.path, "extension", "-"), made | {"valueCode": literal})]


def _of_value(extension: Json, path: Steps, literals: list[str]) -> Iterator[Patch]:
    for key in extension:
        if key == "valueCode":
            yield from ([replace((*path, key), literal)] for literal in literals)
        if key == "valueCodeableConcept":
            for literal in literals:
                yield [replace((*path, key), {"coding": [{"system": "http://example.org/c", "code": literal}]})]
            yield [replace((*path, key), {"coding": [{"system": "http://example.org/c", "code": "x"}], "text": "x"})]


def _of_url(seed: Seed, place: Place, url: str, chance: random.Random) -> Iterator[Patch]:
    inside = place.value.get("extension")
    root = seed.view.tree(url)
    if root is None or root.element["path"] != "Extension":
        return
    made = Maker(seed.view, chance).extension(root, {"profile": [url]})
    if isinstance(inside, list):
        for index, each in enumerate(inside):
            if isinstance(each, dict) and each.get("url") == url:
                yield [remove((*place.path, "extension", index))]
                return
        yield [add((*place.path, "extension", "-"), made)]
    else:
        yield [add((*place.path, "extension"), [made])]


def _apart(first: Patch, second: Patch) -> bool:
    one, other = first[0]["path"], second[0]["path"]
    return (
        not (one.startswith(other) or other.startswith(one))
        and one.rpartition("/")[0] != other.rpartition("/")[0] + "/-"
    )
