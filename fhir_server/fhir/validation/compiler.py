"""Structures made into checks: each snapshot is compiled once, on demand, to closures over tables.

A `Check` takes a value, its place and the run. It is made for one element of one profile and knows all that the
profile says of it; what is found is noted in the report of the run, and nothing is noted where nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from fhir_server.fhir.resource_types import RESOURCE_TYPES
from fhir_server.fhir.validation import content, primitive_elements
from fhir_server.fhir.validation.bindings import Bindings
from fhir_server.fhir.validation.datatypes import DATATYPES
from fhir_server.fhir.validation.extensions import Extensions
from fhir_server.fhir.validation.invariants import Invariants
from fhir_server.fhir.validation.primitives import PRIMITIVES
from fhir_server.fhir.validation.references import reference_check
from fhir_server.fhir.validation.resources import resource_check
from fhir_server.fhir.validation.tree import Definition, Node, grow
from fhir_server.fhir.validation.types import Types
from fhir_server.fhir.validation.value_limits import limit_checks
from fhir_server.fhir.validation.values import equal, faults, including

if TYPE_CHECKING:
    from fhir_server.fhir.definitions import Definitions, Structure
    from fhir_server.fhir.validation.report import Place
    from fhir_server.fhir.validation.run import Run

Check = Callable[[Any, "Place", "Run"], None]

_BASE = "http://hl7.org/fhir/StructureDefinition/"
_SHAPELESS = frozenset(("Element", "BackboneElement"))
_CANONICAL_ELEMENTS = frozenset(("url", "version", "status", "publisher"))
# What is kept of canonicals, known or not, so that no sender can fill the memory with them.
_MOST_CANONICALS, _LONGEST_CANONICAL = 10_000, 300


@dataclass(slots=True, eq=False)
class Profile:
    """A structure: its check, and what references and extensions ask of it.

    ``check`` judges a value at a place. It is compiled at its first use.
    """

    url: str
    version: str
    package: str
    type_name: str
    kind: str
    abstract: bool
    derivation: str
    base: str
    make: Callable[[], Check]
    check: Check
    imposes: Sequence[str] = ()
    context: Sequence[Definition] = ()
    context_invariants: Sequence[str] = ()
    modifier: bool = False
    value_types: frozenset[str] = frozenset()
    value_required: bool = False
    ancestors: frozenset[str] = field(default_factory=frozenset)
    lineage: frozenset[str] = field(default_factory=frozenset)
    compiled: bool = False

    @property
    def canonical(self) -> str:
        """URL and version, as the lineage of others names it."""
        return f"{self.url}|{self.version}"

    def compile(self) -> None:
        """Make the check, if it is not made yet."""
        if not self.compiled:
            self.check = self.make()
            self.compiled = True

    def first(self, value: Any, place: Place, run: Run) -> None:
        """Make the check, and check with it."""
        self.compile()
        self.check(value, place, run)


class Compiler:
    """Makes `Profile` objects of the structures that it is asked for, and keeps them."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.core = frozenset(package.label for package in definitions.packages if package.is_core)
        self.types = Types(definitions)
        self.bindings = Bindings(definitions)
        self.invariants = Invariants(self.types)
        self.extensions = Extensions(self)
        self._profiles: dict[tuple[str, str | None], Profile | None] = {}
        self._compiled: dict[tuple[str, str], Profile] = {}
        self._closures: dict[str, frozenset[str]] = {}
        self._shared: dict[tuple[Any, ...], Any] = {}
        self._referred: dict[tuple[str, str | None], None] = {}  # what compiled structures lead to, in order

    def profile(self, canonical: str, source: str | None = None) -> Profile | None:
        """Return the profile that a canonical (``url`` or ``url|version``) names, ``None`` if it is unknown.

        *source* is the package (``name#version``) that names it, ``None`` where a resource does.
        """
        key = (canonical, source)
        try:
            return self._profiles[key]
        except KeyError:
            structure = self.definitions.structure(canonical, source)
            profile = self._profile(structure) if structure else None
            if _is_kept(canonical, structure, len(self._profiles)):
                self._profiles[key] = profile
            return profile

    def closure(self, package: str) -> frozenset[str]:
        """Return a package and all that it depends on."""
        if package not in self._closures:
            self._closures[package] = frozenset(self.definitions.closure(package))
        return self._closures[package]

    def shared(self, make: Callable[..., Any], *arguments: Any) -> Any:
        """Return what *make* makes of *arguments*, made once: most elements of most structures are alike."""
        key = (make, *arguments)
        if key not in self._shared:
            self._shared[key] = make(*arguments)
        return self._shared[key]

    def binding_check(self, code: str, binding: Definition, source: str) -> Check | None:
        """Return the check of an element of a type against its binding, ``None`` where nothing is to be checked."""
        key = (code, binding["strength"], binding.get("valueSet"), binding.get("maxValueSet"), source)
        check: Check | None = self.shared(self.bindings.check, *key)
        return check

    def expect(self, canonicals: Iterable[tuple[str, str | None]]) -> None:
        """Note (canonical, package) pairs that a compiled structure may lead to, for `prepare`."""
        self._referred.update(dict.fromkeys(canonicals))

    def prepare(self, canonicals: Iterable[str], source: str | None) -> None:
        """Compile profiles and what their elements lead to: types, extensions, and the profiles of references."""
        self._referred.update(dict.fromkeys((canonical, source) for canonical in canonicals))
        done = 0
        while done < len(self._referred):
            pending = list(self._referred)[done:]
            done += len(pending)
            for each in pending:
                profile = self.profile(*each)
                if profile is not None:
                    profile.compile()

    def imposed(self, profile: Profile) -> Iterable[Profile]:
        """Yield the profiles that a profile imposes on what meets it."""
        for canonical in profile.imposes:
            found = self.profile(canonical, profile.package)
            if found is not None:
                yield found

    def is_resource(self, type_name: str) -> bool:
        """Return whether a type is a resource."""
        return "." not in type_name and type_name[:1].isupper() and self.types.is_a(type_name, "Resource")

    def is_canonical(self, type_name: str) -> bool:
        """Return whether resources of a type are known by a url of their own (R4, CanonicalResource)."""
        return self.types.elements(type_name).keys() >= _CANONICAL_ELEMENTS

    def resource_types(self) -> frozenset[str]:
        """Return the names of all resource types, for messages."""
        return RESOURCE_TYPES

    def base(self, type_name: str) -> Profile | None:
        """Return the definition of a type of FHIR itself."""
        return self.profile(_BASE + type_name)

    def type_check(self, canonical: str, source: str | None = None) -> Check:
        """Return a check against a profile that is found when it is first used; an unknown one checks nothing."""
        self.expect([(canonical, source)])
        check: Check = self.shared(self._type_check, canonical, source)
        return check

    def _type_check(self, canonical: str, source: str | None) -> Check:
        profile: Profile | None = None
        known = False

        def check(value: Any, place: Place, run: Run) -> None:
            nonlocal profile, known
            if not known:
                profile, known = self.profile(canonical, source), True
            if profile is not None:
                profile.check(value, place, run)

        return check

    def element_check(self, canonical: str, path: str, source: str) -> Check:
        """Return the check of the element at *path* of another structure, which one of the package *source* refers to.

        What the element refers to is looked up from there: its content belongs to that package's structure.
        """
        check: Check = self.shared(self._element_check, canonical, path, source)
        return check

    def _element_check(self, canonical: str, path: str, source: str) -> Check:
        structure = self.definitions.structure(canonical, source)
        if structure is None:
            return _nothing
        structure = replace(structure, package=source)
        return Snapshot(self, structure, grow(structure.elements)).element(path)

    def _profile(self, structure: Structure) -> Profile:
        key = (structure.canonical, structure.package)
        if key not in self._compiled:
            profile = self._compiled[key] = self._described(structure)
            profile.make = lambda: self._compile(*key)
            profile.check = profile.first
        return self._compiled[key]

    def _described(self, structure: Structure) -> Profile:
        elements = structure.elements
        value = next((each for each in elements if each["path"].startswith("Extension.value")), None)
        lineage = list(self._lineage(structure))
        types = value.get("type", ()) if value and value.get("max") != "0" else ()
        return Profile(
            url=structure.url,
            version=structure.version or "",
            package=structure.package,
            type_name=structure.type,
            kind=structure.kind,
            abstract=structure.abstract,
            derivation=structure.derivation or "",
            base=(structure.base_definition or "").partition("|")[0],
            make=lambda: _nothing,
            check=_nothing,
            imposes=tuple(structure.imposes),
            context=tuple(structure.context),
            context_invariants=tuple(structure.context_invariant),
            modifier=bool(elements[0].get("isModifier")),
            value_types=frozenset(each["code"] for each in types),
            value_required=bool(value and value.get("min", 0) > 0),
            ancestors=frozenset(each.partition("|")[0] for each in lineage),
            lineage=frozenset(lineage),
        )

    def _lineage(self, structure: Structure) -> Iterable[str]:
        """Yield the canonicals, with version, of all that a structure derives from."""
        seen: set[str] = set()
        while structure.base_definition and structure.base_definition not in seen:
            seen.add(structure.base_definition)
            base = self.definitions.structure(structure.base_definition, structure.package)
            if base is None:
                yield structure.base_definition
                return
            yield f"{base.url}|{base.version or ''}"
            structure = base

    def _compile(self, canonical: str, package: str) -> Check:
        structure = self.definitions.structure(canonical, package)
        assert structure is not None
        return Snapshot(self, structure, grow(structure.elements)).check()


class Snapshot:
    """The compilation of one structure."""

    def __init__(self, compiler: Compiler, structure: Structure, root: Node) -> None:
        self.compiler = compiler
        self.structure = structure
        self.root = root
        self._by_path: dict[str, Check] = {}

    def check(self) -> Check:
        """Return the check of the whole structure."""
        if self.structure.kind == "primitive-type":
            return primitive_elements.primitive(self, self.root, self.structure.type)
        check = self.object(self.root, self.structure.type)
        self._make_referred()
        return check

    def element(self, path: str) -> Check:
        """Return the check of the content of the element at *path*."""
        check = self.referred(path)
        self._make_referred()
        return check

    def object(self, node: Node, type_name: str) -> Check:
        """Return the check of an object whose members *node* lists; the type's own rules are part of it."""
        return content.object_check(self, node, type_name, self._rules(node, type_name))

    def item(self, node: Node, type_entry: Definition | None = None) -> tuple[str, Check]:
        """Return the type, and the check of one value, of an element that has one type, or is given as one of several.

        A primitive's check takes the primitive; what stands beside it (``_name``) is checked by `members`.
        """
        reference = node.definition.get("contentReference")
        if reference:
            canonical, _, path = reference.partition("#")
            if node.children:
                return path, self.object(node, self.type_of(node))
            return path, self.referred(path) if not canonical else self.compiler.element_check(
                canonical, path, self.structure.package
            )
        entry = type_entry or next(iter(node.types), {"code": "Element"})
        code: str = entry["code"]
        if code in _SHAPELESS:
            return code, self.object(node, self.type_of(node))
        if code in PRIMITIVES:
            return code, primitive_elements.primitive(self, node, code)
        if code == "Resource" or self.compiler.is_resource(code):
            own = list(self.compiler.invariants.checks(node.definition.get("constraint", ()), code))
            return code, resource_check(self.compiler, list(node.types), self.structure.package, own)
        if code == "Extension":
            return code, self._extension(node, entry)
        return code, self._complex(node, entry, code)

    def type_of(self, node: Node) -> str:
        """Return the type of an element that has one: of a backbone its path, or the path that it refers to."""
        entry = next(iter(node.types), None)
        if entry is not None and entry["code"] not in _SHAPELESS:
            code: str = entry["code"]
            return code
        type_name, *names = node.path.split(".")
        for name in names:
            element = self.compiler.types.elements(type_name).get(name.removesuffix("[x]"))
            if element is None or not element.types:
                return node.path
            type_name = element.types[0]
        return type_name

    def is_resource_id(self, node: Node) -> bool:
        """Return whether an element is the id of a resource."""
        return node.name == "id" and node.path.count(".") == 1 and self.compiler.is_resource(self.structure.type)

    def is_primitive(self, node: Node) -> bool:
        """Return whether an element holds primitives."""
        return any(entry["code"] in PRIMITIVES for entry in node.types)

    def _complex(self, node: Node, entry: Definition, code: str) -> Check:
        checks: list[Check] = []
        profiles = list(entry.get("profile", ()))
        if node.children:
            checks.append(self.object(node, code))
        if len(profiles) == 1:
            checks.append(self.compiler.type_check(profiles[0], self.structure.package))
        elif profiles:
            checks.append(content.one_of(self.compiler, profiles, self.structure.package))
        elif not node.children:
            checks.append(self.compiler.type_check(_BASE + code))
        checks.extend(self.demands(node, entry, code))
        if not node.children:
            checks.extend(self.compiler.invariants.checks(node.definition.get("constraint", ()), code, inherited=code))
        return self.together(checks)

    def together(self, checks: Sequence[Check]) -> Check:
        """Return one check that makes all of *checks*."""
        if len(checks) == 1:
            return checks[0]
        check: Check = self.compiler.shared(content.together, tuple(checks))
        return check

    def _extension(self, node: Node, entry: Definition) -> Check:
        profiles = list(entry.get("profile", ()))
        checks: list[Check] = [self.compiler.extensions.check(self.structure, node, profiles[0] if profiles else None)]
        if node.children:
            checks.append(self.object(node, "Extension"))
        else:
            own = node.definition.get("constraint", ())
            checks.extend(self.compiler.invariants.checks(own, "Extension", inherited="Extension"))
        checks.extend(self.demands(node, entry, "Extension"))
        return self.together(checks)

    def demands(self, node: Node, entry: Definition, code: str) -> Iterable[Check]:
        """Yield what an element says of its value beside its type: fixed, pattern, limits, binding, targets."""
        for prefix, exact in (("fixed", True), ("pattern", False)):
            demanded = node.value(prefix)
            if demanded:
                yield _value_check(demanded[1], exact, self.structure.url)
        yield from limit_checks(node)
        binding = self._binding(node)
        check = self.compiler.binding_check(code, binding, self.structure.package) if binding else None
        if check:
            yield check
        if code == "Reference":
            targets = tuple(str(each) for each in entry.get("targetProfile", ()))
            modes = frozenset(entry.get("aggregation", ()))
            yield self.compiler.shared(reference_check, self.compiler, targets, modes, self.structure.package)

    def _binding(self, node: Node) -> Definition | None:
        """Return the binding of an element; where its value set is not here, a required one of its type, if that is."""
        binding: Definition | None = node.definition.get("binding")
        if binding is None or binding["strength"] != "required" or "sliceName" in node.definition:
            return binding
        find = self.compiler.definitions.value_set
        if find(binding.get("valueSet", ""), self.structure.package) is not None:
            return binding
        inherited = self.compiler.types.bindings(self.structure.type).get(node.path)
        return inherited if inherited is not None and inherited["strength"] == "required" else binding

    def _rules(self, node: Node, type_name: str) -> list[Check]:
        """Return what holds for the object as a whole: the rules of its type, then the invariants."""
        checks: list[Check] = []
        if type_name in DATATYPES:
            checks.append(self.compiler.shared(_reporting, DATATYPES[type_name]))
        if type_name in _FORMS:
            checks.append(_FORMS[type_name])
        constraints = list(node.definition.get("constraint", ()))
        if "." in node.path and "." not in type_name:
            known = {each.get("expression") for each in constraints}
            own = self.compiler.types.constraints(type_name)
            constraints.extend(each for each in own if each.get("expression") not in known)
        checks.extend(self.compiler.invariants.checks(constraints, type_name))
        return checks

    def referred(self, path: str) -> Check:
        """Return the check of the element at *path* of this structure, which an element takes its content from.

        It may be the element itself, or one that it is part of: the check is made when the rest of the structure is.
        """
        made = self._by_path
        made.setdefault(path, _nothing)

        def check(value: Any, place: Place, run: Run) -> None:
            made[path](value, place, run)

        return check

    def _make_referred(self) -> None:
        while pending := [path for path, check in self._by_path.items() if check is _nothing]:
            for path in pending:
                node = self.root.find(path)
                self._by_path[path] = self.object(node, self.type_of(node)) if node else _unchecked


def _reporting(rule: Callable[[Any, Any, Any], None]) -> Check:
    return lambda value, place, run: rule(value, place, run.report)


def _coding_form(value: Any, place: Place, run: Run) -> None:
    system, code = value.get("system"), value.get("code")
    if type(system) is str and type(code) is str:
        run.codes.check_coding(system, code, place, run.report)


def _identifier_form(value: Any, place: Place, run: Run) -> None:
    system, number = value.get("system"), value.get("value")
    if type(system) is str and type(number) is str:
        run.codes.check_identifier(system, number, place, run.report)


def _value_or_parts(value: Any, place: Place, run: Run) -> None:
    """Check ext-1: an extension has a value or parts, and not both."""
    has_value = any(name.startswith(("value", "_value")) for name in value)
    if has_value is ("extension" in value):
        told = (
            "The extension has both a value and parts." if has_value else "The extension has neither value nor parts."
        )
        run.report.error("ext-1", place, told, "Send the one that its definition names.", "invariant", "ext-1")


_FORMS: dict[str, Check] = {"Coding": _coding_form, "Identifier": _identifier_form, "Extension": _value_or_parts}


def _unchecked(value: Any, place: Place, run: Run) -> None:
    """What a definition refers to, and does not have."""


def _nothing(value: Any, place: Place, run: Run) -> None:
    pass


def _is_kept(canonical: str, structure: Structure | None, kept: int) -> bool:
    """Return whether to remember what a canonical names: one that is exact, and up to a number of unknown ones.

    A sender may make up as many as he likes: of a known one too, as ``4.0.1-anything`` is taken for 4.0.1.
    """
    if structure is None:
        return kept < _MOST_CANONICALS and len(canonical) < _LONGEST_CANONICAL
    _, _, version = canonical.partition("|")
    return not version or version == structure.version


def _value_check(wanted: Any, exact: bool, profile: str) -> Check:
    matches = (equal if exact else including)(wanted)
    rule = "value-fixed" if exact else "value-pattern"
    word = "" if not isinstance(wanted, dict) else "exactly " if exact else "at least "
    demand = f"{profile} demands {word}{content.shown(wanted)}."

    def check(value: Any, place: Place, run: Run) -> None:
        if matches(value) or (type(value) is str and not exact and not value.strip()):
            return  # of a blank text it is told that it is blank
        for steps, kind in faults(value, wanted, exact):
            at = place
            for name, index in steps:
                at = (at, name, index)
            run.report.error(rule, at, f"The value is {kind}; {demand}", "", "value")

    return check
