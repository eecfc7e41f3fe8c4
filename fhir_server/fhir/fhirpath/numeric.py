"""Numbers as the texts that FHIR writes: their value, and whether two are the same."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from fhir_server.fhir.fhirpath.errors import EvaluationFailed


def number(text: str | None) -> Decimal:
    """Return the number that a text is. Raises ``EvaluationFailed`` where it is none."""
    try:
        found = Decimal(text or "")
    except InvalidOperation:
        raise EvaluationFailed("no number") from None
    if not found.is_finite():
        raise EvaluationFailed("no number")
    return found


def numbers_same(left: str | None, right: str | None) -> bool:
    """Return whether two texts are the same number, however precise; other texts if they are the same text."""
    if left == right:
        return True
    try:
        return Decimal(left or "") == Decimal(right or "")
    except InvalidOperation:
        return False


def numbers_equivalent(left: str | None, right: str | None) -> bool:
    """Return whether two numbers are the same to the precision of the less precise one."""
    if not left or not right:
        return not left and not right
    mine, other = number(left), number(right)
    try:
        unit = Decimal(1).scaleb(max(_exponent(mine), _exponent(other)))
        return mine.quantize(unit, ROUND_HALF_UP) == other.quantize(unit, ROUND_HALF_UP)
    except InvalidOperation:
        return mine == other


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
