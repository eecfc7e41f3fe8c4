"""Broken requests, the same for the same seed: types swapped, parts cut, doubled, nested, blown up; broken bytes."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.web.bundles import REQUESTS, Json, encoded, example, example_bytes

OTHER_TYPES = ("Patient", "Basic", "Bundle", "Parameters", "Practitioner", "Nonsense", "", 7)
STRANGE: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**70,
    1.5e300,
    "",
    " ",
    "\x01",
    "\ud7ff\uffff",
    "x" * 70_000,
    "0000-00-00",
    "urn:uuid:",
    "#",
    "Claim/1/_history/",
    [],
    {},
    [[]],
    [None],
    {"": ""},
    {"resourceType": "Bundle"},
    {"extension": [{"url": "x"}]},
)
Place = tuple[Any, Any]  # a container and the key or index of a part of it


def mutant(seed: int) -> tuple[str, bytes]:
    """Return an example of another endpoint or the same, changed in one to four ways, and which example it was."""
    chance = random.Random(seed)
    path = chance.choice(REQUESTS)
    if chance.random() < 0.15:
        return path, _broken_bytes(chance, example_bytes(path))
    bundle = example(path)
    for _ in range(chance.randint(1, 4)):
        chance.choice(CHANGES)(chance, bundle)
    return path, encoded(bundle).replace(b'"NESTED"', b'{"a":' * 100 + b"1" + b"}" * 100)


def _places(bundle: Any) -> Iterator[Place]:
    waiting = [bundle]
    while waiting:
        container = waiting.pop()
        keys = container if isinstance(container, dict) else range(len(container))
        for key in keys:
            yield container, key
            if isinstance(container[key], dict | list):
                waiting.append(container[key])


def _place(chance: random.Random, bundle: Json) -> Place:
    """Return a place anywhere; half the time one of the Claim."""
    claim = (
        bundle["entry"][0]
        if chance.random() < 0.5 and isinstance(bundle.get("entry"), list) and bundle["entry"]
        else None
    )
    places = list(_places(claim if isinstance(claim, dict | list) else bundle)) or list(_places(bundle))
    return chance.choice(places) if places else (bundle, "resourceType")


def _swap(chance: random.Random, bundle: Json) -> None:
    container, key = _place(chance, bundle)
    container[key] = chance.choice(STRANGE)


def _delete(chance: random.Random, bundle: Json) -> None:
    container, key = _place(chance, bundle)
    container.pop(key, None) if isinstance(container, dict) else container.pop(key)


def _wrap(chance: random.Random, bundle: Json) -> None:
    container, key = _place(chance, bundle)
    container[key] = [container.get(key)] if isinstance(container, dict) else {"value": container[key]}


def _double(chance: random.Random, bundle: Json) -> None:
    container, key = _place(chance, bundle)
    if isinstance(container, list):
        container.insert(key, container[key])
    else:
        container[f"{key}2"] = container.get(key)


def _move(chance: random.Random, bundle: Json) -> None:
    (one, here), (two, there) = _place(chance, bundle), _place(chance, bundle)
    two[there] = json.loads(json.dumps(one.get(here) if isinstance(one, dict) else one[here]))


def _nest(chance: random.Random, bundle: Json) -> None:
    container, key = _place(chance, bundle)
    container[key] = "NESTED"


def _retype(chance: random.Random, bundle: Json) -> None:
    container, _ = _place(chance, bundle)
    if isinstance(container, dict):
        container["resourceType"] = chance.choice(OTHER_TYPES)


def _shuffle(chance: random.Random, bundle: Json) -> None:
    lists = [container for container, _ in _places(bundle) if isinstance(container, list)]
    if lists:
        chance.shuffle(chance.choice(lists))


CHANGES: tuple[Callable[[random.Random, Json], None], ...] = (
    _swap,
    _swap,
    _delete,
    _delete,
    _wrap,
    _double,
    _move,
    _nest,
    _retype,
    _shuffle,
)


def _broken_bytes(chance: random.Random, body: bytes) -> bytes:
    at = chance.randrange(len(body))
    match chance.randrange(5):
        case 0:
            return body[:at]
        case 1:
            return body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :]
        case 2:
            return body[:at] + b'"\\ud800"' + body[at:]
        case 3:
            return body[:at] + bytes(chance.randrange(256) for _ in range(20)) + body[at:]
        case _:
            return body[:at] + body[: at // 2] + body[at:]
