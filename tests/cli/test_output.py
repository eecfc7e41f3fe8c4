"""How commands print."""

from __future__ import annotations

import pytest

from fhir_server.cli.output import table_lines, with_progress

ROWS = [("a", "one two three four five six seven eight"), ("longer", "")]


def test_columns_are_aligned_and_lines_are_as_long_as_they_are_on_a_pipe() -> None:
    assert list(table_lines(("name", "what"), ROWS)) == [
        "name    what",
        "a       one two three four five six seven eight",
        "longer",
    ]


def test_the_last_column_is_folded_to_the_width_of_a_terminal() -> None:
    lines = list(table_lines(("name", "what"), ROWS, width=34))

    assert lines[1:3] == ["a       one two three four five", "        six seven eight"]
    assert max(map(len, lines)) <= 34


def test_there_is_no_bar_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(with_progress([1, 2, 3], "working")) == [1, 2, 3]
    assert capsys.readouterr() == ("", "")
