"""Contained resources and narrative."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from tests.verdicts.elements import Place
from tests.verdicts.mutations.seed import Mutation, Seed
from tests.verdicts.packages import Json
from tests.verdicts.patches import add, put

ORGANIZATION: Json = {"resourceType": "Organization", "id": "c1", "name": "Some"}
CONTAINED: tuple[tuple[str, Any], ...] = (
    ("unreferenced", ORGANIZATION),
    ("without id", {"resourceType": "Organization", "name": "Some"}),
    ("nested", ORGANIZATION | {"contained": [{"resourceType": "Basic", "id": "c2", "code": {"text": "x"}}]}),
    ("version", ORGANIZATION | {"meta": {"versionId": "1"}}),
    ("updated", ORGANIZATION | {"meta": {"lastUpdated": "2026-01-01T10:00:00Z"}}),
    ("security", ORGANIZATION | {"meta": {"security": [{"system": "http://example.org/s", "code": "x"}]}}),
    ("invalid", {"resourceType": "Organization", "id": "c1", "nonsense": 1, "name": "Some"}),
    ("empty", {"resourceType": "Organization", "id": "c1"}),
    ("incomplete", {"resourceType": "Coverage", "id": "c1", "status": "active"}),
    ("of no type", {"id": "c1"}),
    ("of unknown type", {"resourceType": "Nonsense", "id": "c1"}),
    ("hash in id", ORGANIZATION | {"id": "#c1"}),
    (
        "text",
        ORGANIZATION | {"text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}},
    ),
    ("no object", "text"),
    (
        "profile",
        ORGANIZATION | {"meta": {"profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-organization"]}},
    ),
    ("tag", ORGANIZATION | {"meta": {"tag": [{"system": "http://example.org/t", "code": "x"}]}}),
    ("refers up", ORGANIZATION | {"partOf": {"reference": "#"}}),
)
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
NARRATIVES = (
    f"<div {XHTML}></div>",
    f"<div {XHTML}> </div>",
    "<div>no namespace</div>",
    f"<div {XHTML}>open",
    "text",
    "",
    f"<div {XHTML}><script>alert(1)</script></div>",
    f'<div {XHTML}><p onclick="x()">a</p></div>',
    f'<div {XHTML}><img src="a.png" alt="a"/></div>',
    f'<div {XHTML}><img alt="a"/></div>',
    f'<div {XHTML}><a href="http://example.org">a</a></div>',
    f"<div {XHTML}><b>a</i></div>",
    f"<p {XHTML}>a</p>",
    f"<div {XHTML}><iframe/></div>",
    f"<div {XHTML}><form><input/></form></div>",
    f"<div {XHTML}>a &amp; b &lt; c</div>",
    f"<div {XHTML}>a & b</div>",
    f"<div {XHTML}>a &nbsp; b</div>",
    f"<div {XHTML}>a &eacute; &copy;</div>",
    f"<div {XHTML}>&nonsense;</div>",
    f"<div {XHTML}><table><tr><td>a</td></tr></table></div>",
    f"<div {XHTML}><br/></div>",
    f"<div {XHTML}><style>p {{}}</style>a</div>",
    f"<div {XHTML}><object>a</object></div>",
    f'<div {XHTML} lang="en" xml:lang="en">a</div>',
    f"<div {XHTML}><ul><li>a</li></ul><ol/></div>",
    f"<div {XHTML}><font>a</font></div>",
    f"<div {XHTML}><!-- c -->a</div>",
    f'<div {XHTML} class="x" style="color:red" id="i">a</div>',
    f'<div {XHTML}><span title="t" foo="x">a</span></div>',
    f'<div {XHTML}><a name="x"/><a href="#x">a</a></div>',
    f"<div {XHTML}><p>a<p>b</p></p></div>",
    f"<DIV {XHTML}>a</DIV>",
    f"<div {XHTML}>a</div><div {XHTML}>b</div>",
    f"<div {XHTML}><h1>a</h1><h7>b</h7></div>",
    f"<div {XHTML}>&#160;</div>",
    f'<?xml version="1.0"?><div {XHTML}>a</div>',
    f"<!DOCTYPE html><div {XHTML}>a</div>",
    f'<div {XHTML}><a href="javascript:x()">a</a></div>',
    f"<div {XHTML}><q>a</q><tt>b</tt><pre>c</pre><blockquote>d</blockquote></div>",
    f'<div {XHTML}><img src="#x"/></div>',
    f"<div {XHTML}><p>a</p>",
    f"<div {XHTML}><video/></div>",
    f"<div {XHTML}><u>a</u><del>b</del><ins>c</ins></div>",
)


def contained(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Contain a resource that no one refers to, that contains another, that has metadata or is invalid."""
    for place in _holders(seed):
        for label, one in CONTAINED:
            yield Mutation(label, [_contained(place, one)])
            if chance.random() < 0.7:
                referred = add((*place.path, "extension"), [_reference_to("#c1")])
                if "extension" not in place.value:
                    yield Mutation(f"{label} referred", [_contained(place, one), referred])
        twice = [_contained(place, ORGANIZATION), add((*place.path, "contained", "-"), ORGANIZATION)]
        yield Mutation("twice the same id", twice)


def contained_shape(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Write ``contained`` in a wrong form."""
    for place in _holders(seed):
        if "contained" not in place.value:
            for value in ({}, [], "text", ORGANIZATION, [None], [[ORGANIZATION]], None):
                yield Mutation(f"{value!r}"[:20], [add((*place.path, "contained"), value)])


def narrative(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Write a narrative that is no XHTML, or holds what is not allowed."""
    for place in _holders(seed):
        for text in NARRATIVES:
            value = {"status": "generated", "div": text}
            yield Mutation(text, [put((*place.path, "text"), value, seed.resource)])


def narrative_shape(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Write a narrative without status or text, or with another status."""
    div = f"<div {XHTML}>text</div>"
    for place in _holders(seed):
        forms: tuple[Any, ...] = (
            {"div": div},
            {"status": "generated"},
            {"status": "empty", "div": div},
            {"status": "nonsense", "div": div},
            {},
            "text",
            None,
            {"status": "generated", "div": {"text": div}},
            {"status": "generated", "div": div, "id": "t"},
            [],
            {"status": "additional", "div": div, "extension": [{"url": "http://example.org/e", "valueString": "x"}]},
            {"status": "extensions", "div": 5},
        )
        for value in forms:
            yield Mutation(f"{value!r}"[:40], [put((*place.path, "text"), value, seed.resource)])


def _holders(seed: Seed) -> Iterator[Place]:
    without = ("Bundle", "Parameters", "Binary")
    return (place for place in seed.resources if place.type not in without)


def _contained(place: Place, one: Any) -> Json:
    there = isinstance(place.value.get("contained"), list)
    return add((*place.path, "contained", "-"), one) if there else add((*place.path, "contained"), [one])


def _reference_to(address: str) -> Json:
    return {"url": "http://example.org/refers", "valueReference": {"reference": address}}
