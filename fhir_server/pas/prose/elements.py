"""Rules of data types and parties, wherever they stand: Timing, Quantity, addresses (PAS-076 to PAS-079)."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_server.fhir.validation.report import Place
from fhir_server.pas.datatypes import PAS
from fhir_server.pas.prose.rule import Hit, Json, Subject, dict_or_none, extensions, objects

CALENDAR_PATTERN = f"{PAS}extension-timingcalendarpattern"
DELIVERY_PATTERN = f"{PAS}extension-timingdeliverypattern"
AUTHORIZED_DETAIL = f"{PAS}extension-itemAuthorizedDetail"
UNITS = "https://codesystem.x12.org/005010/673"
UNITED_STATES = (None, "US", "USA", "United States", "United States of America")
FREQUENCY = ("frequency", "period", "periodUnit")


def empty_timing(subject: Subject) -> Iterator[Hit]:
    """Yield each Timing of an order that says neither how many, nor how often, nor by which pattern."""
    for place, timing in _timings(subject):
        repeat = dict_or_none(timing.get("repeat")) or {}
        patterns = (CALENDAR_PATTERN, DELIVERY_PATTERN)
        if (
            "count" not in repeat
            and not all(name in repeat for name in FREQUENCY)
            and not any(each.get("url") in patterns for _, each in objects(timing, "extension"))
        ):
            yield (place,)


def _timings(subject: Subject) -> Iterator[tuple[Place, Json]]:
    occurrence = subject.resource.get("occurrenceTiming")
    if isinstance(occurrence, dict):
        yield (subject.place, "occurrenceTiming", -1), occurrence
    for number, instruction in objects(subject.resource, "dosageInstruction"):
        timing = instruction.get("timing")
        if isinstance(timing, dict):
            yield ((subject.place, "dosageInstruction", number), "timing", -1), timing


def quantity_without_unit(subject: Subject) -> Iterator[Hit]:
    """Yield each Quantity that has neither unit nor code."""
    for place, quantity in _quantities(subject):
        if "unit" not in quantity and "code" not in quantity:
            yield (place,)


def quantity_of_another_system(subject: Subject) -> Iterator[Hit]:
    """Yield each Quantity whose code is none of X12's."""
    for place, quantity in _quantities(subject):
        if "code" in quantity and quantity.get("system") != UNITS:
            yield ((place, "system" if "system" in quantity else "code", -1),)


def _quantities(subject: Subject) -> Iterator[tuple[Place, Json]]:
    """Yield each element that PAS types as its own Quantity."""
    resource, place = subject.resource, subject.place
    ordered = resource.get("quantityQuantity")
    if isinstance(ordered, dict):
        yield (place, "quantityQuantity", -1), ordered
    for name in ("item", "addItem"):
        for number, each in objects(resource, name):
            quantity = each.get("quantity")
            if isinstance(quantity, dict):
                yield ((place, name, number), "quantity", -1), quantity
            for position, detail in extensions(each, AUTHORIZED_DETAIL):
                for part, inner in extensions(detail, "quantity"):
                    if isinstance(inner.get("valueQuantity"), dict):
                        outer = ((place, name, number), "extension", position)
                        yield ((outer, "extension", part), "valueQuantity", -1), inner["valueQuantity"]


def odd_postal_code(subject: Subject) -> Iterator[Hit]:
    """Yield each postal code of the United States that is neither five digits, nor nine with a dash after the fifth."""
    for place, address in _addresses(subject):
        code = address.get("postalCode")
        if isinstance(code, str) and address.get("country") in UNITED_STATES and not is_zip(code):
            yield ((place, "postalCode", -1),)


def _addresses(subject: Subject) -> Iterator[tuple[Place, Json]]:
    sent = subject.resource.get("address")
    if isinstance(sent, dict):
        yield (subject.place, "address", -1), sent
    for number, address in objects(subject.resource, "address"):
        yield (subject.place, "address", number), address
    accident = subject.resource.get("accident")
    location = accident.get("locationAddress") if isinstance(accident, dict) else None
    if isinstance(location, dict):
        yield ((subject.place, "accident", -1), "locationAddress", -1), location


def is_zip(text: str) -> bool:
    """Return whether a text is a ZIP code as FHIR carries it: ``92101`` or ``92101-1234``."""
    digits = text[:5] + text[6:]
    return text.isascii() and digits.isdigit() and (len(text) == 5 or (len(text) == 10 and text[5] == "-"))
