"""What the sentences of a letter are filled with: one row a field, and where it comes from.

A field that is not known is ``None``; a sentence that names it does not stand in the letter.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from fhir_server.authorization.determination import Determination
from fhir_server.authorization.events import Reclassified
from fhir_server.letters.content import CaseMatter, ExemptionMatter, LetterContent
from fhir_server.letters.items import open_items, says_why
from fhir_server.letters.words import clean, day, day_of, joined, moment, moment_in
from fhir_server.policy.extraction import expedited

Field = Callable[[LetterContent], str | None]

# Who decided, in a sentence (docs/decisions/never.md, 1; S-22; S-24).
DECIDED_BY = {
    ("own", "software"): "Software checked the request against the policy and found every criterion met.",
    ("own", "clinician"): "A licensed clinician with relevant expertise reviewed it and made the decision.",
    ("own", "simulated"): "A simulated reviewer of a sandbox signed it; nobody looked at it.",
}
DECIDED_BY_PARTNER = "Another payer that reviews this request made the decision."

NOTICE = timedelta(days=60)
"""How long before its end a provider is told that an exemption ends (guide 5.1)."""


def decided_by(determination: Determination) -> str:
    """Return who made a decision, in a sentence."""
    decider = determination.decider
    if decider.decided_by == "partner":
        return DECIDED_BY_PARTNER
    return DECIDED_BY["own", decider.kind]


def _of_case(read: Callable[[CaseMatter], str | None]) -> Field:
    return lambda content: read(content.matter) if isinstance(content.matter, CaseMatter) else None


def _of_exemption(read: Callable[[ExemptionMatter], str | None]) -> Field:
    return lambda content: read(content.matter) if isinstance(content.matter, ExemptionMatter) else None


def _of_dismissal(name: str) -> Field:
    def read(matter: CaseMatter) -> str | None:
        dismissal = matter.determination.dismissal
        return clean(getattr(dismissal, name)) or None if dismissal else None

    return _of_case(read)


def _decided_on(content: LetterContent) -> str | None:
    if not isinstance(content.matter, CaseMatter):
        return None
    determination = content.matter.determination
    if determination.valid and determination.valid.start:
        return day_of(determination.valid.start)
    zone = determination.clock.time_zone if determination.clock else content.time_zone
    return day(moment_in(determination.decided_at, zone).date())


def _valid(side: str) -> Field:
    def read(matter: CaseMatter) -> str | None:
        valid = matter.determination.valid
        return day_of(getattr(valid, side)) if valid else None

    return _of_case(read)


def _number(*, simulated: bool | None) -> Field:
    def read(matter: CaseMatter) -> str | None:
        given = matter.tracking_number
        if given is None or simulated not in (None, given.simulated):
            return None
        return f"{clean(given.number)} (simulated)" if given.simulated else clean(given.number)

    return _of_case(read)


def _of_reclassification(read: Callable[[Reclassified, str], str]) -> Field:
    def of(content: LetterContent) -> str | None:
        if not isinstance(content.matter, CaseMatter) or content.matter.reclassified is None:
            return None
        clock = content.matter.determination.clock
        return read(content.matter.reclassified, clock.time_zone if clock else content.time_zone)

    return of


def _latest(reclassified: Reclassified, time_zone: str) -> str:
    """Return the last day: ``latest`` is the moment at which it ends, the first one of the next (S-09)."""
    return day((moment_in(reclassified.latest, time_zone) - timedelta(milliseconds=1)).date())


def _scope(matter: ExemptionMatter) -> str:
    services = joined(map(clean, matter.categories)) if matter.categories else "all WISeR services"
    states = joined(map(clean, matter.states)) if matter.states else "all states that we review"
    return f"{services}, in {states}"


def _flag(holds: Callable[[LetterContent], object]) -> Field:
    return lambda content: "yes" if holds(content) else None


def _told(number: object) -> str | None:
    return None if number is None else f"{number}"


def _is_expedited(matter: CaseMatter) -> bool:
    """Tell whether the request was decided as an expedited one."""
    clock = matter.determination.clock
    return clock.expedited if clock else expedited(matter.request)


def _is_in_time(content: LetterContent) -> bool:
    """Tell whether the notice comes so long before the exemption ends as it has to."""
    matter = content.matter
    return isinstance(matter, ExemptionMatter) and matter.effective_from - content.dated >= NOTICE


def _reach(content: LetterContent) -> str | None:
    """Return the ways to reach the sender."""
    sender = content.sender
    ways = (
        ("telephone", sender.phone),
        ("fax", sender.fax),
        ("e-mail", sender.email),
        ("portal", sender.portal),
    )
    return ", ".join(f"{name} {clean(value)}" for name, value in ways if value) or None


FIELDS: dict[str, Field] = {
    "case": _of_case(lambda matter: clean(matter.case)),
    "decided_on": _decided_on,
    "decided_by": _of_case(lambda matter: decided_by(matter.determination)),
    "valid_from": _valid("start"),
    "valid_to": _valid("end"),
    "tracking_number": _number(simulated=None),
    "real_number": _number(simulated=False),
    "simulated_number": _number(simulated=True),
    "earlier_letter": _of_case(lambda matter: clean(matter.earlier_letter) if matter.earlier_letter else None),
    "expedited": _flag(lambda content: isinstance(content.matter, CaseMatter) and _is_expedited(content.matter)),
    "resubmission": _flag(lambda content: isinstance(content.matter, CaseMatter) and content.matter.resubmission),
    "items": _flag(lambda content: isinstance(content.matter, CaseMatter) and open_items(content.matter.determination)),
    "why": _flag(lambda content: isinstance(content.matter, CaseMatter) and says_why(content.matter.determination)),
    "dismissal_code": _of_dismissal("code"),
    "dismissal_reason": _of_dismissal("reason"),
    "dismissal_mend": _of_dismissal("mend"),
    "reclassification_reason": _of_reclassification(lambda told, _: clean(told.reason)),
    "due": _of_reclassification(lambda told, zone: moment(told.due, zone)),
    "latest": _of_reclassification(_latest),
    "npi": _of_exemption(lambda matter: clean(matter.npi)),
    "effective_from": _of_exemption(lambda matter: day(matter.effective_from)),
    "effective_to": _of_exemption(lambda matter: day(matter.effective_to) if matter.effective_to else None),
    "scope": _of_exemption(_scope),
    "in_time": _flag(_is_in_time),
    "period": _of_exemption(lambda matter: clean(matter.period) if matter.period else None),
    "requests": _of_exemption(lambda matter: _told(matter.requests)),
    "affirmed": _of_exemption(lambda matter: _told(matter.affirmed)),
    "least_requests": _of_exemption(lambda matter: _told(matter.least_requests)),
    "least_percent": _of_exemption(lambda matter: _told(matter.least_percent)),
    "reason": _of_exemption(lambda matter: clean(matter.reason) if matter.reason else None),
    "sender": lambda content: clean(content.sender.name),
    "reach": _reach,
    "contractor": lambda content: content.contractor.name if content.contractor else None,
    "contractor_phone": lambda content: content.contractor.phone if content.contractor else None,
}
"""Every field that a sentence may name."""
