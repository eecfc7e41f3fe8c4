"""A structure definition as the engine gets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Structure:
    """A StructureDefinition without prose, its snapshot as plain JSON in FHIR's own shape (``profiles/README.md``).

    ``package`` (``name#version``) is where it comes from: what it refers to is looked for from there.
    """

    url: str
    version: str | None
    name: str
    type: str
    kind: str
    abstract: bool
    base_definition: str | None
    derivation: str | None
    context: list[dict[str, Any]]
    context_invariant: list[str]
    imposes: list[str]
    elements: list[dict[str, Any]]
    package: str

    @classmethod
    def of(cls, facts: dict[str, Any], package: str) -> Structure:
        """Return the structure that a file of facts holds."""
        return cls(
            url=facts["url"],
            version=facts.get("version"),
            name=facts["name"],
            type=facts["type"],
            kind=facts["kind"],
            abstract=facts.get("abstract", False),
            base_definition=facts.get("baseDefinition"),
            derivation=facts.get("derivation"),
            context=facts.get("context", []),
            context_invariant=facts.get("contextInvariant", []),
            imposes=facts.get("imposes", []),
            elements=facts["elements"],
            package=package,
        )

    @property
    def canonical(self) -> str:
        """URL and version, as messages name it."""
        return f"{self.url}|{self.version}" if self.version else self.url
