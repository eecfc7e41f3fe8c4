"""A PAS request Bundle into the hub: bytes in, `Intake` out, or every problem at once."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from fhir_server.authorization.request import AuthorizationRequest, Document, Purpose, Transaction
from fhir_server.authorization.submission import Intake, NamedInstance
from fhir_server.authorization.values import Origin
from fhir_server.errors import ContentInvalid, ContentMalformed
from fhir_server.fhir import json
from fhir_server.fhir.limits import Limits
from fhir_server.fhir.mapping import Json, Reading
from fhir_server.fhir.references import BundleIndex, is_uuid_url
from fhir_server.pas import bundle as rules
from fhir_server.pas.bundle import Closure
from fhir_server.pas.claim import CLAIM
from fhir_server.pas.datatypes import CONCEPT, IDENTIFIER
from fhir_server.pas.links import ReadingLinks
from fhir_server.pas.versions import Version

FHIR_JSON = "application/fhir+json"


def read_submission(body: bytes, version: Version, limits: Limits) -> Intake:
    """Return what *body*, the Bundle of a `$submit`, asks for.

    A Parameters wrapper with one ``resource`` is tolerated (`pas.md` 1.2). Raises `ContentMalformed`, `ContentTooLarge`
    or `ContentInvalid`; the latter lists every problem that was found, each with its FHIRPath.
    """
    sent = unwrap(json.loads(body, limits))
    limits.check_entries(sent)
    request, closure, index = _read_bundle(sent, version)
    return Intake(
        request,
        hashlib.sha256(json.canonical(sent)).hexdigest(),
        tuple(rules.observe(index, closure)),
        tuple(_named_instances(index)),
    )


def unwrap(sent: Json) -> Json:
    """Return the Bundle inside a Parameters resource, or *sent* itself."""
    if sent.get("resourceType") != "Parameters":
        return sent
    parameters = sent.get("parameter")
    found = [
        each["resource"]
        for each in (parameters if isinstance(parameters, list) else [])
        if isinstance(each, dict) and each.get("name") == "resource" and isinstance(each.get("resource"), dict)
    ]
    if len(found) == 1:
        return found[0]  # type: ignore[no-any-return]
    raise ContentMalformed.because(
        f"The Parameters hold {len(found)} resources named `resource`.", "Send the Bundle itself, without Parameters."
    )


def _read_bundle(sent: Json, version: Version) -> tuple[AuthorizationRequest, Closure, BundleIndex]:
    issues = list(rules.check_form(sent))
    index = BundleIndex(sent)
    if not index.entries or sent.get("resourceType") != "Bundle":
        raise ContentInvalid(issues)
    issues += rules.check_claims(index, version.most_claims)
    issues += rules.check_uniqueness(index)
    closure = rules.close(index)
    issues += closure.issues
    claim = index.resource(0)
    if claim is None or claim.get("resourceType") != "Claim":
        raise ContentInvalid(issues)
    reading = Reading(version.label, ReadingLinks(_entries(index), closure.targets))
    request = _read_claim(sent, claim, reading)
    issues += reading.issues
    if issues:
        raise ContentInvalid(issues)
    return replace(request, documents=tuple(_documents(index, closure, reading))), closure, index


def _entries(index: BundleIndex) -> list[Json]:
    return [entry if isinstance(entry, dict) else {} for entry in index.entries]


def _read_claim(sent: Json, claim: Any, reading: Reading) -> AuthorizationRequest:
    path = "Bundle.entry[0].resource"
    request: AuthorizationRequest = CLAIM.read(claim, path, reading)
    purpose: Purpose = "update" if _is_update(request, claim) else "initial"
    if not request.lines and purpose == "initial" and not claim.get("item"):
        reading.missing(f"{path}.item")
    identifier = sent.get("identifier")
    created = sent.get("timestamp")
    transaction = Transaction(
        IDENTIFIER.read(identifier, "Bundle.identifier", reading) if isinstance(identifier, dict) else None,
        created if isinstance(created, str) else None,
    )
    full_url, name = reading.links.entries[0].get("fullUrl"), claim.get("id")
    origin = Origin(full_url if isinstance(full_url, str) else None, name if isinstance(name, str) else None)
    return replace(request, purpose=purpose, transaction=transaction, origin=origin)


def _is_update(request: AuthorizationRequest, claim: Any) -> bool:
    """Return whether the Claim changes an earlier one.

    Since 2.1 `Claim.related` says so; a 2.0.1 update may carry only its marks: changed or cancelled entries, or the tag
    of a differential update (`pas.md` 1.6).
    """
    if claim.get("related"):
        return True
    if any(each.change or each.cancelled for each in (*request.lines, *request.supporting_information)):
        return True
    meta = claim.get("meta")
    labels = meta.get("security") if isinstance(meta, dict) else None
    return isinstance(labels, list) and any(
        isinstance(each, dict) and each.get("code") == "SUBSETTED" for each in labels
    )


def _documents(index: BundleIndex, closure: Closure, reading: Reading) -> list[Document]:
    """Return every reached resource that is no party of the request: the clinical records, opaque."""
    documents = []
    for number in sorted(closure.reached - reading.links.mapped - {0}):
        resource, full_url = index.resource(number), index.full_urls[number]
        if resource is None or full_url is None:
            continue
        kind, name, coded = resource.get("resourceType"), resource.get("id"), resource.get("type")
        documents.append(
            Document(
                key=full_url,
                kind=str(kind),
                media_type=FHIR_JSON,
                content=json.dumps(resource),
                origin=Origin(full_url, name if isinstance(name, str) else None),
                type=CONCEPT.read(coded, "", Reading(reading.label)) if isinstance(coded, dict) else None,
            )
        )
    return documents


def _named_instances(index: BundleIndex) -> list[NamedInstance]:
    """Return each entry that goes by a GUID, with digests of its identity and its content (PAS-024)."""
    named = []
    for number, full_url in enumerate(index.full_urls):
        resource = index.resource(number)
        if full_url is None or resource is None or not is_uuid_url(full_url):
            continue
        identifiers = {"identifier": resource["identifier"]} if "identifier" in resource else None
        named.append(
            NamedInstance(
                full_url=full_url.lower(),
                kind=str(resource.get("resourceType")),
                identity=_digest(identifiers) if identifiers else "",
                content_sha256=_digest(resource),
                expression=f"Bundle.entry[{number}]",
            )
        )
    return named


def _digest(content: Any) -> str:
    return hashlib.sha256(json.canonical(content)).hexdigest()
