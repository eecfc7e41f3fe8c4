"""What the official packages define, as facts: structures, value sets and code systems by canonical."""

from __future__ import annotations

from fhir_server.fhir.definitions.code_system import CodeSystemNames
from fhir_server.fhir.definitions.loader import Definitions
from fhir_server.fhir.definitions.structure import Structure
from fhir_server.fhir.definitions.value_set import ValueSet

__all__ = ("CodeSystemNames", "Definitions", "Structure", "ValueSet")
