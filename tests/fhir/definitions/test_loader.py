"""Definitions of a guide and of all that it depends on."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.definitions.facts import folder_name
from fhir_server.fhir.definitions.search import packages_in
from fhir_server.fhir.packages import Compilation, Package, write_files
from fhir_server.installed import data_folder
from tests.fhir.package_compiler.small import SET, SYSTEM, Json, code_system, package, structure, value_set

PROFILES = data_folder("profiles")
BASE = "http://hl7.org/fhir/StructureDefinition/"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"
CLAIM = "http://example.org/StructureDefinition/claim"


def put(folder: Path, *packages: Package, loading: Json | None = None) -> Path:
    """Put the facts of packages into a folder."""
    if loading is not None:
        (folder / "loading.json").write_text(json.dumps({"always": [], "standIns": []} | loading))
    compilation = Compilation(packages, [folder])
    for each in packages:
        write_files(compilation.files(each.label), folder / folder_name(each.label))
    return folder


@pytest.fixture(scope="module")
def pas() -> Definitions:
    """The definitions of PAS 2.2.1."""
    return Definitions.load(PROFILES, ["hl7.fhir.us.davinci-pas#2.2.1"])


@pytest.fixture(scope="module")
def earlier() -> Definitions:
    """The definitions of PAS 2.0.1."""
    return Definitions.load(PROFILES, ["hl7.fhir.us.davinci-pas#2.0.1"])


def test_all_that_a_guide_depends_on_is_loaded_after_what_it_needs_itself(pas: Definitions) -> None:
    labels = [each.label for each in pas.packages]

    assert labels[0] == "hl7.fhir.r4.core#4.0.1"
    assert labels[-1] == "hl7.fhir.us.davinci-pas#2.2.1"
    for each in pas.packages:
        there = [need for need in each.dependencies if need in labels]
        assert all(labels.index(need) < labels.index(each.label) for need in there)
    # hl7.fhir.us.core.v311#3.1.1 is asked for, hl7.fhir.us.core#3.1.1 stands in.
    assert {"hl7.fhir.us.core#3.1.1", "hl7.fhir.us.core#6.1.0", "hl7.fhir.us.core#7.0.0"} <= set(labels)
    assert "hl7.fhir.us.davinci-pas#2.0.1" not in labels


def test_a_canonical_without_a_version_means_what_the_guide_knows(pas: Definitions, earlier: Definitions) -> None:
    for definitions, version, core in ((pas, "2.2.1", "7.0.0"), (earlier, "2.0.1", "3.1.1")):
        claim = definitions.structure(PAS + "profile-claim")
        patient = definitions.structure(US_CORE + "us-core-patient", f"hl7.fhir.us.davinci-pas#{version}")
        assert claim is not None
        assert (claim.version, claim.package) == (version, f"hl7.fhir.us.davinci-pas#{version}")
        assert claim.canonical == f"{PAS}profile-claim|{version}"
        assert patient is not None
        assert patient.version == core
    assert earlier.structure(f"{PAS}profile-claim|2.2.1") is None


def test_the_types_of_the_specification_are_found_by_name(pas: Definitions) -> None:
    for name, kind in (("Claim", "resource"), ("Period", "complex-type"), ("string", "primitive-type")):
        found = pas.base(name)
        assert found is not None
        assert (found.type, found.kind, found.url, found.version) == (name, kind, BASE + name, "4.0.1")
    assert pas.base("Nothing") is None


def test_every_structure_and_value_set_of_the_index_can_be_read(pas: Definitions) -> None:
    for entry, label in pas.profiles():
        found = pas.structure(f"{entry.url}|{entry.version}", label)
        assert found is not None
        assert (found.url, found.type, found.kind, found.package) == (entry.url, entry.type, entry.kind, label)
        assert (found.name, found.abstract, found.derivation) == (entry.name, entry.abstract, entry.derivation)
        assert found.elements
    for value_set_entry, label in pas.value_sets():
        value_set = pas.value_set(f"{value_set_entry.url}|{value_set_entry.version}", label)
        assert value_set is not None
        assert (value_set.url, value_set.complete) == (value_set_entry.url, value_set_entry.complete)


DTR = "http://hl7.org/fhir/us/davinci-dtr/StructureDefinition/"
# What the guides name and no package holds: CDex 2.1.0 needs DTR 2.1.0, which is not at hand; the extension is one of
# R5, whose cross-version package PAS 2.0.1 does not depend on.
NOT_HELD = {
    "pas": {DTR + "dtr-std-questionnaire", DTR + "dtr-questionnaire-adapt"},
    "earlier": {"http://hl7.org/fhir/5.0/StructureDefinition/extension-CommunicationRequest.payload.content[x]"},
}


@pytest.mark.parametrize("stu", ["pas", "earlier"])
def test_every_profile_and_type_that_a_structure_names_is_there(stu: str, request: pytest.FixtureRequest) -> None:
    definitions: Definitions = request.getfixturevalue(stu)
    missing = set()
    for entry, label in definitions.profiles():
        if "davinci" not in label:
            continue
        found = definitions.structure(f"{entry.url}|{entry.version}", label)
        assert found is not None
        named = [found.base_definition or BASE + "Element"]
        for element in found.elements:
            for each in element.get("type", ()):
                code = each["code"]
                named += [code if ":" in code else BASE + code, *each.get("profile", ())]
                named += each.get("targetProfile", ())
        missing |= {canonical for canonical in named if definitions.locate(canonical, label) is None}
    assert missing == NOT_HELD[stu]


@pytest.mark.parametrize(
    ("canonical", "complete", "inside", "outside"),
    [
        ("http://hl7.org/fhir/ValueSet/fm-status", True, ("http://hl7.org/fhir/fm-status", "active"), False),
        ("http://hl7.org/fhir/ValueSet/fm-status|4.0.0", True, ("http://hl7.org/fhir/fm-status", "draft"), False),
        ("http://hl7.org/fhir/ValueSet/mimetypes", False, None, None),
        (
            "http://hl7.org/fhir/ValueSet/units-of-time",
            True,
            ("http://unitsofmeasure.org", "h"),
            None,
        ),
    ],
)
def test_a_value_set_knows_its_codes(
    pas: Definitions, canonical: str, complete: bool, inside: tuple[str, str] | None, outside: bool | None
) -> None:
    found = pas.value_set(canonical)

    assert found is not None
    assert found.complete is complete
    if inside:
        assert found.contains(*inside) is True
        assert found.contains(inside[0], "no-such-code") is outside
    assert pas.value_set(canonical) is found


def test_a_value_set_that_no_package_holds_is_not_known(pas: Definitions) -> None:
    assert pas.value_set("https://valueset.x12.org/x217/005010/request/2000E/UM/1/06/00/1338") is None
    assert pas.value_set("http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113762.1.4.1010.4") is None


def test_a_stand_in_is_loaded_for_what_is_not_there(tmp_path: Path) -> None:
    rows = [{"missing": "colours#9.9.9", "use": "colours#1.0.0", "reason": "the one at hand"}]
    colours = package(code_system(), value_set({"system": SYSTEM}), name="colours")
    guide = package(structure(), name="guide", colours="9.9.9", nowhere="1.0.0")
    folder = put(tmp_path, colours, guide, loading={"standIns": rows})
    definitions = Definitions.load(folder, ["guide#1.0.0"])

    assert [each.label for each in definitions.packages] == ["colours#1.0.0", "guide#1.0.0"]
    assert definitions.closure("guide#1.0.0") == ("guide#1.0.0", "colours#9.9.9", "nowhere#1.0.0", "colours#1.0.0")
    assert definitions.value_set(SET, "guide#1.0.0") is not None
    assert [each.label for each in Definitions.load(folder, ["colours#9.9.9"]).packages] == ["colours#1.0.0"]


def test_what_is_always_loaded_comes_first(tmp_path: Path) -> None:
    folder = put(tmp_path, package(name="base"), package(name="guide"), loading={"always": ["base#1.0.0"]})

    assert [each.label for each in Definitions.load(folder, ["guide#1.0.0"]).packages] == ["base#1.0.0", "guide#1.0.0"]


def test_packages_that_need_each_other_are_loaded_once(tmp_path: Path) -> None:
    folder = put(tmp_path, package(name="a", b="1.0.0"), package(name="b", a="1.0.0"))
    definitions = Definitions.load(folder, ["a#1.0.0"])

    assert [each.label for each in definitions.packages] == ["b#1.0.0", "a#1.0.0"]
    assert definitions.closure("b#1.0.0") == ("b#1.0.0", "a#1.0.0")


def test_further_folders_are_searched_after_the_first(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    put(first, package(structure(name="First"), name="guide"))
    put(second, package(structure(name="Second"), name="guide"), package(structure("other"), name="more"))
    definitions = Definitions.load(first, ["guide#1.0.0", "more#1.0.0"], [second, tmp_path / "third"])

    claim = definitions.structure(CLAIM)
    assert claim is not None
    assert claim.name == "First"
    assert definitions.structure("http://example.org/StructureDefinition/other") is not None
    assert [each.label for each in packages_in(second)] == ["guide#1.0.0", "more#1.0.0"]
    assert packages_in(tmp_path / "third") == []


def test_a_root_that_is_nowhere_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no package guide#1\.0\.0 in "):
        Definitions.load(tmp_path, ["guide#1.0.0"])


def test_a_folder_under_another_name_is_not_taken_for_the_package(tmp_path: Path) -> None:
    put(tmp_path, package(name="guide"), package(name="dependent", guide="2.0.0"))
    (tmp_path / "guide-1.0.0").rename(tmp_path / "guide-2.0.0")

    with pytest.raises(FileNotFoundError):
        Definitions.load(tmp_path, ["guide#2.0.0"])
    assert [each.label for each in Definitions.load(tmp_path, ["dependent#1.0.0"]).packages] == ["dependent#1.0.0"]


def test_a_group_sees_its_own_packages_only() -> None:
    roots = ("hl7.fhir.us.core#3.1.1", "hl7.fhir.us.core#7.0.0")
    definitions = Definitions.load(PROFILES, roots)
    definitions.group("old", roots[:1])

    patient = definitions.locate(US_CORE + "us-core-patient", "old")
    assert patient is not None
    assert patient[1] == roots[0]
    assert definitions.locate(f"{US_CORE}us-core-patient|7.0.0", "old") is None
    assert definitions.locate(f"{US_CORE}us-core-patient|7.0.0") is not None
    assert definitions.locate(BASE + "Claim", "old") is not None
    assert definitions.value_set("http://terminology.hl7.org/ValueSet/v3-NullFlavor", "old") is not None


def test_facts_that_were_replaced_are_read_again(tmp_path: Path) -> None:
    for name, colour in (("First", "red"), ("Second", "blue")):
        listed = {"system": SYSTEM, "concept": [{"code": colour}]}
        folder = put(tmp_path, package(structure(name=name), value_set(listed)))
        definitions = Definitions.load(folder, ["example.guide#1.0.0"])
        claim, colours = definitions.structure(CLAIM), definitions.value_set(SET)
        assert claim is not None
        assert colours is not None
        assert (claim.name, colours.codes()) == (name, (colour,))


def test_decimals_keep_their_digits(tmp_path: Path) -> None:
    element = {"id": "Claim", "path": "Claim", "fixedDecimal": Decimal("1.50")}
    folder = put(tmp_path, package(structure(snapshot={"element": [element]})))
    found = Definitions.load(folder, ["example.guide#1.0.0"]).structure(CLAIM)

    assert found is not None
    assert str(found.elements[0]["fixedDecimal"]) == "1.50"
