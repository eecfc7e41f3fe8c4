"""How much of the records of one request is read: counted, not timed, so that the same request is read the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

MEBIBYTE = 1024 * 1024
Kind = Literal["documents", "markup", "drawing", "steps", "characters", "statements"]

# `documents` are bytes of attachments; `markup` bytes of XML and HTML; `drawing` bytes of what draws the pages of PDF
# (`portable_documents`), `steps` calls while their parts are looked up (`steps`); `characters` those that are searched
# for labels; `statements` coded entries of all records.
MOST: dict[Kind, int] = {
    "documents": 128 * MEBIBYTE,
    "markup": 16 * MEBIBYTE,
    "drawing": 2 * MEBIBYTE,
    "steps": 8_000_000,
    "characters": 1_000_000,
    "statements": 20_000,
}


@dataclass(slots=True)
class Allowance:
    """What is left to be read. Whatever does not fit any more is for a person to read."""

    left: dict[Kind, int] = field(default_factory=lambda: dict(MOST))

    def take(self, kind: Kind, amount: int) -> bool:
        """Return whether *amount* of *kind* may still be read; if so, it is used up."""
        if amount > self.left[kind]:
            return False
        self.left[kind] -= amount
        return True
