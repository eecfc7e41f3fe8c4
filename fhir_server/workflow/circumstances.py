"""What the server knows beyond the request: the registry's records and earlier cases, gathered for a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.policy.circumstances import Circumstances, OpenItem
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.facts import RequestFacts
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


def gather(
    unit: UnitOfWork, request: AuthorizationRequest, facts: RequestFacts, review: Review, now: datetime
) -> Circumstances:
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
        sandbox=review.sandbox,
    )


def grounds_of(circumstances: Circumstances) -> str:
    """Return *circumstances* as JSON, to be stored with the decision that was made under them."""
    return _ENCODER.encode(circumstances).decode()


def circumstances_of(grounds: str) -> Circumstances:
    """Return the circumstances that `grounds_of` wrote."""
    return msgspec.json.decode(grounds, type=Circumstances)


def _open_items(unit: UnitOfWork, facts: RequestFacts, packs: Sequence[Pack]) -> tuple[OpenItem, ...]:
    """Look the request's items up among the undecided cases; only codes that a policy reviews can be asked twice."""
    reviewed = [pack.listed for pack in packs if isinstance(pack, CoveragePack)]
    asked = {item for line in facts.lines if (item := facts.item_of(line))}
    items = [item for item in asked if any(item[1] in listed for listed in reviewed)]
    if not (facts.member_id and items):
        return ()
    found = unit.cases.open_items(facts.member_id, items)
    return tuple(OpenItem(npi, code, case) for (npi, code), case in sorted(found.items()))
