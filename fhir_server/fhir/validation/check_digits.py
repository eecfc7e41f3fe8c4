"""Check digits: the last digit of a number, computed from the others, so that a slip of the pen is seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping

_ISSUER_SUM = 24
"""What the card issuer prefix 80840 (health applications, United States) adds to the sum of an NPI."""

# Verhoeff, "Error detecting decimal codes" (1969): the group of the symmetries of a pentagon, and a permutation.
_PRODUCT = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_FIRST_PERMUTATION = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _permutations() -> tuple[tuple[int, ...], ...]:
    found = [tuple(range(10))]
    for _ in range(7):
        found.append(tuple(found[-1][each] for each in _FIRST_PERMUTATION))
    return tuple(found)


_PERMUTATIONS = _permutations()


def luhn(number: str) -> bool:
    """Return whether the last digit is right by Luhn's formula (ISO/IEC 7812-1, annex B; LOINC calls it mod 10)."""
    return _luhn_sum(number) % 10 == 0


def luhn_with_issuer(number: str) -> bool:
    """Return whether the last digit of an NPI is right: Luhn's formula over 80840 and the number (CMS)."""
    return (_luhn_sum(number) + _ISSUER_SUM) % 10 == 0


def verhoeff(number: str) -> bool:
    """Return whether the last digit of a SNOMED CT identifier is right."""
    check = 0
    for position, digit in enumerate(reversed(number)):
        check = _PRODUCT[check][_PERMUTATIONS[position % 8][int(digit)]]
    return check == 0


def _luhn_sum(number: str) -> int:
    digits = [int(each) for each in reversed(number)]
    return sum(digits[::2]) + sum(each * 2 - 9 if each > 4 else each * 2 for each in digits[1::2])


ALGORITHMS: Mapping[str, Callable[[str], bool]] = {
    "luhn": luhn,
    "luhn-80840": luhn_with_issuer,
    "verhoeff": verhoeff,
}
