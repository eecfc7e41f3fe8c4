"""Where a field of the hub stands in FHIR, read off the mapping tables: what ``wiser-pas policy facts`` prints.

A path is written as the guide's pages name elements: ``Claim.item.location[x]``, an extension by its slice
(``Claim.item.extension:certificationType``). ``→`` follows a reference; a step in brackets is taken where the reference
points at a PractitionerRole. Where several resources carry a field, as the orders of a line do, the first one is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fhir_server.fhir.mapping import Choice, Extension, Form, Row, Table, Wrapped
from fhir_server.pas.claim import CLAIM
from fhir_server.pas.links import KindLink, Link, ProviderLink
from fhir_server.pas.versions import STU_2_2

FOLLOW = " → "


def fhir_path(hub_path: str) -> str:
    """Return where PAS 2.2.1 carries the field at *hub_path*, the dotted names from `AuthorizationRequest` down.

    Raises LookupError where no row of a table carries a name of the path.
    """
    found = _descend(CLAIM, "Claim", hub_path.split("."))
    if found is None:
        raise LookupError(f"No row of a mapping table carries the field {hub_path}.")
    return found


def _descend(form: Form, place: str, names: Sequence[str]) -> str | None:
    """Return the path of *names* below *form*, which stands at *place*; ``None`` where there is none."""
    if not names:
        return place
    match form:
        case Table():
            return _first(_descend(row.form, f"{place}.{_element(row)}", names[1:]) for row in _rows(form, names[0]))
        case Choice():
            return _first(_descend(option, place, names) for option, _ in form.options)
        case Wrapped():
            return _descend(form.form, f"{place}.{_step(form.element)}", names)
        case Link():
            return _descend(form.table, f"{place}{FOLLOW}{form.table.type_name}", names)
        case KindLink():
            tables = form.tables.values()
            return _first(_descend(table, f"{place}{FOLLOW}{table.type_name}", names) for table in tables)
        case ProviderLink():
            return _descend_provider(form, place, names)
        case _:
            return None


def _descend_provider(form: ProviderLink, place: str, names: Sequence[str]) -> str | None:
    role, *rest = names
    if role == "role":
        return _descend(form.role, f"{place}{FOLLOW}{form.role.type_name}", rest)
    link = {"organization": form.organization, "practitioner": form.practitioner}.get(role)
    if link is None:
        return None
    return _descend(link, f"{place} [{FOLLOW.strip()} {form.role.type_name}.{role}]", rest)


def _first(paths: Iterator[str | None]) -> str | None:
    return next((path for path in paths if path is not None), None)


def _rows(table: Table, name: str) -> list[Row]:
    return [row for row in table.rows if row.field == name and row.only in (None, STU_2_2.label)]


def _element(row: Row) -> str:
    return ".".join(_step(step) for step in row.steps)


def _step(step: str | Extension) -> str:
    if isinstance(step, Extension):
        name = step.url.rsplit("/", 1)[-1].removeprefix("modifierextension-").removeprefix("extension-")
        return f"{step.list_name}:{name}"
    return step.removesuffix("[0]")
