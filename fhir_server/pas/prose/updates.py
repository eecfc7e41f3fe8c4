"""Rules of updates: what they repeat of the Claim that they change, and their marks (PAS-067, PAS-070 to PAS-074)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fhir_server.pas.datatypes import PAS
from fhir_server.pas.prose.requests import CERTIFICATION_TYPE, CERTIFICATION_TYPES
from fhir_server.pas.prose.rule import Hit, Json, Subject, codes, extension_value, objects
from fhir_server.pas.sequences import numbered

INFO_CHANGED = f"{PAS}extension-infoChanged"
INFO_CANCELLED = f"{PAS}modifierextension-infoCancelled"
CANCEL = "3"
MARKED = ("item", "supportingInfo")


def prior_not_included(subject: Subject) -> Iterator[Hit]:
    """Yield where an update does not lead to the Claim that it changes; a dangling reference is told elsewhere."""
    if subject.index is None:
        return
    for position, related in objects(subject.resource, "related"):
        claim = related.get("claim")
        place = ((subject.place, "related", position), "claim", -1)
        if not isinstance(claim, dict) or not isinstance(claim.get("reference"), str):
            yield (place,)
            continue
        target = subject.follow(claim)
        if target is not None and (target.get("resourceType") != "Claim" or target is subject.resource):
            yield (place,)


def sequence_left_out(subject: Subject) -> Iterator[Hit]:
    """Yield the numbers of the prior Claim that the update does not repeat."""
    if subject.claim is None or (cancels_all(subject.resource) and not subject.resource.get("item")):
        return
    for name in MARKED:
        now = {sequence for _, _, sequence in numbered(subject.resource, name)}
        gone = sorted({sequence for _, _, sequence in numbered(subject.claim, name)} - now)
        if gone:
            yield (subject.place, name, -1), name, ", ".join(map(str, gone))


def cancelled_without_code(subject: Subject) -> Iterator[Hit]:
    """Yield an item that is marked as cancelled and has another certification type."""
    for position, item in objects(subject.resource, "item"):
        if is_cancelled(item) and not _has_cancel_code(item):
            yield ((subject.place, "item", position),)


def code_without_cancelled(subject: Subject) -> Iterator[Hit]:
    """Yield an item whose certification type cancels it and that is not marked so."""
    if not cancels_all(subject.resource):
        for position, item in objects(subject.resource, "item"):
            if _has_cancel_code(item) and not is_cancelled(item):
                yield ((subject.place, "item", position),)


def change_unmarked(subject: Subject) -> Iterator[Hit]:
    """Yield each entry that is new, or other than in the prior Claim, and not marked so."""
    for name, before, position, each in _compared(subject):
        if extension_value(each, INFO_CHANGED, "valueCode") is None and before != each:
            yield (subject.place, name, position), "new" if before is None else "other than in the Claim it changes"


def mark_of_another_kind(subject: Subject) -> Iterator[Hit]:
    """Yield each mark that calls a new entry changed, or an old one added."""
    for name, before, position, each in _compared(subject):
        mark = extension_value(each, INFO_CHANGED, "valueCode")
        right = "added" if before is None else "changed"
        if mark in ("added", "changed") and mark != right:
            yield (subject.place, name, position), mark, right


def is_cancelled(entry: Any) -> bool:
    """Return whether an item or a supporting information is marked as cancelled."""
    return extension_value(entry, INFO_CANCELLED, "valueBoolean", "modifierExtension") is True


def cancels_all(claim: Any) -> bool:
    """Return whether a Claim cancels the whole request."""
    return _has_cancel_code(claim)


def _has_cancel_code(node: Any) -> bool:
    return CANCEL in codes(extension_value(node, CERTIFICATION_TYPE, "valueCodeableConcept"), CERTIFICATION_TYPES)


def _compared(subject: Subject) -> Iterator[tuple[str, Json | None, int, Json]]:
    """Yield the list, what the prior Claim has, and position and content of each entry that has a number."""
    if subject.claim is None:
        return
    for name in MARKED:
        before = {sequence: each for _, each, sequence in numbered(subject.claim, name)}
        for position, each, sequence in numbered(subject.resource, name):
            yield name, _unmarked(before.get(sequence)), position, each


def _unmarked(entry: Json | None) -> Json | None:
    """Return an entry of the prior Claim without its own marks, which an update does not repeat."""
    sent = entry.get("extension") if entry else None
    if entry is None or not isinstance(sent, list):
        return entry
    kept = [each for each in sent if not (isinstance(each, dict) and each.get("url") == INFO_CHANGED)]
    rest = {name: value for name, value in entry.items() if name != "extension"}
    return {**rest, "extension": kept} if kept else rest
