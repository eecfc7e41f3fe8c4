"""Rules that PAS states in words only: a table of rows, and what holds resources against them."""

from __future__ import annotations

from fhir_server.pas.prose.check import check_elements, check_prose
from fhir_server.pas.prose.rule import ProseRule, Subject
from fhir_server.pas.prose.table import RULES

__all__ = ("RULES", "ProseRule", "Subject", "check_elements", "check_prose")
