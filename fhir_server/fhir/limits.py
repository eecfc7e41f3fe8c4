"""How large a body may be before it is refused unread.

One `Limits` value holds for JSON and XML alike, so that no format is a way around the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fhir_server.errors import ContentTooLarge, Issue

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest body that is read.

    ``max_depth`` counts objects and arrays (JSON) or elements (XML) inside each other, ``max_entries`` the entries of
    a Bundle, ``max_string`` the characters of one value: an attachment travels as one base64 string. ``max_lines``
    bounds the service lines of a request, each of which is held against the others.
    """

    max_bytes: int = 20 * MEBIBYTE
    max_depth: int = 64
    max_entries: int = 2000
    max_string: int = 16 * MEBIBYTE
    max_lines: int = 400

    def check_size(self, body: bytes) -> None:
        """Raise `ContentTooLarge` (``body-size``) when the body is too long to be read at all."""
        if len(body) > self.max_bytes:
            raise _too_large(
                "body-size",
                f"The body has {len(body)} bytes; at most {self.max_bytes} are taken.",
                "Send fewer or smaller attachments in one request.",
            )

    def check_entries(self, resource: Mapping[str, Any]) -> None:
        """Raise `ContentTooLarge` (``bundle-entries``) when the resource is a Bundle with too many entries."""
        entries = resource.get("entry")
        if isinstance(entries, list) and len(entries) > self.max_entries:
            raise _too_large(
                "bundle-entries",
                f"The Bundle has {len(entries)} entries; at most {self.max_entries} are taken.",
                "Split the Bundle.",
            )

    def check_lines(self, lines: object) -> None:
        """Raise `ContentTooLarge` (``request-lines``) when a request has too many service lines."""
        if isinstance(lines, list) and len(lines) > self.max_lines:
            raise _too_large(
                "request-lines",
                f"The request has {len(lines)} service lines; at most {self.max_lines} are taken.",
                "Send them as several requests.",
            )

    def too_deep(self, rule: str) -> ContentTooLarge:
        """Return the refusal of a body that nests deeper than ``max_depth``."""
        return _too_large(
            rule,
            f"The body nests deeper than {self.max_depth} levels.",
            "Send a resource without such nesting; no FHIR resource needs it.",
        )

    def string_too_long(self, rule: str) -> ContentTooLarge:
        """Return the refusal of a body with one value longer than ``max_string``."""
        return _too_large(
            rule,
            f"One value is longer than {self.max_string} characters.",
            "Split the document, or send it as several attachments.",
        )


DEFAULT_LIMITS = Limits()


def _too_large(rule: str, found: str, mend: str) -> ContentTooLarge:
    return ContentTooLarge([Issue(rule, found, mend, code=ContentTooLarge.issue_code)])
