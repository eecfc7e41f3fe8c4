"""What holds a document or a message together: its first entry, where that leads, and that nothing stands apart."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from typing import Any

from fhir_server.fhir.references import BundleIndex, is_relative_reference, references_in, rest_base
from fhir_server.fhir.validation.report import Place, Report
from fhir_server.fhir.validation.rules import Rule
from fhir_server.fhir.validation.text import is_absolute

Json = Mapping[str, Any]

NO_ENTRY = Rule(
    "bundle-first-entry",
    "Bundle_BUNDLE_Entry_NoFirst",
    "A document or message has no entries.",
    "Put its Composition or MessageHeader first.",
)
NO_FIRST = Rule(
    "bundle-first-entry",
    "Bundle_BUNDLE_Entry_NoFirstResource",
    "The first entry has no resource.",
    "Put the Composition or MessageHeader there.",
)
NO_COMPOSITION = Rule(
    "bundle-first-entry",
    "Bundle_BUNDLE_Entry_Document",
    "The first resource of a document is no Composition.",
    "Put the Composition first.",
)
NO_HEADER = Rule(
    "bundle-first-entry",
    "Validation_BUNDLE_Message",
    "The first resource of a message is no MessageHeader.",
    "Put the MessageHeader first.",
)
NOT_HERE = Rule(
    "bundle-reference",
    "Bundle_BUNDLE_Entry_NotFound",
    "The reference leads to nothing in the Bundle, which must hold its target.",
    "Add the resource as an entry.",
)
OTHER_BASE = Rule(
    "bundle-reference",
    "BUNDLE_BUNDLE_ENTRY_NOTFOUND_APPARENT",
    "The reference leads to nothing, while an entry with another base in its fullUrl has this type and id.",
    "Use the fullUrl of the entry as reference.",
)
NO_BASE = Rule(
    "bundle-reference",
    "BUNDLE_BUNDLE_ENTRY_NOTFOUND_CANNOT",
    "The reference is relative, but the fullUrl of its own entry names no server that it could be on.",
    "Use the fullUrl of the entry as reference.",
)
AMBIGUOUS = Rule(
    "bundle-reference",
    "BUNDLE_BUNDLE_ENTRY_FOUND_MULTIPLE",
    "The reference leads to several entries.",
    "Give each entry a fullUrl of its own, or add the version to the reference.",
)
APART = Rule(
    "bundle-orphan",
    "Bundle_BUNDLE_Entry_Orphan_DOCUMENT",
    "Nothing in the document leads to this entry.",
    "Refer to it, from the Composition on, or leave it out.",
)
APART_MESSAGE = Rule(
    "bundle-orphan",
    "Bundle_BUNDLE_Entry_Orphan_MESSAGE",
    "Nothing in the message leads to this entry.",
    "Refer to it, from the MessageHeader on, or leave it out.",
    "warning",
)
REVERSE = Rule(
    "bundle-orphan",
    "BUNDLE_BUNDLE_ENTRY_REVERSE_R4",
    "This entry refers to the document, but nothing in the document leads to it.",
    "Refer to it, from the Composition on.",
    "warning",
)
STYLESHEET_MISSING = Rule(
    "bundle-stylesheet",
    "BUNDLE_LINK_STYELSHEET_NOT_FOUND",
    "The stylesheet is not in the document.",
    "Add it as a Binary.",
)
STYLESHEET_OUTSIDE = Rule(
    "bundle-stylesheet",
    "BUNDLE_LINK_STYELSHEET_EXTERNAL",
    "The stylesheet is not part of the document.",
    "Add it as a Binary and refer to it as Binary/id.",
    "warning",
)
STYLESHEET_INSECURE = Rule(
    "bundle-stylesheet",
    "BUNDLE_LINK_STYELSHEET_INSECURE",
    "The stylesheet is fetched without encryption.",
    "Use https.",
    "warning",
)
STYLESHEET_UNREACHABLE = Rule(
    "bundle-stylesheet",
    "BUNDLE_LINK_STYELSHEET_LINKABLE",
    "The address of the stylesheet cannot be fetched.",
    "Use https.",
    "warning",
)

_HL7_STYLESHEET = "https://hl7.org/fhir/fhir.css"
_FETCHED = ("http:", "https:", "ftp:")
_NO_LINKS = frozenset({"system", "profile", "fullUrl", "resourceType", "id"})
# Definitions are known by their canonical url and need not be in the document (the canonical resources of R4).
_NAMES = """
    ActivityDefinition CapabilityStatement ChargeItemDefinition CodeSystem CompartmentDefinition ConceptMap
    EffectEvidenceSynthesis EventDefinition Evidence EvidenceVariable ExampleScenario GraphDefinition
    ImplementationGuide Library Measure MessageDefinition NamingSystem OperationDefinition PlanDefinition Questionnaire
    ResearchDefinition ResearchElementDefinition RiskEvidenceSynthesis SearchParameter StructureDefinition StructureMap
    TerminologyCapabilities TestScript ValueSet
"""
_DEFINITIONS = frozenset(_NAMES.split())


class _Held:
    """What a document or message holds: its entries by fullUrl, and by the type and id of their resource."""

    def __init__(self, index: BundleIndex) -> None:
        self.index = index
        self.names: dict[str, int] = {}
        self.present: list[int] = []
        for number in range(len(index.entries)):
            resource = index.resource(number)
            if resource is not None:
                self.present.append(number)
                self.names.setdefault(f"{resource.get('resourceType')}/{resource.get('id')}", number)

    def misled(self, reference: str, referrer: int) -> Rule | None:
        """Return the rule that a relative reference breaks which would lead somewhere if it had another base."""
        if not is_relative_reference(reference) or reference.partition("/_history/")[0] not in self.names:
            return None
        return NO_BASE if rest_base(self.index.full_urls[referrer]) is None else OTHER_BASE


def check_document(bundle: Json, index: BundleIndex, place: Place, report: Report) -> None:
    """Note where a document does not start with a Composition, or does not hold all that belongs to it, or more."""
    held = _Held(index)
    composition = _first(index, "Composition", NO_COMPOSITION, place, report)
    if composition is not None:
        for target, there in _parts(composition, ((place, "entry", 0), "resource", -1)):
            _check_target(held, target, there, report)
    _check_stylesheets(bundle, held, place, report)
    _check_together(bundle, held, False, place, report)


def check_message(index: BundleIndex, place: Place, report: Report) -> None:
    """Note where a message does not start with a MessageHeader, or does not hold what that is about."""
    held = _Held(index)
    header = _first(index, "MessageHeader", NO_HEADER, place, report)
    if header is not None:
        for target, there in _references(header, "focus", ((place, "entry", 0), "resource", -1)):
            _check_target(held, target, there, report)
    if index.resource(0) is not None:
        _check_together({}, held, True, place, report)


def _first(index: BundleIndex, wanted: str, rule: Rule, place: Place, report: Report) -> Json | None:
    if not index.entries:
        NO_ENTRY.note(place, report)
        return None
    resource = index.resource(0)
    entry: Place = (place, "entry", 0)
    if resource is None:
        NO_FIRST.note(entry, report)
    elif resource.get("resourceType") == wanted:
        return resource
    else:
        rule.note((entry, "resource", -1), report)
    return None


def _parts(composition: Json, place: Place) -> Iterator[tuple[str, Place]]:
    """Yield each reference of a Composition whose target must be in the document (R4, documents)."""
    for name in ("subject", "author", "encounter", "custodian"):
        yield from _references(composition, name, place)
    for name, below in (("attester", "party"), ("event", "detail")):
        for node, there in _members(composition, name, place):
            yield from _references(node, below, there)
    pending = list(_members(composition, "section", place))
    while pending:
        section, there = pending.pop()
        for name in ("author", "focus", "entry"):
            yield from _references(section, name, there)
        pending.extend(_members(section, "section", there))


def _members(node: Json, name: str, place: Place) -> Iterator[tuple[Json, Place]]:
    value = node.get(name)
    if type(value) is dict:
        yield value, (place, name, -1)
    elif type(value) is list:
        for number, each in enumerate(value):
            if type(each) is dict:
                yield each, (place, name, number)


def _references(node: Json, name: str, place: Place) -> Iterator[tuple[str, Place]]:
    for member, there in _members(node, name, place):
        reference = member.get("reference")
        if type(reference) is str and reference and not reference.startswith("#"):
            yield reference, there


def _check_target(held: _Held, reference: str, place: Place, report: Report) -> None:
    found = held.index.resolve(reference.partition("#")[0], 0)
    if found.outcome == "ambiguous":
        AMBIGUOUS.note(place, report)
    elif found.outcome == "not found":
        rule = held.misled(reference, 0)
        if rule is not None:
            rule.note(place, report)
        elif is_relative_reference(reference) or (is_absolute(reference) and not _is_definition(reference)):
            NOT_HERE.note(place, report)


def _is_definition(reference: str) -> bool:
    return rest_base(reference) is not None and reference.rsplit("/", 2)[1] in _DEFINITIONS


def _check_stylesheets(bundle: Json, held: _Held, place: Place, report: Report) -> None:
    for link, there in _members(bundle, "link", place):
        url = link.get("url")
        if link.get("relation") != "stylesheet" or type(url) is not str or url == _HL7_STYLESHEET:
            continue
        address: Place = (there, "url", -1)
        if is_absolute(url) is None:
            if url not in held.names:
                STYLESHEET_MISSING.note(address, report)
            continue
        STYLESHEET_OUTSIDE.note(address, report)
        if url.startswith("http://"):
            STYLESHEET_INSECURE.note(address, report)
        if not url.startswith(_FETCHED):
            STYLESHEET_UNREACHABLE.note(address, report)


def _check_together(bundle: Json, held: _Held, message: bool, place: Place, report: Report) -> None:
    """Note each entry that the first one does not lead to; one that leads back is no more than doubtful."""
    leads_to = {number: _targets(held, number, place, report) for number in held.present}
    reached = {
        held.names[url]
        for link, _ in _members(bundle, "link", place)
        if link.get("relation") == "stylesheet" and type(url := link.get("url")) is str and url in held.names
    }
    backwards = _reach(held.present, leads_to, reached)
    for number in held.present:
        there: Place = (place, "entry", number)
        if number not in reached:
            (APART_MESSAGE if message else APART).note(there, report)
        elif not message and number in backwards and not _is_provenance(held.index, number):
            REVERSE.note(there, report)


def _is_provenance(index: BundleIndex, number: int) -> bool:
    resource = index.resource(number)
    return resource is not None and resource.get("resourceType") == "Provenance"


def _reach(present: list[int], leads_to: Mapping[int, set[int]], reached: set[int]) -> set[int]:
    """Add to *reached* all that the first entry leads to, and what leads there; return those that only lead there."""
    referrers: dict[int, list[int]] = {}
    for number, targets in leads_to.items():
        for target in targets:
            referrers.setdefault(target, []).append(number)
    backwards: set[int] = set()
    candidates = [referrer for number in reached for referrer in referrers.get(number, ())]
    heapq.heapify(candidates)
    pending = present[:1]
    while pending or candidates:
        if not pending:
            number = heapq.heappop(candidates)
            if number not in reached:
                backwards.add(number)
                pending.append(number)
            continue
        number = pending.pop()
        if number not in reached:
            reached.add(number)
            pending.extend(leads_to[number] - reached)
            for referrer in referrers.get(number, ()):
                heapq.heappush(candidates, referrer)
    return backwards


def _targets(held: _Held, number: int, place: Place, report: Report) -> set[int]:
    """Return the entries that an entry refers to, by reference or by address, itself left out."""
    index = held.index
    resource = index.resource(number)
    targets: set[int] = set()
    for _, reference in references_in(resource, ""):
        if reference.startswith("#"):
            continue
        found = index.resolve(reference.partition("#")[0], number)
        targets.update(found.entries if found.outcome == "entry" else ())
        if number and found.outcome == "not found" and (rule := held.misled(reference, number)) is not None:
            rule.note(((place, "entry", number), "resource", -1), report)
    for address in _addresses(resource):
        found = index.resolve(address, number)
        targets.update(found.entries if found.outcome == "entry" else ())
    targets.discard(number)
    return targets


def _addresses(resource: Any) -> Iterator[str]:
    """Yield all text in *resource* that could be an address; not that of a Bundle inside it."""
    pending = [resource]
    while pending:
        node = pending.pop()
        if type(node) is list:
            pending.extend(node)
        elif type(node) is dict and (node is resource or node.get("resourceType") != "Bundle"):
            for name, value in node.items():
                if type(value) is not str:
                    pending.append(value)
                elif name not in _NO_LINKS:
                    yield value
