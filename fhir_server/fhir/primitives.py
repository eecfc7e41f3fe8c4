"""The primitive types of FHIR R4 that mappings read: which JSON type carries each, and what text it takes."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fhir_server.fhir.mapping import Writing
    from fhir_server.fhir.reading import Reading

# A string may hold nothing below U+0020 but tab, line feed and carriage return (R4, data types).
_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Primitive:
    """A primitive type. ``fits`` tells whether a JSON value is one; ``expected`` says in words what is."""

    type_name: str
    expected: str
    fits: Callable[[Any], bool] = field(repr=False)

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        """Return *value* unchanged, or ``None`` with an issue where it is not of this type."""
        if self.fits(value):
            return value
        reading.wrong_type(path, self.expected, value)
        return None

    def write(self, value: Any, writing: Writing) -> Any:
        """Return *value* unchanged."""
        return value


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A code whose values have names of their own in the hub."""

    names: dict[str, str]
    type_name: str = "code"

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        """Return the hub's name of the code, or ``None`` with an issue where the code is not in the table."""
        found = self.names.get(value) if isinstance(value, str) else None
        if found is None:
            reading.wrong_type(path, "one of " + ", ".join(sorted(self.names)), value)
        return found

    def write(self, value: Any, writing: Writing) -> Any:
        """Return the code of the hub's name."""
        return next(code for code, name in self.names.items() if name == value)


def _text(pattern: str) -> Callable[[Any], bool]:
    matches = re.compile(pattern, re.ASCII).fullmatch
    return lambda value: type(value) is str and matches(value) is not None


def _real(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Return *test*, and that the day, where there is one, is a day of the calendar."""
    return lambda value: test(value) and is_day(value)


def is_day(value: str) -> bool:
    """Return whether text that starts as `DATE_PATTERN` says names a year from 1 on and a day of the calendar."""
    if value.startswith("0000"):
        return False
    if len(value) < len("YYYY-MM-DD"):
        return True
    year, month, day = int(value[:4]), int(value[5:7]), int(value[8:10])
    return day <= _ALWAYS_A_DAY or day <= monthrange(year, month)[1]


def _is_string(value: Any) -> bool:
    if type(value) is not str or not value or value.isspace():
        return False
    return value.isprintable() or _CONTROL_CHARACTER.search(value) is None


def _token(pattern: str) -> Callable[[Any], bool]:
    """Return the test of text that follows *pattern*; text without blanks, which nearly all is, need not be matched."""
    matches = re.compile(pattern).fullmatch

    def is_token(value: Any) -> bool:
        if type(value) is not str or not value:
            return False
        return (value.isprintable() and " " not in value) or matches(value) is not None

    return is_token


def _is_boolean(value: Any) -> bool:
    return type(value) is bool


def _integer(minimum: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and minimum <= value <= LARGEST_INTEGER


def _is_decimal(value: Any) -> bool:
    return type(value) is Decimal or type(value) is int


LARGEST_INTEGER = 2**31 - 1
# The forms of dates and times (R4, data types), for text in ASCII.
DATE_PATTERN = r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?"
DAY_PATTERN = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
CLOCK_PATTERN = r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)"
ZONE_PATTERN = r"(Z|[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00)"
_ALWAYS_A_DAY = 28
_TIME = rf"{CLOCK_PATTERN}(\.\d+)?{ZONE_PATTERN}"
_ADDRESS = r"[^\s\x00-\x1f]+"

STRING = Primitive("string", "text", _is_string)
MARKDOWN = Primitive("markdown", "text", _is_string)
CODE = Primitive("code", "a code without blanks around it", _token(r"[^\s\x00-\x1f]+( [^\s\x00-\x1f]+)*"))
URI = Primitive("uri", "an address without blanks", _token(_ADDRESS))
URL = Primitive("url", "an address without blanks", _token(_ADDRESS))
CANONICAL = Primitive("canonical", "an address without blanks", _token(_ADDRESS))
BOOLEAN = Primitive("boolean", "true or false", _is_boolean)
INTEGER = Primitive("integer", "a whole number", _integer(-LARGEST_INTEGER - 1))
UNSIGNED_INTEGER = Primitive("unsignedInt", "a whole number from 0 on", _integer(0))
POSITIVE_INTEGER = Primitive("positiveInt", "a whole number from 1 on", _integer(1))
DECIMAL = Primitive("decimal", "a number", _is_decimal)
DATE = Primitive("date", "a date (YYYY-MM-DD)", _real(_text(DATE_PATTERN)))
DATE_TIME = Primitive("dateTime", "a date, or a date and time with zone", _real(_text(rf"{DATE_PATTERN}(T{_TIME})?")))
INSTANT = Primitive("instant", "a date and time with zone", _real(_text(rf"{DAY_PATTERN}T{_TIME}")))
