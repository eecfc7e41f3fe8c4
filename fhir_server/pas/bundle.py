"""The rules that a request Bundle obeys as a whole: form, order, identity and closure (PAS-019 to PAS-029, PAS-094)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fhir_server.authorization.submission import Observation
from fhir_server.errors import Issue
from fhir_server.fhir.primitives import INSTANT
from fhir_server.fhir.reading import Json
from fhir_server.fhir.references import BundleIndex, Resolution, is_rest_url, is_uuid_url, references_in
from fhir_server.pas.sequences import repeated

# Resources that stand for parties of the request itself; what any other resource references is behind a document.
PARTY_TYPES = frozenset(
    {"Claim", "Patient", "Organization", "Practitioner", "PractitionerRole", "Location", "Coverage", "Encounter"}
)
PERSONAL_TYPES = frozenset({"Patient", "RelatedPerson", "Coverage", "Person"})
LONGEST_SHOWN = 200
_PROFILES = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/profile-"
INQUIRY_PROFILES = frozenset({f"{_PROFILES}claim-inquiry", f"{_PROFILES}pas-inquiry-request-bundle"})
NPI_SYSTEM = "http://hl7.org/fhir/sid/us-npi"


@dataclass(slots=True)
class Closure:
    """What the references of a Bundle lead to: entries by (referring entry, reference), and all that are reached.

    ``dangling`` are the references that ``issues`` tell about.
    """

    targets: dict[tuple[int, str], int] = field(default_factory=dict)
    dangling: set[tuple[int, str]] = field(default_factory=set)
    reached: set[int] = field(default_factory=set)
    issues: list[Issue] = field(default_factory=list)


def check_form(bundle: Json) -> Iterator[Issue]:
    """Yield the problems of the Bundle's own elements and of each entry's frame."""
    if bundle.get("resourceType") != "Bundle":
        yield _wrong("not-a-bundle", "resourceType", "The body is not a Bundle.", "Send the request Bundle itself.")
        return
    if bundle.get("type") != "collection":
        yield _wrong("PAS-094", "type", "Bundle.type is not collection.", "Send `collection`.")
    identifier = bundle.get("identifier")
    if not isinstance(identifier, dict) or not isinstance(identifier.get("value"), str):
        yield _wrong(
            "PAS-094", "identifier", "Bundle.identifier is missing.", "Give the transaction a number of yours."
        )
    timestamp = bundle.get("timestamp")
    if not INSTANT.fits(timestamp):
        yield _wrong("PAS-094", "timestamp", "Bundle.timestamp is no instant.", "Send date, time and zone.")
    entries = bundle.get("entry")
    if not isinstance(entries, list) or not entries:
        yield _wrong("PAS-019", "entry", "The Bundle has no entries.", "Make the Claim the first entry.")
        return
    for number, entry in enumerate(entries):
        yield from _check_entry(number, entry)


def _check_entry(number: int, entry: Any) -> Iterator[Issue]:
    path = f"entry[{number}]"
    if not isinstance(entry, dict):
        yield _wrong("fhir-type", path, f"Bundle.{path} is not an object.", "Send fullUrl and resource.", "structure")
        return
    full_url = entry.get("fullUrl")
    if full_url is None:
        yield _wrong("PAS-094", f"{path}.fullUrl", f"Bundle.{path}.fullUrl is missing.", _FULL_URL_MEND, "required")
    elif not (is_uuid_url(full_url) or is_rest_url(full_url)):
        yield _wrong(
            "PAS-023", f"{path}.fullUrl", f"Bundle.{path}.fullUrl is of another kind.", _FULL_URL_MEND, "value"
        )
    resource = entry.get("resource")
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        found = f"Bundle.{path}.resource is no resource."
        yield _wrong("PAS-094", f"{path}.resource", found, "Send a resource with its resourceType.", "required")
    for name in ("search", "request", "response"):
        if name in entry:
            found = f"Bundle.{path}.{name} is not allowed in a collection."
            yield _wrong("PAS-094", f"{path}.{name}", found, "Leave it out.")


_FULL_URL_MEND = "Send the resource's address on your server, or urn:uuid: and a GUID."


def check_claims(index: BundleIndex, most_claims: int) -> Iterator[Issue]:
    """Yield the problems of the place and number of Claims, and of its supporting information (PAS-019, 029, 068)."""
    claims = [number for number in range(len(index.entries)) if _type_of(index, number) == "Claim"]
    if _type_of(index, 0) != "Claim":
        mend = f"Move entry {claims[0]} to the front." if claims else "Put a PAS Claim first."
        yield _wrong("PAS-019", "entry[0].resource", "The first entry is not a Claim.", mend)
        return
    if len(claims) > most_claims:
        found = f"The Bundle holds {len(claims)} Claims, at entries {', '.join(map(str, claims))}."
        yield _wrong(
            "PAS-068", "entry", found, f"Send at most {most_claims}: leave out the prior Claim's own prior one."
        )
    yield from _check_sequences(index.resource(0) or {})


def check_purpose(index: BundleIndex, bundle: Json) -> Iterator[Issue]:
    """Yield where a Bundle or Claim calls itself an inquiry: a submission would make a case of it."""
    for place, resource in (("", bundle), ("entry[0].resource.", index.resource(0) or {})):
        meta = resource.get("meta")
        profiles = meta.get("profile") if isinstance(meta, dict) else None
        named = [each for each in profiles if isinstance(each, str)] if isinstance(profiles, list) else []
        if any(each.partition("|")[0] in INQUIRY_PROFILES for each in named):
            found, mend = "This is an inquiry, by its profile.", "Send it to Claim/$inquire, or mend the profile."
            yield _wrong("PAS-019", f"{place}meta.profile", found, mend)


def _check_sequences(claim: Any) -> Iterator[Issue]:
    for name, rule in (("supportingInfo", "PAS-029"), ("item", "PAS-041")):
        for sequence, _ in repeated(claim, name):
            where = f"entry[0].resource.{name}.where(sequence = {sequence})"
            yield _wrong(rule, where, f"{name}.sequence {sequence} is used twice.", "Number each entry once.")


def _type_of(index: BundleIndex, number: int) -> str | None:
    resource = index.resource(number)
    kind = resource.get("resourceType") if resource else None
    return kind if isinstance(kind, str) else None


def check_uniqueness(index: BundleIndex) -> Iterator[Issue]:
    """Yield each fullUrl that several entries have (PAS-021)."""
    for places in index.repeated().values():
        where = ", ".join(f"entry[{number}]" for number in places)
        found = f"Several entries have the same fullUrl: {where}."
        yield _wrong("PAS-021", f"entry[{places[1]}].fullUrl", found, "Send each instance once.")


def close(index: BundleIndex) -> Closure:
    """Follow every reference from the first entry on; each that leads nowhere or to several entries is an issue.

    A prior Claim's own prior Claim is left out of an update on purpose (PAS-068): that one reference may dangle.
    """
    closure = Closure(reached={0})
    waiting = [0]
    while waiting:
        number = waiting.pop()
        resource = index.resource(number)
        if resource is None or resource.get("resourceType") == "Bundle":
            continue  # a Bundle among the records is a world of its own (T-35)
        dangling: dict[str, Resolution] = {}
        contained = _contained_ids(resource)
        for reference in _mentioned(resource):
            if reference.startswith("#"):
                resolution = _inside(reference[1:], resource, contained)
            else:
                resolution = index.resolve(reference, number)
            if resolution.outcome == "entry":
                target = closure.targets[number, reference] = resolution.entries[0]
                if target not in closure.reached:
                    closure.reached.add(target)
                    waiting.append(target)
            elif not resolution.found:
                dangling[reference] = resolution
        if dangling:
            for reference, issue in _dangling_issues(resource, number, dangling):
                closure.dangling.add((number, reference))
                closure.issues.append(issue)
    return closure


def _contained_ids(resource: Any) -> Counter[str]:
    """Return how often each id comes among the contained resources: counted once, however many references there are."""
    contained = resource.get("contained")
    names = [each.get("id") for each in contained if isinstance(each, dict)] if isinstance(contained, list) else []
    return Counter(each for each in names if isinstance(each, str))


def _inside(name: str, resource: Any, contained: Counter[str]) -> Resolution:
    if not name or contained[name] == 1:
        return Resolution("contained", resource)
    return Resolution("ambiguous" if contained[name] else "not found", reason="no such contained resource")


def _mentioned(resource: Any) -> dict[str, None]:
    """Return every text that may be a reference. Where each stands is asked only for those that lead nowhere."""
    found: dict[str, None] = {}
    stack = [resource]
    while stack:
        node = stack.pop()
        if type(node) is dict:
            if node.get("resourceType") == "Bundle" and node is not resource:
                continue
            reference = node.get("reference")
            if type(reference) is str:
                found[reference] = None
            node = node.values()
        stack += [each for each in node if type(each) is dict or type(each) is list]
    return found


def _dangling_issues(resource: Any, number: int, dangling: Mapping[str, Resolution]) -> Iterator[tuple[str, Issue]]:
    path = f"Bundle.entry[{number}].resource"
    prior_of_prior = f"{path}.related" if number > 0 and resource.get("resourceType") == "Claim" else None
    for expression, reference in references_in(resource, path):
        if reference in dangling and not (prior_of_prior and expression.startswith(prior_of_prior)):
            yield reference, _dangling(expression, reference, dangling[reference], resource)


def _dangling(expression: str, reference: str, resolution: Resolution, referrer: Any) -> Issue:
    shown = _shown(reference) if resolution.reason != "ill-formed" else "(ill-formed)"
    if resolution.outcome == "ambiguous":
        places = ", ".join(f"entry[{number}]" for number in resolution.entries) or "contained ones"
        found, mend = f"The reference {shown} fits several resources ({places}).", "Send each instance once."
        return Issue("PAS-021", found, mend, expression, code="invariant")
    kind = referrer.get("resourceType")
    rule = "PAS-020" if isinstance(kind, str) and kind in PARTY_TYPES else "PAS-025"
    found = f"The reference {shown} leads to no entry of the Bundle."
    mend = {
        "no base": "An entry with a urn:uuid has no server address: refer by the fullUrl of the other entry.",
        "no such contained resource": "Add the contained resource, or mend its id.",
        "ill-formed": "Send Type/id, the other entry's fullUrl, or an identifier alone.",
    }.get(resolution.reason, "Add the resource as an entry, or mend the reference.")
    return Issue(rule, found, mend, expression, code="not-found")


def _shown(reference: str) -> str:
    """Return *reference* for a message; the id of a person or of a coverage may be a member's number, and stays out."""
    parts = reference.split("/")
    for number, part in enumerate(parts[:-1]):
        if part in PERSONAL_TYPES:
            parts[number + 1] = "…"
    shown = "/".join(parts)
    return shown if len(shown) <= LONGEST_SHOWN else shown[:LONGEST_SHOWN] + "…"


def observe(index: BundleIndex, closure: Closure) -> Iterator[Observation]:
    """Yield what is worth noting and no fault: entries that nothing refers to, and things sent twice (PAS-022, 027)."""
    for number in range(len(index.entries)):
        if number not in closure.reached:
            found = f"Nothing refers to this {_type_of(index, number) or 'entry'}; nothing uses it."
            yield Observation("PAS-027", found, f"Bundle.entry[{number}]")
    seen: dict[tuple[str, str], int] = {}
    for number in range(len(index.entries)):
        kind, npi = _type_of(index, number), _npi(index.resource(number))
        if kind and npi and seen.setdefault((kind, npi), number) != number:
            found = f"The same NPI as entry[{seen[kind, npi]}]: the same {kind} seems to be sent twice."
            yield Observation("PAS-022", found, f"Bundle.entry[{number}].resource.identifier")


def _npi(resource: Any) -> str | None:
    identifiers = resource.get("identifier") if resource else None
    if not isinstance(identifiers, list):
        return None
    return next(
        (
            each["value"]
            for each in identifiers
            if isinstance(each, dict) and each.get("system") == NPI_SYSTEM and isinstance(each.get("value"), str)
        ),
        None,
    )


def _wrong(rule: str, place: str, found: str, mend: str, code: str = "invariant") -> Issue:
    return Issue(rule, found, mend, f"Bundle.{place}", code=code)
