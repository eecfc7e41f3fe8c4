"""Holds Bundles and resources against the rules of the table, and against those of a Bundle as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fhir_server.errors import Issue, Severity
from fhir_server.fhir.references import BundleIndex
from fhir_server.fhir.validation.report import Place, Report, root
from fhir_server.pas import bundle as bundle_rules
from fhir_server.pas.datatypes import PAS
from fhir_server.pas.prose.rule import Json, ProseRule, Subject, dict_or_none, extension_value, objects
from fhir_server.pas.prose.table import RULES
from fhir_server.pas.versions import STU_2_0, VERSIONS, Version

REQUESTED_SERVICE = f"{PAS}extension-requestedService"
TOPIC = "http://hl7.org/fhir/us/davinci-pas/SubscriptionTopic/PASSubscriptionTopic"
INQUIRY = f"{PAS}profile-claim-inquiry"
RESPONSES = frozenset((f"{PAS}profile-pas-response-bundle", f"{PAS}profile-pas-inquiry-response-bundle"))
# An answer to an inquiry needs no identifier (T-12).
INQUIRY_RESPONSES = frozenset((f"{PAS}profile-pas-inquiry-response-bundle", f"{PAS}profile-claiminquiryresponse"))
ORDERS = frozenset(("ServiceRequest", "DeviceRequest", "MedicationRequest", "NutritionOrder"))
PARTIES = frozenset(("Patient", "Organization", "Practitioner", "Location"))
# The same rules have other ids for a response. That it leaves out what it refers to is a warning (T-17).
CLOSURE = "response-closure"
IN_RESPONSES = {
    "PAS-019": "PAS-094",
    "PAS-020": CLOSURE,
    "PAS-021": "PAS-038",
    "PAS-022": "PAS-039",
    "PAS-025": CLOSURE,
}
REQUEST_REFERENCE = "Bundle.entry[0].resource.request"


def _by_kind(version: Version) -> dict[str, tuple[ProseRule, ...]]:
    rules: dict[str, list[ProseRule]] = {}
    for rule in RULES:
        for kind in rule.kinds if version.label in rule.releases else ():
            rules.setdefault(kind, []).append(rule)
    return {kind: tuple(found) for kind, found in rules.items()}


_TABLES = {version.label: _by_kind(version) for version in VERSIONS}


def check_prose(resource: Any, version: Version, report: Report, *, refused: Severity = "error") -> None:
    """Note what the guide's words have against a Bundle, or against a resource that stands alone.

    *refused* is the severity of what `$submit` refuses; with ``warning`` the verdict stays that of the profiles, and
    the message says what `$submit` does. Nothing is said of what is no matter of PAS.
    """
    if not isinstance(resource, dict):
        return
    telling = _Telling(version, report, refused)
    if resource.get("resourceType") != "Bundle":
        kind = _kind_alone(resource)
        if kind:
            telling.hold(kind, Subject(resource, root(str(resource["resourceType"]))))
        return
    index = BundleIndex(resource)
    kind = _kind_of_bundle(resource, index)
    if kind:
        for issue in _bundle_issues(resource, kind, index, version):
            telling.tell(issue)
        _hold_entries(kind, index, telling)


def check_elements(index: BundleIndex, version: Version, report: Report) -> None:
    """Note what the rules of the table have against the entries of a Bundle that a PAS operation received.

    With what its reader tells of the Bundle as a whole this is all that `check_prose` tells. What is nested in the
    Bundle is left alone (T-35).
    """
    kind = _kind(dict_or_none(index.resource(0)))
    if kind:
        _hold_entries(kind, index, _Telling(version, report, "error"))


class _Telling:
    """Notes faults in a report, each with the severity that counts there."""

    __slots__ = ("_refused", "_report", "_table", "_version")

    def __init__(self, version: Version, report: Report, refused: Severity) -> None:
        self._version = version
        self._report = report
        self._refused = refused
        self._table = _TABLES[version.label]

    def hold(self, kind: str, subject: Subject) -> None:
        """Hold a resource against the rules of its kind."""
        for rule in self._table.get(kind, ()):
            for place, *words in rule.check(subject):
                severity: Severity = "error" if self._version.label in rule.refused_in else "warning"
                found, mend = rule.found.format(*words), rule.mend.format(*words)
                self._add(severity, rule.key, place, found, mend, "business-rule", rule.source)

    def tell(self, issue: Issue) -> None:
        """Note what was found of the Bundle as a whole; its place is the whole expression."""
        self._add(issue.severity, issue.rule, root(issue.expression or "Bundle"), issue.found, issue.mend, issue.code)

    def _add(
        self, severity: Severity, rule: str, place: Place, found: str, mend: str, code: str, about: str = ""
    ) -> None:
        if severity == "error" and self._refused != "error":
            severity, found = self._refused, f"{found} $submit refuses this."
        self._report.add(severity, rule, place, found, mend, code, about)


def _hold_entries(kind: str, index: BundleIndex, telling: _Telling) -> None:
    for each, subject in _subjects(kind, index):
        telling.hold(each, subject)


def _subjects(kind: str, index: BundleIndex) -> Iterator[tuple[str, Subject]]:
    """Yield what the rules are about: the first entry, the orders of its items, and the parties."""
    bundle = root("Bundle")
    orders: set[int] = set()
    first = dict_or_none(index.resource(0))
    if first is not None:
        subject = Subject(first, _entry(bundle, 0), index)
        subject.claim = _other_claim(kind, subject)
        yield kind, subject
        orders = set(_orders(first, index)) if kind != "response" else set()
    for number in range(1, len(index.entries)):
        resource = dict_or_none(index.resource(number))
        if resource is None:
            continue
        type_name = str(resource.get("resourceType"))
        if number in orders and type_name in ORDERS:
            yield "order", Subject(resource, _entry(bundle, number), index, number)
        elif type_name in PARTIES:
            yield "party", Subject(resource, _entry(bundle, number), index, number)


def _entry(bundle: Place, number: int) -> Place:
    return ((bundle, "entry", number), "resource", -1)


def _other_claim(kind: str, subject: Subject) -> Json | None:
    """Return the Claim that an update changes or a response answers, where it came along."""
    if kind == "update":
        references = [each.get("claim") for _, each in objects(subject.resource, "related")]
    else:
        references = [subject.resource.get("request")] if kind == "response" else []
    found = [each for each in map(subject.follow, references) if each and each.get("resourceType") == "Claim"]
    return found[0] if found and found[0] is not subject.resource else None


def _orders(claim: Json, index: BundleIndex) -> Iterator[int]:
    for _, item in objects(claim, "item"):
        reference = extension_value(item, REQUESTED_SERVICE, "valueReference")
        text = reference.get("reference") if isinstance(reference, dict) else None
        if isinstance(text, str):
            yield from index.resolve(text, 0).entries


def _bundle_issues(bundle: Json, kind: str, index: BundleIndex, version: Version) -> Iterator[Issue]:
    """Yield what `$submit` finds of a Bundle as a whole; what is no fault there is a warning."""
    closure = bundle_rules.close(index)
    issues = [*bundle_rules.check_form(bundle), *bundle_rules.check_uniqueness(index), *closure.issues]
    noted = [
        Issue(
            each.rule,
            each.found,
            "Send what is used, and each thing once.",
            each.expression,
            "warning",
            "business-rule",
        )
        for each in bundle_rules.observe(index, closure)
    ]
    if kind == "response":
        optional = _optional_in(bundle, index, version)
        yield from (
            _as_of_response(each)
            for each in [*issues, *noted]
            if each.rule != "PAS-027" and each.expression not in optional
        )
        if _kind(dict_or_none(index.resource(0))) != "response":
            found, mend = "The first entry is not a ClaimResponse.", "Put the ClaimResponse first."
            yield Issue("PAS-037", found, mend, "Bundle.entry[0].resource", code="invariant")
        return
    yield from issues
    yield from noted
    yield from bundle_rules.check_claims(index, 1 if kind == "inquiry" else version.most_claims)


def _as_of_response(issue: Issue) -> Issue:
    rule = IN_RESPONSES.get(issue.rule, issue.rule)
    return replace(issue, rule=rule, severity="warning" if rule == CLOSURE else issue.severity)


def _optional_in(bundle: Json, index: BundleIndex, version: Version) -> set[str]:
    """Return what a response may lack: the Claim that it answers, and in some its number.

    The Claim may stay out (PAS 2.2.1, specification). The number is optional in 2.0.1 and for an inquiry (T-12).
    """
    claimed = _profiles(bundle) | _profiles(index.resource(0))
    if version is STU_2_0 or claimed & INQUIRY_RESPONSES:
        return {REQUEST_REFERENCE, "Bundle.identifier"}
    return {REQUEST_REFERENCE}


def _kind_of_bundle(bundle: Json, index: BundleIndex) -> str | None:
    """Return what a Bundle is by its first entry, else by its profile; ``None`` if it is no matter of PAS."""
    first = dict_or_none(index.resource(0))
    claimed = {each for each in _profiles(bundle) if each.startswith(PAS)}
    if not claimed and not _is_pas(first):
        return None
    if claimed & RESPONSES:
        return "response"
    return _kind(first) or ("request" if claimed else None)


def _kind_alone(resource: Json) -> str | None:
    type_name = resource.get("resourceType")
    if type_name == "Subscription":
        return "subscription" if resource.get("criteria") == TOPIC else None
    if not isinstance(type_name, str) or not _is_pas(resource):
        return None
    if type_name in ORDERS:
        return "order"
    return "party" if type_name in PARTIES else _kind(resource)


def _kind(resource: Json | None) -> str | None:
    """Return the kind of a Claim or a ClaimResponse."""
    if resource is None or resource.get("resourceType") not in ("Claim", "ClaimResponse"):
        return None
    if resource["resourceType"] == "ClaimResponse":
        return "response"
    if INQUIRY in _profiles(resource):
        return "inquiry"
    return "update" if resource.get("related") else "request"


def _is_pas(resource: Json | None) -> bool:
    if resource is None:
        return False
    return resource.get("use") == "preauthorization" or any(each.startswith(PAS) for each in _profiles(resource))


def _profiles(resource: Any) -> set[str]:
    """Return the profiles that a resource claims, without their versions."""
    meta = resource.get("meta") if isinstance(resource, dict) else None
    claimed = meta.get("profile") if isinstance(meta, dict) else None
    return {each.partition("|")[0] for each in claimed if isinstance(each, str)} if isinstance(claimed, list) else set()
