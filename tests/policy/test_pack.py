"""Reading packs: what is built in holds, and every row that is wrong is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from fhir_server.errors import PolicyInvalid
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.pack import builtin_pack, load_packs
from fhir_server.policy.scripted import ScriptedPack
from tests.policy.requests import WISER

Change = Callable[[Path], None]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of both packs that a test may spoil."""
    for name in ("wiser", "sandbox"):
        shutil.copytree(builtin_pack(name), tmp_path / name)
    return tmp_path


def spoil(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")


def wiser() -> CoveragePack:
    pack = WISER[0]
    assert isinstance(pack, CoveragePack)
    return pack


def test_scripted_packs_are_asked_first() -> None:
    packs = load_packs([builtin_pack("wiser"), builtin_pack("sandbox")])
    assert [type(pack) for pack in packs] == [ScriptedPack, CoveragePack]


def test_a_coverage_policy_is_needed() -> None:
    with pytest.raises(PolicyInvalid, match="coverage policy"):
        load_packs([builtin_pack("sandbox")])


@pytest.mark.parametrize(
    ("file", "before", "after", "named"),
    [
        ("pack.yaml", "kind: coverage", "kind: other", "pack.yaml"),
        ("pack.yaml", "title: WISeR", "title: WISeR\nflavour: mild", "flavour"),
        ("model.yaml", "contractor: novitas-jl", "contractor: nobody", "states NJ: the contractor nobody"),
        ("model.yaml", "participant: cohere", "participant: nobody", "states TX: the participant nobody"),
        ("model.yaml", "closures: []", "closures: [{state: CA, from: 2027-01-01, source: x}]", "the state CA"),
        ("model.yaml", "closures: []", "closures: []\nopenings: []", "the key openings is unknown"),
        ("model.yaml", "{modifier: ET, ", "{", "either modifier or revenue_under"),
        ("model.yaml", "{modifier: ET, ", "{modifier: ET, colour: red, ", "emergency[0]"),
        ("model.yaml", "dates:", "dates:\n  dates: 1", "model.yaml dates"),
        ("model.yaml", "dates:", "dates:\ndates:", "stands twice"),
        ("dismissals.yaml", "      - id: setting\n", "      - id: sitting\n", "the cause setting is missing"),
        ("dismissals.yaml", "      - id: setting\n", "      - id: sitting\n", "no check of the engine has this cause"),
        ("dismissals.yaml", "({found}) is not one", "({name}) is not one", "only {found} and {where}"),
        ("dismissals.yaml", "        follow_up: C\n", "", "follow_up"),
        ("diagnosis-lists.yaml", "code: G40.011", "code: G4.011", "diagnosis-lists.yaml lists[0]"),
        ("diagnosis-lists.yaml", "code: G40.011", "code: G40.019", "G40.019 stands twice"),
        ("diagnosis-lists.yaml", "  - id: B2", "  - id: B9", "the diagnosis list B2"),
        ("categories/01-knee-arthroscopy.yaml", '"29877"', '"2987"', "01-knee-arthroscopy.yaml codes[0]"),
        ("categories/01-knee-arthroscopy.yaml", '"29877"', "29877", "01-knee-arthroscopy.yaml codes[0]"),
        ("categories/01-knee-arthroscopy.yaml", '"29877"', '"22554"', "two rows are in force on 2026-01-15"),
        ("categories/01-knee-arthroscopy.yaml", "number: 1", "number: 2", "2 stands twice"),
        ("categories/01-knee-arthroscopy.yaml", "status: active", "status: sleeping", "status"),
        (
            "categories/01-knee-arthroscopy.yaml",
            "effective_from: 2026-01-15",
            "effective_from: 2026-01-15, effective_to: 2026-01-14",
            "ends before it begins",
        ),
        ("categories/04-phrenic-nerve-stimulation.yaml", '["33276"]', '["33279"]', "the base code 33279"),
        ("categories/04-phrenic-nerve-stimulation.yaml", "add_on: true, ", "", "belong together"),
        ("categories/03-vagus-nerve-stimulation.yaml", "diagnosis_list: B1", "diagnosis_list: B7", "list B7"),
        (
            "categories/03-vagus-nerve-stimulation.yaml",
            "    diagnosis_list: B1\n",
            "",
            "one test is expected, found none",
        ),
        (
            "categories/03-vagus-nerve-stimulation.yaml",
            "    diagnosis_list: B1\n",
            "    diagnosis_list: B1\n    states_not_active: [AZ]\n",
            "one test is expected, found diagnosis_list, states_not_active",
        ),
        ("categories/03-vagus-nerve-stimulation.yaml", "otherwise: D02", "otherwise: D05", "told on a line D05"),
        ("categories/03-vagus-nerve-stimulation.yaml", "source: G6 Table C3\n    ", "", "source"),
    ],
)
def test_a_wrong_row_is_named(copy: Path, file: str, before: str, after: str, named: str) -> None:
    spoil(copy / "wiser" / file, before, after)
    with pytest.raises(PolicyInvalid) as raised:
        load_packs([copy / "wiser"])
    assert named in str(raised.value)


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("script: affirmed", "script: praised", "the script praised does not exist"),
        ("AUTH-{case}", "AUTH-1", "two cases would have the same number"),
        ("code: Z9902", "code: Z9901", "Z9901') stands twice"),
        ("1999999901", "1999999902", "check digit"),
        ("outcome: unanswered", "outcome: affirmed", "belong together"),
        ("valid_days: 119", "valid_days: long", "valid_days"),
    ],
)
def test_a_wrong_script_is_named(copy: Path, before: str, after: str, named: str) -> None:
    spoil(copy / "sandbox" / "outcomes.yaml", before, after)
    with pytest.raises(PolicyInvalid) as raised:
        load_packs([copy / "wiser", copy / "sandbox"])
    assert named in str(raised.value)


def test_all_wrong_rows_are_named_at_once(copy: Path) -> None:
    spoil(copy / "wiser" / "model.yaml", "{modifier: ET, ", "{modifier: ET, colour: red, ")
    spoil(copy / "wiser" / "categories/01-knee-arthroscopy.yaml", '"29877"', '"2987"')
    spoil(copy / "wiser" / "categories/11-cervical-fusion.yaml", "system: CPT", "system: ICD")
    with pytest.raises(PolicyInvalid) as raised:
        load_packs([copy / "wiser"])
    assert {line.split(" ")[1] for line in str(raised.value).splitlines()} >= {
        "model.yaml",
        "01-knee-arthroscopy.yaml",
        "11-cervical-fusion.yaml",
    }


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyInvalid, match=r"nowhere: pack\.yaml"):
        load_packs([tmp_path / "nowhere"])


def test_the_counts_of_the_guide() -> None:
    pack = wiser()
    assert sum(each.status == "active" for each in pack.categories) == 13
    assert sum(each.status == "delayed" for each in pack.categories) == 2
    assert len(pack.listed) == 41
    assert sum(row.add_on for category in pack.categories for row in category.codes) == 9
    assert {name: len(codes) for name, codes in pack.lists.items()} == {"B1": 14, "B2": 9, "B3": 41, "ESI": 47}
    assert [row.code for row in pack.dismissals] == [
        "D03",
        "D01",
        "D09",
        "D02",
        "D04",
        "D05",
        "D06",
        "D07",
        "D08",
        "D10",
    ]


def test_every_row_has_a_source_and_analyst_pairings_are_marked() -> None:
    pack = wiser()
    for category in pack.categories:
        assert all(row.source for row in (*category.codes, *category.scope_rules))
        assert all(row.source for row in category.associated)
        assert all(row.source for row in category.policies)
        assert all("S-06" in (row.base_codes_source or "") for row in category.codes if row.add_on)


def test_codes_agree_with_the_data_of_the_guide(shared: Path) -> None:
    """The same codes, dates, bases, associated codes and lists as the data that was read from the guide."""
    data = json.loads((shared / "data" / "wiser-services.json").read_text("utf-8"))
    pack = wiser()
    by_id = {category.id: category for category in pack.categories}
    assert set(by_id) == {each["id"] for each in data["categories"]}
    for each in data["categories"]:
        category = by_id[each["id"]]
        assert {
            (row.code, row.system, row.effective_from, row.effective_to, row.add_on, row.base_codes)
            for row in category.codes
        } == {
            (
                row["code"],
                row["system"],
                date.fromisoformat(row["effective_from"]),
                row["effective_to"],
                row["add_on"],
                tuple(row["base_codes"]),
            )
            for row in each["codes"]
        }
        associated = each.get("associated_codes", {})
        assert {code for group in category.associated for code in group.codes} == {
            *associated.get("codes", ()),
            *associated.get("product_codes", ()),
        }
        assert {(row.id, state) for row in category.policies for state in row.states} == {
            (policy, state)
            for policy in each["policy_ids"]
            for state in each["states"]
            if each.get("lcd_by_state", {}).get(state, policy) == policy
        }
    for name, rows in data["diagnosis_lists"].items():
        assert set(pack.lists[name]) == {row["code"] for row in rows["codes"]}


def test_participants_agree_with_the_data_of_the_guide(shared: Path) -> None:
    data = json.loads((shared / "data" / "wiser-participants.json").read_text("utf-8"))
    pack = wiser()
    contractors = {row.state: row.contractor for row in pack.states}
    for each in data["participants"]:
        ours = pack.participant_in(each["state"])
        assert ours
        assert (ours.name, ours.portal, ours.phone, ours.fax, ours.email) == (
            each["participant"],
            each["portal_url"],
            each["phone"],
            each["fax"],
            each["email"],
        )
        assert contractors[each["state"]] == each["mac_id"]
    assert {(row.id, row.name, row.phone, row.fax, row.mail) for row in pack.contractors} == {
        (each["id"], each["name"], each["phone"], each["fax"], tuple(each["mail"])) for each in data["macs"]
    }


def test_every_policy_question_is_pointed_at_where_it_matters() -> None:
    """A row that rests on something unverified names the page that lists it."""
    page = (Path(__file__).parents[2] / "docs" / "policy-questions.md").read_text("utf-8")
    assert "S-06" in page
    sources = [policy.source for category in wiser().categories for policy in category.policies]
    assert any("policy-questions, 7" in source for source in sources)
    assert "\n7. " in page
