"""A value set as the engine gets it: its codes, as far as they may be known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_EVERY = None  # where the codes of all systems are kept


@dataclass(frozen=True, slots=True)
class ValueSet:
    """The codes of a value set by code system.

    ``complete`` says that there are no others. Otherwise ``open`` names the code systems whose codes are not all here.
    Codes of a code system in ``case_insensitive`` may be written in any case. Of a code system in ``unknown`` only the
    codes are here that the value set lists, so that no one here can tell whether another code is a mistake. Codes of a
    code system in ``listed`` are taken without a system too. ``versions`` are those that it names of its code systems,
    ``displays`` names by code system and code that it alone has. ``package`` is where it is from.
    """

    url: str
    version: str | None
    complete: bool
    systems: Mapping[str, frozenset[str]]
    open: Sequence[Mapping[str, Any]] = ()
    case_insensitive: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()
    versions: Mapping[str, str] = field(default_factory=dict)
    displays: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    package: str | None = None
    _derived: dict[str | None, frozenset[str]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, facts: dict[str, Any], package: str | None = None) -> ValueSet:
        """Return the value set that a file of facts holds, and whose package (``name#version``) is *package*."""
        return cls(
            url=facts["url"],
            version=facts.get("version"),
            complete=facts["complete"],
            systems={system: frozenset(codes) for system, codes in facts["systems"].items()},
            open=tuple(facts.get("open", ())),
            case_insensitive=frozenset(facts.get("caseInsensitive", ())),
            unknown=frozenset(facts.get("unknown", ())),
            listed=frozenset(facts.get("listed", ())),
            versions=facts.get("versions", {}),
            displays=facts.get("displays", {}),
            package=package,
        )

    def contains(self, system: str | None, code: str) -> bool | None:
        """Return whether the code is in the set, None if that cannot be known here.

        Without a *system*, as for an element of type ``code``, the code may be of any.
        """
        if self._known(system, code):
            return True
        return False if self.complete and system not in self.unknown else None

    def lists(self, code: str) -> bool:
        """Return whether a code that comes without a system is taken."""
        return any(code in self.systems.get(system, ()) for system in self.listed)

    def codes(self, system: str | None = None) -> tuple[str, ...]:
        """Return the codes that are known, of one code system or of all, in alphabetical order."""
        return tuple(sorted(self._known_codes(system)))

    def _known_codes(self, system: str | None) -> frozenset[str]:
        if system is not None:
            return self.systems.get(system, frozenset())
        if _EVERY not in self._derived:
            self._derived[_EVERY] = frozenset().union(*self.systems.values())
        return self._derived[_EVERY]

    def _known(self, system: str | None, code: str) -> bool:
        if code in self._known_codes(system):
            return True
        if not self.case_insensitive:
            return False
        lax = self.case_insensitive if system is None else self.case_insensitive & {system}
        return any(code.casefold() in self._folded(each) for each in lax)

    def _folded(self, system: str) -> frozenset[str]:
        if system not in self._derived:
            self._derived[system] = frozenset(code.casefold() for code in self._known_codes(system))
        return self._derived[system]
