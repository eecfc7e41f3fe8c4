"""How values look inside the store: times, digests, and text that an index can hold."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Final

LONGEST_INDEXED: Final = 255


def utc_text(at: datetime) -> str:
    """Return *at* as the store writes times (see `tables`). *at* must know its time zone."""
    if at.tzinfo is None:
        raise ValueError("A time without a time zone cannot be stored.")
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def sha256(content: bytes) -> str:
    """Return the SHA-256 of *content* in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def lock_number(name: str) -> int:
    """Return the number of the lock that stands for *name*."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def indexed(text: str) -> str:
    """Return *text* as it is looked up by: itself, or its digest where an index could not hold it.

    A sender decides how long an identifier is; PostgreSQL takes no NUL and no index entry above 2.7 kB. Nothing that a
    sender writes may make a submission fail there. Equal texts stay equal.
    """
    if len(text) <= LONGEST_INDEXED and "\x00" not in text:
        return text
    return "sha256:" + sha256(text.encode("utf-8", "surrogatepass"))
