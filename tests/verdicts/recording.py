"""Getting verdicts: which inputs there are to be, which have one, and the official validator on the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from fhir_server.fhir import json
from tests.verdicts.corpus import Corpus
from tests.verdicts.elements import View
from tests.verdicts.judge import Judge, NoVerdictError
from tests.verdicts.packages import Example, Json, examples, library
from tests.verdicts.patches import Steps, pointer
from tests.verdicts.tables import Input, Row, Seeds, line_of, read, row_of, write

# The kinds of inputs in which nothing is changed.
EXAMPLE, PART, ASKED, MADE_ONE = WHOLE = ("example", "example-part", "example-asked", "made")
Progress = Callable[[Sequence[Input], str], Iterable[Input]]


@dataclass(frozen=True, slots=True)
class Recorder:
    """Fills a table. ``progress`` shows how far it is."""

    packages: Path
    seeds: Seeds
    judge: Judge
    table: Path
    progress: Progress

    def record(self, count: int, number: int, *, whole_ones: bool = True) -> None:
        """Judge every example and its parts, every made instance, and *count* mutants of the valid ones.

        What the table has is not judged again. Without *whole_ones* only the mutants are written.
        """
        known = {row.input.id: row for row in [*read(self.table), *self._unfinished()]} if self.table.exists() else {}
        whole = self._judged(list(whole_inputs(self.packages, self.seeds)), known, "judging whole resources")
        mutants = self._judged(self._mutants(whole, count, number), known, "judging mutants")
        write(self.table, [*(whole if whole_ones else []), *mutants])
        self._journal.unlink(missing_ok=True)

    def _mutants(self, whole: list[Row], count: int, number: int) -> list[Input]:
        valid = [row.input for row in whole if row.verdict.valid]
        return list(Corpus(self.packages, self.seeds, number).draw(valid, count))

    def _judged(self, inputs: list[Input], known: dict[str, Row], label: str) -> list[Row]:
        missing = [one for one in inputs if one.id not in known]
        self.table.mkdir(parents=True, exist_ok=True)
        with self._journal.open("ab") as journal:
            for one in self.progress(missing, label):
                row = self._row(one)
                if row is not None:
                    known[one.id] = row
                    journal.write(line_of(row) + b"\n")
                    journal.flush()
        return [known[one.id] for one in inputs if one.id in known]

    def _row(self, one: Input) -> Row | None:
        try:
            return Row(one, self.judge.verdict(one.guide, self.seeds.built(one), one.profile))
        except NoVerdictError:
            return None  # it does so on a few, such as Parameters with a parameter without a name

    @property
    def _journal(self) -> Path:
        return self.table / "unfinished.journal"

    def _unfinished(self) -> list[Row]:
        return [row_of(line) for line in self._journal.read_bytes().splitlines()] if self._journal.exists() else []


def whole_inputs(packages: Path, seeds: Seeds) -> Iterator[Input]:
    """Yield every input in which nothing is changed.

    Each example; each resource within one that stands nowhere else; each example that claims no profile, held against
    each that the guide has for its type; and each made instance.
    """
    told = [*examples(packages)]
    seen = {json.canonical(each.resource) for each in told}
    for each in told:
        yield Input(each.guide, EXAMPLE, each.name, str(each.resource["resourceType"]))
        yield from _asked(packages, each)
        for steps, resource in _within(each.resource):
            content = json.canonical(resource)
            if content not in seen:
                seen.add(content)
                yield Input(each.guide, PART, f"{each.name}#{pointer(steps)}", str(resource["resourceType"]))
    for guide, name, resource in seeds.made():
        yield Input(guide, MADE_ONE, name, str(resource["resourceType"]))


def _asked(packages: Path, example: Example) -> Iterator[Input]:
    reached = library(packages, example.guide)
    type_name = str(example.resource["resourceType"])
    if not View(reached).profiles_of(example.resource):
        for url in sorted(reached.own):
            if reached.structures[url]["type"] == type_name:
                yield Input(example.guide, ASKED, example.name, type_name, profile=url)


def _within(resource: Json, steps: Steps = ()) -> Iterator[tuple[Steps, Json]]:
    for member in ("entry", "parameter"):
        for number, holder in enumerate(resource.get(member, ())):
            inner = holder.get("resource")
            if isinstance(inner, dict) and "resourceType" in inner:
                path = (*steps, member, number, "resource")
                yield path, inner
                yield from _within(inner, path)


def compact(value: Any) -> str:
    """Return *value* as JSON in a line."""
    return json.dumps({"": value}).decode()[4:-1]


def indented(value: Any) -> str:
    """Return *value* as JSON to be read."""
    return msgspec.json.format(compact(value).encode(), indent=2).decode()
