"""Objects: their members, what must be among them, and the rules that hold for an object as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from fhir_server.fhir.json import dumps
from fhir_server.fhir.validation import members
from fhir_server.fhir.validation.report import Place, Report
from fhir_server.fhir.validation.text import is_name
from fhir_server.fhir.validation.tree import Node

if TYPE_CHECKING:
    from fhir_server.fhir.validation.compiler import Compiler, Snapshot
    from fhir_server.fhir.validation.run import Run

Check = Callable[[Any, Place, "Run"], None]

_LONGEST_SHOWN = 120


def object_check(snapshot: Snapshot, node: Node, type_name: str, rules: Sequence[Check]) -> Check:
    """Return the check of an object of a type whose members are the children of *node*."""
    table = members.table(snapshot, node, type_name)
    member_of = table.members.get
    required, choices, must_support = table.required, table.choices, table.must_support
    rule = together(rules) if rules else None
    two_of_a_choice = 3 if type_name == "Extension" else 2  # an extension has its url beside its value

    def check(value: Any, place: Place, run: Run) -> None:
        if type(value) is not dict:
            wrong_kind(value, place, run)
            return
        if not value:
            run.report.error("element-empty", place, "The object is empty.", "Leave the element out.", "structure")
            return
        for name, each in value.items():
            member = member_of(name)
            if member is None:
                _unknown(name, value, place, run, table)
            else:
                member(each, value, place, run)
        for demand in required:
            for name in demand.names:
                if name in value:
                    break
            else:
                demand.missing(place, run)
        if choices and len(value) >= two_of_a_choice:
            for group in choices:
                group.check(value, place, run)
        if rule is not None:
            rule(value, place, run)
        if must_support and run.must_support:
            _report_absent(value, place, run, must_support)

    return check


def together(checks: Sequence[Check]) -> Check:
    """Return one check that makes all of *checks*."""
    if len(checks) == 1:
        return checks[0]
    if len(checks) == 2:
        first, second = checks

        def two(value: Any, place: Place, run: Run) -> None:
            first(value, place, run)
            second(value, place, run)

        return two
    several = tuple(checks)

    def all_of(value: Any, place: Place, run: Run) -> None:
        for each in several:
            each(value, place, run)

    return all_of


def one_of(compiler: Compiler, profiles: Sequence[str], source: str) -> Check:
    """Return the check of a value that must meet one of several profiles of its type."""
    checks = [(canonical, compiler.type_check(canonical, source)) for canonical in profiles]

    def check(value: Any, place: Place, run: Run) -> None:
        outer, tried = run.report, []
        for _, each in checks:
            run.report = Report(budget=outer.budget)
            each(value, place, run)
            tried.append(run.report)
            if not run.failed(run.report):
                outer.parts.append(run.report)
                run.report = outer
                return
        run.report = outer
        run.report.error("profile-none", place, f"The value meets none of {', '.join(profiles)}.", "Mend it for one.")
        outer.parts.extend(tried)

    return check


def shown(value: Any) -> str:
    """Return a value of a profile (never one that was sent) as JSON, shortened."""
    text = dumps(value).decode()
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def wrong_kind(value: Any, place: Place, run: Run, expected: str = "an object") -> None:
    """Note that a value is of another kind of JSON than the element takes."""
    found = {dict: "an object", list: "an array", str: "a string", bool: "true or false"}
    told = "null" if value is None else found.get(type(value), "a number")
    run.report.error("fhir-type", place, f"Found {told} where {expected} is expected.", "", "structure")


def _unknown(name: str, value: dict[str, Any], place: Place, run: Run, table: members.Table) -> None:
    if place is run.place and run.resource.get("resourceType") != table.type_name:
        told = f"A claimed profile is one of {table.type_name}, which has no such element."
        run.report.error("profile-type", (place, name, -1), told, "Claim profiles of the resource's own type.")
        return
    refusal = members.refusal(table, name, value)
    if refusal:
        run.report.error("choice-type", (place, name, -1), refusal, "", "structure")
        return
    beside = members.other_value(table, name, value)
    if beside:
        told = f"{beside} has a value already: {name} is a second one."
        run.report.error("element-unknown", place, told, "Keep one of them.", "structure", name[:64])
        return
    meant = run.nearest(name, [known for known in table.members if not known.startswith("_")])
    mend = f"Did you mean {meant!r}?" if meant else "Remove it, or use an extension."
    told = f"There is no element {name!r} here." if is_name(name) else "There is no element of such a name here."
    run.report.error("element-unknown", place, told, mend, "structure", name[:64])


def _report_absent(value: dict[str, Any], place: Place, run: Run, names: Sequence[tuple[str, ...]]) -> None:
    for alternatives in names:
        if not any(name in value for name in alternatives):
            label = alternatives[0]
            run.report.information("must-support-absent", place, f"The must-support element {label} is absent.")
