"""The functions of FHIRPath by name: how many arguments each takes, and what it does.

A *function* is handed the values of its arguments, a *filter* their code, to be run for each item or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping

from fhir_server.fhir.fhirpath.functions import collections, conversions, filters, numbers, resources, strings
from fhir_server.fhir.fhirpath.functions.tables import Filter, Function, Predicate, PredicateFilter

FUNCTIONS: Mapping[str, Function] = {
    **collections.FUNCTIONS,
    **conversions.FUNCTIONS,
    **numbers.FUNCTIONS,
    **resources.FUNCTIONS,
    **strings.FUNCTIONS,
}
PREDICATES: Mapping[str, Predicate] = {
    **collections.PREDICATES,
    **conversions.PREDICATES,
    **resources.PREDICATES,
    **strings.PREDICATES,
}
FILTERS: Mapping[str, Filter] = filters.FILTERS
PREDICATE_FILTERS: Mapping[str, PredicateFilter] = filters.PREDICATES

__all__ = ["FILTERS", "FUNCTIONS", "PREDICATES", "PREDICATE_FILTERS"]
