"""Questionnaires and responses to them, in few words, and what is found where one is held against the other."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fhir_server.fhir.validation.questionnaire_responses import check_questionnaire_response
from fhir_server.fhir.validation.report import Report, expression, root

Json = dict[str, Any]

ROOT = root("QuestionnaireResponse")
CORE = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"
GENDER = "http://hl7.org/fhir/administrative-gender"
UCUM = "http://unitsofmeasure.org"


def asked(link_id: str, kind: str = "string", *items: Json, **more: Any) -> Json:
    """An item of a questionnaire."""
    definition: Json = {"linkId": link_id, "text": link_id.upper(), "type": kind, **more}
    return definition | {"item": list(items)} if items else definition


def answered(link_id: str, *answers: Json, items: list[Json] | None = None, **more: Any) -> Json:
    """An item of a response."""
    node: Json = {"linkId": link_id, **more}
    if answers:
        node["answer"] = list(answers)
    return node | {"item": items} if items is not None else node


def text(value: str, *items: Json) -> Json:
    return {"valueString": value, "item": list(items)} if items else {"valueString": value}


def number(value: int | str) -> Json:
    return {"valueInteger": value} if isinstance(value, int) else {"valueDecimal": Decimal(value)}


def yes(value: bool = True) -> Json:
    return {"valueBoolean": value}


def coding(system: str | None = None, code: str | None = None, display: str | None = None) -> Json:
    members = {"system": system, "code": code, "display": display}
    return {"valueCoding": {name: value for name, value in members.items() if value}}


def amount(value: int | str, code: str | None = "mg", system: str | None = UCUM, unit: str | None = None) -> Json:
    members = {"value": Decimal(value), "system": system, "code": code, "unit": unit}
    return {"valueQuantity": {name: each for name, each in members.items() if each is not None}}


def limited(url: str, **value: Any) -> Json:
    """The extension of an item that sets a limit."""
    return {"extension": [{"url": url if ":" in url else CORE + url, **value}]}


def options(*values: Json) -> Json:
    return {"answerOption": list(values)}


def when(question: str, sign: str, behavior: str = "", *others: Json, **answer: Any) -> Json:
    """The condition that enables an item."""
    conditions = [{"question": question, "operator": sign, **answer}, *others]
    return {"enableWhen": conditions} | ({"enableBehavior": behavior} if behavior else {})


class Genders:
    systems = frozenset((GENDER,))

    def contains(self, system: str | None, code: str) -> bool | None:
        return system in (None, GENDER) and code in ("male", "female", "other", "unknown")


def value_set(url: str) -> Genders | None:
    return Genders() if url == GENDERS else None


def check(response: Json, questionnaire: Json, **more: Any) -> Report:
    report = Report()
    check_questionnaire_response(response, questionnaire, ROOT, report, value_set, **more)
    return report


def found(
    items: list[Json], answers: list[Json], status: str = "completed", contained: list[Json] | None = None, **more: Any
) -> list[tuple[str, str, str]]:
    response: Json = {"status": status, "item": answers, "contained": contained or []}
    report = check(response, {"item": items}, **more)
    return sorted((_below(expression(each.place)), each.severity, each.rule) for each in report.faults)


def _below(path: str) -> str:
    return path.removeprefix("QuestionnaireResponse").removeprefix(".")


def error(rule: str, path: str = "") -> tuple[str, str, str]:
    return path, "error", f"questionnaire-{rule}"


def warning(rule: str, path: str = "") -> tuple[str, str, str]:
    return path, "warning", f"questionnaire-{rule}"
