"""The codes of the made-up guide: one code system whose codes are all known, one of which the guide lists a few."""

from __future__ import annotations

from typing import Any

from tests.fhir.validation.guide.snapshots import ROOT

Json = dict[str, Any]

COLOURS = f"{ROOT}/CodeSystem/colours"
FOREIGN = f"{ROOT}/CodeSystem/foreign"  # nobody has it
WARM = f"{ROOT}/ValueSet/warm"
ALL = f"{ROOT}/ValueSet/all"
OPEN = f"{ROOT}/ValueSet/open"
NOWHERE = f"{ROOT}/ValueSet/nowhere"


def _value_set(identity: str, *include: Json) -> Json:
    return {
        "resourceType": "ValueSet",
        "id": identity,
        "url": f"{ROOT}/ValueSet/{identity}",
        "version": "1.0.0",
        "compose": {"include": list(include)},
    }


RESOURCES = (
    {
        "resourceType": "CodeSystem",
        "id": "colours",
        "url": COLOURS,
        "version": "1.0.0",
        "content": "complete",
        "caseSensitive": True,
        "concept": [{"code": "red"}, {"code": "orange"}, {"code": "blue"}],
    },
    _value_set("warm", {"system": COLOURS, "concept": [{"code": "red"}, {"code": "orange"}]}),
    _value_set("all", {"system": COLOURS}),
    _value_set("open", {"system": COLOURS}, {"system": FOREIGN}),
)
