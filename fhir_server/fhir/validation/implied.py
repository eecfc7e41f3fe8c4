"""Profiles that a resource must meet although it claims none: vital signs, known by their codes.

R4, observation-vitalsigns.html, demands them of every Observation with such a code. The codes of each group are those
that the HL7 validator 6.10.4 goes by; the first group that has one of the codes decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LOINC = "http://loinc.org"
SNOMED_CT = "http://snomed.info/sct"

_CORE = "http://hl7.org/fhir/StructureDefinition/"

# Each row: profile, code system, codes.
VITAL_SIGNS = (
    ("vitalspanel", LOINC, "85353-1"),
    ("resprate", LOINC, "9279-1 76170-0 76172-6 76171-8 19840-8 33438-3 76270-8 11291-2"),
    (
        "heartrate",
        LOINC,
        (
            "60978-4 73795-7 73799-9 76476-1 76477-9 8867-4 8889-8 8890-6 8891-4 8892-2 8893-0 40443-4 55425-3 68999-2 "
            "11328-2 69000-8 8886-4"
        ),
    ),
    (
        "oxygensat",
        LOINC,
        "2708-6 19224-5 20564-1 2709-4 2710-2 2713-6 51733-4 59408-5 59417-6 89276-0 97549-0",
    ),
    (
        "bodytemp",
        LOINC,
        (
            "8310-5 60834-9 60835-6 60836-4 60838-0 60955-2 61009-7 75539-7 75987-8 76010-8 76011-6 76278-1 8309-7 "
            "8328-7 8329-5 8330-3 8331-1 8332-9 8333-7 8334-5 91371-5 98657-0 98663-8"
        ),
    ),
    ("bodyheight", LOINC, "8302-2 3137-7 3138-5 8306-3 8308-9"),
    ("headcircum", LOINC, "9843-4 8287-5"),
    ("bodyweight", LOINC, "29463-7 3141-9 3142-7 75292-3 79348-9 8350-1 8351-9"),
    ("bmi", LOINC, "39156-5 89270-3"),
    ("bp", LOINC, "85354-9 35094-2 8459-0 76534-7 55284-4 8480-6"),
    ("vitalspanel", SNOMED_CT, "46680005"),
    ("resprate", SNOMED_CT, "86290005 271625008 271306003"),
    ("heartrate", SNOMED_CT, "249043002 444981005 399017001 251670001 429525003 429614003"),
    ("oxygensat", SNOMED_CT, "442476006 431314004"),
    (
        "bodytemp",
        SNOMED_CT,
        (
            "386725007 276885007 300076005 1222808002 364246006 307047009 708499008 431598003 698831002 698832009 "
            "415882003 415974002 415929009 415945006"
        ),
    ),
    ("bodyheight", SNOMED_CT, "1153637007 1162419008 50373000 1162418000 1230278008 1162392001 1162417005"),
    ("headcircum", SNOMED_CT, "363812007 169876006 1269262007 363811000"),
    ("bodyweight", SNOMED_CT, "735395000 425024002 424927000 784399000 1162416001 1162415002"),
    ("bmi", SNOMED_CT, "60621009"),
    (
        "bp",
        SNOMED_CT,
        "251076008 163033001 163035008 386534000 386536003 271649006 271650006 407556006 407554009 716579001 399304008",
    ),
)

_RANK: Mapping[tuple[str, str], tuple[int, str]] = {
    (system, code): (rank, _CORE + name)
    for rank, (name, system, codes) in reversed(list(enumerate(VITAL_SIGNS)))
    for code in codes.split()
}


def implied_profile(resource: Mapping[str, Any]) -> str | None:
    """Return the profile that the code of an Observation implies, ``None`` if it implies none."""
    concept = resource.get("code")
    codings = concept.get("coding") if isinstance(concept, dict) else None
    found = [
        _RANK[key]
        for each in (codings if isinstance(codings, list) else ())
        if isinstance(each, dict) and (key := (str(each.get("system")), str(each.get("code")))) in _RANK
    ]
    return min(found)[1] if found else None
