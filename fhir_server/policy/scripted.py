"""Scripted answers: what a pack says to a service code, whoever pays. For test traffic only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

import msgspec

from fhir_server.authorization.determination import LineOutcome, PolicyEdition
from fhir_server.authorization.values import Concept
from fhir_server.policy.rows import Row
from fhir_server.policy.systems import HCPCS, PROCEDURE_SYSTEMS

Words = Annotated[str, msgspec.Meta(min_length=1)]


class ScriptedReviewer(Row, frozen=True, kw_only=True):
    """An invented reviewer, named so that nobody takes it for a person."""

    name: Words
    licence: Words
    specialty: Words
    npi: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{10}$")]


class ScriptedError(Row, frozen=True, kw_only=True):
    """A business error (X12 901, 889, element), and its words."""

    code: Words
    explanation: Words
    follow_up: Words | None = None
    position: Words | None = None


class RequestedDocument(Row, frozen=True, kw_only=True):
    """A document that is asked for, by its LOINC code."""

    loinc: Words
    label: Words


class Script(Row, frozen=True, kw_only=True):
    """One answer. ``action`` is the X12 306 code that it is told with, or ``AAA`` where only errors are told."""

    id: Words
    action: Literal["A1", "A3", "A4", "A6", "AAA"]
    outcome: LineOutcome
    reason: Words
    reason_codes: tuple[Words, ...] = ()
    missing: tuple[Words, ...] = ()
    documents: tuple[RequestedDocument, ...] = ()
    errors: tuple[ScriptedError, ...] = ()


class ScriptedService(Row, frozen=True, kw_only=True):
    """A service code, and the script that answers it."""

    system: Words
    code: Words
    script: Words
    label: Words
    source: Words


@dataclass(frozen=True)
class ScriptedPack:
    """A table of answers. Made by `fhir_server.policy.pack.load_packs`."""

    edition: PolicyEdition
    title: str
    authorization_number: str
    valid_days: int
    reviewer: ScriptedReviewer
    scripts: tuple[Script, ...]
    services: tuple[ScriptedService, ...]

    @cached_property
    def by_code(self) -> dict[tuple[str, str], Script]:
        """The script of each code; CPT and HCPCS are one system, under the address of HCPCS (PAS trap T-27)."""
        scripts = {each.id: each for each in self.scripts}
        return {(_system(each.system), each.code): scripts[each.script] for each in self.services}

    def script_for(self, service: Concept) -> Script | None:
        """Return the script of the first code that has one."""
        found = (self.by_code.get((_system(code.system or ""), code.value or "")) for code in service.codes)
        return next((each for each in found if each), None)


def _system(sent: str) -> str:
    return HCPCS if sent in PROCEDURE_SYSTEMS else sent
