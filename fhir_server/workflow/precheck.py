"""What would happen to a request now, and what is missing: the steps of a submission, of which nothing is kept."""

from __future__ import annotations

from datetime import datetime

from fhir_server.authorization.caller import Caller
from fhir_server.authorization.determination import Determination
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.evidence.gather import gather_evidence
from fhir_server.policy.engine import checklists_for, determine
from fhir_server.policy.facts import facts_of
from fhir_server.store.database import Database
from fhir_server.workflow.circumstances import Review, gather

NO_CASE = "PRECHECK"
"""Stands where a case number would."""


def precheck(
    request: AuthorizationRequest, caller: Caller, database: Database, review: Review, now: datetime
) -> Determination:
    """Return what `submit` would decide about *request* at *now*. Reads the store, and writes nothing."""
    facts = facts_of(request)
    evidence = gather_evidence(request, checklists_for(review.packs, facts))
    with database.read(caller) as unit:
        circumstances = gather(unit, facts, review, now)
    return determine(request, facts, circumstances, review.packs, case_number=NO_CASE, evidence=evidence)
