"""Regular expressions of FHIRPath, which guides write for Java, as Python's."""

from __future__ import annotations

import re
from functools import lru_cache

from fhir_server.fhir.fhirpath.errors import EvaluationFailed

# A group with a name, a class with a hyphen after a shorthand or before one (`[\w-.]`), a bracket in a class.
_NAMED_GROUP = re.compile(r"\(\?<(?=[A-Za-z])")
_PIECE = re.compile(r"\\.|\[|\]|-|[^\\\[\]-]+", re.DOTALL)
_SHORTHANDS = frozenset((r"\d", r"\w", r"\s", r"\D", r"\W", r"\S"))


@lru_cache(maxsize=512)
def pattern(text: str) -> re.Pattern[str]:
    """Return the compiled pattern; ``.`` matches line ends too. Raises ``EvaluationFailed`` where it is none."""
    try:
        return re.compile(_for_python(text), re.DOTALL | re.ASCII)
    except (re.error, OverflowError, RecursionError, FutureWarning):
        raise EvaluationFailed("no regular expression") from None


@lru_cache(maxsize=512)
def replacement(text: str) -> str:
    """Return the text to put in place of a match: Java's ``$1`` is Python's ``\\g<1>``."""
    escaped = re.sub(r"\\(.)", lambda match: match.group(1).replace("\\", "\\\\"), text)
    return re.sub(r"\$(\d)", r"\\g<\1>", escaped)


def _for_python(text: str) -> str:
    pieces: list[str] = []
    depth, before = 0, ""
    for match in _PIECE.finditer(_NAMED_GROUP.sub("(?P<", text)):
        piece = match.group()
        if piece == "[" and depth:
            pieces.append(r"\[")
        elif piece == "-" and depth and (before in _SHORTHANDS or text[match.end() : match.end() + 2] in _SHORTHANDS):
            pieces.append(r"\-")
        else:
            depth += (piece == "[") - (piece == "]" and depth > 0)
            pieces.append(piece)
        before = piece
    return "".join(pieces)
