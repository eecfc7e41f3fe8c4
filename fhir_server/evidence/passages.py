"""Readable text, in the one form in which it is searched, quoted and pointed into."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Blanks of all kinds are one space, so that labels can be found as they are written in the policy.
_BLANKS = re.compile(r"[ \t\f\v\u00a0\u2000-\u200b\u202f\u3000]+")
_LINE_ENDS = re.compile(r" ?(?:\r\n|\r|\n|\u2028|\u2029) ?")
_EMPTY_LINES = re.compile(r"\n{3,}")
_WORD = re.compile(r"[^\W\d_]{2,}")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\ufffd\ue000-\uf8ff]")
MOST_OF_NO_TEXT = 0.05


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of text in a record; ``place`` is how a pointer names it; characters count from its beginning."""

    document: str
    place: str
    text: str


def settled(text: str) -> str:
    """Return *text* with single blanks, plain line ends and no more than one empty line at a time."""
    return _EMPTY_LINES.sub("\n\n", _LINE_ENDS.sub("\n", _BLANKS.sub(" ", text))).strip()


def is_text(text: str) -> bool:
    """Return whether somebody could read this: it has a word, and hardly a sign that stands for nothing."""
    return bool(_WORD.search(text)) and len(_NOT_TEXT.findall(text)) <= MOST_OF_NO_TEXT * len(text)
