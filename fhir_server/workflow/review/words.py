"""The words of a decision: what each line and the whole request are told. A denial lists every item (guide 4.1.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fhir_server.authorization.determination import (
    CodeRuleHit,
    CriterionFinding,
    CriterionGap,
    DeciderKind,
    Determination,
)
from fhir_server.authorization.values import Period

STOPPING = ("E", "W")
"""Severities of a code rule that a reviewer may rest a denial on."""
TITLES: dict[CriterionGap, str] = {
    "missing": "Missing",
    "unreadable": "Not readable",
    "failing": "Not met by what was sent",
    "conflicting": "Told differently in two places",
}
"""The gaps that are named to the requester, and how; what is only doubtful is for reviewers (S-07)."""
HOW_TO_SEND_AGAIN = (
    "What was not affirmed can be sent again: a whole request with all records, the tracking number of this decision, "
    "and the beneficiary's exact first name, last name and date of birth, as often as needed until a claim is denied. "
    "A talk between clinicians can be asked for with it."
)


BY: dict[DeciderKind, str] = {"clinician": "a licensed clinician", "simulated": "a simulated reviewer"}


def affirmed(code: str, by: DeciderKind) -> str:
    """Return why a line is affirmed."""
    return f"{code} is affirmed by {BY[by]}."


def modified(code: str, by: DeciderKind, units: object, asked: object) -> str:
    """Return what of a line is affirmed."""
    return f"{code} is affirmed by {BY[by]} for {units} of the {asked} units asked for."


def not_affirmed(
    code: str, by: DeciderKind, open_items: Sequence[CriterionFinding], hits: Iterable[str], others: Iterable[str]
) -> str:
    """Return why a line is not affirmed, with every item that is missing or not met.

    *hits* are the words of code rules, *others* what is missing beside the criteria.
    """
    return " ".join([f"{code} is not affirmed by {BY[by]}.", *_listed(open_items, others), *hits])


def _listed(open_items: Sequence[CriterionFinding], others: Iterable[str]) -> Iterator[str]:
    for gap, title in TITLES.items():
        items = [*(others if gap == "missing" else ()), *(_item(each) for each in open_items if each.gap == gap)]
        if items:
            yield f"{title}: {'; '.join(dict.fromkeys(items))}."


def _item(finding: CriterionFinding) -> str:
    rationale = (finding.rationale or "").strip().rstrip(".")
    return f"{named(finding)}: {rationale}" if rationale else named(finding)


def named(finding: CriterionFinding) -> str:
    """Return an element as it is named to the requester: our label, and its id where the checklist gives it one."""
    labelled = finding.label or finding.element
    return labelled if finding.element == "clinical-records" else f"{labelled} ({finding.element})"


def administrative(routed: Determination) -> tuple[str, ...]:
    """Return what was missing when the request was routed beside the elements of its checklists."""
    elements = {named(each) for each in routed.criteria}
    return tuple(each for each in routed.missing if each not in elements)


def hits_of(routed: Determination, line: int) -> tuple[CodeRuleHit, ...]:
    """Return the code rules that speak against a line, or against the whole request."""
    return tuple(each for each in routed.code_rules if each.severity in STOPPING and each.line in (None, line))


def explanations(rationale: str, valid: Period | None, *, denied: bool, routed: Determination) -> Iterator[str]:
    """Yield what is told about the whole request: the clinician's reasons first."""
    yield rationale
    if valid:
        yield f"The affirmation holds for services from {valid.start} through {valid.end}."
    if denied:
        yield HOW_TO_SEND_AGAIN
    yield from dict.fromkeys(each.words for each in routed.code_rules if each.severity == "I")
