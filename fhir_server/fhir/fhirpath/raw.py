"""What an expression asks of JSON as it stands, for those that are written in Python: no types, no nodes.

Whatever the JSON is, each function has an answer.
"""

from __future__ import annotations

from typing import Any

from fhir_server.fhir.fhirpath.nodes import is_empty, text_of


def exists(value: Any, name: str) -> bool:
    """``name.exists()``: there is something in the element, be it only an extension of a primitive."""
    if type(value) is not dict:
        return False
    found = value.get(name)
    if found is not None and (type(found) is str or not is_empty(found)):
        return True
    extra = value.get("_" + name)
    return extra is not None and not is_empty(extra)


def choice_exists(value: Any, name: str) -> bool:
    """``name.exists()`` of an element of several types."""
    if type(value) is not dict:
        return False
    length = len(name)
    for key in value:
        plain = key[1:] if key[:1] == "_" else key
        if plain[:length] == name and plain[length : length + 1].isupper() and not is_empty(value[key]):
            return True
    return False


def members(value: Any, name: str) -> list[Any]:
    """The values of an element that may repeat."""
    found = value.get(name) if type(value) is dict else None
    if found is None:
        return []
    return [each for each in found if each is not None] if type(found) is list else [found]


def member_text(value: Any, name: str) -> str | None:
    """The one value of an element as text."""
    return text_of(value.get(name)) if type(value) is dict else None


def extensions(value: Any, url: str) -> list[Any]:
    """The extensions of a url."""
    return [each for each in members(value, "extension") if member_text(each, "url") == url]


def member(value: Any, name: str) -> Any:
    """The element, as it stands."""
    return value.get(name) if type(value) is dict else None
