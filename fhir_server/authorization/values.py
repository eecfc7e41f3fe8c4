"""Small values that every part of a request, its evidence and its answer are made of.

Dates and times are ISO 8601 text exactly as they were sent (``2026-03-01``, ``2026-03-01T10:00:00-05:00``), so that an
answer repeats them to the character. Numbers are `decimal.Decimal` and keep their digits: ``1.00`` is not ``1.0``.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a code system. ``system`` is the system's canonical address."""

    system: str | None = None
    value: str | None = None
    display: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Concept:
    """One meaning, told by any number of codes and, where no code fits, by words."""

    codes: tuple[Code, ...] = ()
    text: str | None = None

    @property
    def value(self) -> str | None:
        """The first code's value, or ``None`` where there are only words."""
        return self.codes[0].value if self.codes else None

    def code_in(self, *systems: str) -> str | None:
        """Return the first code that one of *systems* defines."""
        return next((code.value for code in self.codes if code.system in systems), None)

    def has(self, system: str, value: str) -> bool:
        """Return whether the concept holds the code *value* of *system*."""
        return any(code.system == system and code.value == value for code in self.codes)


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` to ``end``, both included; a side that is ``None`` is open."""

    start: str | None = None
    end: str | None = None


DateOrPeriod: TypeAlias = str | Period


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured amount; ``code`` is the unit's code in ``system``."""

    value: Decimal | int | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None
    comparator: str | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """From ``low`` to ``high``, both included."""

    low: Quantity | None = None
    high: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency (ISO 4217 code)."""

    value: Decimal | int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Identifier:
    """A business identifier: of a party, a request, a line, an authorization.

    ``sub_department`` and ``jurisdiction`` qualify the organization that gave it (X12 TRN03, TRN04).
    ``assigner_identifier`` and ``assigner_name`` name that organization.
    """

    system: str | None = None
    value: str | None = None
    type: Concept | None = None
    use: str | None = None
    period: Period | None = None
    sub_department: str | None = None
    jurisdiction: Concept | None = None
    assigner_name: str | None = None
    assigner_identifier: Identifier | None = None


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person's name in its parts; ``text`` is the whole as it should be shown."""

    family: str | None = None
    given: tuple[str, ...] = ()
    prefix: tuple[str, ...] = ()
    suffix: tuple[str, ...] = ()
    use: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address. ``state`` is the two-letter USPS code where the country is the United States."""

    lines: tuple[str, ...] = ()
    city: str | None = None
    district: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    use: str | None = None
    type: str | None = None
    text: str | None = None
    period: Period | None = None


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """A telephone number, fax number, e-mail or web address; ``system`` says which."""

    system: str | None = None
    value: str | None = None
    use: str | None = None


@dataclass(frozen=True, slots=True)
class ContactPerson:
    """Whom to ask at an organization."""

    name: PersonName | None = None
    telecom: tuple[ContactPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Timing:
    """How often and how long a service is to be given (X12 HSD).

    ``bounds`` is the number of periods; ``calendar_pattern`` and ``delivery_pattern`` are HSD07 and HSD08.
    """

    count: int | None = None
    count_maximum: int | None = None
    frequency: int | None = None
    frequency_maximum: int | None = None
    period: Decimal | int | None = None
    period_maximum: Decimal | int | None = None
    period_unit: str | None = None
    bounds: Quantity | None = None
    calendar_pattern: Concept | None = None
    delivery_pattern: Concept | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a party, document or order came from, so that an answer can point back at the very same thing (PAS-040).

    From FHIR: ``full_url`` and ``resource_id``. From X12: ``loop`` and ``control_number``.
    """

    full_url: str | None = None
    resource_id: str | None = None
    loop: str | None = None
    control_number: str | None = None
