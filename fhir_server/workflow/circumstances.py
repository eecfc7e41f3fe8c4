"""What the server knows beyond the request: the registry's records and earlier cases, gathered for a decision.

With the evidence of the request's records this is all that a decision depends on: its grounds, stored beside it, so
that it can be replayed to the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from fhir_server.authorization.events import Received
from fhir_server.authorization.evidence import Evidence
from fhir_server.policy.circumstances import Circumstances, OpenItem, PriorCase
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.engine import time_zone_for
from fhir_server.policy.facts import RequestFacts, facts_of
from fhir_server.policy.pack import Pack
from fhir_server.policy.registry import Registry
from fhir_server.store.unit import UnitOfWork
from fhir_server.workflow.registry import StoredRegistry

_ENCODER = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True)
class Review:
    """How this server reviews: its policy packs and the settings that a decision depends on.

    ``window`` is how long the same submission gets its stored answer (S-16).
    """

    packs: Sequence[Pack]
    states: frozenset[str]
    medicare_payers: frozenset[str]
    excluded_payers: frozenset[str]
    window: timedelta
    sandbox: bool


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a decision was made on, beside the request and the edition of the policy."""

    circumstances: Circumstances
    evidence: Evidence = Evidence()


_GROUNDS = msgspec.json.Decoder(Grounds)


def gather(unit: UnitOfWork, facts: RequestFacts, review: Review, now: datetime) -> Circumstances:
    """Return what is known about the request's beneficiary and providers, and whether it was asked before (D08)."""
    registry: Registry = StoredRegistry(unit)
    providers = {npi: registry.provider(npi) for npi in facts.npis}
    return Circumstances(
        now=now,
        states=review.states,
        medicare_payers=review.medicare_payers,
        excluded_payers=review.excluded_payers,
        beneficiary=registry.beneficiary(facts.member_id) if facts.member_id else None,
        providers={npi: record for npi, record in providers.items() if record is not None},
        exemptions=tuple(exemption for npi in facts.npis for exemption in registry.exemptions(npi)),
        open_items=_open_items(unit, facts, review.packs) if not review.sandbox else (),
        prior=_prior_case(unit, facts.prior_number) if facts.prior_number else None,
        sandbox=review.sandbox,
        time_zone=time_zone_for(review.packs, facts),
    )


def grounds_of(circumstances: Circumstances, evidence: Evidence) -> str:
    """Return the grounds of a decision as JSON, to be stored with it."""
    return _ENCODER.encode(Grounds(circumstances, evidence)).decode()


def read_grounds(text: str) -> Grounds:
    """Return the grounds that `grounds_of` wrote; the first release wrote circumstances alone."""
    if text.startswith('{"circumstances":'):
        return _GROUNDS.decode(text)
    return Grounds(msgspec.json.decode(text, type=Circumstances))


def _prior_case(unit: UnitOfWork, number: str) -> PriorCase | None:
    """Return the sender's newest case that the number of an earlier decision, or of a case, leads to."""
    found = (*unit.cases.identified_by("utn", number), *unit.cases.identified_by("administrative", number))
    own = (case for case in map(unit.cases.get, found) if case.owner == unit.caller.client)
    case = next(own, None)
    if case is None:
        return None
    received = next(each.data for each in reversed(unit.events.of(case.number)) if isinstance(each.data, Received))
    facts = facts_of(received.request)
    denied = any(claim.outcome == "denied" for claim in unit.claims.of(case.number))
    return PriorCase(case.number, case.state, facts.member_id, facts.names, facts.birth_date, denied)


def _open_items(unit: UnitOfWork, facts: RequestFacts, packs: Sequence[Pack]) -> tuple[OpenItem, ...]:
    """Look the request's items up among the undecided cases; only codes that a policy reviews can be asked twice."""
    reviewed = [pack.listed for pack in packs if isinstance(pack, CoveragePack)]
    asked = {item for line in facts.lines if (item := facts.item_of(line))}
    items = [item for item in asked if any(item[1] in listed for listed in reviewed)]
    if not (facts.member_id and items):
        return ()
    found = unit.cases.open_items(facts.member_id, items)
    return tuple(OpenItem(npi, code, case) for (npi, code), case in sorted(found.items()))
