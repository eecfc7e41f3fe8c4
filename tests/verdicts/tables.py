"""The table of facts: each input, how it is made of an official example, and what the official validator says of it.

`official/<guide>.jsonl` holds the inputs of a guide, one a line, sorted by kind and id; `seeds/<guide>.jsonl` holds the
made instances that inputs start from where no example shows an element. Nothing of a package is copied into either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fhir_server.fhir import json
from tests.fhir.packages import files
from tests.verdicts.packages import Json, loads
from tests.verdicts.patches import Patch, patched, resolved

HERE = Path(__file__).resolve().parent
MADE = "made"  # the first step of the name of a seed that no package has

Finding = tuple[str, str]  # the id of the official message and the element it is told at


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the official validator says: its errors and its warnings, each one once, in its order."""

    errors: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether there is no error."""
        return not self.errors


@dataclass(frozen=True, slots=True)
class Input:
    """One resource to judge.

    ``seed`` names an example (``package/file``) or a made instance (``made/guide/name``), with ``#`` and a JSON
    Pointer where it is a part of it. ``profile`` is asked for besides those that the resource claims. ``type`` is the
    type of the seed's resource.
    """

    guide: str
    kind: str
    seed: str
    type: str
    patch: Patch = field(default_factory=list)
    profile: str | None = None

    @property
    def id(self) -> str:
        """What the input is called: the same wherever and whenever it is made."""
        told = json.canonical({"is": [self.guide, self.kind, self.seed, self.profile or "", self.patch]})
        return hashlib.sha256(told).hexdigest()[:10]


@dataclass(frozen=True, slots=True)
class Row:
    """An input with its official verdict."""

    input: Input
    verdict: Verdict


class Seeds:
    """The resources that inputs start from, read when they are asked for."""

    def __init__(self, packages: Path, made: Path = HERE / "seeds") -> None:
        self._packages = packages
        self._folder = made
        self._made: dict[str, dict[str, Json]] = {}
        self._read: dict[str, Json] = {}

    def resource(self, name: str) -> Json:
        """Return the resource that *name* means; it must not be changed. Raises LookupError for an unknown one."""
        if name not in self._read:
            whole, _, part = name.partition("#")
            source = self._whole(whole) if part == "" else self.resource(whole)
            self._read[name] = resolved(source, part) if part else source
        return self._read[name]

    def built(self, one: Input) -> Json:
        """Return the resource that is judged."""
        return patched(self.resource(one.seed), one.patch)

    def made(self) -> Iterator[tuple[str, str, Json]]:
        """Yield guide, name and resource of every made instance."""
        for path in sorted(self._folder.glob("*.jsonl")):
            for name, resource in read_seeds(path):
                yield path.stem, name, resource

    def _whole(self, name: str) -> Json:
        package, _, file = name.partition("/")
        if package == MADE:
            guide = file.partition("/")[0]
            if guide not in self._made:
                self._made[guide] = dict(read_seeds(self._folder / f"{guide}.jsonl"))
            return self._made[guide][name]
        return loads(files(self._packages / f"{package}.tgz")[f"package/example/{file}.json"])


def read_seeds(path: Path) -> Iterator[tuple[str, Json]]:
    """Yield the made instances of a file by name."""
    for line in _lines(path):
        row = loads(line)
        yield row["name"], row["resource"]


def write_seeds(path: Path, seeds: Iterable[tuple[str, Json]]) -> None:
    """Write made instances, one a line, by name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        json.dumps({"name": name, "resource": resource}) for name, resource in sorted(seeds, key=lambda row: row[0])
    ]
    path.write_bytes(b"".join(row + b"\n" for row in rows))


def read(folder: Path) -> list[Row]:
    """Return the rows of all guides in a folder."""
    return [row_of(line) for path in sorted(folder.glob("*.jsonl")) for line in _lines(path)]


def write(folder: Path, rows: Iterable[Row]) -> None:
    """Write the rows, a file a guide, in a stable order."""
    folder.mkdir(parents=True, exist_ok=True)
    by_guide: dict[str, list[Row]] = {}
    for row in rows:
        by_guide.setdefault(row.input.guide, []).append(row)
    for guide, own in by_guide.items():
        own.sort(key=lambda row: (row.input.kind, row.input.seed, row.input.id))
        (folder / f"{guide}.jsonl").write_bytes(b"".join(line_of(row) + b"\n" for row in own))


def line_of(row: Row) -> bytes:
    """Return the row as a line of the table."""
    one = row.input
    told: dict[str, Any] = {"id": one.id, "guide": one.guide, "kind": one.kind, "seed": one.seed, "type": one.type}
    if one.profile:
        told["profile"] = one.profile
    if one.patch:
        told["patch"] = one.patch
    told["errors"] = row.verdict.errors
    told["warnings"] = row.verdict.warnings
    return json.dumps(told)


def row_of(line: bytes) -> Row:
    """Return the row that a line of the table tells."""
    told = loads(line)
    one = Input(told["guide"], told["kind"], told["seed"], told["type"], told.get("patch", []), told.get("profile"))
    return Row(one, Verdict(_findings(told["errors"]), _findings(told["warnings"])))


def _findings(told: Sequence[Sequence[str]]) -> tuple[Finding, ...]:
    return tuple((each[0], each[1]) for each in told)


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()
