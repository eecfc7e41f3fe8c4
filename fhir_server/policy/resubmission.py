"""Whether a request may take up an earlier decision again: number, beneficiary, claim (G6 3.2, 4.4; rule V42)."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_server.authorization.states import State
from fhir_server.policy import causes
from fhir_server.policy.circumstances import Circumstances, PriorCase
from fhir_server.policy.facts import RequestFacts
from fhir_server.policy.findings import Held

RESUBMITTABLE = frozenset({State.NON_AFFIRMED, State.PARTIAL})


def resubmission(facts: RequestFacts, circumstances: Circumstances) -> Iterator[Held]:
    """Hold a request that carries the number of an earlier decision, or says that it should, to what that needs."""
    if not facts.prior_number:
        if facts.resubmission:
            yield Held(causes.PRIOR_NUMBER_MISSING, "not met")
        return
    prior = circumstances.prior
    if prior is None:
        yield Held(causes.PRIOR_NUMBER_UNKNOWN, "not met", "no case of the sender has it")
        return
    if prior.member_id != facts.member_id:
        yield Held(causes.PRIOR_OTHER_MEMBER, "not met", "another Medicare number")
        return
    known = prior.state in RESUBMITTABLE
    yield Held(causes.PRIOR_NOT_RESUBMITTABLE, "met" if known else "not met", f"case {prior.case}, {prior.state}")
    if known:
        yield from _same_person(facts, prior)
        denied = prior.claim_denied
        yield Held(
            causes.CLAIM_DENIED, "not met" if denied else "met", "a denied claim" if denied else "no denied claim"
        )


def _same_person(facts: RequestFacts, prior: PriorCase) -> Iterator[Held]:
    """First and last name and date of birth have to be the very same (G6 3.2)."""
    same_name = not prior.names or not {_first_and_last(each) for each in prior.names}.isdisjoint(
        _first_and_last(each) for each in facts.names
    )
    yield Held(causes.PRIOR_NAME_DIFFERS, "met" if same_name else "not met", "compared with the earlier request")
    sent, earlier = (facts.birth_date or "")[:10], (prior.birth_date or "")[:10]
    yield Held(
        causes.PRIOR_BIRTH_DATE_DIFFERS, "met" if sent == earlier else "not met", "compared with the earlier request"
    )


def _first_and_last(name: tuple[str, str]) -> tuple[str, str]:
    family, given = name
    return family, given.split(" ")[0]
