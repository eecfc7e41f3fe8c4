"""Whole exchanges, kept: `python -m tests.pas.answers` writes them anew when a change is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from fhir_server.pas.versions import VERSIONS
from tests.pas.answers import golden_cases, pretty, rendered, request_of


@pytest.mark.parametrize("folder", golden_cases(), ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_the_answer_is_the_one_that_was_kept(folder: Path) -> None:
    version = next(each for each in VERSIONS if folder.parent.name == f"pas-{each.label}")
    request = request_of((folder / "request.json").read_bytes(), version)
    assert pretty(rendered(request, folder.name, version)) == (folder / "response.json").read_text()
