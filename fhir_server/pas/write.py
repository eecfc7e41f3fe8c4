"""The hub into PAS Bundles: answers and, for round trips and clients, requests.

Entry 0 is the ClaimResponse or the Claim; every party that it references is one entry, under the fullUrl that it was
sent with (PAS-037 to PAS-041). References are written as the fullUrl of the entry that they mean.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from fhir_server.authorization.request import AuthorizationRequest, Document
from fhir_server.authorization.response import (
    AddedLine,
    AuthorizationResponse,
    AuthorizedProvider,
    ResponseLine,
    ServiceDetail,
)
from fhir_server.authorization.values import Identifier
from fhir_server.fhir import json
from fhir_server.fhir.mapping import Table, Writing
from fhir_server.fhir.primitives import INSTANT
from fhir_server.fhir.reading import Json
from fhir_server.fhir.references import BundleIndex
from fhir_server.pas.bundle import close
from fhir_server.pas.claim import CLAIM, PROFILES
from fhir_server.pas.claim_response import CLAIM_INQUIRY_RESPONSE, CLAIM_RESPONSE
from fhir_server.pas.datatypes import IDENTIFIER, PAS
from fhir_server.pas.links import ENTRY_NAMESPACE, WritingLinks, write_resource
from fhir_server.pas.versions import Version

BUNDLE_PROFILES = {
    CLAIM_RESPONSE: f"{PAS}profile-pas-response-bundle",
    CLAIM_INQUIRY_RESPONSE: f"{PAS}profile-pas-inquiry-response-bundle",
}
REQUEST_PROFILE = f"{PAS}profile-pas-request-bundle"
INQUIRY_PROFILE = f"{PAS}profile-pas-inquiry-request-bundle"
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


def response_bundle(
    response: AuthorizationResponse,
    version: Version,
    *,
    case: str,
    moment: str,
    table: Table = CLAIM_RESPONSE,
) -> Json:
    """Return the response Bundle; the same arguments make the same Bundle.

    *table* is `CLAIM_INQUIRY_RESPONSE` for the answer to an inquiry.
    """
    response = _adapted(response, version)
    links = WritingLinks(seed=case)
    writing = Writing(version.label, links)
    claim_response = write_resource(response, table, writing)
    if version.pended_outcome != "complete" and is_pended(response):
        claim_response["outcome"] = version.pended_outcome
    name = response.origin.full_url or f"urn:uuid:{uuid.uuid5(ENTRY_NAMESPACE, f'{case}|ClaimResponse|{moment}')}"
    entries = [{"fullUrl": name, "resource": claim_response}, *links.bundle_entries()]
    identifier = response.transaction_identifier or Identifier("urn:wiser-pas:case", case)
    bundle = _bundle(BUNDLE_PROFILES[table], identifier, moment, entries, writing)
    if links.has_records:
        _add_records(bundle, response.documents, links)
    return bundle


def is_pended(response: AuthorizationResponse) -> bool:
    """Return whether any line or the whole answer still waits for a decision (PAS, pended results)."""
    spoken = [action for line in response.lines for action in line.actions] + list(response.actions)
    return any(action.action is not None and action.action.value == PENDED for action in spoken)


def _adapted(response: AuthorizationResponse, version: Version) -> AuthorizationResponse:
    """Return *response* in the shape of *version*, where that is no matter of single rows (PAS change log)."""
    if version.modified_in_detail and response.added_lines:
        response = _told_in_details(response)
    if version.closed_answers and response.request.identifier is not None:
        # The Claim stays out of the Bundle, so it is pointed at by its identifier alone.
        response = replace(response, request=replace(response.request, key=None))
    return response


def _told_in_details(response: AuthorizationResponse) -> AuthorizationResponse:
    """Return *response* with what replaces a line told in the detail of that line."""
    replacing = {added.sequence: added for added in response.added_lines}
    lines = tuple(_in_detail(line, replacing.get(line.sequence)) for line in response.lines)
    asked = {line.sequence for line in lines}
    return replace(
        response,
        lines=lines,
        added_lines=tuple(added for added in response.added_lines if added.sequence not in asked),
    )


def _in_detail(line: ResponseLine, added: AddedLine | None) -> ResponseLine:
    if added is None:
        return line
    providers = tuple(AuthorizedProvider(each.provider, each.type) for each in added.providers)
    detail = ServiceDetail(
        service=added.service,
        service_end=added.service_end,
        modifiers=added.modifiers,
        unit_price=added.unit_price,
        quantity=added.quantity,
        epsdt=added.epsdt,
        nursing_home_level_of_care=added.nursing_home_level_of_care,
        revenue=added.revenue,
        revenue_unit_rate_limit=added.revenue_unit_rate_limit,
        order=added.order,
    )
    return replace(line, detail=detail, authorized_providers=providers or line.authorized_providers)


def request_bundle(request: AuthorizationRequest, version: Version, *, seed: str) -> Json:
    """Return the request Bundle that *request* came from or, for one from another channel, would have come as.

    Records whose content was not read from the store are left out.
    """
    links = WritingLinks(seed=seed)
    writing = Writing(version.label, links)
    claim_url = links.full_url(request.origin, "Claim")
    links.add(claim_url, {})
    links.entries[claim_url] = write_resource(request, CLAIM, writing, profile=PROFILES[request.purpose])
    for url, record in _records(request.documents, links):
        links.add(url, record)
    sent = request.transaction
    identifier = sent.identifier or Identifier("urn:wiser-pas:case", seed)
    moment = next((each for each in (sent.created, request.created) if INSTANT.fits(each)), None)
    profile = INQUIRY_PROFILE if request.purpose == "inquiry" else REQUEST_PROFILE
    entries = list(links.bundle_entries())
    return _bundle(profile, identifier, moment or f"{str(request.created)[:10]}T00:00:00Z", entries, writing)


def _records(documents: Iterable[Document], links: WritingLinks) -> Iterable[tuple[str, Json]]:
    for document in documents:
        if document.content:
            yield links.record_url(document.key), json.loads(document.content)


def _add_records(bundle: Json, documents: Iterable[Document], links: WritingLinks) -> None:
    """Add those records that the answer leads to, and no others."""
    entries = bundle["entry"]
    known = {entry["fullUrl"] for entry in entries}
    candidates = [{"fullUrl": url, "resource": each} for url, each in _records(documents, links) if url not in known]
    reached = close(BundleIndex({"entry": [*entries, *candidates]})).reached
    entries += [each for number, each in enumerate(candidates, len(entries)) if number in reached]


def _bundle(profile: str, identifier: Identifier, moment: str, entries: list[Any], writing: Writing) -> Json:
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [profile]},
        "identifier": IDENTIFIER.write(identifier, writing),
        "type": "collection",
        "timestamp": moment,
        "entry": entries,
    }
