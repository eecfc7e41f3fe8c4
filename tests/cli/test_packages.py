"""Guides that the validator knows, and how it learns others."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fhir_server.fhir.definitions import Definitions
from fhir_server.installed import data_folder
from tests.cli.conftest import Command
from tests.fhir.package_compiler.small import SYSTEM, archive, code_system, manifest, structure, value_set

CORE = "hl7.fhir.r4.core"
URL = "http://example.org/StructureDefinition/claim"


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    """A guide in an archive: a profile and a value set on R4."""
    return archive(
        tmp_path / "guide.tgz",
        {
            "package/package.json": manifest(dependencies={CORE: "4.0.1"}),
            "package/claim.json": structure(),
            "package/colours.json": code_system(),
            "package/set.json": value_set({"system": SYSTEM}, {"system": "http://hl7.org/fhir/fm-status"}),
        },
    )


def test_an_installed_guide_is_listed_and_loaded(command: Command, guide: Path, tmp_path: Path) -> None:
    ended = command("packages", "install", guide)
    rows = {row["package"]: row for row in json.loads(command("packages", "list", "--json").out)}

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "example.guide#1.0.0: 1 structures, 1 value sets, 1 with all codes\n"
    assert rows["example.guide#1.0.0"] == {
        "package": "example.guide#1.0.0",
        "where": "installed",
        "structures": 1,
        "value_sets": 1,
        "complete": 1,
    }
    assert rows[f"{CORE}#4.0.1"]["where"] == "built in"
    definitions = Definitions.load(data_folder("profiles"), ["example.guide#1.0.0"], [tmp_path / "var/packages"])
    found = definitions.value_set("http://example.org/ValueSet/colours")
    assert definitions.structure(URL) is not None
    assert found is not None
    assert found.contains("http://hl7.org/fhir/fm-status", "active")


def test_a_guide_is_installed_where_the_setting_says_and_replaced(
    command: Command, guide: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "elsewhere"
    for _ in range(2):
        assert command("packages", "install", guide, PACKAGES_FOLDER=str(folder)).code == 0

    assert [path.name for path in folder.iterdir()] == ["example.guide-1.0.0"]
    assert "example.guide#1.0.0" in command("packages", "list", PACKAGES_FOLDER=str(folder)).out
    assert "example.guide#1.0.0" not in command("packages", "list").out


def test_what_a_guide_lacks_is_told(command: Command, tmp_path: Path) -> None:
    needs = {CORE: "4.0.1", "us.nlm.vsac": "0.19.0", "hl7.terminology.r4": "7.1.0"}
    path = archive(tmp_path / "a.tgz", {"package/package.json": manifest(dependencies=needs)})
    ended = command("packages", "install", path)

    assert ended.code == 0
    assert "depends on us.nlm.vsac#0.19.0, which" in ended.err


def test_a_guide_that_is_built_in_is_not_installed(command: Command, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tgz", {"package/package.json": manifest(CORE, "4.0.1")})
    ended = command("packages", "install", path)

    assert (ended.code, ended.out) == (1, "")
    assert "is built in" in ended.err
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("words", [("install",), ("compile", "--into", "facts")])
def test_what_is_no_package_is_refused_in_words(command: Command, tmp_path: Path, words: tuple[str, ...]) -> None:
    path = tmp_path / "a.tgz"
    path.write_bytes(b"nothing")
    ended = command("packages", *words, path)

    assert (ended.code, ended.out) == (1, "")
    assert "cannot be read as a package archive" in ended.err
    assert "Traceback" not in ended.err
    assert not (tmp_path / "facts").exists()


def test_packages_are_compiled_into_a_folder(command: Command, guide: Path, tmp_path: Path) -> None:
    ended = command("packages", "compile", guide, "--into", tmp_path / "facts")
    profile = json.loads((tmp_path / "facts/example.guide-1.0.0/structures/claim.json").read_bytes())

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "example.guide#1.0.0: 1 structures, 1 value sets, 1 with all codes\n"
    assert profile["url"] == URL


def test_the_table_of_packages_is_for_people(command: Command) -> None:
    lines = command("packages", "list").out.splitlines()

    assert re.split(r" {2,}", lines[0].strip()) == ["package", "where", "structures", "value sets", "with all codes"]
    assert any(re.match(r"hl7\.fhir\.us\.davinci-pas#2\.2\.1 +built in +80 ", line) for line in lines)
