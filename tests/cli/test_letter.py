"""`wiser-pas letter`, on a real store."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fhir_server.authorization.caller import operator
from fhir_server.store.database import Database
from fhir_server.store.letters import Letter
from tests.cli.conftest import Command

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
NUMBER = "1234567893-2026Q3-L1"


@pytest.fixture
def store(tmp_path: Path) -> str:
    """The address of a store that holds a letter about an exemption, not yet as PDF."""
    url = f"sqlite:///{tmp_path / 'letters.db'}"
    with closing(Database(url, sandbox=False)) as database:
        database.upgrade()
        with database.write(operator()) as unit:
            unit.letters.keep(
                Letter(
                    NUMBER, "exemption-granted", "2026-06-01T12:00:00.000Z", "You are exempt.", "<p>Exempt.</p>", "{}"
                )
            )
    return url


def test_a_letter_is_read_as_text_and_as_html(command: Command, store: str, tmp_path: Path) -> None:
    read = command("letter", NUMBER, DATABASE_URL=store)
    assert (read.code, read.out) == (0, "You are exempt.\n")
    page = tmp_path / "letter.html"
    assert command("letter", NUMBER, "--form", "html", "--output", page, DATABASE_URL=store).code == 0
    assert page.read_text() == "<p>Exempt.</p>"


def test_a_pdf_needs_a_file_and_may_not_be_there_yet(command: Command, store: str, tmp_path: Path) -> None:
    assert command("letter", NUMBER, "--form", "pdf", DATABASE_URL=store).code == 2
    file = tmp_path / "letter.pdf"
    early = command("letter", NUMBER, "--form", "pdf", "--output", file, DATABASE_URL=store)
    assert (early.code, "has no PDF yet" in early.err, file.exists()) == (1, True, False)
    with closing(Database(store, sandbox=False)) as database, database.write(operator()) as unit:
        unit.letters.keep_pdf(NUMBER, b"%PDF-1.7", AT)
    assert command("letter", NUMBER, "--form", "pdf", "--output", file, DATABASE_URL=store).code == 0
    assert file.read_bytes() == b"%PDF-1.7"


def test_a_letter_that_is_not_there(command: Command, store: str) -> None:
    assert command("letter", "W20260601-00000000-L1", DATABASE_URL=store).code == 1
