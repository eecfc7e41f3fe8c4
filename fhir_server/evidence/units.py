"""Units of measure: from the one that was sent to the one that a checklist asks for."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from fhir_server.fhir.fhirpath import ucum

UCUM = "http://unitsofmeasure.org"

# How people write the units that the checklists ask for, and the UCUM code that is meant (ucum.org, table of units).
WRITTEN: Mapping[str, str] = MappingProxyType(
    {
        "%": "%", "percent": "%", "per cent": "%",
        "kg/m2": "kg/m2", "kg/m²": "kg/m2", "kg/m^2": "kg/m2", "kg/sq m": "kg/m2",
        "day": "d", "days": "d", "week": "wk", "weeks": "wk", "wk": "wk", "wks": "wk",
        "month": "mo", "months": "mo", "mo": "mo", "mos": "mo", "year": "a", "years": "a", "yr": "a", "yrs": "a",
        "hour": "h", "hours": "h", "hr": "h", "hrs": "h", "minute": "min", "minutes": "min", "min": "min",
        "hours/night": "h/d", "hours per night": "h/d", "nights/week": "d/wk", "nights per week": "d/wk",
        "events/hour": "/h", "events/hr": "/h", "events/h": "/h", "events per hour": "/h", "per hour": "/h",
        "/hour": "/h", "/hr": "/h", "/h": "/h",
        "mmhg": "mm[Hg]", "mm hg": "mm[Hg]", "mm[hg]": "mm[Hg]",
        "mm": "mm", "cm": "cm", "m": "m", "inches": "[in_i]",
        "cm2": "cm2", "cm²": "cm2", "cm^2": "cm2", "sq cm": "cm2", "square cm": "cm2",
        "mm2": "mm2", "mm²": "mm2", "mm^2": "mm2", "sq mm": "mm2",
        "kg": "kg", "lb": "[lb_av]", "lbs": "[lb_av]", "pounds": "[lb_av]", "mg": "mg", "ml": "mL", "cc": "mL",
        "point": "1", "points": "1",
        "ng/dl": "ng/dL", "g/dl": "g/dL", "mg/dl": "mg/dL",
    }
)  # fmt: skip


def unit_code(written: str) -> str:
    """Return the UCUM code that *written* means, or the text itself where it is in no table."""
    return WRITTEN.get(" ".join(written.split()).lower(), written)


def convert(value: Decimal, unit: str | None, wanted: str | None) -> Decimal | None:
    """Return *value*, which is in *unit*, in the unit *wanted*; ``None`` where the one does not become the other.

    A number without a unit is in the unit that is wanted. Where none is wanted, only a plain count is taken.
    """
    if unit is None or unit == wanted:
        return value
    mine, its = ucum.canonical(unit), ucum.canonical(wanted or "1")
    if mine is None or its is None or mine[1] != its[1]:
        return None
    if wanted is None and mine[0] != 1:
        return None
    return value * mine[0] / its[0]
