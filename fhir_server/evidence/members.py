"""Members of a JSON object that may have any form: what has not the form that is asked for is not there."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]


def text_in(node: Any, name: str) -> str | None:
    """Return the text under *name*, or ``None``."""
    value = node.get(name) if type(node) is dict else None
    return value if type(value) is str and value else None


def object_in(node: Any, name: str) -> Json:
    """Return the object under *name*, or an empty one."""
    value = node.get(name) if type(node) is dict else None
    return value if type(value) is dict else {}


def objects_in(node: Any, name: str) -> list[Json]:
    """Return the objects in the list under *name*."""
    value = node.get(name) if type(node) is dict else None
    return [each for each in value if type(each) is dict] if type(value) is list else []


def codings_in(node: Any, name: str) -> list[Json]:
    """Return the codings of the CodeableConcept, or of the list of them, under *name*."""
    value = node.get(name) if type(node) is dict else None
    concepts = value if type(value) is list else [value]
    return [coding for concept in concepts for coding in objects_in(concept, "coding")]


def decoded_bytes(data: str | None) -> bytes:
    """Return the bytes that base64 text stands for; none where it is not base64."""
    try:
        return b64decode("".join((data or "").split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
