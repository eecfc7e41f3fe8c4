"""Requests that `$submit` takes and that no example shows: examples changed step by step, each step judged.

A change takes a part out, or brings one in of a made instance of the same type, which the official validator found
valid (`tests/verdicts/seeds/`). Changes that make the request one that is refused are undone. The same number makes
the same request.
"""

from __future__ import annotations

import json
import random
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.errors import Refusal
from fhir_server.pas.read import read_submission
from fhir_server.pas.validation import validator_for
from fhir_server.pas.versions import STU_2_0, Version
from tests.pas.bundles import LIMITS, OWN, Json, encoded, own, version_of

SEEDS = Path(__file__).resolve().parents[1] / "verdicts" / "seeds"
STEPS = 40
KEPT = frozenset(("resourceType", "id", "meta"))
OLDER = tuple(path for path in OWN if version_of(path) is STU_2_0)
NEWER = tuple(path for path in OWN if path not in OLDER)


def changed(number: int) -> tuple[Version, Json, int]:
    """Return a release, a request of it that `$submit` takes, and how many changes made it."""
    chance = random.Random(number)
    path = chance.choice(OLDER if number % 3 == 0 else NEWER)
    version, bundle, taken = version_of(path), own(path), 0
    for _ in range(STEPS):
        candidate = deepcopy(bundle)
        _change(chance, candidate, version)
        if candidate != bundle and accepted(candidate, version) is not None:
            bundle, taken = candidate, taken + 1
    return version, bundle, taken


def accepted(bundle: Json, version: Version) -> AuthorizationRequest | None:
    """Return what *bundle* asks for, ``None`` where `$submit` refuses it."""
    try:
        return read_submission(encoded(bundle), version, LIMITS, validator_for(version)).request
    except Refusal:
        return None


@cache
def _made(version: Version) -> dict[str, list[Json]]:
    """Return the made instances for a release by type."""
    found: dict[str, list[Json]] = {}
    for line in (SEEDS / f"pas-{version.release}.jsonl").read_text(encoding="utf-8").splitlines():
        resource = json.loads(line)["resource"]
        found.setdefault(resource["resourceType"], []).append(resource)
    return found


def _change(chance: random.Random, bundle: Json, version: Version) -> None:
    entry = bundle["entry"][0] if chance.random() < 0.4 else chance.choice(bundle["entry"])
    resource = entry["resource"]
    sources = _made(version).get(resource["resourceType"], [])
    if not sources or chance.random() < 0.3:
        _take_out(chance, resource)
    else:
        _bring_in(chance, resource, chance.choice(sources))


def _take_out(chance: random.Random, node: Json) -> None:
    names = [name for name in node if name not in KEPT]
    if not names:
        return
    name = chance.choice(names)
    below = chance.choice(node[name]) if isinstance(node[name], list) and node[name] else node[name]
    if isinstance(below, dict) and chance.random() < 0.6:
        _take_out(chance, below)
    else:
        del node[name]


def _bring_in(chance: random.Random, node: Json, source: Json) -> None:
    """Take a member of *source* into *node*, or something below it; references would lead out of the Bundle."""
    names = [name for name in source if name not in KEPT]
    if not names:
        return
    name = chance.choice(names)
    mine: Any = node.get(name)
    theirs: Any = source[name]
    deeper = chance.random() < 0.7
    if deeper and isinstance(mine, dict) and isinstance(theirs, dict):
        _bring_in(chance, mine, theirs)
    elif deeper and _are_objects(mine) and _are_objects(theirs):
        if chance.random() < 0.6:
            _bring_in(chance, chance.choice(mine), chance.choice(theirs))
        else:
            mine.append(deepcopy(chance.choice(theirs)))
    else:
        node[name] = deepcopy(theirs)


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)
