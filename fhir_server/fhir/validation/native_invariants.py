"""The invariants that nearly every resource is asked, written in Python: the same verdicts as compiled, in less time.

Keyed by the exact text of the expression in the StructureDefinitions; the engine compiles the others. A test holds each
against its compiled form.
"""

from __future__ import annotations

from collections.abc import Mapping

from fhir_server.fhir.validation import native_checks as checks


def _npi() -> str:
    doubled = "(select(value.substring({},1).toInteger()).select(iif($this<5, $this*2, (($this*2)-9))))"
    digits = [
        (doubled if index % 2 == 0 else "(value.substring({},1).toInteger())").format(index) for index in range(10)
    ]
    return f"(({'+'.join(digits)} + 24)mod 10=0)"


_NPI = _npi()

NATIVE: Mapping[str, checks.Check] = {
    # Element, Extension
    "hasValue() or (children().count() > id.count())": checks.has_value_or_children,
    "hasValue() or (children().count() > id.count()) or $this is Parameters": checks.has_value_or_is_parameters,
    "extension.exists() != value.exists()": checks.extension_or_value,
    # Resources
    "contained.contained.empty()": checks.nothing_contained("contained"),
    "contained.where((('#'+id in (%resource.descendants().reference | "
    "%resource.descendants().as(canonical) | %resource.descendants().as(uri) | "
    "%resource.descendants().as(url))) or descendants().where(reference = '#').exists() or "
    "descendants().where(as(canonical) = '#').exists() or descendants().where(as(canonical) = "
    "'#').exists()).not()).trace('unmatched', id).empty()": checks.contained_is_used(nameless=True),
    "contained.where(((id.exists() and ('#'+id in (%resource.descendants().reference | "
    "%resource.descendants().as(canonical) | %resource.descendants().as(uri) | "
    "%resource.descendants().as(url)))) or descendants().where(reference = '#').exists() or "
    "descendants().where(as(canonical) = '#').exists() or descendants().where(as(uri) = "
    "'#').exists()).not()).trace('unmatched', id).empty()": checks.contained_is_used(nameless=False),
    "contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()": checks.no_version_contained,
    "contained.meta.security.empty()": checks.no_security_contained,
    "text.`div`.exists()": checks.has_narrative,
    # Bundle
    "total.empty() or (type = 'searchset') or (type = 'history')": checks.total_is_of_search,
    "entry.search.empty() or (type = 'searchset')": checks.search_is_of_search,
    "entry.all(request.exists() = (%resource.type = 'batch' or %resource.type = 'transaction' or "
    "%resource.type = 'history'))": checks.entries_have("request", "batch", "transaction", "history"),
    "entry.all(response.exists() = (%resource.type = 'batch-response' or %resource.type = "
    "'transaction-response' or "
    "%resource.type = 'history'))": checks.entries_have(
        "response", "batch-response", "transaction-response", "history"
    ),
    "resource.exists() or request.exists() or response.exists()": checks.any_of("resource", "request", "response"),
    "(type = 'history') or "
    "entry.where(fullUrl.exists()).select(fullUrl&resource.meta.versionId).isDistinct()": checks.full_urls_differ,
    "fullUrl.contains('/_history/').not()": checks.is_no_version,
    "type = 'document' implies (identifier.system.exists() and identifier.value.exists())": checks.document_is_named,
    "type = 'document' implies (timestamp.hasValue())": checks.document_has_time,
    "type = 'document' implies entry.first().resource.is(Composition)": checks.begins_with(
        "Composition", checks.is_document
    ),
    "type = 'message' implies entry.first().resource.is(MessageHeader)": checks.begins_with(
        "MessageHeader", checks.is_message
    ),
    # Data types
    "(code.exists() or value.empty()) and (system.empty() or system = %ucum) and (value.empty() or "
    "value.hasValue().not() or value > 0)": checks.is_age,
    "data.empty() or contentType.exists()": checks.needs("data", "contentType"),
    "(code.exists() or value.empty()) and (system.empty() or system = %ucum) and (code.empty() or "
    "code = '1') and (value.empty() or value.hasValue().not() or "
    "value.toString().contains('.').not())": checks.is_count,
    "value.empty() or system.exists()": checks.needs("value", "system"),
    "(code.exists() or value.empty()) and (system.empty() or system = %ucum)": checks.is_dimension,
    "code.exists() implies ((system = %ucum) and value.exists())": checks.is_duration,
    "(code.exists() or value.empty()) and (system.empty() or system = 'urn:iso:std:iso:4217')": checks.is_amount,
    "start.hasValue().not() or end.hasValue().not() or (start <= end)": checks.starts_before_end,
    "code.empty() or system.exists()": checks.needs("code", "system"),
    "(numerator.empty() xor denominator.exists()) and (numerator.exists() or extension.exists())": checks.is_ratio,
    "reference.startsWith('#').not() or (reference.substring(1).trace('url') in "
    "%rootResource.contained.id.trace('ids'))": checks.reference_resolves,
    "comparator.empty()": checks.has_no_comparator,
    "duration.empty() or durationUnit.exists()": checks.needs("duration", "durationUnit"),
    "period.empty() or periodUnit.exists()": checks.needs("period", "periodUnit"),
    "duration.exists() implies duration >= 0": checks.is_not_negative("duration"),
    "period.exists() implies period >= 0": checks.is_not_negative("period"),
    "periodMax.empty() or period.exists()": checks.needs("periodMax", "period"),
    "durationMax.empty() or duration.exists()": checks.needs("durationMax", "duration"),
    "countMax.empty() or count.exists()": checks.needs("countMax", "count"),
    "offset.empty() or (when.exists() and ((when in ('C' | 'CM' | 'CD' | 'CV')).not()))": checks.offset_has_event,
    "timeOfDay.empty() or when.empty()": checks.not_both("timeOfDay", "when"),
    "code.exists() or display.exists()": checks.any_of("code", "display"),
    "code.exists() implies system.exists()": checks.needs("code", "system"),
    "reference.exists() or display.exists() or identifier.exists()": checks.any_of(
        "reference", "display", "identifier"
    ),
    # Observation, Organization, Parameters, Patient, QuestionnaireResponse, ServiceRequest
    "low.exists() or high.exists() or text.exists()": checks.any_of("low", "high", "text"),
    "dataAbsentReason.empty() or value.empty()": checks.no_value_and_reason,
    "(component.empty() and hasMember.empty()) implies (dataAbsentReason.exists() or "
    "value.exists())": checks.something_observed,
    "value.exists() or dataAbsentReason.exists()": checks.value_or_reason,
    "(identifier.count() + name.count()) > 0": checks.counted("identifier", "name"),
    "where(use = 'home').empty()": checks.use_is_not_home,
    "(part.exists() and value.empty() and resource.empty()) or (part.empty() and (value.exists() xor "
    "resource.exists()))": checks.one_content,
    "name.exists() or telecom.exists() or address.exists() or organization.exists()": checks.any_of(
        "name", "telecom", "address", "organization"
    ),
    "(answer.exists() and item.exists()).not()": checks.not_both("answer", "item"),
    "orderDetail.empty() or code.exists()": checks.needs("orderDetail", "code"),
    # Of profiles: names, addresses, identifiers
    "(family.exists() or given.exists()) xor "
    "extension.where(url='http://hl7.org/fhir/StructureDefinition/data-absent-reason').exists()": checks.name_or_reason,
    "practitioner.exists() or organization.exists() or healthcareService.exists() or location.exists()": checks.any_of(
        "practitioner", "organization", "healthcareService", "location"
    ),
    "telecom.exists() or endpoint.exists()": checks.any_of("telecom", "endpoint"),
    "name.exists() or relationship.exists()": checks.any_of("name", "relationship"),
    _NPI: checks.is_npi,
    "url.exists() or data.exists()": checks.any_of("url", "data"),
    # Of profiles: claims
    "$this.toString().length() = 10": checks.is_ten_long,
    "$this.relationship.coding.where(code='18').count() = 0 implies "
    "$this.subscriber.exists()": checks.is_self_or_has_subscriber,
    "entry.first().resource is Claim": checks.first_is("Claim"),
    "entry.first().resource is ClaimResponse": checks.first_is("ClaimResponse"),
}
