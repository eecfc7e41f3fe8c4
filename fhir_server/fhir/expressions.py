"""How FHIRPath reaches what JSON and XML call by name: ``value.ofType(Reference)``, not ``valueReference``."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

# From the definitions of R4 4.0.1: all elements that are a choice, and all types that a choice may have.
_CHOICES = """
    abatement additive age allowed amount answer asNeeded author born bounds characteristic chargeItem code collected
    content created date deceased defaultValue definingSubstance definition detail diagnosis dose doseNumber due
    effective entity event example fastingStatus fixed identified indication item legallyBinding location manufacturer
    maxValue medication minValue minimumVolume module multipleBirth name occurred occurrence offset onset
    participantEffective pattern performed probability procedure product quantity rate reported scheduled seriesDoses
    serviced source start statusReason studyEffective subject substance target time timing topic used value when
"""
_TYPES = """
    Address Age Annotation Attachment CodeableConcept Coding ContactDetail ContactPoint Contributor Count
    DataRequirement Distance Dosage Duration Expression HumanName Identifier Meta Money ParameterDefinition Period
    Quantity Range Ratio Reference RelatedArtifact SampledData Signature Timing TriggerDefinition UsageContext
    base64Binary boolean canonical code date dateTime decimal id instant integer markdown oid positiveInt string time
    unsignedInt uri url uuid
"""
# Elements whose plain name only looks like a choice.
_NO_CHOICES = """
    dateRange dateTime effectiveDate effectiveTime locationCode procedureCode productCode sourceId sourceSignature
    targetId usedCode usedReference
"""
# The same for one resource type each, where other types have a choice of that name: ClinicalImpression.finding and
# Device.property are not told apart.
_IN_FORCE = """
    ActivityDefinition ChargeItemDefinition EffectEvidenceSynthesis EventDefinition Evidence EvidenceVariable Library
    Measure PlanDefinition Questionnaire ResearchDefinition ResearchElementDefinition RiskEvidenceSynthesis
"""
_NO_CHOICES_OF = dict.fromkeys(_IN_FORCE.split(), frozenset(("effectivePeriod",))) | {
    "ChargeItem": frozenset(("definitionCanonical", "definitionUri")),
    "GuidanceResponse": frozenset(("occurrenceDateTime",)),
    "ImagingStudy": frozenset(("procedureReference",)),
    "Immunization": frozenset(("doseQuantity",)),
    "ServiceRequest": frozenset(("locationReference",)),
}
_LONGEST_NAME = 64  # longer ones are no element of FHIR, and would be repeated in every expression below

TYPES = frozenset(_TYPES.split())


def _steps() -> Mapping[str, str]:
    pairs = product(_CHOICES.split(), _TYPES.split())
    steps = {f"{choice}{name[0].upper()}{name[1:]}": f"{choice}.ofType({name})" for choice, name in pairs}
    for name in _NO_CHOICES.split():
        del steps[name]
    return steps


_STEPS = _steps()


def step(name: str, type_name: object = None) -> str:
    """Return the FHIRPath step to a member of an object of a type; ``_birthDate`` is reached as ``birthDate``."""
    name = name[:_LONGEST_NAME].removeprefix("_")
    if type(type_name) is str and name in _NO_CHOICES_OF.get(type_name, ()):
        return name
    return _STEPS.get(name, name)
