"""Extensions: at a wrong place, unknown, ill-made, and ones that are fine."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.verdicts.elements import Place, View
from tests.verdicts.mutations.seed import Mutation, Seed, key_of
from tests.verdicts.packages import Json
from tests.verdicts.patches import Steps, add, remove, replace
from tests.verdicts.samples import GUID, PRIMITIVES, Maker

BASE = "http://hl7.org/fhir/StructureDefinition/"
UNKNOWN: tuple[Json, ...] = (
    {"url": "http://example.org/fhir/StructureDefinition/unknown", "valueString": "text"},
    {"url": "https://vendor.example/ext/a", "valueBoolean": True},
    {"url": "http://hl7.org/fhir/StructureDefinition/no-such-extension", "valueString": "text"},
    {"url": "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/no-such-extension", "valueCode": "x"},
    {"url": GUID, "valueDecimal": 1},
)
ANYWHERE: tuple[Json, ...] = (
    {"url": BASE + "data-absent-reason", "valueCode": "unknown"},
    {"url": BASE + "originalText", "valueString": "said"},
    {"url": BASE + "rendered-value", "valueString": "shown"},
    {
        "url": BASE + "translation",
        "extension": [{"url": "lang", "valueCode": "de"}, {"url": "content", "valueString": "x"}],
    },
    {"url": BASE + "iso21090-nullFlavor", "valueCode": "UNK"},
)
ILL_MADE: tuple[tuple[str, Json], ...] = (
    ("no url", {"valueString": "text"}),
    ("empty url", {"url": "", "valueString": "text"}),
    ("relative url", {"url": "some-extension", "valueString": "text"}),
    ("blank in url", {"url": "http://example.org/a b", "valueString": "text"}),
    ("no value", {"url": "http://example.org/unknown"}),
    ("null value", {"url": "http://example.org/unknown", "valueString": None}),
    ("two values", {"url": "http://example.org/unknown", "valueString": "a", "valueBoolean": True}),
    ("value of no type", {"url": "http://example.org/unknown", "valueNonsense": "a"}),
    ("plain value", {"url": "http://example.org/unknown", "value": "a"}),
    ("empty nested", {"url": "http://example.org/unknown", "extension": []}),
    ("nested without url", {"url": "http://example.org/unknown", "extension": [{"valueString": "a"}]}),
    ("nested fine", {"url": "http://example.org/unknown", "extension": [{"url": "a", "valueString": "b"}]}),
    ("id alone", {"id": "e1", "url": "http://example.org/unknown"}),
)


def extension_context(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Put an extension where its context does not allow it, or does."""
    extensions = [each for each in _own_extensions(seed.view) if not _is_modifier(seed.view, each)]
    for place in seed.objects:
        if place.parent and place.type in ("Extension", "xhtml", "Meta", "Narrative") and chance.random() < 0.8:
            continue
        url = chance.choice(extensions)
        yield Mutation(f"{url.rpartition('/')[2]} {place.node.name}", [_added(place, _made(seed, chance, url))])


def extension_elsewhere(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Send an extension at another element of the resource too."""
    places = list(seed.objects)
    for place in places:
        if place.type == "Extension" and place.many and place.member[-1] == "extension":
            target = chance.choice(places)
            if target.path[: len(place.path)] != place.path and "extension" not in target.value:
                yield Mutation(key_of(place), [add((*target.path, "extension"), [place.value])])


def extension_unknown(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Add an extension that no one knows."""
    for place in seed.objects:
        yield Mutation(key_of(place), [_added(place, chance.choice(UNKNOWN))])


def extension_known(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Add an extension that may stand anywhere."""
    for place in seed.objects:
        yield Mutation(key_of(place), [_added(place, chance.choice(ANYWHERE))])


def extension_fitting(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Add an extension that has the element among its contexts."""
    for place in seed.objects:
        told = {place.node.element["path"], place.type, place.node.identity}
        fitting = [url for url in _own_extensions(seed.view) if told & _contexts(seed.view, url)]
        if fitting:
            url = chance.choice(fitting)
            yield Mutation(f"{url} {place.node.name}", [_added(place, _made(seed, chance, url))])


def extension_ill_made(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Add an extension that is none."""
    for place in seed.objects:
        label, value = chance.choice(ILL_MADE)
        yield Mutation(f"{label} {place.type}", [_added(place, value)])


def extension_changed(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Change an extension: its url, no value, value and nested ones, another value type, nested ones unknown."""
    for place in seed.objects:
        if place.type != "Extension":
            continue
        key = str(place.value.get("url"))
        for label, patch in _changes(place, chance):
            yield Mutation(f"{key} {label}", patch)


def modifier(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Add a modifier extension: unknown, known as none, at a type that has none; send a modifier as an extension."""
    known = [url for url in _own_extensions(seed.view) if _is_modifier(seed.view, url)]
    for place in seed.objects:
        value = chance.choice((*UNKNOWN, *ANYWHERE))
        if known and chance.random() < 0.5:
            value = _made(seed, chance, chance.choice(known))
        if chance.random() < 0.1:
            yield Mutation(f"{key_of(place)} plain", [_added(place, value)])
        else:
            yield Mutation(f"{key_of(place)} modifier", [_added(place, value, "modifierExtension")])


def primitive_extension(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Add an extension or an id to a primitive, or leave nothing but the extension."""
    for place in seed.places[1:]:
        if place.type not in PRIMITIVES or place.name == "url":
            continue
        beside = (*place.member[:-1], f"_{place.name}")
        one: Json = {"extension": [chance.choice((*ANYWHERE, UNKNOWN[0]))]}
        if place.many:
            padded = [None] * int(place.path[-1])
            yield Mutation(f"{key_of(place)} beside", [add(beside, [*padded, one])])
            yield Mutation(f"{key_of(place)} null", [replace(place.path, None), add(beside, [*padded, one])])
            yield Mutation(f"{key_of(place)} object", [add(beside, one)])
        else:
            yield Mutation(f"{key_of(place)} beside", [add(beside, one)])
            yield Mutation(f"{key_of(place)} instead", [remove(place.path), add(beside, one)])
            yield Mutation(f"{key_of(place)} id", [add(beside, {"id": "p1"})])
            yield Mutation(f"{key_of(place)} null", [replace(place.path, None), add(beside, one)])


def primitive_beside(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Send the member beside a primitive (``_status``) in a wrong form, or beside what is no primitive."""
    forms: tuple[Any, ...] = (
        {},
        [],
        "text",
        5,
        None,
        {"value": "x"},
        {"extension": []},
        {"extension": [{}]},
        [None],
        {"id": 5},
        {"extension": {"url": "http://example.org/a", "valueString": "b"}},
        [{}],
        {"modifierExtension": [UNKNOWN[0]]},
    )
    for place in seed.places[1:]:
        beside = (*place.member[:-1], f"_{place.name}")
        form = chance.choice(forms)
        yield Mutation(f"{key_of(place)} {place.type}", [add(beside, form)])


def _changes(place: Place, chance: random.Random) -> Iterator[tuple[str, list[Json]]]:
    path, value = place.path, place.value
    yield "no url", [remove((*path, "url"))]
    yield "unknown url", [replace((*path, "url"), chance.choice(UNKNOWN)["url"])]
    yield "url with version", [replace((*path, "url"), f"{value['url']}|1.0")]
    yield "url in capitals", [replace((*path, "url"), str(value["url"]).upper())]
    names = [key for key in value if key.startswith("value")]
    if names:
        name = names[0]
        yield "no value", [remove((*path, name))]
        yield "nested too", [add((*path, "extension"), [{"url": "http://example.org/n", "valueString": "x"}])]
        for kind, other in (("String", "text"), ("Boolean", True), ("CodeableConcept", {"text": "x"}), ("Code", "x")):
            if name != f"value{kind}":
                yield "value type", [remove((*path, name)), add((*path, f"value{kind}"), other)]
        yield "two values", [add((*path, "valueInteger" if name != "valueInteger" else "valueCode"), 1)]
    elif isinstance(value.get("extension"), list):
        inside: Steps = (*path, "extension", "-")
        yield "unknown nested", [add(inside, {"url": "no-such-part", "valueString": "x"})]
        yield "foreign nested", [add(inside, UNKNOWN[0])]
        yield "value too", [add((*path, "valueString"), "text")]
        yield "none nested", [remove((*path, "extension"))]


def _added(place: Place, value: Json, member: str = "extension") -> Json:
    there = isinstance(place.value.get(member), list)
    return add((*place.path, member, "-"), value) if there else add((*place.path, member), [value])


def _made(seed: Seed, chance: random.Random, url: str) -> Json:
    root = seed.view.tree(url)
    assert root is not None
    maker = Maker(seed.view, chance, lambda node: chance.random() < 0.3)
    told = {"profile": [url], "code": "Extension"}
    return maker.extension(root, told)


@cache
def _own_extensions(view: View) -> list[str]:
    """Return the extensions of the guide's own package, and a few of those that it builds on."""
    found = []
    for url, structure in view.library.structures.items():
        own = url in view.library.own or "/us/core/" in url or "/uv/sdc/" in url or "/us/davinci" in url
        if own and "|" not in url and structure["type"] == "Extension" and "snapshot" in structure:
            found.append(url)
    return sorted(found)


def _contexts(view: View, url: str) -> set[str]:
    structure = view.library.structure(url)
    return {each["expression"] for each in structure.get("context", ())} if structure else set()


def _is_modifier(view: View, url: str) -> bool:
    root = view.tree(url)
    return bool(root and root.element.get("isModifier"))
