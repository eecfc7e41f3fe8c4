"""The tests that a scope rule of a category may make, one function for each field of the rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from fhir_server.authorization.determination import FindingResult
from fhir_server.policy.categories import AnswerTold, ScopeRule
from fhir_server.policy.forms import state_in_words
from fhir_server.policy.gates import LineContext, days_found

Result: TypeAlias = tuple[FindingResult, str]


def held_against(rule: ScopeRule, context: LineContext) -> Result:
    """Return what came of *rule* for the line, and on which codes, dates, states or answers.

    An answer of the checklist counts where it goes further than the codes: it tells what they leave open, and what they
    only seem to tell (settled points, where a WISeR fact sits).
    """
    name = rule.tests[0]
    result, found = TESTS[name](getattr(rule, name), context)
    told = _told(rule.answer, context) if rule.answer else None
    if told is None or (told and result == "met"):
        return result, found
    answer = f"the answer to {rule.answer.element}" if rule.answer else ""
    return ("met" if told else "not met"), answer


def _told(answer: AnswerTold, context: LineContext) -> bool | None:
    """Return whether the answer tells what the rule asks for; ``None`` where there is none that does."""
    if answer.field == "*":
        return answer.means if context.answers.touches(answer.element) else None
    value = context.answers.value(answer.element, answer.field)
    return answer.means if value is not None and value == answer.value else None


def diagnosis_list(name: str, context: LineContext) -> Result:
    """One of the line's diagnoses stands in the list on the days of service.

    A diagnosis that cannot be relied on, and one that is listed but belongs to other lines, leave it to a person.
    """
    own = context.line.diagnoses
    if listed := _first_listed(name, own, context):
        return "met", listed
    sent = ", ".join(own)
    doubtful = [code for code in own if context.pack.diagnosis_codes.standing(code) != "complete"]
    if doubtful or context.line.diagnoses_unreadable or not own:
        return "unknown", f"not a valid diagnosis code: {', '.join(doubtful)}" if doubtful else sent
    if elsewhere := _first_listed(name, context.facts.all_diagnoses, context):
        return "unknown", f"{sent} for the line; {elsewhere} only elsewhere on the request"
    return "not met", sent


def _first_listed(name: str, codes: tuple[str, ...], context: LineContext) -> str | None:
    listed = context.pack.lists[name]
    found = (code for code in codes if code in listed and context.days.within(*listed[code]) != "not met")
    return next(found, None)


def not_diagnosis(codes: tuple[str, ...], context: LineContext) -> Result:
    """None of the line's diagnoses is one of *codes*; one that belongs to other lines leaves it to a person."""
    found = [code for code in context.line.diagnoses if code in codes]
    if found:
        return "not met", ", ".join(found)
    elsewhere = [code for code in context.facts.all_diagnoses if code in codes]
    if elsewhere:
        return "unknown", f"{', '.join(elsewhere)} only elsewhere on the request"
    return "met", ", ".join(context.line.diagnoses)


def requires_with(codes: tuple[str, ...], context: LineContext) -> Result:
    """One of *codes* is on the request too."""
    found = [code for code in context.facts.procedures if code in codes]
    return ("met", found[0]) if found else ("not met", f"no {' or '.join(codes)}")


def initial_implant_only(families: tuple[str, ...], context: LineContext) -> Result:
    """No diagnosis of the request tells a revision or replacement; without one the implant is taken for a first one."""
    found = [code for code in context.facts.all_diagnoses if any(_belongs(code, family) for family in families)]
    return ("not met", ", ".join(found)) if found else ("met", "no diagnosis of revision or replacement")


def epidural_steroid_purpose(name: str, context: LineContext) -> Result:
    """The injection is an epidural steroid for pain: a listed diagnosis tells it; else the code alone does not."""
    listed = _first_listed(name, context.line.diagnoses, context)
    return ("met", listed) if listed else ("unknown", f"the code {context.line.code} alone does not tell the purpose")


def from_date(start: Any, context: LineContext) -> Result:
    """The days of service are not before *start*."""
    return context.unless_silent(context.days.within(start, None)), days_found(context)


def states_not_active(states: tuple[str, ...], context: LineContext) -> Result:
    """The state of service is none of *states*."""
    state = context.line.state
    if state is None:
        return "unknown", ""
    return ("not met", state_in_words(state)) if state in states else ("met", state)


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
