"""What the official packages define, as facts: structures and value sets by canonical."""

from __future__ import annotations

from fhir_server.fhir.definitions.loader import Definitions
from fhir_server.fhir.definitions.structure import Structure
from fhir_server.fhir.definitions.value_set import ValueSet

__all__ = ("Definitions", "Structure", "ValueSet")
