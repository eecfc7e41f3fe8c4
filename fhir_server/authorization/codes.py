"""Code systems that more than one channel speaks, and the hub's own.

X12 element numbers are those of 005010X217. The codes' meanings are in our words.
"""

from __future__ import annotations

from fhir_server.authorization.determination import LineOutcome
from fhir_server.authorization.values import Code, Concept

NAMESPACE = "http://wiser-pas.org/fhir"
DISMISSALS = f"{NAMESPACE}/CodeSystem/wiser-dismissal"
CASE_NUMBERS = f"{NAMESPACE}/sid/case"
RESPONSE_NUMBERS = f"{NAMESPACE}/sid/response"
ATTACHMENT_CONTROL_NUMBERS = f"{NAMESPACE}/sid/attachment-control-number"
QUESTIONNAIRE_CONTEXTS = f"{NAMESPACE}/sid/questionnaire-context"
PAYERS_QUESTIONNAIRE = "102089-0"
"""LOINC: the requester fills in the payer's questionnaire (PAS 2.2.1, Requesting Additional Information, ainfo-3)."""

REVIEW_ACTIONS = "https://codesystem.x12.org/005010/306"
REJECT_REASONS = "https://codesystem.x12.org/005010/901"
FOLLOW_UP_ACTIONS = "https://codesystem.x12.org/005010/889"
REVIEW_DECISION_REASONS = "https://codesystem.x12.org/external/886"
ENTITY_TYPES = "https://codesystem.x12.org/005010/98"
PAS_TEMPORARY = "http://hl7.org/fhir/us/davinci-pas/CodeSystem/PASTempCodes"

# X12 306 (HCR01) for each outcome of a line: the code and a label of ours.
ACTIONS: dict[LineOutcome, tuple[str, str]] = {
    "affirmed": ("A1", "Certified in total"),
    "non-affirmed": ("A3", "Not certified"),
    "in-review": ("A4", "Pended"),
    "modified": ("A6", "Modified"),
    "cancelled": ("C", "Cancelled"),
    "contact-payer": ("CT", "Contact payer"),
    "not-required": ("NA", "No action required"),
}


def review_action(outcome: LineOutcome, *beside: Code) -> Concept:
    """Return the X12 306 action that tells *outcome*, and any codes that go beside it."""
    code, label = ACTIONS[outcome]
    return Concept((Code(REVIEW_ACTIONS, code, label), *beside))


def dismissal_code(dismissal: str) -> Code:
    """Return the code of a WISeR dismissal (D01 to D10)."""
    return Code(DISMISSALS, dismissal)
