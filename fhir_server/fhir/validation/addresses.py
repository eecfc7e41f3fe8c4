"""What is wrong with an address: a uri, url, canonical, OID or UUID (R4, data types)."""

from __future__ import annotations

import re
from typing import Any

from fhir_server.fhir.validation import primitive_rules as rules
from fhir_server.fhir.validation.report import Place, Report
from fhir_server.fhir.validation.text import BLANKS, WHITESPACE, is_absolute, is_oid, is_uuid

_has_blank = re.compile(r"[ \t\n\x0b\x0c\r]").search
_is_oid_urn = re.compile(r"urn:oid:[0-2](\.(0|[1-9]\d*))+", re.ASCII).fullmatch


def check_defining_url(value: Any, place: Place, report: Report) -> None:
    """Note where *value* is not absolute: the ``url`` by which a canonical resource (Questionnaire…) is known."""
    if type(value) is str and value.strip(BLANKS) and is_absolute(value) is None:
        rules.CANONICAL.note(place, report)


def explain_uri(text: str, place: Place, report: Report) -> None:
    """Tell what is wrong with a uri or url."""
    _explain_address(text, text, place, report)


def _explain_address(text: str, bare: str, place: Place, report: Report) -> None:
    """Tell what is wrong with an address, of which *bare* is what stands before the version."""
    if text.strip(WHITESPACE) != text or _has_blank(text) is not None:
        rules.URI_BLANKS.note(place, report)
    if text.startswith("oid:"):
        rules.URI_OID.note(place, report)
    elif text.startswith("uuid:"):
        rules.URI_UUID.note(place, report)
    elif text.startswith("urn:uuid:"):
        if is_uuid(bare.partition("#")[0][9:]) is None:
            rules.UUID.note(place, report)
    elif text.startswith("urn:oid:") and not is_oid(bare[8:]):
        rules.OID.note(place, report)


def explain_canonical(text: str, place: Place, report: Report) -> None:
    """Tell what is wrong with a canonical, which may end in ``|version`` and may be a fragment."""
    _explain_address(text, text.partition("|")[0], place, report)
    if is_absolute(text) is None and not text.startswith("#"):
        rules.CANONICAL.note(place, report)


def explain_oid(text: str, place: Place, report: Report) -> None:
    """Tell what is wrong with an OID."""
    if not text.startswith("urn:oid:"):
        rules.OID_START.note(place, report)
    elif _is_oid_urn(text) is None or not is_oid(text[8:]):
        rules.OID.note(place, report)


def explain_uuid(text: str, place: Place, report: Report) -> None:
    """Tell what is wrong with a UUID."""
    if not text.startswith("urn:uuid:"):
        rules.UUID_START.note(place, report)
    elif is_uuid(text[9:]) is None:
        rules.UUID.note(place, report)
