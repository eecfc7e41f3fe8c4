"""The words of a FHIRPath expression (FHIRPath N1, lexical elements)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fhir_server.fhir.fhirpath.errors import ExpressionError

_PATTERNS = (
    ("blank", r"\s+|//[^\n\r]*|/\*.*?\*/"),
    ("time", r"@T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?"),
    (
        "date",
        r"@\d{4}(?:-\d\d(?:-\d\d)?)?(?:T(?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)?)?",
    ),
    ("number", r"\d+(?:\.\d+)?"),
    ("string", r"'(?:[^'\\]|\\.)*'"),
    ("quoted", r"`(?:[^`\\]|\\.)*`"),
    ("variable", r"%(?:`[^`]*`|'[^']*'|[A-Za-z0-9_:\-]+)"),
    ("context", r"\$[a-z]+"),
    ("name", r"[A-Za-z_][A-Za-z0-9_]*"),
    ("symbol", r"!=|!~|<=|>=|[=~<>|&+\-*/.,()\[\]{}]"),
)
_TOKEN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _PATTERNS), re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {"t": "\t", "r": "\r", "n": "\n", "f": "\f", "'": "'", '"': '"', "`": "`", "\\": "\\", "/": "/"}


@dataclass(frozen=True, slots=True)
class Token:
    """A word: its kind, its text with quotes and escapes resolved, and where it begins."""

    kind: str
    text: str
    position: int


def tokens(text: str) -> list[Token]:
    """Return the words of an expression, closed by one of kind ``end``. Raises ``ExpressionError``."""
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(text, position, f"unexpected {text[position]!r}")
        kind = match.lastgroup or ""
        if kind != "blank":
            found.append(Token(kind, _content(kind, match.group(), text, position), position))
        position = match.end()
    found.append(Token("end", "", len(text)))
    return found


def _content(kind: str, word: str, text: str, position: int) -> str:
    match kind:
        case "string" | "quoted":
            return _unescaped(word[1:-1], text, position)
        case "variable":
            return word[1:].strip("`'")
        case "time" | "date" | "context":
            return word[1:]
    return word


def _unescaped(word: str, text: str, position: int) -> str:
    def replaced(match: re.Match[str]) -> str:
        name = match.group(1)
        if len(name) > 1:
            return chr(int(name[1:], 16))
        if name not in _ESCAPED:
            raise ExpressionError(text, position, f"unknown escape \\{name}")
        return _ESCAPED[name]

    return _ESCAPE.sub(replaced, word) if "\\" in word else word
