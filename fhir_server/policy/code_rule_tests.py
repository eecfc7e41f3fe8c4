"""The tests that a code rule may make, by the name that its row gives: the parameters of each, and the function.

A test is pure: parameters and a line in, what the line runs into (codes and numbers, nothing about a person) or
``None`` out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from fhir_server.policy import code_rule_diagnoses as diagnoses
from fhir_server.policy import code_rule_services as services
from fhir_server.policy.code_rule_context import LineRuleContext
from fhir_server.policy.code_rule_diagnoses import DiagnosisFamilies, Nothing
from fhir_server.policy.rows import Row

Test: TypeAlias = Callable[[Any, LineRuleContext], str | None]


@dataclass(frozen=True, slots=True)
class RuleTest:
    """A test and the form of its parameters."""

    parameters: type[Row]
    run: Test


TESTS: dict[str, RuleTest] = {
    "unspecified_diagnosis": RuleTest(diagnoses.Unspecified, diagnoses.unspecified_diagnosis),
    "outside_article": RuleTest(diagnoses.OfArticles, diagnoses.outside_article),
    "listed_elsewhere_only": RuleTest(diagnoses.Diagnoses, diagnoses.listed_elsewhere_only),
    "only_diagnoses": RuleTest(DiagnosisFamilies, diagnoses.only_diagnoses),
    "other_place": RuleTest(diagnoses.Places, diagnoses.other_place),
    "dual_diagnosis": RuleTest(diagnoses.TooHigh, diagnoses.dual_diagnosis),
    "companion_missing": RuleTest(diagnoses.Companion, diagnoses.companion_missing),
    "asterisked_alone": RuleTest(Nothing, diagnoses.asterisked_alone),
    "path_without_listed": RuleTest(diagnoses.FracturePath, diagnoses.path_without_listed),
    "sides_differ": RuleTest(DiagnosisFamilies, diagnoses.sides_differ),
    "side_open": RuleTest(Nothing, diagnoses.side_open),
    "code_sent": RuleTest(Nothing, services.code_sent),
    "noncovered_in_article": RuleTest(services.OfCategory, services.noncovered_in_article),
    "modifier_sent": RuleTest(services.Modifiers, services.modifier_sent),
    "too_many_levels": RuleTest(services.Levels, services.too_many_levels),
    "sent_together": RuleTest(services.Codes, services.sent_together),
    "number_outside": RuleTest(services.Bounds, services.number_outside),
    "add_on_planned": RuleTest(services.PlannedAddOn, services.add_on_planned),
    "units_differ_from_area": RuleTest(services.UnitsByArea, services.units_differ_from_area),
    "product_missing": RuleTest(services.Product, services.product_missing),
    "several_products": RuleTest(services.OfCategory, services.several_products),
    "product_not_listed": RuleTest(services.UnlistedProduct, services.product_not_listed),
    "product_larger_than_wound": RuleTest(services.ProductArea, services.product_larger_than_wound),
    "other_sex_on_record": RuleTest(services.SexOnRecord, services.other_sex_on_record),
    "element_missing": RuleTest(services.Elements, services.element_missing),
}
