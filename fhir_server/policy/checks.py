"""What must hold within a pack beyond the form of its rows: ids that exist, dates that do not overlap, whole tables."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import date
from itertools import pairwise
from typing import TypeVar
from zoneinfo import available_timezones

from fhir_server.policy.categories import Category, DatedRow, ScopeRule
from fhir_server.policy.causes import CAUSES, QUESTIONS
from fhir_server.policy.code_rules import check_code_rules
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.criteria_checks import check_checklists
from fhir_server.policy.forms import is_npi
from fhir_server.policy.rows import Problems, unique
from fhir_server.policy.scripted import ScriptedPack

Dated = TypeVar("Dated", bound=DatedRow)
_PLACEHOLDERS = {"found": "", "where": ""}


def check_coverage(pack: CoveragePack, problems: Problems) -> None:
    """Note everything in which *pack* contradicts itself."""
    _check_model(pack, problems)
    _check_dismissals(pack, problems)
    _check_questions(pack, problems)
    _check_lists(pack, problems)
    unique(pack.categories, lambda each: each.id, "categories", problems)
    unique(pack.categories, lambda each: each.number, "categories", problems)
    _no_overlap(
        [row for category in pack.categories for row in category.codes], lambda row: row.code, "categories", problems
    )
    rules = [rule for category in pack.categories for rule in category.scope_rules]
    unique(rules, lambda each: each.id, "scope rules", problems)
    for category in pack.categories:
        _check_category(pack, category, problems)
    before = len(problems.found)
    check_checklists(pack.categories, problems)
    if len(problems.found) == before:  # the code rules look up fields, which are there once every test can be read
        check_code_rules(pack, pack.code_rules, problems)


def check_scripted(pack: ScriptedPack, problems: Problems) -> None:
    """Note everything in which *pack* contradicts itself."""
    place = "outcomes.yaml"
    unique(pack.scripts, lambda each: each.id, f"{place} scripts", problems)
    unique(pack.services, lambda each: (each.system, each.code), f"{place} services", problems)
    known = {each.id for each in pack.scripts}
    for service in pack.services:
        if service.script not in known:
            problems.add(f"{place} services {service.code}", f"the script {service.script} does not exist")
    for script in pack.scripts:
        if (script.outcome == "unanswered") != (script.action == "AAA") or (
            script.action == "AAA" and not script.errors
        ):
            problems.add(f"{place} scripts {script.id}", "AAA, the outcome unanswered and errors belong together")
    if not is_npi(pack.reviewer.npi):
        problems.add(f"{place} reviewer", "the NPI has a wrong check digit")
    if "{case}" not in pack.authorization_number:
        problems.add(place, "authorization_number has no {case}, so that two cases would have the same number")


def _check_model(pack: CoveragePack, problems: Problems) -> None:
    place = "model.yaml"
    if pack.dates.first_date_of_service > pack.dates.last_date_of_service:
        problems.add(f"{place} dates", "the last date of service is before the first")
    unique(pack.participants, lambda each: each.id, f"{place} participants", problems)
    unique(pack.contractors, lambda each: each.id, f"{place} contractors", problems)
    _no_overlap(pack.states, lambda row: row.state, f"{place} states", problems)
    _no_overlap(pack.sites, lambda row: (row.kind, row.code), f"{place} sites", problems)
    _no_overlap(pack.other_programs, lambda row: row.code, f"{place} other_programs", problems)
    for contractor in pack.contractors:
        if contractor.time_zone not in available_timezones():
            problems.add(f"{place} contractors {contractor.id}", f"the time zone {contractor.time_zone} does not exist")
    participants, contractors = {each.id for each in pack.participants}, {each.id for each in pack.contractors}
    for row in pack.states:
        _known(row.participant, participants, f"{place} states {row.state}", "participant", problems)
        _known(row.contractor, contractors, f"{place} states {row.state}", "contractor", problems)
    for closure in pack.closures:
        _known(closure.state, {"all", *_states(pack)}, f"{place} closures", "state", problems)
    for index, mark in enumerate(pack.emergency):
        if (mark.modifier is None) == (mark.revenue_under is None):
            problems.add(f"{place} emergency[{index}]", "either modifier or revenue_under is expected")
    for index, kind in enumerate(pack.coverage_types):
        if not (kind.codes or kind.under):
            problems.add(f"{place} coverage_types[{index}]", "codes or under is expected")


def _check_dismissals(pack: CoveragePack, problems: Problems) -> None:
    place = "dismissals.yaml"
    unique(pack.dismissals, lambda each: each.code, place, problems)
    causes = [(row, cause) for row in pack.dismissals for cause in row.causes]
    unique(causes, lambda each: each[1].id, place, problems)
    for row, cause in causes:
        where = f"{place} {row.code} {cause.id}"
        if (row.answer == "error") != all((cause.error, cause.follow_up, cause.position)):
            problems.add(where, "error, follow_up and position belong to answer: error, and only there")
        _check_words((cause.reason, cause.mend), where, problems)
        if cause.id not in CAUSES:
            problems.add(where, "no check of the engine has this cause")
    for missing in sorted(CAUSES - {cause.id for _, cause in causes}):
        problems.add(place, f"the cause {missing} is missing")


def _check_questions(pack: CoveragePack, problems: Problems) -> None:
    place = "questions.yaml"
    unique(pack.questions, lambda each: each.id, place, problems)
    for question in pack.questions:
        told = [each for each in (question.missing, question.unclear, question.notice) if each]
        if len(told) > 1:
            problems.add(f"{place} {question.id}", "at most one of missing, unclear and notice is expected")
        _check_words(told, f"{place} {question.id}", problems)
        if question.id not in QUESTIONS:
            problems.add(f"{place} {question.id}", "no check of the engine raises this question")
    for missing in sorted(QUESTIONS - {each.id for each in pack.questions}):
        problems.add(place, f"the question {missing} is missing")


def _check_lists(pack: CoveragePack, problems: Problems) -> None:
    place = "diagnosis-lists.yaml"
    unique(pack.diagnosis_lists, lambda each: each.id, place, problems)
    for each in pack.diagnosis_lists:
        unique(each.codes, lambda row: row.code, f"{place} {each.id}", problems)


def _check_category(pack: CoveragePack, category: Category, problems: Problems) -> None:
    place = f"categories {category.id}"
    listed = {row.code for row in category.codes}
    if category.status == "active" and not listed:
        problems.add(place, "an active category needs codes")
    for row in category.codes:
        if row.add_on != bool(row.base_codes) or row.add_on != bool(row.base_codes_source):
            problems.add(f"{place} {row.code}", "add_on, base_codes and base_codes_source belong together")
        for base in row.base_codes:
            _known(base, listed - {row.code}, f"{place} {row.code}", "base code", problems)
    for policy in category.policies:
        for state in policy.states:
            _known(state, _states(pack), f"{place} {policy.id}", "state", problems)
    for rule in category.scope_rules:
        _check_rule(pack, rule, listed, f"{place} {rule.id}", problems)
    for group in category.associated:
        unique(group.codes, str, f"{place} associated", problems)
        for code in sorted(listed.intersection(group.codes)):
            problems.add(f"{place} associated", f"{code} is a code of the category itself")


def _check_rule(pack: CoveragePack, rule: ScopeRule, listed: set[str], place: str, problems: Problems) -> None:
    if len(rule.tests) != 1:
        problems.add(place, f"one test is expected, found {', '.join(rule.tests) or 'none'}")
    for code in rule.codes:
        _known(code, listed, place, "code", problems)
    by_line = {each.code for each in pack.dismissals if each.answer == "line"}
    _known(rule.otherwise, by_line, place, "dismissal told on a line", problems)
    for named in (rule.diagnosis_list, rule.epidural_steroid_purpose):
        if named is not None:
            _known(named, set(pack.lists), place, "diagnosis list", problems)
    for state in rule.states_not_active or ():
        _known(state, _states(pack), place, "state", problems)
    _check_words((rule.reason, rule.mend), place, problems)


def _check_words(texts: Iterable[str], place: str, problems: Problems) -> None:
    for text in texts:
        try:
            text.format(**_PLACEHOLDERS)
        except (KeyError, IndexError, ValueError):
            problems.add(place, "only {found} and {where} may stand in braces")


def _known(value: str, known: set[str], place: str, what: str, problems: Problems) -> None:
    if value not in known:
        problems.add(place, f"the {what} {value} does not exist")


def _states(pack: CoveragePack) -> set[str]:
    return {row.state for row in pack.states}


def _no_overlap(rows: Sequence[Dated], key: Callable[[Dated], Hashable], place: str, problems: Problems) -> None:
    """Note rows that end before they begin, and rows of the same key that are in force at the same time."""
    by_key: dict[Hashable, list[Dated]] = {}
    for row in rows:
        by_key.setdefault(key(row), []).append(row)
        if row.effective_to is not None and row.effective_to < row.effective_from:
            problems.add(f"{place} {key(row)}", "the row ends before it begins")
    for name, same in by_key.items():
        ordered = sorted(same, key=lambda row: row.effective_from)
        for before, after in pairwise(ordered):
            if (before.effective_to or date.max) >= after.effective_from:
                problems.add(f"{place} {name}", f"two rows are in force on {after.effective_from.isoformat()}")
