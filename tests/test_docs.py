"""What the documentation names is there: files, commands of `make`, commands of `wiser-pas`, pages that it links."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from fhir_server.cli import cli
from fhir_server.cli.commands import register
from tests.conftest import ROOT

PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"), ROOT / "examples/README.md"]
)
FILE = re.compile(r"`((?:fhir_server|tests|scripts|docs|examples)/[\w./*-]+)`")
LINK = re.compile(r"\]\(([^)#:]+)\)")
MAKE = re.compile(r"`make ([a-z-]+)")
COMMAND = re.compile(r"wiser-pas ([a-z]+)(?: ([a-z]+(?:-[a-z]+)*)\b)?")


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_the_files_that_a_page_names_are_there(page: Path) -> None:
    named = FILE.findall(page.read_text(encoding="utf-8"))
    assert [name for name in named if not list(ROOT.glob(name.rstrip("/")))] == []


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_the_pages_that_a_page_links_are_there(page: Path) -> None:
    linked = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in linked if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_the_targets_of_make_that_a_page_names_are_there(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = MAKE.findall(page.read_text(encoding="utf-8"))
    assert [name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_the_commands_that_a_page_names_are_there(page: Path) -> None:
    register(cli)
    for name, below in COMMAND.findall(page.read_text(encoding="utf-8")):
        command = cli.commands.get(name)
        assert command is not None, name
        if isinstance(command, click.Group) and below:
            assert below in command.commands or below in {"prints", "shows"}, (name, below)


def test_every_decision_is_listed() -> None:
    listed = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")
    pages = {page.name for page in (ROOT / "docs/decisions").glob("*.md")} - {"README.md"}
    assert {page for page in pages if f"({page})" not in listed} == set()
