"""What surrounds the request of a policy case: the clock, who decides, what the server knows, earlier requests."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from fhir_server.authorization.states import OPEN, State
from fhir_server.errors import ContentInvalid, Issue
from fhir_server.policy.cases import MEND, EarlierRequest, PolicyCase
from fhir_server.policy.cases_request import RAILROAD_PAYER, person_name
from fhir_server.policy.circumstances import Circumstances, OpenItem, PriorCase
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.forms import folded, member_number
from fhir_server.policy.registry import BeneficiaryRecord, Exemption, ProviderRecord


def circumstances_of(case: PolicyCase, pack: CoveragePack) -> Circumstances:
    """Return the circumstances that *case* tells; raise `ContentInvalid` where nobody is known whom it is sent to."""
    provider = _provider(case)
    return Circumstances(
        now=case.received_at,
        states=_states(case, pack),
        excluded_payers=frozenset({RAILROAD_PAYER}),
        beneficiary=_beneficiary(case),
        providers={provider.npi: provider} if provider else {},
        exemptions=tuple(_exemptions(case)),
        open_items=tuple(_open_items(case)),
        prior=_prior(case),
        time_zone=pack.time_zones.get(case.state or "", "UTC"),
    )


def _states(case: PolicyCase, pack: CoveragePack) -> frozenset[str]:
    """The states of whoever the request is sent to; by default of who reviews the state, where somebody does."""
    asked = case.sent_to or case.state
    by_state = {row.state: row.participant for row in pack.states}
    participant = by_state.get(asked or "", asked)
    found = frozenset(row.state for row in pack.states if participant in (row.participant, row.contractor))
    if not found and case.sent_to:
        known = [*by_state, *(each.id for each in pack.participants), *(each.id for each in pack.contractors)]
        told = f"{case.place}: sent_to: {case.sent_to} is unknown; known are {', '.join(known)}"
        raise ContentInvalid([Issue("policy-case", told, MEND)])
    return found or frozenset(by_state)


def _beneficiary(case: PolicyCase) -> BeneficiaryRecord | None:
    told = case.registry.eligibility
    if told is None or case.ids.mbi is None:
        return None
    family, given = person_name(told.name) if told.name else (None, None)
    return BeneficiaryRecord(
        member_number(case.ids.mbi), told.status, told.payer, family, given or None, told.birth_date
    )


def _provider(case: PolicyCase) -> ProviderRecord | None:
    told = case.registry.enrolment
    if told is None or case.ids.npi is None:
        return None
    return ProviderRecord(case.ids.npi, told.eligible, told.ptan, told.ccn)


def _exemptions(case: PolicyCase) -> Iterator[Exemption]:
    for each in case.registry.exemptions if case.ids.npi else ():
        yield Exemption(case.ids.npi or "", each.first, each.last, each.states, each.categories)


def _open_items(case: PolicyCase) -> Iterator[OpenItem]:
    for name, each in _earlier(case):
        same = each.mbi is None or member_number(each.mbi) == member_number(case.ids.mbi or "")
        if each.status in OPEN and case.ids.npi and same:
            for code in _codes(case, each):
                yield OpenItem(case.ids.npi, code, name)


def _prior(case: PolicyCase) -> PriorCase | None:
    found = ((name, each) for name, each in _earlier(case) if each.utn and each.utn == case.prior_utn)
    name, earlier = next(found, (None, None))
    if name is None or earlier is None:
        return None
    patient, mbi = earlier.patient or case.patient, earlier.mbi or case.ids.mbi
    family, given = person_name(patient.name or "")
    return PriorCase(
        name,
        earlier.status,
        member_number(mbi) if mbi else None,
        ((folded(family), folded(given)),) if patient.name else (),
        patient.birth_date.isoformat() if patient.birth_date else None,
        claim_denied=earlier.claim == "denied",
    )


def _earlier(case: PolicyCase) -> list[tuple[str, EarlierRequest]]:
    """The earlier requests with a name each; a number of an earlier decision alone stands for a non-affirmation."""
    told = case.earlier
    if told is UNSET:
        told = (EarlierRequest(status=State.NON_AFFIRMED, utn=case.prior_utn),) if case.prior_utn else ()
    return [(f"earlier-{number}", each) for number, each in enumerate(told, start=1)]


def _codes(case: PolicyCase, earlier: EarlierRequest) -> tuple[str, ...]:
    return earlier.codes if earlier.codes is not None else tuple(line.code for line in case.lines)
