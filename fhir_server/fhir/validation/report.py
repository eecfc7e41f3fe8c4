"""What a validation finds, and where: faults are noted by place, and written as FHIRPath only once they are told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fhir_server.errors import Issue, Severity
from fhir_server.fhir.expressions import step as fhirpath_step

# (place of the parent or "", name of the JSON member, index in its array or -1). The root of a resource has no parent.
Place = tuple[Any, str, int]

# Told of a resource because of what is wrong within another, or within it.
CONSEQUENCES = frozenset(("reference-target", "profile-none"))
# What is wrong with the JSON by the base types alone: told once, whatever profile a resource is held against.
SYNTAX = frozenset(("element-unknown", "element-empty", "fhir-type", "narrative-form", "narrative-character"))

_MOST_BEYOND = 50  # more rules than there are waivers: one of them fails the resource


def root(type_name: str) -> Place:
    """Return the place of a resource that stands alone."""
    return ("", type_name, -1)


def expression(place: Place, resource: object = None) -> str:
    """Return the FHIRPath of a place, from the root of what is validated.

    *resource* is the root itself: it tells which type each step starts from, where a name is a choice of some types.
    """
    parent, root_name, _ = place
    steps: list[Place] = []
    while parent:
        steps.append(place)
        place = parent
        parent, root_name, _ = place
    told, value = root_name, resource
    for _, name, index in reversed(steps):
        type_name = value.get("resourceType") if type(value) is dict else None
        named = fhirpath_step(name, type_name)
        told += f".{named}" if index < 0 else f".{named}[{index}]"
        value = _member(value, name, index)
    return told


def _member(value: object, name: str, index: int) -> object:
    member = value.get(name) if type(value) is dict else None
    if index < 0:
        return member
    return member[index] if type(member) is list and index < len(member) else None


@dataclass(slots=True)
class Budget:
    """What one validation may still spend: a hostile resource has more faults than anybody reads."""

    faults: int = 20_000
    mends: int = 200  # look-ups of what may have been meant


@dataclass(slots=True, eq=False)
class Report:
    """The faults of one validation, or of a part of it that shares its *budget*, in the order of finding.

    ``parts`` are reports on resources that this one holds: a resource is judged once by each profile, and its report
    may be a part of several. Beyond the budget the first error of each rule is kept, so that what fails still does.
    """

    faults: list[Fault] = field(default_factory=list)
    budget: Budget = field(default_factory=Budget)
    parts: list[Report] = field(default_factory=list)
    beyond: set[tuple[str, str]] = field(default_factory=set)  # the rules whose errors were kept beyond the budget
    finished: bool = True
    failed: bool | None = None  # what `Run.failed` found, once it was asked

    def add(
        self,
        severity: Severity,
        rule: str,
        place: Place,
        found: str,
        mend: str = "",
        code: str = "invalid",
        about: str = "",
    ) -> None:
        """Note a fault: ``rule`` is a stable key, ``found`` what is wrong, ``mend`` what to do (never a person's data).

        ``about`` names what the rule was about, for waivers: an extension's url, an invariant's key, a profile.
        """
        fault = Fault(severity, rule, place, found, mend, code, about)
        if self.budget.faults > 0:
            self.budget.faults -= 1
            self.faults.append(fault)
        elif severity == "error" and len(self.beyond) < _MOST_BEYOND and (rule, about) not in self.beyond:
            self.beyond.add((rule, about))
            self.faults.append(fault)

    def every(self) -> Iterator[Fault]:
        """Yield the faults of this report and of all its parts, each report once."""
        seen, pending = {id(self)}, [self]
        while pending:
            report = pending.pop()
            yield from report.faults
            for part in reversed(report.parts):
                if id(part) not in seen:
                    seen.add(id(part))
                    pending.append(part)

    def error(
        self, rule: str, place: Place, found: str, mend: str = "", code: str = "invalid", about: str = ""
    ) -> None:
        """Note a fault that makes the resource invalid."""
        self.add("error", rule, place, found, mend, code, about)

    def warning(
        self, rule: str, place: Place, found: str, mend: str = "", code: str = "invalid", about: str = ""
    ) -> None:
        """Note what should be mended and refuses nothing."""
        self.add("warning", rule, place, found, mend, code, about)

    def information(
        self, rule: str, place: Place, found: str, mend: str = "", code: str = "informational", about: str = ""
    ) -> None:
        """Note what a reader may want to know."""
        self.add("information", rule, place, found, mend, code, about)

    def issues(self, resource: object = None) -> list[Issue]:
        """Return the faults of *resource* as issues, each different one once, and what only follows from others last.

        Without the resource a step like ``effectivePeriod`` is told as a choice, which it is in most resources.
        """
        faults = list(self.every())
        causes = [fault for fault in faults if fault.rule not in CONSEQUENCES]
        effects = [fault for fault in faults if fault.rule in CONSEQUENCES]
        return list(dict.fromkeys(fault.issue(resource) for fault in (*causes, *effects)))


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault at a place."""

    severity: Severity
    rule: str
    place: Place
    found: str
    mend: str
    code: str
    about: str = ""

    @property
    def counts(self) -> bool:
        """Whether a value with this fault fails a profile: faults of the JSON do not decide which one it meets."""
        return self.severity == "error" and self.rule not in SYNTAX

    def issue(self, resource: object = None) -> Issue:
        """Return the fault of *resource* as it is told to a caller."""
        return Issue(self.rule, self.found, self.mend, expression(self.place, resource), self.severity, self.code)
