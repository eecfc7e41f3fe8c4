"""Our validator held against the official verdicts: is the verdict the same, and is the same element named."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from fhir_server.errors import Issue
from tests.verdicts.packages import GUIDES, Json
from tests.verdicts.tables import HERE, Finding, Row, Seeds

DIFFERENCES = HERE / "differences.yaml"
VERDICTS_ALIKE = 0.995  # what must hold: the share of inputs with the same verdict
ELEMENTS_ALIKE = 0.98  # and of those that both refuse, the share in which one element is named by both

# The official validator tells these of a resource, or of a reference to it, because something within is wrong.
FOLLOWING = (
    "BUNDLE_BUNDLE_ENTRY_MULTIPLE_PROFILES_NO_MATCH",
    "Validation_VAL_Profile_NoMatch",
    "Reference_REF_CantMatchChoice",
)

_OF_TYPE = re.compile(r"\.ofType\((\w)(\w*)\)")
_COMMENT = re.compile(r"/\*.*?\*/")
_WHERE = re.compile(r"\[[^\]\d][^\]]*\]")

Validate = Callable[[str, Json, str | None], list[Issue]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One input, judged by both."""

    row: Row
    ours: tuple[Issue, ...]

    @property
    def errors(self) -> list[Issue]:
        """Our errors."""
        return [issue for issue in self.ours if issue.severity in ("error", "fatal")]

    @property
    def same_verdict(self) -> bool:
        """Whether both refuse it or neither."""
        return self.row.verdict.valid == (not self.errors)

    @property
    def same_element(self) -> bool:
        """Whether an element that we find at fault is among those that the official validator finds at fault."""
        return any(same_place(one, other) for one in self.our_elements for other in self.their_elements)

    @property
    def same_elements(self) -> bool:
        """Whether both find just the same elements at fault."""
        ours, theirs = self.our_elements, self.their_elements
        return all(any(same_place(one, other) for other in theirs) for one in ours) and all(
            any(same_place(one, other) for one in ours) for other in theirs
        )

    @property
    def our_elements(self) -> set[str]:
        """The elements that we find at fault."""
        return {normal(issue.expression or "") for issue in self.errors}

    @property
    def their_elements(self) -> set[str]:
        """The elements that the official validator finds at fault."""
        return {normal(place) for place in leading(self.row.verdict.errors)}

    @property
    def alike(self) -> bool:
        """Whether there is nothing to explain."""
        return self.same_verdict and (self.row.verdict.valid or self.same_element)


@dataclass(slots=True)
class Agreement:
    """How often both agreed, among some inputs."""

    inputs: int = 0
    verdicts: int = 0
    refused: int = 0
    elements: int = 0
    all_elements: int = 0
    warnings: int = 0

    def count(self, outcome: Outcome) -> None:
        """Take in one input."""
        self.inputs += 1
        self.verdicts += outcome.same_verdict
        if not outcome.row.verdict.valid and outcome.errors:
            self.refused += 1
            self.elements += outcome.same_element
            self.all_elements += outcome.same_elements
        ours = {normal(issue.expression or "") for issue in outcome.ours if issue.severity == "warning"}
        theirs = {normal(place) for _, place in outcome.row.verdict.warnings}
        self.warnings += ours == theirs

    @property
    def of_verdicts(self) -> float:
        """The share of inputs with the same verdict."""
        return self.verdicts / self.inputs if self.inputs else 1.0

    @property
    def of_elements(self) -> float:
        """The share, of those that both refuse, in which the same element is named."""
        return self.elements / self.refused if self.refused else 1.0

    @property
    def of_all_elements(self) -> float:
        """The share, of those that both refuse, in which just the same elements are named; for information."""
        return self.all_elements / self.refused if self.refused else 1.0

    @property
    def of_warnings(self) -> float:
        """The share of inputs with warnings on just the same elements; for information."""
        return self.warnings / self.inputs if self.inputs else 1.0


@dataclass(frozen=True, slots=True)
class Difference:
    """A known difference: why it is there, and where it shows.

    ``inputs`` are ids. ``messages`` are official messages: where they alone are told and both refuse, they explain that
    another element is named.
    """

    reason: str
    inputs: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()

    def explains(self, outcome: Outcome) -> bool:
        """Whether this is the reason that *outcome* differs."""
        told = {name for name, _ in outcome.row.verdict.errors if name not in FOLLOWING}
        element_alone = outcome.same_verdict and bool(told) and told <= set(self.messages)
        return outcome.row.input.id in self.inputs or element_alone


@dataclass(slots=True)
class Comparison:
    """All inputs, judged by both."""

    outcomes: list[Outcome] = field(default_factory=list)

    def agreement(self, key: Callable[[Outcome], str] = lambda _: "all") -> Mapping[str, Agreement]:
        """Return the agreement by what *key* says of an input."""
        found: dict[str, Agreement] = {}
        for outcome in self.outcomes:
            found.setdefault(key(outcome), Agreement()).count(outcome)
        return dict(sorted(found.items()))

    @property
    def differing(self) -> list[Outcome]:
        """The inputs in which the verdict or the element differs."""
        return [outcome for outcome in self.outcomes if not outcome.alike]

    def unexplained(self, known: Iterable[Difference]) -> list[Outcome]:
        """Return the differing inputs that no known difference explains."""
        known = list(known)
        return [each for each in self.differing if not any(difference.explains(each) for difference in known)]

    def stale(self, known: Iterable[Difference]) -> list[str]:
        """Return the ids that are listed as differing and do not, or are no inputs at all."""
        differing = Counter(outcome.row.input.id for outcome in self.differing)
        return [each for difference in known for each in difference.inputs if not differing[each]]


def compare(rows: Iterable[Row], seeds: Seeds, validate: Validate) -> Iterator[Outcome]:
    """Judge each input with *validate* (guide, resource, profile) and yield it with both verdicts."""
    for row in rows:
        one = row.input
        yield Outcome(row, tuple(validate(one.guide, seeds.built(one), one.profile)))


def known_differences(path: Path = DIFFERENCES) -> list[Difference]:
    """Return the table of known differences. Raises ValueError where an input is listed twice."""
    rows = yaml.safe_load(path.read_text()) or []
    found = [Difference(row["reason"], _texts(row, "inputs"), _texts(row, "messages")) for row in rows]
    counted = Counter(each for difference in found for each in difference.inputs)
    if twice := [each for each, times in counted.items() if times > 1]:
        raise ValueError(f"listed more than once in {path.name}: {', '.join(twice)}")
    return found


def _texts(row: Json, name: str) -> tuple[str, ...]:
    return tuple(str(each) for each in row.get(name, ()))


def our_validator(profiles: Path) -> Validate:
    """Return our validator as the judge compares it: strict, one for each guide, each made when it is needed."""
    from fhir_server.fhir.definitions import Definitions
    from fhir_server.fhir.validation import Validator

    made: dict[str, Validator] = {}

    def validate(guide: str, resource: Json, profile: str | None) -> list[Issue]:
        if guide not in made:
            made[guide] = Validator(Definitions.load(profiles, [GUIDES[guide]]))
        return made[guide].validate(resource, [profile] if profile else [], strict=True)

    return validate


def leading(errors: Sequence[Finding]) -> list[str]:
    """Return the places of the errors, without those that only follow from others unless there are no others."""
    own = [place for name, place in errors if name not in FOLLOWING]
    return own or [place for _, place in errors]


def normal(place: str) -> str:
    """Return a place in one form, whichever of the two wrote it: members by their JSON names, indexes, nothing else.

    A choice whose type the official validator does not tell (``value[x]``) has ``~`` for it.
    """
    place = _COMMENT.sub("", place).replace("[x]", "~")
    place = _WHERE.sub("", place).replace("$this", "").replace("$", "")
    return _OF_TYPE.sub(lambda match: match[1].upper() + match[2], place)


def same_place(ours: str, theirs: str) -> bool:
    """Return whether two normal places mean the same.

    An array may be told without the index of its item, a choice without its type; and where the official validator
    cannot read the resource at all it names no element, so that any will do.
    """
    if theirs == "" or ours == theirs:
        return True
    one, other = ours.split("."), theirs.split(".")
    return len(one) == len(other) and all(map(_same_step, one, other))


def _same_step(ours: str, theirs: str) -> bool:
    (name, _, index), (their_name, _, their_index) = ours.partition("["), theirs.partition("[")
    if index and their_index and index != their_index:
        return False
    return name == their_name or (their_name.endswith("~") and name.startswith(their_name[:-1]))
