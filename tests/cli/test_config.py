"""Every setting, its value and where it came from; and the page about them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fhir_server.cli.config import settings_page
from fhir_server.cli.settings import masked
from fhir_server.settings import SETTINGS_FILE, TABLE
from tests.cli.conftest import Command
from tests.conftest import ROOT


def test_the_page_about_settings_is_current(command: Command) -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")

    assert page == settings_page(), "run: wiser-pas config --markdown > docs/settings.md"
    assert command("config", "--markdown").out == page
    for setting in TABLE:
        assert f"| `{setting.name}` |" in page


def test_each_value_is_told_with_its_source_and_the_environment_wins(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('port = 9000\nworkers = 3\nstates = ["TX", "OH"]\nsandbox = true\n')

    ended = command("config", "--json", **{SETTINGS_FILE: str(file), "WORKERS": "4", "WISER_PAS_THREADS": "5"})

    rows = {row["name"]: row for row in json.loads(ended.out)["settings"]}
    assert list(rows) == [setting.name for setting in TABLE]
    assert (rows["PORT"]["value"], rows["PORT"]["source"]) == ("9000", f"file {file}")
    assert (rows["STATES"]["value"], rows["SANDBOX"]["value"]) == ("TX,OH", "1")
    assert (rows["WORKERS"]["value"], rows["WORKERS"]["source"]) == ("4", "environment WORKERS")
    assert rows["THREADS"]["source"] == "environment WISER_PAS_THREADS"
    assert (rows["HOST"]["value"], rows["HOST"]["source"]) == ("127.0.0.1", "default")


def test_the_table_has_a_line_for_each_setting_with_its_sentence(command: Command) -> None:
    ended = command("config")

    assert ended.code == 0
    for setting in TABLE:
        (line,) = [line for line in ended.out.splitlines() if line.split()[0] == setting.name]
        assert line.endswith(setting.sentence)


def test_settings_in_order_are_said_to_be(command: Command) -> None:
    ended = command("config", "--check")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith("The settings are in order.\n")


def test_every_problem_is_told_at_once(command: Command) -> None:
    ended = command("config", "--check", PORT="70000", STATES="NY", WISER_PAS_HOSTS="x")

    assert ended.code == 2
    assert [line.split(":")[0] for line in ended.err.splitlines()] == ["WISER_PAS_HOSTS", "PORT", "STATES"]
    assert "NY" in ended.out  # the value stands in the table all the same


def test_files_that_settings_name_are_checked_too(command: Command, tmp_path: Path) -> None:
    clients = tmp_path / "clients.yaml"
    clients.write_text("clients: []\n")

    ended = command(
        "config",
        "--check",
        "--json",
        CLIENTS_FILE=str(clients),
        POLICY_PACKS=str(tmp_path / "no-pack"),
        DATABASE_URL="mysql://u:geheim@h/db",
    )

    assert ended.code == 2
    found = json.loads(ended.out)["problems"]
    assert found[0].startswith("CLIENTS_FILE: ")
    assert any(problem.startswith("POLICY_PACKS: ") for problem in found)
    assert any(problem.startswith("DATABASE_URL ") for problem in found)
    assert "geheim" not in ended.out + ended.err


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://user:geheim@host:5432/db", "postgresql://user:***@host:5432/db"),
        ("postgresql://user:ge@he/im@host/db", "postgresql://user:***@host/db"),
        ("redis://:geheim@host:6379/0", "redis://:***@host:6379/0"),
        ("postgresql://host/db?user=u&password=geheim&sslmode=require", "postgresql://host/db?user=u&password=***&sslmode=require"),
        ("postgresql://user@host:5432/db", "postgresql://user@host:5432/db"),
        ("sqlite:///var/wiser-pas.db", "sqlite:///var/wiser-pas.db"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)  # fmt: skip
def test_passwords_are_masked(address: str, shown: str) -> None:
    assert masked(address) == shown


def test_no_password_reaches_the_screen(command: Command) -> None:
    for words in (["config"], ["config", "--check"], ["config", "--json"]):
        ended = command(*words, DATABASE_URL="postgresql://u:geheim@h/db", REDIS_URL="redis://:geheim@h/0")

        assert ended.code == 0
        assert "geheim" not in ended.out + ended.err
