"""One validation while it runs: what was found, which resource is being looked at, and where references lead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fhir_server.fhir.validation.mending import nearest
from fhir_server.fhir.validation.narrative import html_checks, html_content
from fhir_server.fhir.validation.report import Fault, Place, Report
from fhir_server.fhir.validation.worlds import Target, World

if TYPE_CHECKING:
    from fhir_server.fhir.validation.code_formats import CodeChecks
    from fhir_server.fhir.validation.compiler import Compiler, Profile
    from fhir_server.fhir.validation.waivers import Waivers

Json = dict[str, Any]

_DEEPEST = 24  # references that are followed one from another; in a longer chain the rest is judged on its own
_LONGEST_NAME = 64


class Run:
    """The state of one validation, handed through all checks; FHIRPath takes it as its scope."""

    __slots__ = (
        "codes",
        "compiler",
        "container",
        "container_place",
        "cut",
        "depth",
        "document",
        "entry",
        "ids",
        "must_support",
        "now",
        "outcomes",
        "place",
        "report",
        "resource",
        "root",
        "seen",
        "source",
        "waivers",
        "world",
    )

    def __init__(
        self,
        compiler: Compiler,
        codes: CodeChecks,
        waivers: Waivers,
        root: Json,
        place: Place,
        now: Any,
        source: str | None,
        must_support: bool = False,
    ) -> None:
        self.compiler = compiler
        self.codes = codes
        self.waivers = waivers
        self.document = root  # what all places start from
        self.source = source  # the package (`name#version`) from which the resource's own canonicals are looked up
        self.report = Report()
        self.now = now
        self.must_support = must_support
        self.root = root  # %rootResource: the resource that contains, within a Bundle the one of the entry
        self.resource = root  # %resource
        self.place = place  # of the resource
        self.container = root  # whose contained resources `#id` names
        self.container_place = place
        self.world = World(None, place)
        self.entry = -1
        self.ids: dict[str, int] = {}
        self.seen: set[int] = set()  # resources whose own rules were checked
        self.outcomes: dict[tuple[int, int], list[Fault]] = {}
        self.depth = 0
        self.cut: set[tuple[int, int]] = set()  # outcomes that took a target for good because the chain was too long

    def enter(self, resource: Json, place: Place) -> tuple[Any, ...]:
        """Look at a resource that the one looked at holds: contained, as an entry, or as a parameter."""
        before = (self.resource, self.place, self.container, self.container_place, self.root, self.entry, self.world)
        self.resource, self.place = resource, place
        if place[1] != "contained":
            self.container = self.root = resource
            self.container_place = place
            if place[1] == "resource" and place[0][1] == "entry":
                self.entry = place[0][2]
            else:
                self.world, self.entry = World(None, place), -1
        if resource.get("resourceType") == "Bundle":
            self.world, self.entry = World(resource, place), -1
        return before

    def leave(self, before: tuple[Any, ...]) -> None:
        """Look again at what was looked at before `enter`."""
        (
            self.resource,
            self.place,
            self.container,
            self.container_place,
            self.root,
            self.entry,
            self.world,
        ) = before

    def held_against(self, resource: Json, place: Place, profile: Profile) -> list[Fault]:
        """Return what *profile* has against *resource*, which is the resource being looked at; judged once.

        A resource that refers, by a detour, to itself is taken as good while it is still being judged.
        """
        key = (id(resource), id(profile))
        faults = self.outcomes.get(key)
        if faults is None:
            self.outcomes[key] = faults = []
            outer, ids = self.report, self.ids
            self.report, self.ids = Report(faults, outer.budget), {}
            cut = len(self.cut)
            profile.check(resource, place, self)
            self.report, self.ids = outer, ids
            if len(self.cut) > cut:
                self._forget(key)
        return faults

    def _forget(self, key: tuple[int, int]) -> None:
        """Have an outcome found anew when its resource's own turn comes: a chain of references was cut below it."""
        self.cut.add(key)
        if not self.depth:
            for each in self.cut:
                self.outcomes.pop(each, None)
            self.cut.clear()

    def target(self, reference: str) -> Target | None:
        """Return what *reference*, found in the resource being looked at, leads to; ``None`` if that is not here."""
        if reference.startswith("#"):
            return self._contained(reference[1:])
        return self.world.target(reference, self.entry)

    def fails(self, target: Target, profile: Profile) -> bool:
        """Return whether *profile* has an error against the target of a reference."""
        faults = self.outcomes.get((id(target.resource), id(profile)))
        if faults is None:
            faults = self._at(target, profile)
        return self.failed(faults)

    def failed(self, faults: Iterable[Fault]) -> bool:
        """Return whether there is a fault by which a value fails a profile, and which is none of the guide's own."""
        counting = [fault for fault in faults if fault.counts]
        return bool(counting) and self.waivers.failed(counting, self.document)

    def nearest(self, name: Any, known: Iterable[str]) -> str | None:
        """Return which of the *known* names may have been meant, ``None`` if none is near, or enough was looked up."""
        budget = self.report.budget
        if not isinstance(name, str) or len(name) > _LONGEST_NAME or budget.mends <= 0:
            return None
        budget.mends -= 1
        return nearest(name, known)

    def is_allowed_html(self, div: str) -> bool:
        """Return whether only elements and attributes stand in a narrative that may, for FHIRPath."""
        return html_checks(div)

    def has_html_content(self, div: str) -> bool:
        """Return whether there is anything to read in a narrative, for FHIRPath."""
        return html_content(div)

    def resolve(self, reference: str) -> Json | None:
        """Return the resource that a reference leads to, for FHIRPath."""
        target = self.target(reference)
        return target.resource if target else None

    def member_of(self, value: Any, canonical: str) -> bool | None:
        """Return whether a code, Coding or CodeableConcept is in a value set; ``None`` if that cannot be known."""
        return self.compiler.bindings.member_of(value, canonical, self.source)

    def conforms(self, resource: Any, canonical: str, source: str | None = None) -> bool | None:
        """Return whether a resource, or a value, meets a profile; ``None`` if the profile is unknown."""
        profile = self.compiler.profile(canonical, source or self.source)
        if profile is None or not isinstance(resource, dict):
            return None
        target = self._place_of(resource)
        if target is not None:
            return resource.get("resourceType") == profile.type_name and not self.fails(target, profile)
        outer, ids = self.report, self.ids
        self.report, self.ids = Report(budget=outer.budget), {}
        profile.check(resource, self.place, self)
        failed = self.failed(self.report.faults)
        self.report, self.ids = outer, ids
        return not failed

    def _at(self, target: Target, profile: Profile) -> list[Fault]:
        if self.depth >= _DEEPEST:
            self.cut.add((id(target.resource), id(profile)))
            return []
        before = (self.resource, self.place, self.container, self.container_place, self.root, self.entry, self.world)
        self.resource, self.place = target.resource, target.place
        if target.contained:
            self.root = target.container
        else:
            self.container = self.root = target.resource
            self.container_place = target.place
        self.entry = target.entry
        self.depth += 1
        faults = self.held_against(target.resource, target.place, profile)
        self.depth -= 1
        self.leave(before)
        return faults

    def _contained(self, name: str) -> Target | None:
        container = self.container
        if not name:
            contained = self.resource is not container
            return Target(container, self.container_place, self.entry, container, False) if contained else None
        resources = container.get("contained")
        if isinstance(resources, list):
            for index, each in enumerate(resources):
                if isinstance(each, dict) and each.get("id") == name:
                    return Target(each, (self.container_place, "contained", index), self.entry, container, True)
        return None

    def _place_of(self, resource: Json) -> Target | None:
        """Return where a resource that FHIRPath holds is found again: it may be an entry, or contained."""
        if resource is self.resource:
            return Target(self.resource, self.place, self.entry, self.container, self.resource is not self.container)
        entry = self.world.entry_of(resource)
        if entry is not None:
            return entry
        contained = self.container.get("contained")
        for number, each in enumerate(contained if isinstance(contained, list) else ()):
            if each is resource:
                return Target(resource, (self.container_place, "contained", number), self.entry, self.container, True)
        return None
