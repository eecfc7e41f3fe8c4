"""A resource as it was sent, read for whoever wants to tell all that is wrong with it."""

from __future__ import annotations

from typing import Any

from fhir_server.errors import ContentMalformed, Issue
from fhir_server.fhir import json
from fhir_server.fhir.limits import DEFAULT_LIMITS, Limits


def read_content(
    data: bytes, format_name: str, limits: Limits = DEFAULT_LIMITS
) -> tuple[dict[str, Any] | None, list[Issue]]:
    """Return the resource in *data*, which is ``json`` or ``xml``, and the faults of its form.

    XML whose elements, attributes, order or values are wrong is read as far as it can be; ``None`` where no resource is
    left, or too much is wrong. Raises `ContentMalformed` for what cannot be read at all, `ContentTooLarge` beyond the
    limits.
    """
    return _read_xml(data, limits) if format_name == "xml" else (json.loads(data, limits), [])


def _read_xml(data: bytes, limits: Limits) -> tuple[dict[str, Any] | None, list[Issue]]:
    from fhir_server.fhir.xml import parse
    from fhir_server.fhir.xml_reading import Reader

    limits.check_size(data)
    root, reader = parse(data), Reader(limits)
    try:
        resource = reader.read(root)
    except ContentMalformed as overflow:
        return None, list(overflow.issues)
    limits.check_entries(resource)
    return resource or None, reader.issues
