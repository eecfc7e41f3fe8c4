"""What the codes of a code system are called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fhir_server.fhir.definitions import CodeSystemNames, Definitions
from fhir_server.fhir.definitions.facts import folder_name
from fhir_server.fhir.packages import Compilation, write_files
from fhir_server.installed import data_folder
from tests.fhir.package_compiler.small import SYSTEM, code_system, package

FACTS: dict[str, Any] = {
    "url": "http://example.org/c",
    "version": "1.0.0",
    "content": "complete",
    "caseSensitive": True,
    "properties": [],
    "concepts": [
        {"code": "a", "display": "First", "designations": ["Erste", "PREMIER"]},
        {"code": "b", "parents": ["a"]},
        {"code": "a", "display": "Again"},
    ],
}
PAS = "http://hl7.org/fhir/us/davinci-pas/CodeSystem/PASTempCodes"


def read(**more: Any) -> CodeSystemNames:
    return CodeSystemNames.read(json.dumps(FACTS | more).encode())


def test_names_are_displays_and_designations_whatever_their_case() -> None:
    names = read()

    assert (names.url, names.version, names.complete) == ("http://example.org/c", "1.0.0", True)
    assert names.names("a") == frozenset(("first", "erste", "premier"))
    assert names.display("a") == "First"
    assert (names.names("b"), names.display("b")) == (frozenset(), None)
    assert (names.names("c"), names.display("c")) == (None, None)
    assert not read(content="fragment").complete


def test_case_counts_where_the_code_system_says_so() -> None:
    assert read().names("A") is None
    assert read(caseSensitive=False).names("A") == read().names("a")


@pytest.fixture(scope="module")
def both() -> Definitions:
    return Definitions.load(data_folder("profiles"), [f"hl7.fhir.us.davinci-pas#{each}" for each in ("2.0.1", "2.2.1")])


def test_the_code_system_is_the_one_that_the_package_knows(both: Definitions) -> None:
    for version in ("2.0.1", "2.2.1"):
        found = both.code_system(PAS, f"hl7.fhir.us.davinci-pas#{version}")
        assert found is not None
        assert (found.version, found.complete) == (version, True)
        assert found.display("attachment-request-code") == "Attach Request Code"
    assert both.code_system(f"{PAS}|9") is None
    assert both.code_system("http://example.org/nowhere") is None


def test_every_code_system_of_the_indexes_can_be_read(both: Definitions) -> None:
    for home in both.packages:
        for identity, facts in home.code_systems().items():
            names = home.code_system_names(identity)
            assert (names.url, names.content) == (facts["url"], facts["content"])
            assert all(names.names(each["code"]) is not None for each in facts["concepts"])
        assert {each.id for each in home.index.code_systems} == set(home.code_systems())


def test_a_row_is_read_once_and_again_when_the_file_was_replaced(tmp_path: Path) -> None:
    for name in ("Red", "Rouge"):
        made = package(code_system([{"code": "red", "display": name}]))
        write_files(Compilation([made], []).files(made.label), tmp_path / folder_name(made.label))
        definitions = Definitions.load(tmp_path, [made.label])
        found = definitions.code_system(SYSTEM)
        assert found is not None
        assert found.display("red") == name
        assert definitions.code_system(SYSTEM) is found
