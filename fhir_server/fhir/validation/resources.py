"""Resources: which profiles one is held against, and what holds for each resource beside its profiles."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fhir_server.fhir.validation import content
from fhir_server.fhir.validation.addresses import check_defining_url
from fhir_server.fhir.validation.bundles import check_bundle
from fhir_server.fhir.validation.implied import implied_profile
from fhir_server.fhir.validation.labels import check_labels
from fhir_server.fhir.validation.questionnaire_responses import check_questionnaire_response
from fhir_server.fhir.validation.questionnaires import check_questionnaire
from fhir_server.fhir.validation.report import Place
from fhir_server.fhir.validation.text import is_name
from fhir_server.fhir.validation.tree import Definition

if TYPE_CHECKING:
    from fhir_server.fhir.validation.compiler import Compiler, Profile
    from fhir_server.fhir.validation.run import Run

Check = Callable[[Any, Place, "Run"], None]

_LINKED = re.compile(r"""\b(?:href|src)\s*=\s*["']#([^"']*)["']""")
Json = dict[str, Any]


def resource_check(
    compiler: Compiler, entries: Sequence[Definition], source: str, rules: Sequence[Check] = ()
) -> Check:
    """Return the check of an element that holds a resource: of the types of *entries*, each with its profiles.

    *rules* are what the element says of the resource beside.
    """
    by_type = {entry["code"]: [str(each) for each in entry.get("profile", ())] for entry in entries}
    compiler.expect((canonical, source) for canonicals in by_type.values() for canonical in canonicals)

    def check(value: Any, place: Place, run: Run) -> None:
        if type(value) is not dict:
            content.wrong_kind(value, place, run, "a resource")
            return
        type_name = value.get("resourceType")
        canonicals = by_type.get(type_name) if isinstance(type_name, str) else None
        if canonicals is None:
            canonicals = by_type.get("Resource")
        if canonicals is None and isinstance(type_name, str):
            told = f"A {type_name[:64]} stands where only {' or '.join(by_type)} may stand."
            run.report.error("resource-type", place, told, "Send a resource of an allowed type.", "structure")
            canonicals = []
        with_profiles = [each for name in canonicals or () if (each := compiler.profile(name, source)) is not None]
        before = run.enter(value, place)
        check_resource(compiler, value, place, run, with_profiles)
        for rule in rules:
            rule(value, place, run)
        run.leave(before)

    return check


def check_resource(
    compiler: Compiler,
    value: Json,
    place: Place,
    run: Run,
    one_of: Sequence[Profile] = (),
    asked: Sequence[Profile] = (),
) -> None:
    """Check the resource that the run has entered.

    It is held against its type, the profiles it claims, at least one of *one_of*, all of *asked*, and its own rules.
    """
    base = _base(compiler, value, place, run)
    if base is None:
        return
    held = _claimed(compiler, value, place, run)
    held.extend(each for each in asked if each not in held)
    if one_of:
        _one_of(one_of, held, value, place, run)
    held.extend(other for each in list(held) for other in compiler.imposed(each) if other not in held)
    if not any(base.url in each.ancestors for each in held):
        held.insert(0, base)
    for profile in held:
        run.report.parts.append(run.held_against(value, place, profile))
    if id(value) not in run.seen:
        run.seen.add(id(value))
        _own_rules(value, place, run)
        if value["resourceType"] == "Observation":
            _implied(compiler, value, place, run)


def _base(compiler: Compiler, value: Json, place: Place, run: Run) -> Profile | None:
    type_name = value.get("resourceType")
    base = compiler.base(type_name) if isinstance(type_name, str) and type_name else None
    if base is not None and base.kind == "resource" and not base.abstract:
        return base
    if not isinstance(type_name, str) or not type_name:
        told = "The resource does not say of which type it is."
        run.report.error("resource-type", place, told, "Name its type in resourceType.", "structure")
        return None
    named = repr(type_name) if is_name(type_name) else "What stands in resourceType"
    meant = run.nearest(type_name, compiler.resource_types())
    mend = f"Did you mean {meant!r}?" if meant else "Name the type of the resource in resourceType."
    run.report.error("resource-type", place, f"{named} is no resource type of FHIR R4.", mend, "structure")
    return None


def _claimed(compiler: Compiler, value: Json, place: Place, run: Run) -> list[Profile]:
    """Return the profiles that a resource says it meets, and those that they impose."""
    meta = value.get("meta")
    canonicals = meta.get("profile") if isinstance(meta, dict) else None
    held: list[Profile] = []
    for index, canonical in enumerate(canonicals if isinstance(canonicals, list) else ()):
        if not isinstance(canonical, str):
            continue
        profile = compiler.profile(canonical.partition("#")[0], run.source)
        at = ((place, "meta", -1), "profile", index)
        if profile is None:
            told = "The profile is not known here: the resource was not held against it."
            run.report.warning("profile-unknown", at, told, "Name a profile that is loaded.", "not-found")
        elif profile not in held:
            if profile.type_name != value["resourceType"]:
                told = f"The profile is one of {profile.type_name}."
                run.report.warning("profile-type", at, told, "Name a profile of the resource's own type.", "structure")
            held.append(profile)
    return held


def _one_of(profiles: Sequence[Profile], held: list[Profile], value: Json, place: Place, run: Run) -> None:
    """Check that a resource meets at least one of the profiles that its place demands."""
    if len(profiles) == 1:
        if profiles[0] not in held:
            held.append(profiles[0])
        return
    fitting = [each for each in profiles if each.type_name == value["resourceType"]]
    tried: list[tuple[int, Profile]] = []
    for profile in sorted(fitting, key=lambda each: each not in held):
        report = run.held_against(value, place, profile)
        if not run.failed(report):
            return
        tried.append((sum(fault.counts for fault in report.every()), profile))
    if any(profile in held for profile in fitting):
        return  # what keeps it from the profile that it claims is told
    told = f"The {value['resourceType']} meets none of the profiles {', '.join(each.url for each in profiles)}."
    run.report.error("profile-none", place, told, "Mend what keeps it from one of them.", "structure")
    if tried:
        held.append(min(tried, key=lambda each: each[0])[1])


def _implied(compiler: Compiler, value: Json, place: Place, run: Run) -> None:
    canonical = implied_profile(value)
    profile = compiler.profile(canonical) if canonical else None
    if profile is not None:
        run.report.parts.append(run.held_against(value, place, profile))


def _own_rules(value: Json, place: Place, run: Run) -> None:
    """Check what is said of a resource once, whatever it is held against."""
    type_name = value["resourceType"]
    if type_name == "Bundle":
        check_bundle(value, place, run.report)
    elif type_name == "Questionnaire":
        check_questionnaire(value, place, run.report)
    elif type_name == "QuestionnaireResponse":
        _answers(value, place, run)
    if "url" in value and run.compiler.is_canonical(type_name):
        check_defining_url(value["url"], (place, "url", -1), run.report)
    if "contained" in value:
        _contained(value, place, run)
    check_labels(value, place, run.report)
    if place[1] == "contained" and place[0] and "id" not in value:
        run.report.error("element-missing", place, "A contained resource has no id.", "Add one.", "required")


def _answers(value: Json, place: Place, run: Run) -> None:
    """Hold a QuestionnaireResponse against the Questionnaire that it contains; another one is not at hand.

    Expressions that came with it (enableWhenExpression) are not evaluated: they are a sender's programs.
    """
    canonical = value.get("questionnaire")
    target = run.target(canonical) if isinstance(canonical, str) and canonical.startswith("#") else None
    if target is None or target.resource.get("resourceType") != "Questionnaire":
        return

    def value_set(url: str) -> Any:
        return run.compiler.definitions.value_set(url, run.source)

    check_questionnaire_response(value, target.resource, place, run.report, value_set)


def _contained(value: Json, place: Place, run: Run) -> None:
    """Check that each contained resource is referred to, or refers to what contains it (dom-3).

    What counts are references, and links of type uri or canonical; in a narrative the address of a link or image. Those
    of the resources were noted while they were held against their profiles.
    """
    resources = value["contained"]
    if not isinstance(resources, list):
        return
    used = _used(value, resources, run)
    seen: set[str] = set()
    for index, each in enumerate(resources):
        name = each.get("id") if isinstance(each, dict) else None
        if not isinstance(name, str):
            continue
        at = (place, "contained", index)
        if name not in used and "" not in _named_by(each, run):
            told = "Nothing refers to the contained resource (dom-3)."
            run.report.error("dom-3", at, told, "Refer to it by '#' and its id, or remove it.", "invariant", "dom-3")
        if name in seen:
            run.report.error("id-repeated", at, "Two contained resources have the same id.", "Rename one.", "duplicate")
        seen.add(name)


def _used(value: Json, resources: list[Any], run: Run) -> set[str]:
    """Return the ids of what a resource contains that it leads to, or that lead to it, or to each other in a circle."""
    by_id = {each["id"]: each for each in resources if isinstance(each, dict) and isinstance(each.get("id"), str)}
    named = {name: _named_by(each, run) - {name} for name, each in by_id.items()}
    unused = set(by_id) - _reached(_named_by(value, run) | {name for name in named if "" in named[name]}, named)
    counts = Counter(other for name in unused for other in named[name])
    pending = [name for name in unused if not counts[name]]
    orphans = set(pending)
    while pending:
        for other in named[pending.pop()] & unused:
            counts[other] -= 1
            if not counts[other]:
                orphans.add(other)
                pending.append(other)
    return set(by_id) - orphans


def _reached(names: set[str], named: Mapping[str, set[str]]) -> set[str]:
    found, pending = set(names), list(names)
    while pending:
        more = named.get(pending.pop(), set()) - found
        found |= more
        pending.extend(more)
    return found


def _named_by(resource: Json, run: Run) -> set[str]:
    """Return the ids that a resource itself, without what it contains, names after ``#``."""
    text = resource.get("text")
    div = text.get("div") if isinstance(text, dict) else None
    links = _LINKED.findall(div) if isinstance(div, str) and "#" in div else ()
    return run.local.get(id(resource), set()).union(links)
