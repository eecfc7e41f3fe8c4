"""One coding: whether it is in a value set, right by its own code system, and what may be told of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fhir_server.fhir.definitions import CodeSystemNames, ValueSet

Json = dict[str, Any]

# What of a code that was sent may be told again.
_PLAIN_CODE = re.compile(r"[A-Za-z0-9._\-:+/#]{1,64}")
# A concept with a code of these is left to a terminology server (`ValueSetUtilities.isServerSide` of the validator).
SERVED = frozenset(
    (
        "http://hl7.org/fhir/ndfrt",
        "http://hl7.org/fhir/sid/cvx",
        "http://hl7.org/fhir/sid/icd-10",
        "http://hl7.org/fhir/sid/icd-10-cm",
        "http://hl7.org/fhir/sid/icd-9-cm",
        "http://hl7.org/fhir/sid/ndc",
        "http://loinc.org",
        "http://snomed.info/sct",
        "http://www.ama-assn.org/go/cpt",
        "http://www.nlm.nih.gov/research/umls/rxnorm",
    )
)


def remembered_by(coding: Any) -> tuple[str, str, str | None] | None:
    """Return by what a coding is remembered: its system, code and display, if it says nothing else that counts."""
    if type(coding) is not dict or "version" in coding:
        return None
    system, code, display = coding.get("system"), coding.get("code"), coding.get("display")
    if type(system) is str and type(code) is str and (display is None or type(display) is str):
        return system, code, display
    return None


def is_member(found: ValueSet, coding: Json) -> bool:
    """Return whether a coding is in a value set; without a system if that takes such codes."""
    system, code = coding.get("system"), coding.get("code")
    if not isinstance(code, str):
        return False
    return found.lists(code) if system is None else isinstance(system, str) and found.contains(system, code) is True


def fault_of(found: ValueSet, names: CodeSystemNames, coding: Json) -> tuple[str, str] | None:
    """Return what is wrong with a coding by its code system, and what to do."""
    code, display = coding["code"], coding.get("display")
    known = names.names(code)
    if known is None:
        return f"{named(code)} is not one that its code system has.", f"Use a code of {names.url}, or leave it out."
    if not isinstance(display, str) or not display or display.casefold() in known:
        return None
    if display.casefold() in map(str.casefold, found.displays.get(coding["system"], {}).get(code, ())):
        return None
    right = names.display(code)
    mend = f"Write {right!r}, or leave the display out." if right else "Leave the display out."
    return f"The display of {named(code, 'the')} is not one that its code system has.", mend


def named(code: Any, article: str = "The") -> str:
    """Return words for a code that was sent, which is told only if it looks like one."""
    return f"{article} code {code!r}" if isinstance(code, str) and _PLAIN_CODE.fullmatch(code) else f"{article} code"
