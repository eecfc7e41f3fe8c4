"""Whole letters, kept as people get them."""

from __future__ import annotations

import pytest

from tests.letters.kept import GOLDEN, files, letters


@pytest.mark.parametrize("name", sorted(letters()))
@pytest.mark.parametrize("form", ["txt", "html"])
def test_the_letter_is_the_one_that_was_kept(name: str, form: str) -> None:
    path = GOLDEN / f"{name}.{form}"

    assert files()[path] == path.read_text(encoding="utf-8")


def test_nothing_is_kept_that_is_not_made() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {path.name for path in files()}
