"""FHIRPath (N1, with what FHIR R4 adds), compiled to Python functions (S-32).

What the specification leaves open, and where the HL7 validator 6.10.4 differs from it, is as that validator has it:
an invariant must get the verdict here that it gets there.
"""

from __future__ import annotations

from fhir_server.fhir.fhirpath.corrections import corrected
from fhir_server.fhir.fhirpath.errors import ExpressionError
from fhir_server.fhir.fhirpath.expression import Expression, compile_expression
from fhir_server.fhir.fhirpath.interface import ElementType, Model, Scope
from fhir_server.fhir.fhirpath.nodes import Node

__all__ = ["ElementType", "Expression", "ExpressionError", "Model", "Node", "Scope", "compile_expression", "corrected"]
