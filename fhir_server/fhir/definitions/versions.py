"""How versions of packages and resources compare: the order in which a canonical without a version picks the latest."""

from __future__ import annotations

import re

_SEMANTIC = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?")
_NUMBERS = re.compile(r"(\d+)")


def compare_versions(one: str | None, other: str | None) -> int:
    """Return -1, 0 or 1 as *one* is earlier than, as late as or later than *other*; no version is the earliest.

    Semantic versions compare part by part, a pre-release comes before its release; all other versions compare as people
    read them, runs of digits as numbers.
    """
    if one is None or other is None:
        return (one is not None) - (other is not None)
    ours, theirs = _SEMANTIC.fullmatch(one), _SEMANTIC.fullmatch(other)
    if ours and theirs:
        return _compared(_semantic_key(ours), _semantic_key(theirs))
    return _compared(_natural_key(one), _natural_key(other))


def major_minor(version: str | None) -> str | None:
    """Return the first two parts of a semantic version (``4.0`` of ``4.0.1-ballot``), None for any other."""
    found = _SEMANTIC.fullmatch(version or "")
    return f"{found[1]}.{found[2]}" if found else None


def _semantic_key(version: re.Match[str]) -> tuple[object, ...]:
    major, minor, patch, label, build = version.groups()
    return int(major), int(minor), int(patch or -1), label is None, label or "", build is None, build or ""


def _natural_key(version: str) -> list[tuple[int, int, str]]:
    parts = [part for part in _NUMBERS.split(version) if part]
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]


def _compared(one: object, other: object) -> int:
    if one == other:
        return 0
    return -1 if one < other else 1  # type: ignore[operator]
