"""Two editions of a policy: a changed row changes the decisions from its day on, and none before it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import yaml

from fhir_server.authorization.determination import Determination
from fhir_server.authorization.evidence import Evidence, EvidenceFact, EvidencePointer, EvidenceRecord
from fhir_server.authorization.states import State
from fhir_server.policy.pack import Pack, builtin_pack, load_packs
from tests.policy.requests import WISER, decide, line, request

CATEGORY = "10-epidural-steroid-injection.yaml"
CHANGED_ON = "2026-07-01"
BEFORE, AFTER = datetime(2026, 6, 30, 15, tzinfo=UTC), datetime(2026, 7, 1, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pack, ...]:
    """The built-in pack, in which ES4 asks for six weeks from the first of July on."""
    folder = tmp_path_factory.mktemp("packs") / "wiser"
    shutil.copytree(builtin_pack("wiser"), folder, ignore=shutil.ignore_patterns("cases"))
    header = folder / "pack.yaml"
    header.write_text(header.read_text().replace("2026-04-24", "2026-07-01", 1))
    _change(folder / "categories" / CATEGORY)
    return load_packs([folder])


def _change(path: Path) -> None:
    content = yaml.safe_load(path.read_text())
    elements = content["criteria"]["elements"]
    place = next(index for index, each in enumerate(elements) if each["id"] == "ES4")
    old = elements[place]
    new = {**old, "effective_from": CHANGED_ON, "test": "pain_weeks >= 6", "examples": []}
    elements[place : place + 1] = [{**old, "effective_to": "2026-06-30"}, new]
    path.write_text(yaml.safe_dump(content))


def complete(weeks: int) -> Evidence:
    """Answers that meet every element by its first example, with *weeks* of pain."""
    prepared = WISER[0].checklists["epidural-steroid-injection"]  # type: ignore[union-attr]
    facts = []
    for row in prepared.checklist.elements:
        answer = dict(next((each.answer for each in row.examples if each.result == "met"), {}))
        if row.id == "ES4":
            answer["pain_weeks"] = weeks
        for name, value in answer.items():
            told = tuple(value) if isinstance(value, list) else getattr(value, "isoformat", lambda each=value: each)()
            facts.append(EvidenceFact(row.id, name, told, EvidencePointer("answer", "answers", f"{row.id}.{name}")))
    return Evidence(tuple(facts), (EvidenceRecord("note", readable=True),))


def decided(packs: tuple[Pack, ...], now: datetime, weeks: int) -> Determination:
    asked = request(line(1, "64483", serviced="2026-07-20"), diagnoses=["M51.16"])
    return decide(asked, packs, evidence=complete(weeks), now=now)


def test_a_changed_row_counts_for_requests_from_its_day_on(newer: tuple[Pack, ...]) -> None:
    assert decided(WISER, AFTER, 4).state is State.AFFIRMED
    after = decided(newer, AFTER, 4)
    assert [each.element for each in after.criteria if each.gap] == ["ES4"]
    assert decided(newer, AFTER, 6).state is State.AFFIRMED


@pytest.mark.parametrize("weeks", [3, 4, 6])
def test_a_request_before_that_day_is_decided_as_by_the_earlier_edition(newer: tuple[Pack, ...], weeks: int) -> None:
    earlier, later = decided(WISER, BEFORE, weeks), decided(newer, BEFORE, weeks)
    assert earlier.policy != later.policy
    assert msgspec.json.encode(_without_edition(earlier)) == msgspec.json.encode(_without_edition(later))


def _without_edition(determination: Determination) -> dict[str, object]:
    told = msgspec.to_builtins(determination)
    return {name: value for name, value in told.items() if name != "policy"}
