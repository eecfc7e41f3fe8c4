"""What elements a FHIR R4 type has: order, repetition, types.

The facts are read from the class metadata of ``fhir.resources`` (R4B), which is imported at the first question: only
XML asks, off the hot path. For the types of PAS, CRD and DTR the elements of R4 and R4B are the same; where they are
not (a test compares all of them with R4 4.0.1), R4B's are used, and the resource types that R4B dropped are unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal

from fhir_server.fhir.resource_types import RESOURCE_TYPES

Kind = Literal["primitive", "complex", "resource", "xhtml"]

# Differences to R4 4.0.1: these choices may be a Meta there, and no element has one of those types.
_CHOICES_OF_META = {
    "Extension": ("value",),
    "ElementDefinition": ("defaultValue", "fixed", "pattern"),
    "ElementDefinitionExample": ("value",),
}
_NOT_R4 = frozenset(("CodeableReference", "RatioRange"))


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type. ``order`` is its place in XML; ``type_name`` is like ``ClaimItem`` for a backbone."""

    name: str
    kind: Kind
    type_name: str
    repeats: bool
    order: int


def is_resource_type(name: str) -> bool:
    """Return whether *name* is a resource type whose elements are known here."""
    return name in RESOURCE_TYPES and _is_modelled(name)


@lru_cache(maxsize=len(RESOURCE_TYPES))
def _is_modelled(name: str) -> bool:
    return _model(name) is not None


@lru_cache(maxsize=2048)
def elements_of(type_name: str) -> Mapping[str, Element]:
    """Return the elements, by name and in order, of a resource type or of a type that an `Element` names."""
    from fhir_core.utils import get_fhir_type_name, is_list_type

    model = _model(type_name)
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    named = [(name, get_fhir_type_name(fields[name], "R4.")) for name in model.elements_sequence()]
    for choice in _CHOICES_OF_META.get(type_name, ()):
        last = max(place for place, (name, _) in enumerate(named) if name.startswith(choice))
        named.insert(last + 1, (f"{choice}Meta", "Meta"))
    elements = [
        Element(name, _kind(each), each, name in fields and is_list_type(fields[name]), order)
        for order, (name, each) in enumerate(named)
        if each not in _NOT_R4
    ]
    return MappingProxyType({element.name: element for element in elements})


def attributes_of(type_name: str) -> frozenset[str]:
    """Return which elements of a type XML writes as attributes (R4, xml.html)."""
    if type_name in RESOURCE_TYPES:
        return frozenset()
    return frozenset(("id", "url")) if type_name == "Extension" else frozenset(("id",))


def _kind(type_name: str) -> Kind:
    if type_name == "xhtml":
        return "xhtml"
    if type_name == "Resource":
        return "resource"
    return "complex" if type_name[0].isupper() else "primitive"


def _model(type_name: str) -> Any:
    """Return the class that describes a type, ``None`` if there is none."""
    from fhir.resources.R4B import get_fhir_model_class

    try:
        return get_fhir_model_class(type_name)
    except (KeyError, ValueError):
        return None
