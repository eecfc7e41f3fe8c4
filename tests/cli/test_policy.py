"""What the server decides by, and where it looks."""

from __future__ import annotations

import json
import re
from pathlib import Path

from fhir_server.policy.facts import FACTS
from tests.cli.conftest import Command


def test_every_fact_is_shown_with_its_places_in_fhir_and_x12(command: Command) -> None:
    rows = {row["fact"]: row for row in json.loads(command("policy", "facts", "--json").out)}

    assert list(rows) == [fact.field for fact in FACTS]
    assert rows["site"]["fhir"] == ["Claim.item.location[x]"]
    assert rows["site"]["x12"].startswith("UM04")
    assert rows["procedures"]["element"] == "SN6"
    assert rows["state"]["fhir"][0] == "Claim.careTeam.provider → PractitionerRole.location → Location.address.state"
    assert all(row["fhir"] and row["x12"] and row["what"] for row in rows.values())
    assert rows["ccn"]["looked_for"] == ["http://terminology.hl7.org/NamingSystem/CCN"]
    assert rows["ptan"]["looked_for"] == ["http://terminology.hl7.org/CodeSystem/v2-0203|MCR"]
    assert "http://terminology.hl7.org/CodeSystem/v2-0203|MB" in rows["member_id"]["looked_for"]
    assert "Claim.provider → PractitionerRole.location → Location.address.state" in rows["state"]["fhir"]


def test_the_table_of_facts_is_for_people(command: Command) -> None:
    ended = command("policy", "facts")

    assert ended.code == 0
    assert re.split(r" {2,}", ended.out.splitlines()[0].strip()) == [
        "fact",
        "what",
        "X12 278",
        "checklist",
        "FHIR (PAS 2.2.1)",
        "looked for",
    ]
    assert "→ follows a reference" in ended.out


def test_packs_are_shown_with_edition_and_sources_in_the_order_of_asking(command: Command) -> None:
    production = json.loads(command("policy", "packs", "--json").out)
    sandbox = json.loads(command("policy", "packs", "--json", SANDBOX="1").out)

    assert [row["pack"] for row in production] == ["wiser"]
    assert [(row["pack"], row["kind"]) for row in sandbox] == [("sandbox", "scripted"), ("wiser", "coverage")]
    assert all(row["version"] and row["sources"] and row["services"] for row in sandbox)
    assert "wiser " in command("policy", "packs").out


def test_a_pack_that_is_wrong_is_told(command: Command, tmp_path: Path) -> None:
    ended = command("policy", "packs", POLICY_PACKS=str(tmp_path))

    assert ended.code == 2
    assert "pack.yaml" in ended.err
