"""One name for each code system, however a sender writes it, and one form for each code."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fhir_server.policy.systems import CPT, ICD_10_CM, PROCEDURE_SYSTEMS

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
OID = "urn:oid:"

# The object identifiers of HL7's registry (terminology.hl7.org), as C-CDA writes code systems.
SYSTEM_OF_OID: Mapping[str, str] = MappingProxyType(
    {
        "2.16.840.1.113883.6.1": LOINC,
        "2.16.840.1.113883.6.96": SNOMED,
        "2.16.840.1.113883.6.88": RXNORM,
        "2.16.840.1.113883.6.90": ICD_10_CM,
        "2.16.840.1.113883.6.4": "http://www.cms.gov/Medicare/Coding/ICD10",
        "2.16.840.1.113883.6.12": CPT,
        "2.16.840.1.113883.6.285": CPT,  # HCPCS, of which CPT is level I
        "2.16.840.1.113883.6.69": "http://hl7.org/fhir/sid/ndc",
        "2.16.840.1.113883.12.292": "http://hl7.org/fhir/sid/cvx",
        "2.16.840.1.113883.5.83": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
    }
)


def system_name(system: str) -> str:
    """Return the one address that stands for *system*: an object identifier's, and CPT's for all of HCPCS (T-27)."""
    if system in PROCEDURE_SYSTEMS:
        return CPT
    if system.startswith(OID):
        return SYSTEM_OF_OID.get(system.removeprefix(OID), system)
    return system


def code_name(system: str, code: str) -> str:
    """Return *code* of the named *system* in the form in which codes are compared: ICD-10-CM without its dot."""
    return code.replace(".", "").upper() if system == ICD_10_CM else code
