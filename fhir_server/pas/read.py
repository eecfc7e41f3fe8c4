"""PAS Bundles into the hub: bytes in, hub types out, or every problem at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from fhir_server.authorization.request import AuthorizationRequest, Document, Purpose, Transaction
from fhir_server.authorization.response import AuthorizationResponse
from fhir_server.authorization.submission import Intake, NamedInstance, Observation
from fhir_server.authorization.values import Identifier, Origin
from fhir_server.errors import ContentInvalid, ContentMalformed, Issue
from fhir_server.fhir import json
from fhir_server.fhir.limits import Limits
from fhir_server.fhir.mapping import Table
from fhir_server.fhir.reading import Json, Reading
from fhir_server.fhir.references import BundleIndex, is_uuid_url
from fhir_server.fhir.validation import Report, Validator
from fhir_server.pas import bundle as rules
from fhir_server.pas.bundle import Closure
from fhir_server.pas.claim import CLAIM
from fhir_server.pas.claim_response import CLAIM_RESPONSE
from fhir_server.pas.datatypes import CONCEPT, IDENTIFIER
from fhir_server.pas.links import ReadingLinks
from fhir_server.pas.prose import check_elements
from fhir_server.pas.validation import INQUIRY_BUNDLE, REQUEST_BUNDLE
from fhir_server.pas.versions import Version

FHIR_JSON = "application/fhir+json"
DIGEST_LENGTH = 16  # hex digits: enough to tell the few identifiers of one thing apart
FIRST_RESOURCE = "Bundle.entry[0].resource"
PROFILES = {"initial": REQUEST_BUNDLE, "inquiry": INQUIRY_BUNDLE}
REFUSED = frozenset(("fatal", "error"))
# What the mapping tells of single elements.
MAPPING_RULES = frozenset(
    ("element-missing", "fhir-type", "fhir-choice", "fhir-target", "fixed-value", "modifier-unknown")
)
SUBSETTED = "SUBSETTED"  # v3-ObservationValue: the tag of a differential update


def read_submission(body: bytes, version: Version, limits: Limits, validator: Validator | None = None) -> Intake:
    """Return what *body*, the Bundle of a `$submit`, asks for.

    A Parameters wrapper with one ``resource`` is tolerated. Raises `ContentMalformed`, `ContentTooLarge`
    or `ContentInvalid`; the latter lists every problem that was found, each with its FHIRPath. With a *validator* the
    Bundle is held against the request profile too; its warnings are observations of the intake.
    """
    return _read_request(body, version, limits, "initial", validator)


def read_inquiry(body: bytes, version: Version, limits: Limits, validator: Validator | None = None) -> Intake:
    """Return what *body*, the Bundle of an `$inquire`, asks about. Raises as `read_submission` does."""
    return _read_request(body, version, limits, "inquiry", validator)


def read_response(body: bytes, version: Version, limits: Limits) -> AuthorizationResponse:
    """Return the answer that *body*, a response Bundle of ours or of another server, tells.

    A response may leave out what it refers to (T-17): such an optional reference is read as absent.
    Raises `ContentMalformed`, `ContentTooLarge`, or `ContentInvalid` with every problem.
    """
    sent = json.loads(body, limits)
    _refuse_other_resources(sent)
    index = BundleIndex(sent)
    if not index.entries or (index.resource(0) or {}).get("resourceType") != "ClaimResponse":
        found = "The first entry is not a ClaimResponse."
        raise ContentInvalid([Issue("PAS-037", found, "Put the ClaimResponse first.", FIRST_RESOURCE)])
    closure = rules.close(index)
    reading = Reading(version.label, ReadingLinks(_entries(index), closure.targets))
    response: AuthorizationResponse = _read_first(index, CLAIM_RESPONSE, reading)
    identifier = _transaction_number(sent, reading)
    if reading.issues:
        raise ContentInvalid(reading.issues)
    documents = tuple(_documents(index, closure, reading.links))
    return replace(response, transaction_identifier=identifier, documents=documents)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A request Bundle whose own rules were checked, and which of its entries the Claim leads to."""

    bundle: Json
    index: BundleIndex
    closure: Closure


def _read_request(
    body: bytes, version: Version, limits: Limits, purpose: Purpose, validator: Validator | None
) -> Intake:
    bundle = unwrap(json.loads(body, limits))
    limits.check_entries(bundle)
    limits.check_lines((BundleIndex(bundle).resource(0) or {}).get("item"))
    findings = validator.validate(bundle, (PROFILES[purpose],)) if validator else []
    faults = [issue for issue in findings if issue.severity in REFUSED]
    try:
        sent, issues = _check_bundle(bundle, version, purpose)
    except ContentInvalid as refusal:
        raise ContentInvalid([*refusal.issues, *faults]) from None
    reading = Reading(version.label, _links(sent))
    request = _read_claim(sent, reading, purpose)
    if validator:
        findings += _words(sent.index, version)
    faults = [issue for issue in findings if issue.severity in REFUSED]
    issues += faults + _beyond(reading.issues, faults)
    if issues:
        raise ContentInvalid(issues)
    warnings = [Observation(each.rule, each.found, each.expression) for each in findings if each.severity == "warning"]
    return Intake(
        replace(request, documents=tuple(_documents(sent.index, sent.closure, reading.links))),
        hashlib.sha256(json.canonical(bundle)).hexdigest(),
        (*rules.observe(sent.index, sent.closure), *warnings),
        tuple(_named_instances(sent.index)),
    )


def _words(index: BundleIndex, version: Version) -> list[Issue]:
    """Return what the guide says in words alone of the entries of a Bundle."""
    report = Report()
    check_elements(index, version, report)
    return report.issues()


def _beyond(issues: Iterable[Issue], faults: Iterable[Issue]) -> list[Issue]:
    """Return what the mapping finds that the validator, having found something, does not tell better."""
    return [issue for issue in issues if not faults or issue.rule not in MAPPING_RULES]


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


def _refuse_other_resources(sent: Json) -> None:
    if sent.get("resourceType") != "Bundle":
        raise ContentInvalid(rules.check_form(sent))


def _check_bundle(bundle: Json, version: Version, purpose: Purpose) -> tuple[_Sent, list[Issue]]:
    """Return the Bundle with what its rules find; raise where there is no Claim in front to read."""
    _refuse_other_resources(bundle)
    issues = list(rules.check_form(bundle))
    index = BundleIndex(bundle)
    if purpose == "initial":
        issues += rules.check_purpose(index, bundle)
    issues += rules.check_claims(index, 1 if purpose == "inquiry" else version.most_claims)
    issues += rules.check_uniqueness(index)
    if (index.resource(0) or {}).get("resourceType") != "Claim":
        raise ContentInvalid(issues)
    closure = rules.close(index)
    return _Sent(bundle, index, closure), issues + closure.issues


def _links(sent: _Sent) -> ReadingLinks:
    return ReadingLinks(_entries(sent.index), sent.closure.targets, sent.closure.dangling)


def _entries(index: BundleIndex) -> list[Json]:
    return [entry if isinstance(entry, dict) else {} for entry in index.entries]


def _read_first(index: BundleIndex, table: Table, reading: Reading) -> Any:
    first: Any = index.resource(0)
    return table.read(first, FIRST_RESOURCE, reading, origin=reading.links.origin(0, first))


def _transaction_number(sent: Json, reading: Reading) -> Identifier | None:
    identifier = sent.get("identifier")
    return IDENTIFIER.read(identifier, "Bundle.identifier", reading) if isinstance(identifier, dict) else None


def _read_claim(sent: _Sent, reading: Reading, purpose: Purpose) -> AuthorizationRequest:
    request: AuthorizationRequest = _read_first(sent.index, CLAIM, reading)
    claim = sent.index.resource(0) or {}
    if purpose == "initial" and _is_update(request, claim):
        purpose = "update"
    if purpose == "initial" and not claim.get("item"):
        reading.missing(f"{FIRST_RESOURCE}.item")
    created = sent.bundle.get("timestamp")
    transaction = Transaction(_transaction_number(sent.bundle, reading), created if isinstance(created, str) else None)
    return replace(request, purpose=purpose, transaction=transaction)


def _is_update(request: AuthorizationRequest, claim: Any) -> bool:
    """Return whether the Claim changes an earlier one.

    Since 2.1 `Claim.related` says so; a 2.0.1 update may carry only its marks: changed or cancelled entries, or the tag
    of a differential update (PAS change log).
    """
    if claim.get("related"):
        return True
    if any(line.change or line.cancelled for line in request.lines):
        return True
    if any(each.change or each.cancelled for each in request.supporting_information):
        return True
    meta = claim.get("meta")
    labels = meta.get("security") if isinstance(meta, dict) else None
    return isinstance(labels, list) and any(isinstance(each, dict) and each.get("code") == SUBSETTED for each in labels)


def _documents(index: BundleIndex, closure: Closure, links: ReadingLinks) -> list[Document]:
    """Return the clinical records, opaque: what is referred to as one, and every other resource that is no party."""
    records = links.records
    for number in sorted(closure.reached - links.mapped - {0}):
        resource, full_url = index.resource(number), index.full_urls[number]
        if resource is not None and full_url is not None:
            records.setdefault(full_url, dict(resource))
    return [_document(key, resource) for key, resource in records.items()]


def _document(key: str, resource: Json) -> Document:
    name, coded = resource.get("id"), resource.get("type")
    return Document(
        key=key,
        kind=str(resource.get("resourceType")),
        media_type=FHIR_JSON,
        content=json.dumps(resource),
        origin=Origin(key, name if isinstance(name, str) else None),
        type=CONCEPT.read(coded, "", Reading("")) if isinstance(coded, dict) else None,
    )


def _named_instances(index: BundleIndex) -> list[NamedInstance]:
    """Return each entry that goes by a GUID, with digests of its identifiers and its content (PAS-024)."""
    named = []
    for number, full_url in enumerate(index.full_urls):
        resource = index.resource(number)
        if full_url is None or resource is None or not is_uuid_url(full_url):
            continue
        named.append(
            NamedInstance(
                full_url=full_url.lower(),
                kind=str(resource.get("resourceType")),
                identifiers=frozenset(_identifier_digests(resource.get("identifier"))),
                content_sha256=_digest(resource),
                expression=f"Bundle.entry[{number}]",
            )
        )
    return named


def _identifier_digests(sent: Any) -> Iterator[str]:
    for each in sent if isinstance(sent, list) else [sent]:
        if isinstance(each, dict) and isinstance(each.get("value"), str):
            yield hashlib.sha256(f"{each.get('system')}|{each['value']}".encode()).hexdigest()[:DIGEST_LENGTH]


def _digest(content: Any) -> str:
    return hashlib.sha256(json.canonical(content)).hexdigest()
