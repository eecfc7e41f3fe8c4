"""The numbers by which the parts of a Claim name one another (R4, Claim; PAS-029, PAS-041)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def numbered(claim: Any, name: str) -> Iterator[tuple[int, dict[str, Any], int]]:
    """Yield position, element and sequence of each element of a list that has a number."""
    elements = claim.get(name) if isinstance(claim, dict) else None
    for position, each in enumerate(elements if isinstance(elements, list) else ()):
        if isinstance(each, dict) and type(each.get("sequence")) is int:
            yield position, each, each["sequence"]


def repeated(claim: Any, name: str) -> Iterator[tuple[int, int]]:
    """Yield each number that several elements of a list have, once, with the position of the second."""
    seen: dict[int, bool] = {}
    for position, _, sequence in numbered(claim, name):
        if seen.get(sequence) is False:
            yield sequence, position
        seen[sequence] = sequence in seen
