"""One validation while it runs: what was found, which resource is being looked at, and where references lead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from fhir_server.fhir.validation.mending import nearest
from fhir_server.fhir.validation.narrative import html_checks, html_content
from fhir_server.fhir.validation.report import Place, Report
from fhir_server.fhir.validation.worlds import Target, World

if TYPE_CHECKING:
    from fhir_server.fhir.validation.code_formats import CodeChecks
    from fhir_server.fhir.validation.compiler import Compiler, Profile
    from fhir_server.fhir.validation.waivers import Waivers

Json = dict[str, Any]

_DEEPEST = 24  # references that are followed one from another; in a longer chain the rest is judged on its own
_MOST_ANEW = 500  # outcomes that are found anew for it; where everything refers to everything, the rest stay as found
_LONGEST_NAME = 64


class Run:
    """The state of one validation, handed through all checks; FHIRPath takes it as its scope."""

    __slots__ = (
        "_all_ids",
        "_by_id",
        "_claims",
        "anew",
        "beside",
        "codes",
        "compiler",
        "container",
        "container_place",
        "cut",
        "depth",
        "document",
        "entry",
        "focus",
        "ids",
        "local",
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
        self.beside: Any = None  # the `_name` of the primitive that is being looked at
        self.focus = place  # of the value whose slice is being looked for
        self.local: dict[int, set[str]] = {}  # by resource: the ids that its references and links name after `#`
        self._by_id: dict[int, dict[str, int]] = {}
        self._all_ids: dict[int, frozenset[str]] = {}
        self.outcomes: dict[tuple[int, int], Report] = {}
        self._claims: dict[int, list[Profile]] = {}
        self.depth = 0
        self.anew = _MOST_ANEW
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
            elif not self.world.is_parameters:
                self.world, self.entry = World(None, place), -1
        kind = resource.get("resourceType")
        if kind == "Bundle" or (kind == "Parameters" and not self.world.is_bundle):
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

    def held_against(self, resource: Json, place: Place, profile: Profile) -> Report:
        """Return what *profile* has against *resource*, which is the resource being looked at; judged once.

        A resource that refers, by a detour, to itself is taken as good while it is still being judged.
        """
        key = (id(resource), id(profile))
        report = self.outcomes.get(key)
        if report is None:
            outer, ids, cut = self.report, self.ids, len(self.cut)
            self.outcomes[key] = self.report = report = Report(budget=outer.budget, finished=False)
            self.ids = {}
            profile.check(resource, place, self)
            report.finished = True
            self.report, self.ids = outer, ids
            if len(self.cut) > cut:
                self._forget(key)
        return report

    def _forget(self, key: tuple[int, int]) -> None:
        """Have an outcome found anew when its resource's own turn comes: a chain of references was cut below it."""
        self.cut.add(key)
        if not self.depth:
            if len(self.cut) <= self.anew:
                self.anew -= len(self.cut)
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
        report = self.outcomes.get((id(target.resource), id(profile)))
        if report is None and self._meets_derived(target, profile):
            return False
        return self.failed(report or self._at(target, profile))

    def _meets_derived(self, target: Target, profile: Profile) -> bool:
        """Return whether the target meets a profile that it claims, and that demands all that *profile* does."""
        derived = [each for each in self.claimed(target.resource) if profile.canonical in each.lineage]
        for each in derived:
            report = self.outcomes.get((id(target.resource), id(each)))
            if not self.failed(report or self._at(target, each)):
                return True
        return False

    def claimed(self, resource: Json) -> list[Profile]:
        """Return the known profiles that a resource says it meets."""
        found = self._claims.get(id(resource))
        if found is None:
            meta = resource.get("meta")
            canonicals = meta.get("profile") if isinstance(meta, dict) else None
            names = [each for each in canonicals if isinstance(each, str)] if isinstance(canonicals, list) else []
            profiles = (self.compiler.profile(each.partition("#")[0], self.source) for each in names)
            found = self._claims[id(resource)] = [each for each in profiles if each is not None]
        return found

    def failed(self, report: Report) -> bool:
        """Return whether there is a fault by which a value fails a profile, and which is none of the guide's own."""
        if not report.finished:
            return False
        if report.failed is None:
            counting = [fault for fault in report.every() if fault.counts]
            report.failed = bool(counting) and self.waivers.failed(counting, self.document)
        return report.failed

    def has_id(self, name: str) -> bool:
        """Return whether an element of the outermost resource, or a resource within it, has an id."""
        found = self._all_ids.get(id(self.root))
        if found is None:
            found = self._all_ids[id(self.root)] = frozenset(_ids(self.root))
        return name in found

    def note_local(self, name: str) -> None:
        """Note that the resource being looked at names an id after ``#``."""
        self.local.setdefault(id(self.resource), set()).add(name)

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
        profile.check(resource, self.focus, self)
        failed = self.failed(self.report)
        self.report, self.ids = outer, ids
        return not failed

    def _at(self, target: Target, profile: Profile) -> Report:
        if self.depth >= _DEEPEST:
            self.cut.add((id(target.resource), id(profile)))
            return Report()
        before = (self.resource, self.place, self.container, self.container_place, self.root, self.entry, self.world)
        self.resource, self.place = target.resource, target.place
        if target.contained:
            self.root = target.container
        else:
            self.container = self.root = target.resource
            self.container_place = target.place
        self.entry = target.entry
        self.depth += 1
        report = self.held_against(target.resource, target.place, profile)
        self.depth -= 1
        self.leave(before)
        return report

    def _contained(self, name: str) -> Target | None:
        container = self.container
        if not name:
            contained = self.resource is not container
            return Target(container, self.container_place, self.entry, container, False) if contained else None
        index = self._contained_by_id(container).get(name)
        if index is None:
            return None
        place = (self.container_place, "contained", index)
        return Target(container["contained"][index], place, self.entry, container, True)

    def _contained_by_id(self, container: Json) -> dict[str, int]:
        found = self._by_id.get(id(container))
        if found is None:
            resources = container.get("contained")
            numbered = list(enumerate(resources)) if isinstance(resources, list) else []
            found = self._by_id[id(container)] = {
                each["id"]: index
                for index, each in reversed(numbered)
                if isinstance(each, dict) and isinstance(each.get("id"), str)
            }
        return found

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


def _ids(resource: Json) -> Iterator[str]:
    pending: list[Any] = [resource]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            name = each.get("id")
            if isinstance(name, str):
                yield name
            pending.extend(each.values())
        elif isinstance(each, list):
            pending.extend(each)
