"""What a rule is that PAS states in words only, and what it is asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from fhir_server.fhir.references import BundleIndex
from fhir_server.fhir.validation.report import Place

Json = dict[str, Any]
Hit = tuple[Any, ...]  # the place, and the words that go into the message

BOTH = ("2.2", "2.0")
NEWEST = ("2.2",)


@dataclass(slots=True)
class Subject:
    """A resource that rules are held against: its place, and the Bundle around it (none for one that stands alone).

    ``claim`` is, where it came along, the Claim that an update changes or a response answers.
    """

    resource: Json
    place: Place
    index: BundleIndex | None = None
    number: int = 0
    claim: Json | None = None

    def follow(self, reference: Any) -> Json | None:
        """Return the resource of the Bundle that a Reference leads to."""
        text = reference.get("reference") if isinstance(reference, dict) else None
        if self.index is None or not isinstance(text, str):
            return None
        return dict_or_none(self.index.resolve(text, self.number).resource)


@dataclass(frozen=True, slots=True)
class ProseRule:
    """A row of the table.

    ``key`` is what a report calls the rule: the requirement's id where there is one. ``kinds`` are the resources that
    it is about: ``request`` (a first one), ``update``, ``inquiry``, ``response``, ``order``, ``party``,
    ``subscription``. ``refused_in`` names the releases in which the server refuses what breaks it; elsewhere it is a
    warning. ``reason`` says why.
    """

    key: str
    source: str
    kinds: tuple[str, ...]
    check: Callable[[Subject], Iterator[Hit]] = field(repr=False)
    found: str
    mend: str
    reason: str
    refused_in: tuple[str, ...] = ()
    releases: tuple[str, ...] = BOTH


def objects(node: Any, name: str) -> Iterator[tuple[int, Json]]:
    """Yield position and content of each object in a list of *node*."""
    elements = node.get(name) if isinstance(node, dict) else None
    if isinstance(elements, list):
        for position, each in enumerate(elements):
            if type(each) is dict:
                yield position, each


def extensions(node: Any, url: str, name: str = "extension") -> Iterator[tuple[int, Json]]:
    """Yield position and content of each extension of *node* with this url."""
    return ((position, each) for position, each in objects(node, name) if each.get("url") == url)


def extension_value(node: Any, url: str, value: str, name: str = "extension") -> Any:
    """Return the value of the first extension with this url; ``None`` if there is none."""
    return next((each.get(value) for _, each in extensions(node, url, name)), None)


def codes(concept: Any, system: str) -> set[str]:
    """Return the codes that a CodeableConcept has of a code system."""
    return {
        each["code"]
        for _, each in objects(concept, "coding")
        if each.get("system") == system and isinstance(each.get("code"), str)
    }


def integers(node: Any, name: str) -> Iterator[tuple[int, int]]:
    """Yield position and value of each whole number in a list of *node*."""
    found = node.get(name) if isinstance(node, dict) else None
    for position, each in enumerate(found if isinstance(found, list) else ()):
        if type(each) is int:
            yield position, each


def dict_or_none(value: Any) -> Json | None:
    """Return an object, or ``None`` for anything else."""
    return value if isinstance(value, dict) else None
