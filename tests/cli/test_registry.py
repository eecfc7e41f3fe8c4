"""The registry, loaded from the command line."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fhir_server.authorization.caller import operator
from fhir_server.installed import data_folder
from fhir_server.store.database import Database
from fhir_server.workflow.registry import StoredRegistry
from tests.cli.conftest import Command

FILE = data_folder("examples") / "registry.yaml"
DECEASED, INELIGIBLE, EXEMPT = "1EG4TE5MK47", "2130053012", "2130054010"


def known(url: str) -> tuple[Any, Any, Any]:
    """Return what the store at *url* knows of three people of the example file."""
    with closing(Database(url, sandbox=False)) as database, database.read(operator()) as unit:
        registry = StoredRegistry(unit)
        return registry.beneficiary(DECEASED), registry.provider(INELIGIBLE), registry.exemptions(EXEMPT)


@pytest.fixture
def store(command: Command, store_url: str) -> str:
    """The address of a store that exists and knows nothing."""
    command("db", "upgrade", DATABASE_URL=store_url)
    return store_url


@pytest.mark.parametrize("times", [1, 2])
def test_what_a_file_says_is_known_afterwards_however_often_it_is_loaded(
    command: Command, store: str, times: int
) -> None:
    for _ in range(times):
        ended = command("registry", "load", FILE, DATABASE_URL=store)

    assert (ended.code, ended.out) == (0, "Stored: 3 beneficiaries, 4 providers, 1 exemptions.\n")
    beneficiary, provider, exemptions = known(store)
    assert beneficiary.status == "deceased"
    assert provider.eligible is False
    assert [(each.states, each.categories) for each in exemptions] == [(("AZ",), None)]


def test_a_dry_run_stores_nothing(command: Command, store: str) -> None:
    ended = command("registry", "load", FILE, "--dry-run", "--json", DATABASE_URL=store)

    assert json.loads(ended.out) == {"beneficiaries": 3, "providers": 4, "exemptions": 1, "stored": False}
    assert known(store) == (None, None, ())


def test_replacing_forgets_what_the_file_does_not_list(command: Command, store: str, tmp_path: Path) -> None:
    smaller = tmp_path / "registry.yaml"
    smaller.write_text(f"beneficiaries:\n  - member_id: {DECEASED}\n    status: eligible\n")
    command("registry", "load", FILE, DATABASE_URL=store)

    command("registry", "load", smaller, DATABASE_URL=store)
    beside = known(store)
    command("registry", "load", smaller, "--replace", DATABASE_URL=store)
    instead = known(store)

    assert (beside[0].status, beside[1] is None, len(beside[2])) == ("eligible", False, 1)
    assert (instead[0].status, instead[1], instead[2]) == ("eligible", None, ())


def test_wrong_rows_are_told_and_nothing_is_stored(command: Command, store: str, tmp_path: Path) -> None:
    wrong = tmp_path / "registry.yaml"
    wrong.write_text(
        f"beneficiaries:\n  - member_id: {DECEASED}\n    status: asleep\nproviders:\n  - npi: '2130053012'\n"
        "    eligible: maybe\n"
    )

    ended = command("registry", "load", wrong, DATABASE_URL=store)

    assert ended.code == 1
    assert "beneficiaries, row 1" in ended.err
    assert "providers, row 1" in ended.err
    assert DECEASED not in ended.err
    assert known(store) == (None, None, ())


def test_a_store_of_a_sandbox_is_loaded_without_saying_so(command: Command, sqlite_url: str) -> None:
    command("db", "upgrade", DATABASE_URL=sqlite_url, SANDBOX="1")

    assert command("registry", "load", FILE, DATABASE_URL=sqlite_url).code == 0


def test_a_file_that_is_no_text_is_wrong_use(command: Command, tmp_path: Path) -> None:
    (tmp_path / "registry.yaml").write_bytes(b"\xff\xfe")

    assert command("registry", "load", tmp_path / "registry.yaml").code == 2
