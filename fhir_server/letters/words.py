"""Values as a letter writes them: names, addresses, days, amounts. What a sender wrote is made harmless first."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from fhir_server.authorization.parties import Person, Provider
from fhir_server.authorization.values import Address, Concept, ContactPoint, DateOrPeriod, PersonName, Quantity
from fhir_server.policy.forms import LARGEST_QUANTITY

# Marks that turn the direction of all that follows: within a letter they could make it read as something else.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_PLAIN_UNITS = frozenset({"UN", "UNIT", "UNITS", "1"})
LONGEST_WORDS = 2000
"""What a sender or reviewer wrote is cut here; no field of a letter needs more."""


def clean(text: str) -> str:
    """Return *text* on one line, without what cannot be printed or would change how its surroundings read."""
    kept = "".join(_shown(each) for each in text)
    whole = " ".join(kept.split())
    return whole if len(whole) <= LONGEST_WORDS else f"{whole[:LONGEST_WORDS]}…"


def _shown(character: str) -> str:
    if character in _TURNING:
        return ""
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    # Surrogates, and code points that are no characters, have no place in a file of UTF-8 text.
    return "\ufffd" if category == "Cs" or ord(character) & 0xFFFE == 0xFFFE else character


def cleaned(texts: Iterable[str | None]) -> tuple[str, ...]:
    """Return those of *texts* that say something, clean."""
    return tuple(text for each in texts if each and (text := clean(each)))


def person_name(names: Iterable[PersonName]) -> str | None:
    """Return the first name that says something, in the order in which it is spoken."""
    for name in names:
        parts = (*name.prefix, *name.given, name.family, *name.suffix)
        said = clean(name.text or "") or " ".join(cleaned(parts))
        if said:
            return said
    return None


def provider_lines(provider: Provider) -> tuple[str, ...]:
    """Return the lines of an envelope to *provider*: person, organization, address, fax."""
    organization, practitioner = provider.organization, provider.practitioner
    addresses = (*(organization.addresses if organization else ()), *(practitioner.addresses if practitioner else ()))
    telecom = (
        *(provider.role.telecom if provider.role else ()),
        *(organization.telecom if organization else ()),
        *(practitioner.telecom if practitioner else ()),
    )
    person = person_name(practitioner.names) if practitioner else None
    named = cleaned((person, organization.name if organization else None))
    fax = _reached_by("fax", telecom)
    npi = f"NPI {clean(provider.npi)}" if provider.npi else None
    return (*(named or ("The requester",)), *cleaned((npi,)), *address_lines(addresses), *cleaned((fax,)))


def person_lines(person: Person) -> tuple[str, ...]:
    """Return the lines of an envelope to *person*."""
    return (person_name(person.names) or "The beneficiary", *address_lines(person.addresses))


def address_lines(addresses: Iterable[Address]) -> tuple[str, ...]:
    """Return the lines of the first address that says something."""
    return next((lines for each in addresses if (lines := _address_lines(each))), ())


def _address_lines(address: Address) -> tuple[str, ...]:
    town = ", ".join(cleaned((address.city, " ".join(cleaned((address.state, address.postal_code))))))
    return cleaned((*address.lines, town)) or cleaned((address.text,))


def _reached_by(system: str, telecom: Iterable[ContactPoint]) -> str | None:
    value = next((each.value for each in telecom if each.system == system and each.value), None)
    return f"{system.capitalize()} {value}" if value else None


def day(when: date) -> str:
    """Return a day as it is written in the United States: June 1, 2026."""
    return f"{when:%B} {when.day}, {when.year}"


def day_of(text: str | None) -> str | None:
    """Return the day that ISO 8601 *text* begins with; what is no day stays as it was sent."""
    if not text:
        return None
    try:
        return day(date.fromisoformat(text[:10]))
    except ValueError:
        return clean(text)


def moment_in(text: str, time_zone: str) -> datetime:
    """Return the moment of the stored UTC *text* by the clocks of *time_zone*."""
    return datetime.fromisoformat(text).astimezone(ZoneInfo(time_zone))


def moment(text: str, time_zone: str) -> str:
    """Return the moment of the stored UTC *text* for a reader: June 4, 2026, 10:30 a.m. CDT."""
    local = moment_in(text, time_zone)
    half = "a.m." if local.hour < 12 else "p.m."
    return f"{day(local.date())}, {local.hour % 12 or 12}:{local.minute:02} {half} {local.tzname()}"


def service_day(serviced: DateOrPeriod | None) -> str:
    """Return the day or days that a service is planned for."""
    if serviced is None or isinstance(serviced, str):
        return day_of(serviced) or "not stated"
    start, end = day_of(serviced.start), day_of(serviced.end)
    if start and end:
        return start if start == end else f"{start} to {end}"
    return f"from {start}" if start else f"until {end}" if end else "not stated"


def amount(quantity: Quantity | None) -> str:
    """Return a number of units; one that no service reaches is not written out."""
    value = quantity.value if quantity else None
    if quantity is None or value is None or not -LARGEST_QUANTITY < value < LARGEST_QUANTITY:
        return "not stated"
    number = f"{Decimal(value).normalize():f}"
    unit = clean(quantity.unit or quantity.code or "")
    return number if not unit or unit.upper() in _PLAIN_UNITS else f"{number} {unit}"


def code_words(service: Concept, modifiers: Iterable[Concept] = ()) -> str:
    """Return a service code with its modifiers, or ``no code``."""
    code = clean(service.value or "") or "no code"
    return "-".join((code, *cleaned(each.value for each in modifiers)))


def joined(words: Iterable[str]) -> str:
    """Return *words* as a sentence lists them: a, b and c."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
