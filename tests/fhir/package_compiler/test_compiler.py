"""The compiler: what is in `profiles/` is what it makes of the official packages, whatever the order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.fhir.definitions.facts import folder_name
from fhir_server.fhir.packages import Compilation, PackageInvalid, nothing_withheld, read_package, write_files
from fhir_server.fhir.packages.compiler import Files
from fhir_server.installed import data_folder
from tests.fhir.package_compiler.small import (
    SYSTEM,
    Json,
    archive,
    code_system,
    compiled,
    manifest,
    package,
    structure,
    value_set,
)

PROFILES = data_folder("profiles")
PACKAGES = sorted(file.parent.name for file in PROFILES.glob("*/package.json"))
X12 = "https://codesystem.x12.org/005010/1365"
CPT = "http://www.ama-assn.org/go/cpt"


def files_of(folder: Path) -> Files:
    """Return all files below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.fixture(scope="module")
def official(shared: Path) -> Compilation:
    """All official packages, compiled together from nothing but the table of what is loaded."""
    archives = sorted((shared / "packages").glob("*.tgz"))
    return Compilation(map(read_package, archives), [PROFILES])


def test_every_official_package_is_compiled(shared: Path) -> None:
    archives = {file.name.removesuffix(".tgz") for file in (shared / "packages").glob("*.tgz")}
    assert set(PACKAGES) == archives


@pytest.mark.parametrize("name", PACKAGES)
def test_profiles_hold_what_the_compiler_makes_of_the_official_packages(official: Compilation, name: str) -> None:
    label = "#".join(json.loads((PROFILES / name / "package.json").read_bytes())[key] for key in ("name", "version"))
    made, held = official.files(label), files_of(PROFILES / name)

    assert sorted(made) == sorted(held)
    assert [each for each in made if made[each] != held[each]] == []


@pytest.mark.parametrize(
    "name", ["hl7.fhir.us.davinci-pas-2.2.1", "hl7.fhir.us.core-3.1.1", "hl7.fhir.uv.subscriptions-backport.r4-1.1.0"]
)
def test_a_package_compiles_alone_to_the_same_bytes(shared: Path, name: str) -> None:
    alone = read_package(shared / "packages" / f"{name}.tgz")

    assert Compilation([alone], [PROFILES]).files(alone.label) == files_of(PROFILES / name)


def test_no_code_of_an_owner_who_does_not_let_it_be_passed_on_is_shipped() -> None:
    for name in PACKAGES:
        systems = json.loads((PROFILES / name / "code-systems.json").read_bytes()).values()
        assert not [each["url"] for each in systems if each["url"].startswith((X12[:27], CPT[:24]))]
        for each in json.loads((PROFILES / name / "value-sets.json").read_bytes()).values():
            assert not [system for system in each["systems"] if system.startswith((X12[:27], CPT[:24]))]


def test_profiles_hold_no_prose_and_stay_small() -> None:
    files = [path for name in PACKAGES for path in (PROFILES / name).rglob("*.json")]

    assert sum(path.stat().st_size for path in files) < 20_000_000
    prose = (b'"definition":', b'"human":', b'"short":', b'"description":', b'"comment":', b'"div":', b'"xpath":')
    assert [path for path in files if any(word in path.read_bytes() for word in prose)] == []


RESOURCES = [
    code_system(),
    code_system(id="other", url="http://example.org/CodeSystem/other"),
    value_set({"system": SYSTEM}),
    value_set({"valueSet": ["http://example.org/ValueSet/colours"]}, identity="a"),
    value_set({"valueSet": ["http://example.org/ValueSet/a"]}, {"system": "http://loinc.org"}, identity="b"),
    structure(),
    structure("claim-b"),
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.permutations(RESOURCES))
def test_the_order_and_the_names_of_files_do_not_count(tmp_path: Path, resources: list[Json]) -> None:
    assert archived(tmp_path, resources) == archived(tmp_path, RESOURCES)


def archived(folder: Path, resources: Sequence[Json]) -> Files:
    """Return what becomes of *resources* in an archive."""
    files: dict[str, bytes | Json] = {f"package/{number}.json": each for number, each in enumerate(resources)}
    read = read_package(archive(folder / "a.tgz", files | {"package/package.json": manifest()}))
    return Compilation([read], []).files(read.label)


def test_compiling_again_into_the_same_folder_changes_nothing(tmp_path: Path) -> None:
    one = package(*RESOURCES)
    first = Compilation([one], [tmp_path]).files(one.label)
    write_files(first, tmp_path / folder_name(one.label))

    assert Compilation([one], [tmp_path]).files(one.label) == first == files_of(tmp_path / "example.guide-1.0.0")


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    write_files({"a.json": b"1", "below/b.json": b"2"}, tmp_path / "facts")
    write_files({"a.json": b"3"}, tmp_path / "facts")

    assert files_of(tmp_path) == {"facts/a.json": b"3"}


def test_a_value_set_draws_on_what_its_package_depends_on_and_on_nothing_else(tmp_path: Path) -> None:
    colours = package(code_system(), value_set({"system": SYSTEM}), name="colours")
    uses = [value_set({"valueSet": ["http://example.org/ValueSet/colours"]}, {"system": SYSTEM}, identity="mine")]
    dependent, stranger = package(*uses, name="dependent", colours="1.0.0"), package(*uses, name="stranger")
    write_files(Compilation([colours], []).files(colours.label), tmp_path / "colours-1.0.0")

    for found in (compiled(colours, dependent), compiled(dependent, folders=[tmp_path])):
        assert (found["mine"]["complete"], len(found["mine"]["systems"][SYSTEM])) == (True, 7)
    for found in (compiled(colours, stranger), compiled(stranger, folders=[tmp_path])):
        assert (found["mine"]["complete"], found["mine"]["systems"]) == (False, {})


def test_an_operator_may_use_the_codes_that_his_own_package_brings() -> None:
    owned = package(value_set({"system": X12, "concept": [{"code": "1"}]}))
    found = Compilation([owned], [], nothing_withheld).files(owned.label)["value-sets.json"]

    assert json.loads(found)["colours"]["systems"] == {X12: ["1"]}


@pytest.mark.parametrize(
    "resource",
    [
        structure(snapshot={"element": [{"id": "Claim"}]}),
        structure(snapshot="none"),
        {key: value for key, value in structure().items() if key != "kind"} | {"snapshot": {"element": [1]}},
        code_system([{"display": "no code"}]),
        {key: value for key, value in code_system().items() if key != "content"},
        value_set({"system": 1}),
        value_set({"concept": [{"code": "a"}], "system": SYSTEM, "valueSet": 1}),
    ],
)
def test_a_definition_of_the_wrong_shape_is_refused_by_name(resource: Json) -> None:
    broken = package(resource)
    with pytest.raises(PackageInvalid, match=rf"example.guide#1.0.0: {resource['resourceType']} {resource['id']} has"):
        Compilation([broken], []).files(broken.label)
