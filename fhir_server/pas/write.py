"""The hub into PAS Bundles: answers and, for round trips and clients, requests.

Entry 0 is the ClaimResponse or the Claim; every party that it references is one entry, under the fullUrl that it was
sent with (PAS-037 to PAS-041). References are written as the fullUrl of the entry that they mean.
"""

from __future__ import annotations

import uuid
from typing import Any

from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.authorization.response import AuthorizationResponse
from fhir_server.authorization.values import Identifier
from fhir_server.fhir import json
from fhir_server.fhir.mapping import Table, Writing
from fhir_server.fhir.reading import Json
from fhir_server.pas.claim import CLAIM, PROFILES
from fhir_server.pas.claim_response import CLAIM_RESPONSE
from fhir_server.pas.datatypes import IDENTIFIER, PAS
from fhir_server.pas.links import ENTRY_NAMESPACE, WritingLinks, write_resource
from fhir_server.pas.versions import Version

RESPONSE_PROFILE = f"{PAS}profile-pas-response-bundle"
REQUEST_PROFILE = f"{PAS}profile-pas-request-bundle"
PENDED = "A4"


# FHIR's own mark of resources that serve tests (v3-ActReason): a sandbox says so in every answer.
SANDBOX_TAG = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}


def write_response(
    response: AuthorizationResponse, version: Version, *, case: str, moment: str, sandbox: bool = False
) -> bytes:
    """Return the response Bundle as the bytes to send.

    *case* is the case's number, from which the fullUrls of new resources are made; *moment* is an instant. An answer of
    a *sandbox* is tagged as test data.
    """
    bundle = response_bundle(response, version, case=case, moment=moment)
    if sandbox:
        bundle["meta"]["tag"] = [SANDBOX_TAG]
    return json.dumps(bundle)


def response_bundle(response: AuthorizationResponse, version: Version, *, case: str, moment: str) -> Json:
    """Return the response Bundle; the same arguments make the same Bundle."""
    links = WritingLinks(seed=case)
    writing = Writing(version.label, links)
    claim_response = write_resource(response, CLAIM_RESPONSE, writing)
    if version.pended_outcome != "complete" and is_pended(response):
        claim_response["outcome"] = version.pended_outcome
    name = f"urn:uuid:{uuid.uuid5(ENTRY_NAMESPACE, f'{case}|ClaimResponse|{moment}')}"
    entries = [{"fullUrl": name, "resource": claim_response}, *links.bundle_entries()]
    identifier = response.transaction_identifier or Identifier("urn:wiser-pas:case", case)
    return _bundle(RESPONSE_PROFILE, identifier, moment, entries, writing)


def is_pended(response: AuthorizationResponse) -> bool:
    """Return whether any line or the whole answer still waits for a decision (`pas.md` 3.7)."""
    spoken = [action for line in response.lines for action in line.actions] + list(response.actions)
    return any(action.action is not None and action.action.value == PENDED for action in spoken)


def request_bundle(request: AuthorizationRequest, version: Version, *, seed: str) -> Json:
    """Return the request Bundle that *request* came from or, for one from another channel, would have come as."""
    links = WritingLinks(seed=seed)
    writing = Writing(version.label, links)
    claim_url = links.full_url(request.origin, "Claim")
    links.add(claim_url, {})
    table = Table(CLAIM.kind, *CLAIM.rows, *CLAIM.fixed, type_name="Claim", profile=PROFILES[request.purpose])
    links.entries[claim_url] = write_resource(request, table, writing)
    for document in request.documents:
        links.add(document.key, json.loads(document.content))
    sent = request.transaction
    identifier = sent.identifier or Identifier("urn:wiser-pas:case", seed)
    entries = list(links.bundle_entries())
    return _bundle(REQUEST_PROFILE, identifier, sent.created or str(request.created), entries, writing)


def _bundle(profile: str, identifier: Identifier, moment: str, entries: list[Any], writing: Writing) -> Json:
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [profile]},
        "identifier": IDENTIFIER.write(identifier, writing),
        "type": "collection",
        "timestamp": moment,
        "entry": entries,
    }
