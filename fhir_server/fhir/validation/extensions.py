"""Extensions: whether one is known, may stand where it stands, and holds what it should."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fhir_server.errors import Severity
from fhir_server.fhir.validation import content
from fhir_server.fhir.validation.report import Place
from fhir_server.fhir.validation.text import is_absolute
from fhir_server.fhir.validation.tree import Node

if TYPE_CHECKING:
    from fhir_server.fhir.definitions import Structure
    from fhir_server.fhir.validation.compiler import Compiler, Profile
    from fhir_server.fhir.validation.run import Run

Check = Callable[[Any, Place, "Run"], None]
Names = tuple[str, ...]

_MOST_PLACES = 20_000  # answers that are kept
_RESOURCE_ID: Names = ("id",)
_BASE = "http://hl7.org/fhir/StructureDefinition/Extension"
# What the elements of an abstract type may be called below it: only these carry its context on (R4, DomainResource).
_OWN_ELEMENTS = {
    "Element": frozenset(("id", "extension")),
    "BackboneElement": frozenset(("modifierExtension",)),
    "Resource": frozenset(("id", "meta", "implicitRules", "language")),
    "DomainResource": frozenset(("text", "contained", "extension", "modifierExtension")),
}


class _Step(NamedTuple):
    """An element on the way to another: its name without a type, its type, and whether it is one of a choice."""

    name: str
    type_name: str
    choice: bool

    def typed(self) -> tuple[str, str]:
        """Return how a choice may be named in a context: ``value[x]`` and ``valueQuantity``."""
        return f"{self.name}[x]", f"{self.name}{self.type_name[0].upper()}{self.type_name[1:]}"


class Extensions:
    """Makes the checks of elements of type Extension."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler
        self._allowed: dict[tuple[int, str, Names], bool] = {}

    def check(self, structure: Structure, node: Node, canonical: str | None) -> Check:
        """Return the check of an extension where *node* of *structure* stands, which may demand a profile for it."""
        made: Check = self._compiler.shared(
            self._make,
            "" if structure.package in self._compiler.core else structure.package,
            structure.url if structure.type == "Extension" and node.path.count(".") == 1 else None,
            node.name == "modifierExtension",
            "sliceName" in node.definition,
            bool(node.children),
            canonical,
        )
        return made

    def _make(
        self,
        source: str,
        part_of: str | None,
        modifier: bool,
        is_slice: bool,
        described: bool,
        canonical: str | None,
    ) -> Check:
        compiler = self._compiler
        within = part_of is not None
        open_within = part_of == _BASE
        plain = None if described else compiler.type_check(_BASE)
        demanded: Profile | None = None

        def check(value: Any, place: Place, run: Run) -> None:
            nonlocal demanded
            if type(value) is not dict:
                content.wrong_kind(value, place, run)
                return
            url = value.get("url")
            if type(url) is not str or not url:
                told = "The extension has no url."
                run.report.error("extension-url", place, told, "Name the extension by its url.", "required")
                return
            if canonical is not None and demanded is None:
                demanded = compiler.profile(canonical, source)
            profiles = self._meant(url, demanded, source, place, run)
            if not profiles:
                if is_absolute(url):
                    told = (
                        f"The extension {url.partition('?')[0][:200]} is not known here; its content was not checked."
                    )
                    # What is not understood and modifies must not be passed over by whoever acts on it.
                    severity: Severity = "warning" if modifier else "information"
                    run.report.add(severity, "extension-unknown", place, told, "", "informational")
                elif within and not is_slice and not open_within and ":" not in url:
                    told = f"{part_of} has no part {url[:64]!r}."
                    run.report.error("extension-part", place, told, "Use a part that it defines.", "invalid", url[:200])
                elif not within and not is_slice and place[0][1] not in ("extension", "modifierExtension"):
                    told = "The url of the extension is relative."
                    run.report.error("extension-url", place, told, "Name it by its whole url.", "invalid")
                if plain is not None:
                    plain(value, place, run)
                return
            for profile in profiles:
                self._held(profile, value, place, run, modifier)

        return check

    def _meant(self, url: str, demanded: Profile | None, source: str, place: Place, run: Run) -> Sequence[Profile]:
        """Return the definitions of an extension: what the profile means by its url, and what FHIR's own types mean.

        Mostly they are one; the package of a profile may know another version than the newest that is loaded.
        """
        if not is_absolute(url):
            return (demanded,) if demanded else ()
        name, _, version = url.partition("|")
        name = name.partition("#")[0]
        newest = self._compiler.profile(name, run.source)
        if newest is not None and version:
            told = "The url of an extension must not name a version."
            run.report.error("extension-url", place, told, "Leave out what follows the bar.", "invalid", name)
        own = demanded
        if own is None and source:
            own = self._compiler.profile(name, source)
            if own is not None and own.package not in self._compiler.closure(source):
                own = None
        found = (newest,) if own is None or own is newest else (newest, own)
        return [each for each in found if each is not None and each.type_name == "Extension"]

    def _held(self, profile: Profile, value: dict[str, Any], place: Place, run: Run, modifier: bool) -> None:
        if not self.allowed(profile, place, run):
            told = f"The extension {profile.url} may not stand on this element."
            places = ", ".join(str(each["expression"]) for each in profile.context)
            container = _container_place(place)
            run.report.error(
                "extension-context", container, told, f"It may stand on: {places}.", "structure", profile.url
            )
        if modifier is not profile.modifier:
            word = "a modifierExtension" if profile.modifier else "an extension, not a modifierExtension"
            told = f"{profile.url} is used as the other kind of extension."
            run.report.error("extension-modifier", place, told, f"Use it as {word}.", "structure", profile.url)
        _typed(profile, value, place, run)
        profile.check(value, place, run)

    def allowed(self, profile: Profile, place: Place, run: Run) -> bool:
        """Return whether an extension may stand where it does (R4, defining-extensions.html#context)."""
        type_name = run.resource.get("resourceType", "")
        names = _names(place, run)
        if names == _RESOURCE_ID:
            return False  # R4: what is extended is an element, and the id of a resource is none
        key = (id(profile), type_name, names)
        if not profile.context:
            return True
        by_path = self._allowed.get(key)
        if by_path is None:
            by_path = self._by_path(profile, type_name, names)
            if len(self._allowed) < _MOST_PLACES:
                self._allowed[key] = by_path
        allowed = by_path or self._by_content(profile, place, run)
        if allowed and profile.context_invariants:
            container = _container(place, run)
            element = self._type_at(type_name, names)
            expressions = (self._compiler.invariants.expression(each, element) for each in profile.context_invariants)
            return all(each.holds(container, run) for each in expressions)
        return allowed

    def _by_path(self, profile: Profile, type_name: str, names: Names) -> bool:
        trail = self._trail(type_name, names)
        for each in profile.context:
            if each["type"] != "element":
                continue
            wanted = str(each["expression"])
            if wanted in ("Element", "Any") or (wanted == "Resource" and not names):
                return True
            if wanted == "CanonicalResource" and not names and self._compiler.is_canonical(type_name):
                return True
            if self._names_end_of(trail, wanted.rpartition("#")[2]):
                return True
        return False

    def _trail(self, type_name: str, names: Names) -> list[_Step]:
        """Return the way from a resource to an element: at each step its name, its type, and whether it is a choice."""
        trail = [_Step("", type_name, False)]
        for name in names:
            trail.append(self._step(trail[-1].type_name, name))
        return trail

    def _names_end_of(self, trail: Sequence[_Step], wanted: str) -> bool:
        """Return whether *wanted* names the last element of a trail: from a type on it, or what that derives from.

        ``Claim.item``, ``CodeableConcept.coding``, ``Coding``, ``DomainResource.text``, ``Observation.value[x]``.
        """
        for start, step in enumerate(trail):
            for type_name in self._type_names(step.type_name):
                if wanted == type_name and start == len(trail) - 1:
                    return True
                if wanted.startswith(f"{type_name}."):
                    steps = wanted[len(type_name) + 1 :].split(".")
                    if _matches(steps, trail[start + 1 :]) and _is_own(type_name, steps[0]):
                        return True
        return False

    def _by_content(self, profile: Profile, place: Place, run: Run) -> bool:
        for each in profile.context:
            if each["type"] == "extension":
                holder = _holder(place, run)
                if isinstance(holder, dict) and holder.get("url") == each["expression"]:
                    return True
            elif each["type"] == "fhirpath":
                container = _container(place, run)
                type_name = run.resource.get("resourceType", "")
                found = self._compiler.invariants.expression(each["expression"], type_name).evaluate(run.resource, run)
                if any(one is container for one in found):
                    return True
        return False

    def _type_names(self, type_name: str) -> Iterator[str]:
        """Yield a type and what it derives from; a backbone has its path beside the type BackboneElement."""
        name: str | None = type_name
        while name is not None:
            yield name
            name = self._compiler.types.parent(name)

    def _step(self, type_name: str, name: str) -> _Step:
        """Return the step from a type to one of its members."""
        elements = self._compiler.types.elements(type_name)
        element = elements.get(name)
        if element is not None and not element.choice:
            return _Step(name, element.types[0] if element.types else "Element", False)
        for prefix, each in elements.items():
            if each.choice and name.startswith(prefix):
                for code in each.types:
                    if name == prefix + code[0].upper() + code[1:]:
                        return _Step(prefix, code, True)
        return _Step(name, "Element", False)

    def _type_at(self, type_name: str, names: Names) -> str:
        return self._trail(type_name, names)[-1].type_name


def _matches(steps: Sequence[str], trail: Sequence[_Step]) -> bool:
    if len(steps) != len(trail):
        return False
    return all(step == at.name or (at.choice and step in at.typed()) for step, at in zip(steps, trail, strict=True))


def _is_own(type_name: str, step: str) -> bool:
    """Return whether an element belongs to an abstract type, whose name does not stand for what derives from it."""
    return type_name not in _OWN_ELEMENTS or step in _OWN_ELEMENTS[type_name]


def _typed(profile: Profile, value: dict[str, Any], place: Place, run: Run) -> None:
    """Check that an extension has a value of a type that its definition allows, or parts instead."""
    name = next((each for each in value if each.startswith(("value", "_value"))), None)
    if name is not None:
        code = name.removeprefix("_").removeprefix("value")
        allowed = profile.value_types
        if code in allowed or code[:1].lower() + code[1:] in allowed:
            return
        told = f"{profile.url} may not have a value of type {code[:64]}."
        mend = f"Its type is {' or '.join(sorted(allowed))}." if allowed else "It has no value, only parts."
        run.report.error("extension-type", place, told, mend, "structure", profile.url)
    elif "extension" in value:
        if profile.value_required and profile.value_types:
            told = f"{profile.url} has a value, and no parts."
            run.report.error("extension-type", place, told, "Send its value.", "structure", profile.url)
    elif profile.value_types:
        told = f"{profile.url} has no value."
        run.report.error("extension-type", place, told, "Send its value.", "structure", profile.url)


def _container_place(place: Place) -> Place:
    container: Place = place[0]
    return container


def _names(place: Place, run: Run) -> Names:
    """Return the members that lead from the nearest resource to the element that an extension stands on."""
    names: list[str] = []
    at = place[0]
    while at and at is not run.place:
        names.append(at[1].removeprefix("_"))
        at = at[0]
    names.reverse()
    return tuple(names)


def _container(place: Place, run: Run) -> Any:
    """Return the element that an extension stands on."""
    return _at(place[0], run)


def _holder(place: Place, run: Run) -> Any:
    """Return the extension that the element is, or whose value it is."""
    container: Place = place[0]
    if container[1].startswith(("value", "_value")) and container[0]:
        container = container[0]
    return _at(container, run)


def _at(place: Place, run: Run) -> Any:
    steps: list[tuple[str, int]] = []
    at: Any = place
    while at and at is not run.place:
        steps.append((at[1], at[2]))
        at = at[0]
    value: Any = run.resource
    for name, index in reversed(steps):
        value = value.get(name) if isinstance(value, dict) else None
        if index >= 0:
            value = value[index] if isinstance(value, list) and index < len(value) else None
    return value
