"""The store, made and checked from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Command


def test_a_store_is_made_and_fits(command: Command, store_url: str) -> None:
    before = command("db", "check", DATABASE_URL=store_url)
    made = command("db", "upgrade", DATABASE_URL=store_url)
    again = command("db", "upgrade", DATABASE_URL=store_url)
    after = command("db", "check", "--json", DATABASE_URL=store_url)

    assert before.code == 2
    assert "`wiser-pas db upgrade`" in before.err
    assert (made.code, again.code, after.code) == (0, 0, 0)
    assert made.out.startswith("The store is ready: ")
    assert json.loads(after.out)["mode"] == "production"


def test_a_store_of_the_other_mode_does_not_fit(command: Command, sqlite_url: str) -> None:
    command("db", "upgrade", DATABASE_URL=sqlite_url, SANDBOX="1")

    ended = command("db", "check", DATABASE_URL=sqlite_url)

    assert ended.code == 2
    assert "made for sandbox" in ended.err


def test_checking_makes_no_store(command: Command, tmp_path: Path) -> None:
    command("db", "check", DATABASE_URL=f"sqlite:///{tmp_path / 'var' / 'store.db'}")

    assert not (tmp_path / "var").exists()


def test_a_database_that_is_not_reached_is_told_in_words(command: Command) -> None:
    ended = command("db", "check", DATABASE_URL="postgresql://u:geheim@127.0.0.1:1/db")

    assert ended.code == 1
    assert "The store is unavailable." in ended.err
    assert "geheim" not in ended.err
    assert "Traceback" not in ended.err
