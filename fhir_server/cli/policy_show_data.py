"""A service category as data, as ``wiser-pas policy show --json`` prints it: whole, and in a stable form."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from fhir_server.policy.categories import Category, CodeRow
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.criteria import Criterion, Field


def category_data(pack: CoveragePack, category: Category) -> dict[str, Any]:
    """Return everything that *pack* says about *category*."""
    checklist = category.criteria
    states = {row.state: row for row in pack.states}
    return {
        "id": category.id,
        "number": category.number,
        "label": category.label,
        "status": category.status,
        "source": category.source,
        "pack": {"name": pack.edition.pack, "version": pack.edition.version, "sources": list(pack.edition.sources)},
        "states": [_state_data(pack, category, state) for state in states],
        "policies": _plain(category.policies),
        "articles": _articles(pack, category),
        "codes": [_code_data(row) for row in category.codes],
        "scope_rules": [_without_nothing(_plain(each)) for each in category.scope_rules],
        "associated": _plain(category.associated),
        "notes": _plain(category.notes),
        "specialties": list(checklist.specialties) if checklist else [],
        "specialties_source": checklist.specialties_source if checklist else None,
        "always_review": checklist.always_review if checklist else None,
        "elements": [element_data(each) for each in checklist.elements] if checklist else [],
        "code_rules": _code_rules(pack, category),
    }


def _plain(row: object) -> Any:
    return msgspec.to_builtins(row)


def _without_nothing(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value is not None}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _state_data(pack: CoveragePack, category: Category, state: str) -> dict[str, Any]:
    """Which policy decides in a state, who reviews there, and whether a scope rule takes the state out."""
    row = next(each for each in pack.states if each.state == state)
    out = [rule.id for rule in category.scope_rules if state in (rule.states_not_active or ())]
    return {
        "state": state,
        "contractor": row.contractor,
        "participant": row.participant,
        "policies": [each.id for each in category.policies if state in each.states],
        "not_active_by": out,
    }


def _code_data(row: CodeRow) -> dict[str, Any]:
    return {
        "code": row.code,
        "system": row.system,
        "label": row.label,
        "effective_from": _day(row.effective_from),
        "effective_to": _day(row.effective_to),
        "add_on": row.add_on,
        "base_codes": list(row.base_codes),
        "base_codes_source": row.base_codes_source,
        "source": row.source,
    }


def element_data(row: Criterion) -> dict[str, Any]:
    """Return an element of a checklist with the shape of its answer."""
    return {
        "id": row.id,
        "label": row.label,
        "kind": row.kind,
        "type": row.type,
        "group": row.group,
        "applies_if": row.applies_if,
        "test": row.test,
        "document": row.document,
        "document_types": _plain(row.document_types),
        "scope": row.scope,
        "basis": row.basis,
        "source": row.source,
        "effective_from": _day(row.effective_from),
        "effective_to": _day(row.effective_to),
        "rules": list(row.rules),
        "help": row.help,
        "fields": [_field_data(row, each) for each in row.fields],
        "answer_shape": {each.name: shape_of(each) for each in row.fields},
        "examples": _plain(row.examples),
    }


def _field_data(row: Criterion, field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "link_id": f"{row.id}.{field.name}",
        "label": field.label,
        "type": field.type,
        "required": field.required,
        "unit": field.unit,
        "minimum": field.minimum,
        "maximum": field.maximum,
        "default": field.default,
        "values": _plain(field.values),
        "from_request": field.from_request,
        "resources": _plain(field.resources),
        "texts": _plain(field.texts),
    }


_SHAPES = {
    "bool": "true or false",
    "date": "date (YYYY-MM-DD)",
    "num": "number",
    "text": "text",
    "code": "procedure or diagnosis code",
}


def shape_of(field: Field) -> str:
    """Return in words what an answer to *field* looks like."""
    if field.type in ("choice", "choices"):
        words = "one of" if field.type == "choice" else "any of"
        return f"{words} {', '.join(each.value for each in field.values)}"
    return _SHAPES[field.type] + (f" ({field.unit})" if field.unit else "") + _bounds(field)


def _bounds(field: Field) -> str:
    low, high = field.minimum, field.maximum
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    return f" from {low:g}" if low is not None else f" up to {high:g}" if high is not None else ""


def _articles(pack: CoveragePack, category: Category) -> list[dict[str, Any]]:
    """The billing articles by contractor; the code lists themselves are too long to read here."""
    return [
        {
            "id": each.id,
            "version": each.version,
            "edition": _day(each.edition),
            "contractors": list(each.contractors),
            "states": list(each.states),
            "policy": each.policy,
            "use": each.use,
            "diagnoses": [{"group": g.group, "role": g.role, "codes": list(g.codes)} for g in each.diagnoses],
            "source": each.source,
        }
        for each in pack.code_rules.articles
        if each.category == category.id
    ]


def _code_rules(pack: CoveragePack, category: Category) -> list[dict[str, Any]]:
    """The rules that count for a code of the category."""
    codes = [row.code for row in category.codes]
    bound = dict.fromkeys(id(rule) for code in codes for rule in pack.code_rules.for_code(code))
    rows = [rule.row for rule in pack.code_rules.rules if id(rule) in bound]
    return [_without_nothing(_plain(row)) for row in rows]
