"""What a validation finds, and where: faults are noted by place, and written as FHIRPath only once they are told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fhir_server.errors import Issue, Severity
from fhir_server.fhir.expressions import step as fhirpath_step

# (place of the parent or "", name of the JSON member, index in its array or -1). The root of a resource has no parent.
Place = tuple[Any, str, int]

# What is wrong with the JSON by the base types alone: told once, whatever profile a resource is held against.
SYNTAX = frozenset(("element-unknown", "element-empty", "fhir-type", "narrative-form", "narrative-character"))


def root(type_name: str) -> Place:
    """Return the place of a resource that stands alone."""
    return ("", type_name, -1)


def expression(place: Place) -> str:
    """Return the FHIRPath of a place, from the root of what is validated."""
    steps: list[str] = []
    while True:
        parent, name, index = place
        named = fhirpath_step(name) if parent else name
        steps.append(named if index < 0 else f"{named}[{index}]")
        if not parent:
            return ".".join(reversed(steps))
        place = parent


@dataclass(slots=True)
class Budget:
    """What one validation may still spend: a hostile resource has more faults than anybody reads."""

    faults: int = 20_000
    mends: int = 200  # look-ups of what may have been meant


@dataclass(slots=True)
class Report:
    """The faults of one validation, or of a part of it that shares its *budget*, in the order of finding.

    Beyond the budget only the first fault of a part is kept: what fails still fails.
    """

    faults: list[Fault] = field(default_factory=list)
    budget: Budget = field(default_factory=Budget)

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
        self.budget.faults -= 1
        if self.budget.faults >= 0 or not any(each.severity == "error" for each in self.faults[:1]):
            self.faults.append(Fault(severity, rule, place, found, mend, code, about))

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

    def issues(self) -> list[Issue]:
        """Return the faults as issues, each different one once."""
        return list(dict.fromkeys(fault.issue() for fault in self.faults))


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

    def issue(self) -> Issue:
        """Return the fault as it is told to a caller."""
        return Issue(self.rule, self.found, self.mend, expression(self.place), self.severity, self.code)
