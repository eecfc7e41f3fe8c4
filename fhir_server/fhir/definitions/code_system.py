"""A code system as the engine gets it: what its codes are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec


class _Concept(msgspec.Struct):
    code: str
    display: str = ""
    designations: tuple[str, ...] = ()


class _Facts(msgspec.Struct, rename="camel"):
    url: str
    content: str
    case_sensitive: bool
    concepts: list[_Concept]
    version: str | None = None


_DECODER = msgspec.json.Decoder(_Facts)


@dataclass(frozen=True, slots=True, eq=False)
class CodeSystemNames:
    """The codes of a code system with their displays and other names; ``content`` is as in CodeSystem.content."""

    url: str
    version: str | None
    content: str
    case_sensitive: bool
    _concepts: Mapping[str, tuple[str, ...]]

    @classmethod
    def read(cls, row: bytes) -> CodeSystemNames:
        """Return the code system whose facts are in *row*. Raises ValueError (msgspec) where they are no such facts."""
        facts = _DECODER.decode(row)
        concepts: dict[str, tuple[str, ...]] = {}
        for each in facts.concepts:
            key = each.code if facts.case_sensitive else each.code.casefold()
            concepts.setdefault(key, (each.display, *each.designations))
        return cls(facts.url, facts.version, facts.content, facts.case_sensitive, concepts)

    @property
    def complete(self) -> bool:
        """Whether there are no other codes."""
        return self.content == "complete"

    def names(self, code: str) -> frozenset[str] | None:
        """Return what a code is called, in lower case (`str.casefold`); None: it is not known."""
        found = self._found(code)
        return None if found is None else frozenset(each.casefold() for each in found if each)

    def display(self, code: str) -> str | None:
        """Return the name of a code to show, None where it has none or is not known."""
        found = self._found(code)
        return (found[0] or None) if found else None

    def _found(self, code: str) -> tuple[str, ...] | None:
        return self._concepts.get(code if self.case_sensitive else code.casefold())
