"""Validation: what is wrong with a resource, by the structures, profiles and value sets of the guides."""

from __future__ import annotations

from fhir_server.fhir.validation.report import Fault, Place, Report
from fhir_server.fhir.validation.validator import Validator

__all__ = ("Fault", "Place", "Report", "Validator")
