"""Constraints that were published with a mistake, and what they are taken to say.

The HL7 validator reads them this way (6.10.4, `FHIRPathExpressionFixer`, for R4), and so do we: taken by the letter
they refuse what nobody meant to refuse, or, with regular expressions that find a part, let too much through.
"""

from __future__ import annotations

from collections.abc import Mapping

_REFERENCE = (
    "reference.exists() implies (reference = '#' or (reference.startsWith('#').not() or "
    "(reference.substring(1) in %rootResource.contained.id)))"
)
_ENTERED_IN_ERROR = (
    "verificationStatus.coding.where(system='http://terminology.hl7.org/CodeSystem/condition-ver-status' and "
    "code = 'entered-in-error')"
)
_WORD = r"""[^\\s\\.,:;\\\'"\\/|?!@#$%&*()\\[\\]{}]{1,64}"""

_PUBLISHED: Mapping[str, str] = {
    # bdl-8: an entry without fullUrl
    "fullUrl.contains('/_history/').not()": "fullUrl.exists() implies fullUrl.contains('/_history/').not()",
    # con-3: the category is a CodeableConcept
    f"clinicalStatus.exists() or {_ENTERED_IN_ERROR}.exists() or category.select($this='problem-list-item').empty()": (
        f"({_ENTERED_IN_ERROR}.exists() and category.coding.exists("
        "system='http://terminology.hl7.org/CodeSystem/condition-category' and code ='problem-list-item').empty()) "
        "implies (clinicalStatus.exists())"
    ),
    # dom-6: only the outermost resource needs a narrative
    "text.`div`.exists()": "(%rootResource != $this) or text.`div`.exists()",
    # eld-19, eld-20: the whole path
    rf"path.matches('{_WORD}(\\.{_WORD}(\\[x\\])?(\\:[^\\s\\.]+)?)*')": (
        rf"path.matches('^{_WORD}(\\.{_WORD}(\\[x\\])?(\\:[^\\s\\.]+)?)*$')"
    ),
    r"path.matches('[A-Za-z][A-Za-z0-9]*(\\.[a-z][A-Za-z0-9]*(\\[x])?)*')": (
        r"path.matches('^[A-Za-z][A-Za-z0-9]*(\\.[a-z][A-Za-z0-9]*(\\[x])?)*$')"
    ),
    # opd-3: a parameter may be of any resource type
    "targetProfile.exists() implies (type = 'Reference' or type = 'canonical')": (
        "targetProfile.exists() implies (type = 'Reference' or type = 'canonical' or "
        "type.memberOf('http://hl7.org/fhir/ValueSet/resource-types'))"
    ),
    # que-7: the type of FHIR is boolean
    "operator = 'exists' implies (answer is Boolean)": "operator = 'exists' implies (answer is boolean)",
    # que-12: "more than one"
    "enableWhen.count() > 2 implies enableBehavior.exists()": "enableWhen.count() >= 2 implies enableBehavior.exists()",
    # pd-1: there may be several
    "telecom or endpoint": "telecom.exists() or endpoint.exists()",
    # vs-1: a period is not meant
    "($this as dateTime).toString().length() >= 8": "$this is dateTime implies $this.toString().length() >= 10",
    # ras-2: the probability may be missing
    "probability is decimal implies (probability as decimal) <= 100": (
        "(probability.exists() and (probability is decimal)) implies ((probability as decimal) <= 100)"
    ),
    # ref-1: a reference without `reference`, and one to the container itself
    "reference.startsWith('#').not() or (reference.substring(1).trace('url') in %resource.contained.id.trace('ids'))": (
        _REFERENCE
    ),
    "reference.startsWith('#').not() or "
    "(reference.substring(1).trace('url') in %rootResource.contained.id.trace('ids'))": _REFERENCE,
    # tim-9: `when` repeats
    "offset.empty() or (when.exists() and ((when in ('C' | 'CM' | 'CD' | 'CV')).not()))": (
        "offset.empty() or (when.exists() and when.select($this in ('C' | 'CM' | 'CD' | 'CV')).allFalse())"
    ),
    # *-0: a name need not be there, and all of it counts
    "name.matches('[A-Z]([A-Za-z0-9_]){0,254}')": (
        "name.exists() implies name.matches('^[A-Z]([A-Za-z0-9_]){0,254}$')"
    ),
}
# Two rules of a narrative have one expression; by key, that of the second.
_BY_KEY: Mapping[tuple[str, str], str] = {("txt-2", "htmlChecks()"): "htmlChecks2()"}


def corrected(expression: str, key: str = "") -> str:
    """Return what an expression of a constraint (with its ``key``) is taken to say: mostly itself."""
    return _BY_KEY.get((key, expression)) or _PUBLISHED.get(expression, expression)
