"""The tests that a scope rule of a category may make, one function for each field of the rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from fhir_server.authorization.determination import FindingResult
from fhir_server.policy.coverage import ScopeRule
from fhir_server.policy.gates import LineContext, days_found

Result: TypeAlias = tuple[FindingResult, str]


def held_against(rule: ScopeRule, context: LineContext) -> Result:
    """Return what came of *rule* for the line, and on which codes, dates or states."""
    name = rule.tests[0]
    return TESTS[name](getattr(rule, name), context)


def diagnosis_list(name: str, context: LineContext) -> Result:
    """One of the line's diagnoses stands in the list on the days of service."""
    listed = context.pack.lists[name]
    diagnoses = context.line.diagnoses
    for code in diagnoses:
        if code in listed and context.days.within(*listed[code]) != "not met":
            return "met", code
    return ("not met" if diagnoses else "unknown"), ", ".join(diagnoses)


def not_diagnosis(codes: tuple[str, ...], context: LineContext) -> Result:
    """None of the line's diagnoses is one of *codes*."""
    found = [code for code in context.line.diagnoses if code in codes]
    return ("not met", ", ".join(found)) if found else ("met", ", ".join(context.line.diagnoses))


def requires_with(codes: tuple[str, ...], context: LineContext) -> Result:
    """One of *codes* is on the request too."""
    found = [code for code in context.facts.procedures if code in codes]
    return ("met", found[0]) if found else ("not met", f"no {' or '.join(codes)}")


def initial_implant_only(families: tuple[str, ...], context: LineContext) -> Result:
    """No diagnosis tells a revision or replacement; without one the implant is taken for an initial one."""
    found = [code for code in context.line.diagnoses if any(_belongs(code, family) for family in families)]
    return ("not met", ", ".join(found)) if found else ("met", "no diagnosis of revision or replacement")


def epidural_steroid_purpose(_: object, context: LineContext) -> Result:
    """The injection is an epidural steroid for pain: no code tells it, so a person asks."""
    return "unknown", f"the code {context.line.code} alone does not tell the purpose"


def from_date(start: Any, context: LineContext) -> Result:
    """The days of service are not before *start*."""
    return context.days.within(start, None), days_found(context)


def states_not_active(states: tuple[str, ...], context: LineContext) -> Result:
    """The state of service is none of *states*."""
    state = context.line.state
    return ("unknown", "") if state is None else ("not met" if state in states else "met", state)


TESTS: dict[str, Callable[[Any, LineContext], Result]] = {
    "diagnosis_list": diagnosis_list,
    "not_diagnosis": not_diagnosis,
    "requires_with": requires_with,
    "initial_implant_only": initial_implant_only,
    "epidural_steroid_purpose": epidural_steroid_purpose,
    "from_date": from_date,
    "states_not_active": states_not_active,
}


def _belongs(code: str, family: str) -> bool:
    return code.startswith(family[:-1]) if family.endswith("-") else code == family
