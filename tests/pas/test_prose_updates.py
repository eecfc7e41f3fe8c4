"""What the guide says of updates in words only: each rule kept, and broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fhir_server.pas.versions import STU_2_0
from tests.pas.bundles import Json, official
from tests.pas.prose import CLAIM, FL, PAS, UPDATE, certification, claim_of, extension, found


def marked(entry: Json, *, cancelled: bool | None = None, changed: str | None = None, code: str | None = None) -> Json:
    kept = [
        each
        for each in entry.get("extension", [])
        if not each["url"].endswith(("infoChanged", "certificationType" if code else "-"))
    ]
    if code:
        kept.append(certification(code))
    if changed:
        kept.append(extension("infoChanged", valueCode=changed))
    entry["extension"] = kept
    entry.pop("modifierExtension", None)
    if cancelled is not None:
        url = f"{PAS}modifierextension-infoCancelled"
        entry["modifierExtension"] = [{"url": url, "valueBoolean": cancelled}]
    return entry


@pytest.mark.rule("PAS-067", "PAS-070", "PAS-071", "PAS-072", "PAS-073", "PAS-074")
def test_the_official_update_is_in_order(shared: Path) -> None:
    assert found(official(shared, UPDATE)) == []


UPDATES: list[tuple[str, str, str, Callable[[list[Json]], Any]]] = [
    ("PAS-070", "error", f"{CLAIM}.item", lambda items: items.pop(1)),
    ("PAS-071", "error", f"{CLAIM}.item[1]", lambda items: marked(items[1], changed="changed")),
    (
        "PAS-072", "error", f"{CLAIM}.item[1]",
        lambda items: marked(items[1], cancelled=True, changed="changed", code="I"),
    ),
    ("PAS-073", "warning", f"{CLAIM}.item[1]", lambda items: marked(items[1], cancelled=True)),
    ("PAS-073", "warning", f"{CLAIM}.item[2]", lambda items: marked(items[2])),
    ("PAS-073", "warning", f"{CLAIM}.item[0]", lambda items: items[0].update(quantity=FL)),
    ("PAS-074", "warning", f"{CLAIM}.item[2]", lambda items: marked(items[2], changed="changed")),
    (
        "PAS-074", "warning", f"{CLAIM}.item[1]",
        lambda items: marked(items[1], cancelled=True, changed="added"),
    ),
]  # fmt: skip


@pytest.mark.rule("PAS-070", "PAS-071", "PAS-072", "PAS-073", "PAS-074")
@pytest.mark.parametrize(("rule", "severity", "expression", "change"), UPDATES)
def test_an_update_that_breaks_a_rule_is_told(
    shared: Path, rule: str, severity: str, expression: str, change: Callable[[list[Json]], Any]
) -> None:
    bundle = official(shared, UPDATE)
    change(claim_of(bundle)["item"])
    assert found(bundle) == [(severity, rule, expression)]


@pytest.mark.rule("PAS-070", "PAS-071")
def test_what_cancels_the_whole_needs_no_items(shared: Path) -> None:
    bundle = official(shared, UPDATE)
    claim = claim_of(bundle)
    claim["extension"] = [certification("3")]
    del claim["item"]
    assert found(bundle) == []


@pytest.mark.rule("PAS-067")
@pytest.mark.parametrize("prior", [{"identifier": {"value": "1"}}, {"reference": "Coverage/InsuranceExample"}])
def test_an_update_leads_to_the_claim_that_it_changes(shared: Path, prior: Json) -> None:
    bundle = official(shared, UPDATE)
    claim_of(bundle)["related"][0]["claim"] = prior
    assert ("error", "PAS-067", f"{CLAIM}.related[0].claim") in found(bundle)


@pytest.mark.rule("PAS-067")
def test_an_update_does_not_change_itself(shared: Path) -> None:
    bundle = official(shared, UPDATE)
    claim_of(bundle)["related"][0]["claim"] = {"reference": bundle["entry"][0]["fullUrl"]}
    assert ("error", "PAS-067", f"{CLAIM}.related[0].claim") in found(bundle)


@pytest.mark.rule("PAS-020")
def test_a_prior_claim_that_is_not_there_is_told_once(shared: Path) -> None:
    bundle = official(shared, UPDATE)
    claim_of(bundle)["related"][0]["claim"] = {"reference": "Claim/nowhere"}
    assert [rule for _, rule, _ in found(bundle) if rule != "PAS-027"] == ["PAS-020"]


def test_an_older_update_may_tell_the_changes_only(shared: Path) -> None:
    bundle = official(shared, "HomecareAuthorizationDifferentialBundleExample", STU_2_0)
    assert {rule for _, rule, _ in found(bundle, STU_2_0)} <= {"member-number"}
