"""Instances of the profiles, made by chance, and mended until the official validator takes them."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.verdicts.comparison import leading, normal
from tests.verdicts.elements import Node, View
from tests.verdicts.judge import Judge, NoVerdictError
from tests.verdicts.packages import Json, library
from tests.verdicts.patches import Steps, found
from tests.verdicts.samples import Maker
from tests.verdicts.tables import MADE

TRIES = 9  # instances drawn for one that is to be kept
MENDINGS = 8  # times that something is taken out of one
LARGEST = 14_000
STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
# How likely an optional element is filled in: of those that must be supported, and of the others.
DENSITIES = {"supported": (1.0, 0.03), "sparse": (0.3, 0.1), "other": (0.15, 0.3)}


@dataclass(frozen=True, slots=True)
class Instances:
    """Makes instances of all profiles of resources that a guide reaches."""

    packages: Path
    judge: Judge
    number: int

    def of(self, guide: str) -> Iterator[tuple[str, Json]]:
        """Yield the instances by name, as far as valid ones could be made."""
        view = View(library(self.packages, guide))
        for profile in reached(view):
            name = profile.rpartition("/")[2]
            for density in DENSITIES:
                chance = random.Random(f"{self.number} {guide} {profile} {density}")
                made = self._valid(view, guide, profile, density, chance)
                if made is not None:
                    yield f"{MADE}/{guide}/{name}-{density}", made

    def _valid(self, view: View, guide: str, profile: str, density: str, chance: random.Random) -> Json | None:
        supported, others = DENSITIES[density]
        for attempt in range(TRIES):
            part = 0.7**attempt

            def wanted(node: Node, part: float = part) -> bool:
                return chance.random() < (supported if node.element.get("mustSupport") else others) * part

            made = self._mended(guide, Maker(view, chance, wanted).instance(profile))
            if made is not None:
                return made
        return None

    def _mended(self, guide: str, resource: Json) -> Json | None:
        """Return *resource* without what the official validator does not take, or None where too much is wrong."""
        for _ in range(MENDINGS):
            if len(str(resource)) > LARGEST * 2:
                return None
            try:
                errors = leading(self.judge.verdict(guide, resource).errors)
            except NoVerdictError:
                return None
            if not errors:
                return resource if len(str(resource)) < LARGEST else None
            taken = [path for path in map(steps_of, map(normal, errors)) if _take_out(resource, path)]
            if not taken:
                return None
        return None


def reached(view: View) -> list[str]:
    """Return the profiles of resources in the guide's own package, and those that references in them point at."""
    waiting, found_ones = sorted(view.library.own), []
    while waiting:
        url = waiting.pop(0)
        structure = view.library.structure(url)
        if structure is None or "snapshot" not in structure or structure["url"] in found_ones:
            continue
        if structure["kind"] == "resource" and structure["derivation"] == "constraint" and not structure["abstract"]:
            found_ones.append(structure["url"])
            for element in structure["snapshot"]["element"]:
                for told in element.get("type", ()):
                    waiting += [each for each in told.get("targetProfile", ()) if "/us/" in each or "/uv/" in each]
                    waiting += [each for each in told.get("profile", ()) if "/us/" in each]
    return found_ones


def steps_of(place: str) -> Steps:
    """Return the JSON path of a normal place, without the name of the resource."""
    parts = [match[1] or int(match[2]) for match in STEP.finditer(place)]
    return tuple(parts[1:])


def _take_out(resource: Json, path: Steps) -> bool:
    """Take out of *resource* what is at *path*; say whether there was anything."""
    if not path or path[0] in ("meta", "id", "resourceType"):
        return False
    try:
        container = found(resource, path[:-1])
        del container[path[-1]]
    except (LookupError, TypeError, ValueError):
        return False
    if not container and len(path) > 1:
        _take_out(resource, path[:-1])
    return True
