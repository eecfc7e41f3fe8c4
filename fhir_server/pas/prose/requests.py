"""Rules of Claims: first requests and inquiries."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_server.pas.datatypes import PAS
from fhir_server.pas.prose.rule import Hit, Subject, codes, extension_value, integers, objects
from fhir_server.pas.sequences import numbered, repeated

CERTIFICATION_TYPES = "https://codesystem.x12.org/005010/1322"
CERTIFICATION_TYPE = f"{PAS}extension-certificationType"
LEVEL_OF_SERVICE = f"{PAS}extension-levelOfServiceCode"
MEMBER_IDENTIFIER_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
MEDICARE_NUMBER_SYSTEMS = ("http://hl7.org/fhir/sid/us-mbi", "http://terminology.hl7.org/NamingSystem/cmsMBI")
CARE_TEAM_SCOPE = f"{PAS}extension-careTeamClaimScope"
IMMEDIATE = "1"
UNSTRUCTURED_TYPES = ("Binary", "Media")

LINKED = {
    "careTeamSequence": "careTeam",
    "diagnosisSequence": "diagnosis",
    "procedureSequence": "procedure",
    "informationSequence": "supportingInfo",
}
NUMBERED = ("careTeam", "diagnosis", "procedure", "insurance")
# PAS 2.2.1, Use Cases, Repeating Fields: of more, X12 carries the first ones.
MOST_DIAGNOSES, MOST_OVERALL_MEMBERS, MOST_ITEM_MEMBERS = 12, 14, 10


def sequence_repeated(subject: Subject) -> Iterator[Hit]:
    """Yield each number that a list uses twice."""
    for name in NUMBERED:
        for sequence, position in repeated(subject.resource, name):
            yield (subject.place, name, position), name, sequence


def information_repeated(subject: Subject) -> Iterator[Hit]:
    """Yield each number of supporting information that comes twice; in a Bundle its own rules tell it."""
    return _repeated_alone(subject, "supportingInfo")


def item_repeated(subject: Subject) -> Iterator[Hit]:
    """Yield each number of an item that comes twice; in a Bundle its own rules tell it."""
    return _repeated_alone(subject, "item")


def _repeated_alone(subject: Subject, name: str) -> Iterator[Hit]:
    if subject.index is None:
        for sequence, position in repeated(subject.resource, name):
            yield (subject.place, name, position), sequence


def sequence_unknown(subject: Subject) -> Iterator[Hit]:
    """Yield each number by which an item names something that the Claim does not have."""
    claim = subject.resource
    known: dict[str, set[int]] = {}
    for number, item in objects(claim, "item"):
        for name, target in LINKED.items():
            if name in item:
                if target not in known:
                    known[target] = {sequence for _, _, sequence in numbered(claim, target)}
                for position, sequence in integers(item, name):
                    if sequence not in known[target]:
                        yield ((subject.place, "item", number), name, position), target, sequence


def immediate_without_level(subject: Subject) -> Iterator[Hit]:
    """Yield an item of an immediate appeal where the Claim has no level of service."""
    if extension_value(subject.resource, LEVEL_OF_SERVICE, "valueCodeableConcept") is None:
        for number, item in objects(subject.resource, "item"):
            sent = extension_value(item, CERTIFICATION_TYPE, "valueCodeableConcept")
            if IMMEDIATE in codes(sent, CERTIFICATION_TYPES):
                yield ((subject.place, "item", number),)


def several_focal(subject: Subject) -> Iterator[Hit]:
    """Yield the second coverage that calls itself the focal one."""
    focal = [position for position, each in objects(subject.resource, "insurance") if each.get("focal") is True]
    if len(focal) > 1:
        yield ((subject.place, "insurance", focal[1]), "focal", -1), len(focal)


def no_member_number(subject: Subject) -> Iterator[Hit]:
    """Yield a Claim of which neither a coverage nor the patient tells the member's number."""
    if subject.index is None:
        return
    coverages = [subject.follow(each.get("coverage")) for _, each in objects(subject.resource, "insurance")]
    holders = [*coverages, subject.follow(subject.resource.get("patient"))]
    if any(coverages) and not any(holder and _has_member_number(holder) for holder in holders):
        yield ((subject.place, "insurance", -1),)


def _has_member_number(holder: dict[str, object]) -> bool:
    if holder.get("subscriberId"):
        return True
    return any(
        each.get("value")
        and (each.get("system") in MEDICARE_NUMBER_SYSTEMS or "MB" in codes(each.get("type"), MEMBER_IDENTIFIER_TYPES))
        for _, each in objects(holder, "identifier")
    )


def too_many_diagnoses(subject: Subject) -> Iterator[Hit]:
    """Yield the first diagnosis that X12 does not carry."""
    sent = subject.resource.get("diagnosis")
    if isinstance(sent, list) and len(sent) > MOST_DIAGNOSES:
        yield (subject.place, "diagnosis", MOST_DIAGNOSES), len(sent), MOST_DIAGNOSES


def too_many_members(subject: Subject) -> Iterator[Hit]:
    """Yield the first care team member that X12 does not carry, of the whole request and of an item."""
    claim = subject.resource
    overall = [
        position
        for position, each in objects(claim, "careTeam")
        if extension_value(each, CARE_TEAM_SCOPE, "valueBoolean") is True
    ]
    if len(overall) > MOST_OVERALL_MEMBERS:
        yield (subject.place, "careTeam", overall[MOST_OVERALL_MEMBERS]), len(overall), MOST_OVERALL_MEMBERS
    for number, item in objects(claim, "item"):
        named = item.get("careTeamSequence")
        if isinstance(named, list) and len(named) > MOST_ITEM_MEMBERS:
            place = ((subject.place, "item", number), "careTeamSequence", MOST_ITEM_MEMBERS)
            yield place, len(named), MOST_ITEM_MEMBERS


def unwrapped_document(subject: Subject) -> Iterator[Hit]:
    """Yield supporting information that holds a document without a DocumentReference around it."""
    for position, each in objects(subject.resource, "supportingInfo"):
        place = (subject.place, "supportingInfo", position)
        if "valueAttachment" in each:
            yield (place, "valueAttachment", -1), "an Attachment"
        elif "valueReference" in each:
            target = subject.follow(each["valueReference"])
            if target is not None and target.get("resourceType") in UNSTRUCTURED_TYPES:
                yield (place, "valueReference", -1), f"a {target['resourceType']}"
