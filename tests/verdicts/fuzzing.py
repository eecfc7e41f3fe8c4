"""Resources broken in any way, the same for the same number: none may make the validator fail or hang."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from tests.verdicts.packages import Json
from tests.verdicts.tables import HERE, read_seeds

LONG = 100_000
MANY = 2_000
DEEP = 60
MOST_CHANGES = 5
XHTML = '<div xmlns="http://www.w3.org/1999/xhtml">'
STRANGE: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**70,
    Decimal("1E400"),
    Decimal("-1E-400"),
    Decimal("0." + "1" * 500),
    "",
    " ",
    "\x01",
    "\ufffe\uffff",
    "x" * LONG,
    "1" * LONG,
    " " * LONG,
    "a " * (LONG // 2) + "!",
    "-" * LONG,
    "9" * 5000 + "-01-01",
    "0000-00-00T99:99:99+99:99",
    "urn:uuid:",
    "urn:oid:" + "1." * 5000,
    "#",
    "#made",
    "Patient/" + "/" * 1000,
    "http://" + "a." * 5000,
    "A" * LONG + "=",
    XHTML + "<b>" * 500 + "</b>" * 500 + "</div>",
    XHTML + "&lt;" * 20_000 + "</div>",
    XHTML + "<!-- " + "-" * LONG,
    "<" * LONG,
    "<!DOCTYPE a [<!ENTITY b 'c'>]><div>&b;</div>",
    [],
    {},
    [[]],
    [[[[[]]]]],
    [None],
    {"": ""},
    {"resourceType": "Bundle"},
    {"resourceType": 5},
    {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Bundle"}}]},
    {"extension": [{"url": "x"}]},
    {"extension": [{"url": "http://example.org/e", "extension": [{"extension": [{}]}]}]},
    {"reference": "#"},
    {"reference": {"reference": "x"}},
    {"coding": [{}] * MANY},
    [{"url": "http://example.org/e", "valueString": "x"}] * MANY,
    ["x"] * MANY,
)
NAMES = (
    "resourceType",
    "id",
    "meta",
    "extension",
    "modifierExtension",
    "contained",
    "text",
    "value",
    "valueReference",
    "_id",
    "",
    "x" * 5000,
)

Change = Callable[[random.Random, Json], None]


def mutant(number: int) -> tuple[str, Json]:
    """Return a guide and a resource that was made for it, changed in one to five ways."""
    chance = random.Random(number)
    guide, resource = _seed(chance)
    for _ in range(chance.randint(1, MOST_CHANGES)):
        chance.choice(CHANGES)(chance, resource)
    return guide, resource


@cache
def _seeds() -> tuple[tuple[str, tuple[Json, ...]], ...]:
    paths = sorted((HERE / "seeds").glob("*.jsonl"))
    return tuple((path.stem, tuple(resource for _, resource in read_seeds(path))) for path in paths)


def _seed(chance: random.Random) -> tuple[str, Json]:
    guide, resources = chance.choice(_seeds())
    resource = deepcopy(chance.choice(resources))
    if chance.random() < 0.2:
        others = [resource, *(deepcopy(each) for each in chance.choices(resources, k=chance.randint(1, 6)))]
        entries = [{"fullUrl": f"http://example.org/{n}", "resource": each} for n, each in enumerate(others)]
        resource = {"resourceType": "Bundle", "id": "made", "type": "collection", "entry": entries}
    return guide, resource


def _places(resource: Json) -> Iterator[tuple[Any, Any]]:
    waiting: list[Any] = [resource]
    while waiting:
        container = waiting.pop()
        for key in list(container) if isinstance(container, dict) else range(len(container)):
            yield container, key
            if isinstance(container[key], dict | list) and len(container[key]) < MANY:
                waiting.append(container[key])


def _place(chance: random.Random, resource: Json) -> tuple[Any, Any]:
    places = list(_places(resource))
    return chance.choice(places) if places else (resource, "id")


def _replace(chance: random.Random, resource: Json) -> None:
    container, key = _place(chance, resource)
    container[key] = deepcopy(chance.choice(STRANGE))


def _remove(chance: random.Random, resource: Json) -> None:
    container, key = _place(chance, resource)
    if isinstance(container, list) or key in container:
        del container[key]


def _transplant(chance: random.Random, resource: Json) -> None:
    """Put a part of the resource, or of another, in the place of a part."""
    source = resource if chance.random() < 0.5 else _seed(chance)[1]
    giver, from_key = _place(chance, source)
    part = deepcopy(giver[from_key]) if isinstance(giver, list) or from_key in giver else None
    container, key = _place(chance, resource)
    container[key] = part


def _rename(chance: random.Random, resource: Json) -> None:
    container, key = _place(chance, resource)
    if isinstance(container, dict) and key in container:
        other = chance.choice((*NAMES, f"_{key}", f"{key}x", key.upper()))
        container[other] = container.pop(key)


def _wrap(chance: random.Random, resource: Json) -> None:
    """Nest a part in arrays, in itself, or deep."""
    container, key = _place(chance, resource)
    if isinstance(container, dict) and key not in container:
        return
    part = container[key]
    match chance.randrange(4):
        case 0:
            container[key] = [part]
        case 1:
            container[key] = [deepcopy(part) for _ in range(chance.choice((2, 3, 50)))]
        case 2:
            container[key] = {key if isinstance(key, str) else "x": part}
        case _:
            for _ in range(DEEP):
                part = {"url": "http://example.org/e", "extension": [part]}
            container[key] = part


def _contain(chance: random.Random, resource: Json) -> None:
    """Contain resources that refer to each other, to themselves or to what contains them."""
    one = {
        "resourceType": "Organization",
        "id": "a",
        "partOf": {"reference": chance.choice(("#b", "#a", "#", "#none"))},
    }
    other = {"resourceType": "Organization", "id": "b", "partOf": {"reference": "#a"}, "contained": [_seed(chance)[1]]}
    resource["contained"] = [one, other]


def _claim(chance: random.Random, resource: Json) -> None:
    """Claim profiles of other resources, or many."""
    claimed = [
        profile for _, each in (_seed(chance) for _ in range(5)) for profile in each.get("meta", {}).get("profile", [])
    ]
    resource["meta"] = {"profile": chance.choice((claimed, claimed * 20, [*claimed, None, 5, ""], claimed[:1]))}


CHANGES: tuple[Change, ...] = (
    _replace,
    _replace,
    _replace,
    _remove,
    _transplant,
    _transplant,
    _rename,
    _wrap,
    _contain,
    _claim,
)


def own_validator(profiles: Path) -> Callable[[str, Json], object]:
    """Return what validates a resource under a guide: the thing that may not fail."""
    from tests.verdicts.comparison import our_validator

    validate = our_validator(profiles)
    return lambda guide, resource: validate(guide, resource, None)
