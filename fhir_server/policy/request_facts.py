"""What the tests of a checklist may ask of the request itself: one row a name (``line.site``, ``beneficiary.age``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from fhir_server.policy.expressions import Name
from fhir_server.policy.facts import LineFacts, RequestFacts
from fhir_server.policy.forms import units
from fhir_server.policy.lines import Site
from fhir_server.policy.spans import Span

# Where a service is given, in words that a test compares with (G6 1.5).
SETTINGS: dict[tuple[str, str], str] = {
    ("place-of-service", "11"): "office",
    ("place-of-service", "12"): "home",
    ("place-of-service", "19"): "outpatient-hospital",
    ("place-of-service", "22"): "outpatient-hospital",
    ("bill-type", "13x"): "outpatient-hospital",
    ("place-of-service", "24"): "surgery-center",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A line as the tests of a checklist see it. ``codes`` are those of the request that the category reviews."""

    facts: RequestFacts
    line: LineFacts
    days: Span
    codes: tuple[str, ...]
    today: date


def setting_of(site: Site | None) -> str | None:
    """Return the word for a site, or ``None`` where it is not known or not one of the model's."""
    return SETTINGS.get((site.kind, site.code)) if site else None


def _age(asked: Asked) -> int | None:
    """Whole years on the first day of service, else on the day of receipt."""
    day = asked.days.first or asked.today
    try:
        born = date.fromisoformat((asked.facts.birth_date or "")[:10])
    except ValueError:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


REQUEST_FACTS: dict[Name, Callable[[Asked], Any]] = {
    ("line", "code"): lambda asked: asked.line.code,
    ("line", "codes"): lambda asked: asked.codes,
    ("line", "diagnoses"): lambda asked: asked.line.diagnoses or None,
    ("line", "modifiers"): lambda asked: asked.line.modifiers,
    ("line", "site"): lambda asked: setting_of(asked.line.site),
    ("line", "units"): lambda asked: units(asked.line.units),
    ("line", "state"): lambda asked: asked.line.state,
    ("line", "service_date"): lambda asked: asked.line.serviced and asked.line.serviced.first,
    ("request", "codes"): lambda asked: asked.facts.procedures,
    ("request", "diagnoses"): lambda asked: asked.facts.all_diagnoses,
    ("request", "received"): lambda asked: asked.today,
    ("beneficiary", "age"): _age,
}
"""Each name and how it is read; ``None`` is unknown."""
