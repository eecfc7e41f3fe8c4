"""The draw: which seeds are changed in which way, evenly over guides, profiles, kinds and elements."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fhir_server.errors import Refusal
from fhir_server.fhir import json
from tests.verdicts.elements import View
from tests.verdicts.mutations.kinds import KINDS
from tests.verdicts.mutations.seed import Kind, Mutation, Seed
from tests.verdicts.packages import library, loads
from tests.verdicts.patches import patched
from tests.verdicts.tables import Input, Seeds

# How many mutants in a hundred belong to each guide.
WEIGHTS = {
    "pas-2.2.1": 24,
    "pas-2.0.1": 14,
    "crd-2.2.1": 11,
    "crd-2.0.1": 6,
    "dtr-2.2.0": 11,
    "dtr-2.0.1": 6,
    "cdex-2.1.0": 6,
    "us-core-7.0.0": 8,
    "us-core-6.1.0": 5,
    "us-core-3.1.1": 5,
    "subscriptions-1.1.0": 4,
}
# What counts more than once, since it is where profiles say most; and what is one fault wherever it is made.
MORE = {
    "required-missing": 3,
    "invariant": 4,
    "rule": 18,
    "optional-added": 3,
    "slice-added": 2,
    "binding-required": 2,
    "slice-discriminator": 2,
}
BUNDLES = 0.07  # of the others, the share that starts from a Bundle: they are slow to judge
# The kinds that mean something for a few types of resources only.
OF_TYPES = {
    "bundle": ("Bundle",),
    "bundle-entry": ("Bundle",),
    "bundle-full-url": ("Bundle",),
    "reference-retargeted": ("Bundle",),
    "reference-unresolvable": ("Bundle",),
    "length": ("Questionnaire", "Subscription", "Parameters"),
    "content-reference": ("Questionnaire", "QuestionnaireResponse", "Parameters"),
}
LARGEST = 60_000
TRIES = 30


@dataclass(slots=True)
class Corpus:
    """Draws mutants of some kinds; the same ``number`` draws the same ones from the same seeds.

    Each kind is drawn by itself in each guide, so that a change of one leaves the others as they were.
    """

    packages: Path
    seeds: Seeds
    number: int
    kinds: Mapping[str, Kind] = field(default_factory=lambda: KINDS)
    _views: dict[str, View] = field(default_factory=dict)
    _opened: dict[str, Seed] = field(default_factory=dict)

    def draw(self, whole: Iterable[Input], count: int) -> Iterator[Input]:
        """Yield about *count* different inputs made of resources that are not changed (and should be valid)."""
        by_guide: dict[str, list[Input]] = {}
        for one in sorted(whole, key=lambda one: (one.guide, one.seed, one.profile or "")):
            by_guide.setdefault(one.guide, []).append(one)
        parts = sum(MORE.get(kind, 1) for kind in self.kinds)
        for guide, own in by_guide.items():
            pool = Pool([self.opened(one) for one in own])
            for name, kind in self.kinds.items():
                wanted = count * WEIGHTS[guide] / 100 * MORE.get(name, 1) / parts
                chance = random.Random(f"{self.number} {guide} {name}")
                yield from Draw(pool, name, kind, chance).inputs(max(1, round(wanted)))

    def opened(self, one: Input) -> Seed:
        """Return the seed that an unchanged input is, seen through the profile that is asked for, or that it claims."""
        if one.id not in self._opened:
            view = self._views.setdefault(one.guide, View(library(self.packages, one.guide)))
            resource = self.seeds.resource(one.seed)
            claimed = view.profiles_of(resource)
            profile = one.profile or (claimed[0] if claimed else one.type)
            places = view.places(resource, one.profile)
            self._opened[one.id] = Seed(one.seed, one.guide, resource, profile, one.profile, view, places)
        return self._opened[one.id]


class Pool:
    """The seeds of a guide, by type and profile."""

    def __init__(self, seeds: Iterable[Seed]) -> None:
        self._by_type: dict[str, dict[str, list[Seed]]] = {}
        for seed in seeds:
            if len(json.dumps(seed.resource)) < LARGEST and seed.places:
                own = self._by_type.setdefault(str(seed.resource["resourceType"]), {})
                own.setdefault(seed.profile, []).append(seed)

    def profiles(self, kind: str, chance: random.Random) -> dict[str, list[Seed]]:
        """Return the seeds by profile that a mutant of the kind may start from: mostly not Bundles."""
        types = OF_TYPES.get(kind)
        if types is None:
            types = ("Bundle",) if chance.random() < BUNDLES else tuple(sorted(self._by_type.keys() - {"Bundle"}))
        return {url: seeds for name in types for url, seeds in self._by_type.get(name, {}).items()}


@dataclass(slots=True)
class Draw:
    """Draws the mutants of one kind in one guide: of each profile, and of each element, as often as of the others."""

    pool: Pool
    name: str
    kind: Kind
    chance: random.Random
    _profiles: Counter[str] = field(default_factory=Counter)
    _keys: Counter[str] = field(default_factory=Counter)

    def inputs(self, count: int) -> Iterator[Input]:
        """Yield up to *count* different inputs."""
        made: dict[str, Input] = {}
        for _ in range(count * TRIES):
            if len(made) == count:
                break
            if (one := self._try()) is not None:
                made.setdefault(one.id, one)
        yield from made.values()

    def _try(self) -> Input | None:
        profiles = self.pool.profiles(self.name, self.chance)
        if not profiles:
            return None
        profile = min(profiles, key=lambda url: self._profiles[url] + self.chance.random())
        self._profiles[profile] += 1
        seed = self.chance.choice(profiles[profile])
        mutations = list(self.kind(seed, self.chance))
        if not mutations:
            return None
        chosen = min(mutations, key=lambda one: (self._keys[one.key], self.chance.random()))
        self._keys[chosen.key] += 1
        if not _is_a_change(seed, chosen):
            return None
        type_name, asked = str(seed.resource["resourceType"]), chosen.profile or seed.asked
        return Input(seed.guide, self.name, seed.name, type_name, chosen.patch, asked)


def _is_a_change(seed: Seed, mutation: Mutation) -> bool:
    """Return whether the patch can be applied, changes something, can be told, and makes JSON that the server reads."""
    try:
        changed = patched(seed.resource, mutation.patch)
        again = loads(json.dumps(changed))
        told = json.canonical(loads(json.dumps({"patch": mutation.patch})))
    except (LookupError, TypeError, ValueError, Refusal):
        return False
    if told != json.canonical({"patch": mutation.patch}):
        return False  # -0 comes back as 0
    return mutation.profile is not None or json.dumps(again) != json.dumps(seed.resource)
