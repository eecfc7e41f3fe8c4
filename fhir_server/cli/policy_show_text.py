"""A service category as a policy nurse reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fhir_server.cli.output import table_lines

KINDS = {
    "R": "required",
    "1of": "one of a group is required",
    "X": "must not be there",
    "RC": "needs a rationale where it is there",
    "I": "for information",
}


def category_lines(data: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that show a category, from what `category_data` returns."""
    yield f"{data['number']} {data['label']} ({data['id']}, {data['status']})   [{data['source']}]"
    yield f"Policy {data['pack']['name']} {data['pack']['version']}"
    yield from _titled("Codes", _codes(data))
    if data["status"] == "active":
        yield from _titled("States", _states(data))
    yield from _titled("Billing articles", _articles(data))
    yield from _titled("Scope: where a rule is not met the line is no service of the model", _scope_rules(data))
    yield from _titled("Follow a code of the category", _associated(data))
    yield from _titled("Notes", [f"{each['text']} [{each['source']}]" for each in data["notes"]])
    yield from _titled("Checklist", _checklist(data))
    yield from _titled("Code rules (E returns for correction, W goes to a person, I is a hint)", _code_rules(data))
    yield ""


def _titled(title: str, lines: Sequence[str] | Iterator[str]) -> Iterator[str]:
    lines = list(lines)
    if lines:
        yield ""
        yield title
        yield from (f"  {line}".rstrip() for line in lines)


def _codes(data: dict[str, Any]) -> Iterator[str]:
    for row in data["codes"]:
        days = f"from {row['effective_from']}" + (f" to {row['effective_to']}" if row["effective_to"] else "")
        pair = f"; add-on, only with {' or '.join(row['base_codes'])}" if row["add_on"] else ""
        yield f"{row['code']} {row['label']}, {days}{pair} [{row['source']}]"


def _states(data: dict[str, Any]) -> Iterator[str]:
    for row in data["states"]:
        if row["not_active_by"]:
            yield f"{row['state']}  not reviewed there ({', '.join(row['not_active_by'])})"
        else:
            policies = ", ".join(row["policies"]) or "the category's policy"
            yield f"{row['state']}  {policies}; {row['contractor']}, reviewed by {row['participant']}"


def _articles(data: dict[str, Any]) -> Iterator[str]:
    for row in data["articles"]:
        counts = ", ".join(f"{len(group['codes'])} {group['role']}" for group in row["diagnoses"]) or "no diagnoses"
        edition = f"{row['id']} v{row['version']} ({row['edition']})"
        yield f"{edition}, {', '.join(row['states'])}: {counts} [{row['source']}]"


def _scope_rules(data: dict[str, Any]) -> Iterator[str]:
    for row in data["scope_rules"]:
        yield f"{row['id']} ({', '.join(row['codes'])}): {row['otherwise']}. {row['reason']} [{row['source']}]"


def _associated(data: dict[str, Any]) -> Iterator[str]:
    for row in data["associated"]:
        yield f"{len(row['codes'])} codes as of {row['as_of']}: {' '.join(row['codes'])} [{row['source']}]"


def _checklist(data: dict[str, Any]) -> Iterator[str]:
    if data["always_review"]:
        yield f"Software never affirms here: {data['always_review']}."
    if data["specialties"]:
        yield f"Judged by: {', '.join(data['specialties'])} [{data['specialties_source']}]"
    for element in data["elements"]:
        yield ""
        yield from _element(element)


def _element(row: dict[str, Any]) -> Iterator[str]:
    yield f"{row['id']:<5} {row['label']}"
    yield f"      {KINDS[row['kind']]}{''.join(_marks(row))} [{row['source']}]"
    if row["applies_if"]:
        yield f"      counts where  {row['applies_if']}"
    if row["test"]:
        yield f"      in order if   {row['test']}"
    if row["document"]:
        types = ", ".join(each["loinc"] for each in row["document_types"])
        yield f"      a record is needed{f'; these types count by themselves: {types}' if types else ''}"
    yield from _fields(row)


def _marks(row: dict[str, Any]) -> Iterator[str]:
    if row["group"]:
        yield f"; group {row['group']}"
    if row["scope"]:
        yield "; decides scope, not need"
    if row["basis"] == "route-only":
        yield "; only sends to a person, never named as missing"
    if row["effective_to"]:
        yield f"; until {row['effective_to']}"


def _fields(row: dict[str, Any]) -> Iterator[str]:
    rows = []
    for field in row["fields"]:
        left_out = "" if field["required"] else " (may be left out)"
        default = f"; else {field['default']}" if field["default"] is not None else ""
        rows.append(
            (f"      {field['name']}", f"{row['answer_shape'][field['name']]}{default}", field["label"] + left_out)
        )
    if rows:
        yield from list(table_lines(("      answer", "shape", "what"), rows))[1:]


def _code_rules(data: dict[str, Any]) -> Iterator[str]:
    for row in data["code_rules"]:
        part = f" {row['part']}" if "part" in row else ""
        yield f"{row['rule']}{part} ({row['severity']}): {row['words']} [{row['source']}]"
