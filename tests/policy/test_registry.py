"""Registry files: what they hold, and what is said about a wrong row."""

from __future__ import annotations

import json
from datetime import date

import pytest

from fhir_server.errors import ContentInvalid
from fhir_server.policy.registry import (
    BeneficiaryRecord,
    EmptyRegistry,
    Exemption,
    ProviderRecord,
    Registry,
    RegistryFile,
    read_registry,
)

WHOLE = """
beneficiaries:
  - {member_id: 1EG4-TE5-MK73, status: eligible, payer: original-medicare, family_name: Quistgaard,
     given_name: Ottoline, birth_date: 1948-03-09}
  - {member_id: 2AC3RT7HY95, status: deceased}
providers:
  - {npi: "1234567893", eligible: false, ccn: "450001"}
exemptions:
  - {npi: "1234567893", effective_from: 2026-07-01, effective_to: 2026-12-31, states: [TX],
     categories: [cervical-fusion]}
  - {npi: "1999999901", effective_from: 2026-07-01}
"""


def test_a_whole_file() -> None:
    assert read_registry(WHOLE) == RegistryFile(
        (
            BeneficiaryRecord(
                "1EG4TE5MK73", "eligible", "original-medicare", "Quistgaard", "Ottoline", date(1948, 3, 9)
            ),
            BeneficiaryRecord("2AC3RT7HY95", "deceased"),
        ),
        (ProviderRecord("1234567893", eligible=False, ccn="450001"),),
        (
            Exemption("1234567893", date(2026, 7, 1), date(2026, 12, 31), ("TX",), ("cervical-fusion",)),
            Exemption("1999999901", date(2026, 7, 1)),
        ),
    )


def test_json_is_taken_too() -> None:
    text = json.dumps({"exemptions": [{"npi": "1999999901", "effective_from": "2026-07-01", "states": "all"}]})
    assert read_registry(text).exemptions == (Exemption("1999999901", date(2026, 7, 1)),)


@pytest.mark.parametrize("text", ["{}", "providers: []", "providers:"])
def test_an_empty_file(text: str) -> None:
    assert read_registry(text) == RegistryFile()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[", "registry"),
        ("- a", "a mapping is expected"),
        ("people: []", "only the lists"),
        ("providers: {npi: 1}", "providers: a list of rows"),
        ('providers: [{npi: "1234567890"}]', "providers, row 1: the NPI has a wrong check digit"),
        ("providers: [{npi: 1234567893}]", "providers, row 1"),
        ('providers: [{npi: "1234567893"}, {npi: "1234567893"}]', "providers, row 2: the same number stands in row 1"),
        ('exemptions: [{npi: "1999999901"}]', "effective_from"),
        (
            'exemptions: [{npi: "1999999901", effective_from: 2026-07-01, effective_to: 2026-06-30}]',
            "exemptions, row 1: the exemption ends before it begins",
        ),
        (
            "beneficiaries: [{member_id: X, stats: eligible}]",
            "beneficiaries, row 1: Object contains unknown field `stats`",
        ),
    ],
)
def test_a_wrong_row_is_named(text: str, named: str) -> None:
    with pytest.raises(ContentInvalid) as raised:
        read_registry(text)
    assert named in str(raised.value)


def test_every_wrong_row_is_named_and_its_content_is_not() -> None:
    text = """
beneficiaries:
  - {member_id: 1EG4-TE5-MK73, status: Quistgaard}
  - {member_id: 1EG4-TE5-MK73, birth_date: Ottoline}
  - {member_id: 1EG4-TE5-MK74}
  - {member_id: 1EG4TE5MK74}
"""
    with pytest.raises(ContentInvalid) as raised:
        read_registry(text)
    said = " ".join(f"{issue.found} {issue.mend}" for issue in raised.value.issues)
    assert len(raised.value.issues) == 3
    assert not any(word in said for word in ("Quistgaard", "Ottoline", "MK73", "MK74"))


def test_an_empty_registry_knows_nothing() -> None:
    registry: Registry = EmptyRegistry()
    assert registry.beneficiary("1EG4TE5MK73") is None
    assert registry.provider("1234567893") is None
    assert registry.exemptions("1234567893") == ()


def test_records_do_not_show_the_beneficiary() -> None:
    shown = repr(read_registry(WHOLE).beneficiaries)
    assert not any(word in shown for word in ("1EG4TE5MK73", "Quistgaard", "Ottoline", "1948"))
