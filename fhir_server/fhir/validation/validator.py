"""The validator: a resource in, what is wrong with it out. It knows no guide; its definitions do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from fhir_server.errors import Issue
from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.validation.code_formats import CodeFormats
from fhir_server.fhir.validation.compiler import Compiler, Profile
from fhir_server.fhir.validation.report import Report, root
from fhir_server.fhir.validation.resources import check_resource
from fhir_server.fhir.validation.run import Run
from fhir_server.fhir.validation.waivers import Waivers

_NO_WAIVERS = Waivers()
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Validator:
    """Holds resources against the definitions of some guides.

    Profiles are compiled at their first use and kept, so that a process that forks compiles them before.
    """

    def __init__(
        self,
        definitions: Definitions,
        source: str | None = None,
        *,
        waivers: Waivers | None = None,
        formats: CodeFormats | None = None,
        compiler: Compiler | None = None,
    ) -> None:
        """Make a validator of *definitions*.

        The canonicals that a resource names are looked up from the package *source* (``name#version``), or among all.
        *waivers* are the known faults of the guides, *formats* the forms of codes whose lists are not at hand. With the
        *compiler* of another validator of the same definitions, what either compiles is shared.
        """
        self.definitions = definitions
        self.source = source
        self.compiler = compiler or Compiler(definitions)
        self._waivers = waivers or _NO_WAIVERS
        self._formats = formats or CodeFormats(())

    def prepare(self, canonicals: Iterable[str]) -> None:
        """Compile profiles, and all that they lead to, so that no resource has to wait for it."""
        self.compiler.prepare(canonicals, self.source)

    def validate(
        self,
        resource: Any,
        profiles: Sequence[str] = (),
        *,
        strict: bool = False,
        now: datetime = _EPOCH,
        must_support: bool = False,
    ) -> list[Issue]:
        """Return all that is wrong with a resource: by its type, each profile that it claims, and each of *profiles*.

        Known faults of the guides are information, errors where *strict*. With *must_support*, each element that a
        profile marks so and the resource lacks is told as information.
        """
        return self.report(resource, profiles, strict=strict, now=now, must_support=must_support).issues(resource)

    def report(
        self,
        resource: Any,
        profiles: Sequence[str] = (),
        *,
        strict: bool = False,
        now: datetime = _EPOCH,
        must_support: bool = False,
    ) -> Report:
        """Return the same as faults, each with its place."""
        if not isinstance(resource, dict):
            report = Report()
            report.error(
                "resource-type", root("Resource"), "This is no resource: an object is expected.", "", "structure"
            )
            return report
        name = resource.get("resourceType")
        place = root(name[:64] if isinstance(name, str) and name else "Resource")
        codes, waivers = self._formats.begin(), _NO_WAIVERS if strict else self._waivers
        run = Run(self.compiler, codes, waivers, resource, place, now, self.source, must_support)
        try:
            self._check(resource, profiles, run)
        except RecursionError:  # readers refuse such depth before; a caller's own objects may have it
            report = Report()
            report.error("json-depth", place, "The resource is nested too deeply to be validated.", "", "too-long")
            return report
        codes.finish(run.report)
        return Report(waivers.apply(run.report.every(), resource))

    def _check(self, resource: dict[str, Any], profiles: Sequence[str], run: Run) -> None:
        run.enter(resource, run.place)
        asked = [each for canonical in profiles if (each := self._asked(canonical, resource, run)) is not None]
        check_resource(self.compiler, resource, run.place, run, asked=asked)

    def _asked(self, canonical: str, resource: dict[str, Any], run: Run) -> Profile | None:
        """Return a profile that was asked for; note one that is unknown or of another type."""
        profile = self.compiler.profile(canonical, self.source)
        if profile is None:
            told = f"The profile {canonical[:200]} is not known here: the resource was not held against it."
            run.report.warning("profile-unknown", run.place, told, "Name a profile that is loaded.", "not-found")
        elif profile.type_name != resource.get("resourceType"):
            told = f"The profile {profile.url} is one of {profile.type_name}."
            run.report.error("profile-type", run.place, told, "Name a profile of the resource's own type.", "structure")
        else:
            return profile
        return None
