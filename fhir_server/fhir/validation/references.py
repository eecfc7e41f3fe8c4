"""References: whether what they lead to is of a type, and meets a profile, that the element allows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fhir_server.fhir.resource_types import RESOURCE_TYPES
from fhir_server.fhir.validation.mending import listed
from fhir_server.fhir.validation.report import Place, expression

if TYPE_CHECKING:
    from fhir_server.fhir.validation.compiler import Compiler, Profile
    from fhir_server.fhir.validation.run import Run
    from fhir_server.fhir.validation.worlds import Target

Check = Callable[[Any, Place, "Run"], None]

_ANY = "http://hl7.org/fhir/StructureDefinition/Resource"
_TYPES = "http://hl7.org/fhir/StructureDefinition/"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_TYPE_AND_ID = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]+(?:/_history/[A-Za-z0-9\-.]+)?")
_BLANK = re.compile(r"[ \t\n\v\f\r]")


def reference_check(compiler: Compiler, canonicals: tuple[str, ...], aggregation: frozenset[str], source: str) -> Check:
    """Return the check of a Reference against the target profiles of its element, which the package *source* names."""
    anything = not canonicals or any(each.partition("|")[0] == _ANY for each in canonicals)
    targets: list[Profile] | None = None
    compiler.expect((canonical, source) for canonical in canonicals if not canonical.startswith(_TYPES))

    def profiles() -> list[Profile]:
        nonlocal targets
        if targets is None:
            found = (compiler.profile(canonical, source) for canonical in canonicals)
            targets = [profile for profile in found if profile is not None]
        return targets

    def check(value: Any, place: Place, run: Run) -> None:
        if type(value) is not dict:
            return
        reference = value.get("reference")
        if type(reference) is not str or not reference:
            return
        if _BLANK.search(reference):
            told = "The reference holds blanks."
            run.report.error("reference-form", place, told, "Send a url, Type/id, or # and an id.", "invalid")
        if reference[0] == "#":
            run.note_local(reference[1:])
        target = run.target(reference)
        if target is None:
            _unresolved(reference, place, run)
        elif run.world.is_ambiguous(reference, run.entry):
            told = "Several entries have the fullUrl that the reference means."
            run.report.error("reference-ambiguous", place, told, "Give each entry a fullUrl of its own.", "duplicate")
        if not anything and "type" in value:
            _named_type(value["type"], profiles(), place, run)
        if "type" in value:
            _same_type(value["type"], target, reference, place, run)
        if target is not None and not anything:
            _meets(target, profiles(), canonicals, place, run)
        if aggregation:
            _aggregated(aggregation, target, reference, place, run)

    return check


def _unresolved(reference: str, place: Place, run: Run) -> None:
    """Note a reference that cannot lead anywhere; one that leads out of what was sent is no fault."""
    if reference.startswith("#"):
        told = "No contained resource has this id."
        run.report.error("reference-unresolved", place, told, "Contain the resource, or mend the id.", "not-found")
    elif "?" in reference and reference.partition("?")[0] in RESOURCE_TYPES:
        if not run.world.is_transaction:
            told = "A reference by a search may stand in a transaction alone."
            run.report.error("reference-form", place, told, "Name the resource itself.", "invalid")
    elif run.world.is_bundle and not _SCHEME.match(reference):
        _relative(reference, place, run)
    elif run.world.is_bundle and reference.startswith("urn"):
        told = "The reference leads to no entry of the Bundle."
        run.report.warning("reference-unresolved", place, told, "Send the resource along.", "not-found")


def _relative(reference: str, place: Place, run: Run) -> None:
    if run.entry < 0:
        return  # of the Bundle itself: it may lead anywhere
    if run.world.full_url(run.entry) is None:
        if not run.world.is_response:
            told = "A relative reference means nothing in an entry without fullUrl."
            run.report.error("reference-unresolved", place, told, "Give the entry a fullUrl.", "required")
    elif reference.count("/") not in (1, 3) and not run.world.is_transaction:
        told = "A relative reference has the form Type/id or Type/id/_history/version."
        run.report.error("reference-form", place, told, "Send one of these, or a whole url.", "invalid")


def _named_type(named: Any, profiles: list[Profile], place: Place, run: Run) -> None:
    if isinstance(named, str) and profiles and named.removeprefix(_TYPES) not in {each.type_name for each in profiles}:
        _wrong_type(named, profiles, place, run)


def _same_type(named: Any, target: Target | None, reference: str, place: Place, run: Run) -> None:
    """Note a type that contradicts the resource that the reference leads to, or the type in its url."""
    if target is not None:
        actual = target.resource.get("resourceType")
    else:
        match = _TYPE_AND_ID.fullmatch(reference)
        actual = match.group(1) if match else None
    if isinstance(named, str) and isinstance(actual, str) and actual != named:
        told = f"The reference says that its target is a {named[:64]}, and it is a {actual[:64]}."
        run.report.error("reference-type", place, told, "Make the two agree.", "structure")


def _meets(target: Target, profiles: list[Profile], canonicals: tuple[str, ...], place: Place, run: Run) -> None:
    type_name = target.resource.get("resourceType")
    fitting = [each for each in profiles if each.type_name == type_name]
    if not fitting:
        _wrong_type(str(type_name)[:64] if type_name else "unknown", profiles, place, run)
        return
    if any(not run.fails(target, each) for each in _most_likely_first(fitting, target)):
        return
    if all(each.url == _TYPES + each.type_name for each in fitting):
        return  # what is wrong with the target is told at the target
    where = expression(target.place)
    told = f"The {type_name} that the reference leads to ({where}) does not meet {listed(canonicals, 3)}."
    mend = "See what is said of it, or refer to another."
    run.report.error("reference-target", place, told, mend, "structure", canonicals[0])


def _most_likely_first(profiles: list[Profile], target: Target) -> list[Profile]:
    """Return the profiles with those first that the target says it meets: one is enough, so the others are spared."""
    meta = target.resource.get("meta")
    claimed = meta.get("profile") if isinstance(meta, dict) else None
    if len(profiles) == 1 or not isinstance(claimed, list):
        return profiles
    return sorted(profiles, key=lambda each: each.url not in claimed)


def _wrong_type(found: str, profiles: list[Profile], place: Place, run: Run) -> None:
    allowed = sorted({each.type_name for each in profiles})
    told = f"The reference leads to a resource of type {found}, and only {', '.join(allowed)} may stand here."
    run.report.error("reference-type", place, told, "Refer to a resource of an allowed type.", "structure")


def _aggregated(modes: frozenset[str], target: Target | None, reference: str, place: Place, run: Run) -> None:
    if target is None:
        met = "referenced" in modes
    elif reference.startswith("#"):
        met = "contained" in modes
    else:
        met = bool(modes & {"bundled", "referenced"})
    if not met:
        told = f"The target of the reference must be {' or '.join(sorted(modes))}."
        run.report.error("reference-aggregation", place, told, "Send the target along.", "structure")
