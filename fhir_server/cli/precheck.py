"""`wiser-pas precheck`: what would happen to a request now, and what is missing."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from fhir_server.cli.output import json_option, print_json_line, with_progress
from fhir_server.cli.settings import existing_store, missing_file, settings_of
from fhir_server.cli.submit import found_files

if TYPE_CHECKING:
    from fhir_server.authorization.determination import Determination
    from fhir_server.settings import Settings
    from fhir_server.store.database import Database


@click.command()
@click.argument("places", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--stu", type=click.Choice(["2.2", "2.0"]), default="2.2", show_default=True, help="Release of PAS.")
@json_option
def precheck(places: Sequence[Path], stu: Literal["2.2", "2.0"], as_json: bool) -> None:
    """Say what would happen to requests now, and keep nothing.

    Each FILE holds a request Bundle; of a folder, each .json file below it does. Earlier cases and the registry are
    those of the store that DATABASE_URL names, where there is one. Tells for each file the outcome, each line, every
    element of the checklist that is open, every code rule that is hit and what is missing; with --json one line of JSON
    a file. Ends with 1 if any file is no readable request.
    """
    from fhir_server.app import limits, review, validators
    from fhir_server.authorization.caller import Caller
    from fhir_server.cli import refusal_lines
    from fhir_server.errors import Refusal
    from fhir_server.pas.read import read_submission
    from fhir_server.pas.versions import VERSIONS
    from fhir_server.security.clients import DEVELOPMENT
    from fhir_server.workflow.precheck import precheck as decide

    settings, failed = settings_of(), False
    version = next(each for each in VERSIONS if each.label == stu)
    validator, bounds = validators(settings)[stu], limits(settings)
    with _store(settings) as database:
        how = review(replace(settings, sandbox=database.mode == "sandbox"))
        for file in with_progress(list(found_files(places)), "prechecking"):
            try:
                intake = read_submission(file.read_bytes(), version, bounds, validator)
                determination = decide(intake.request, Caller(DEVELOPMENT), database, how, datetime.now(UTC))
            except Refusal as refusal:
                failed = True
                _tell_refusal(file, list(refusal_lines(refusal)), as_json=as_json)
                continue
            _tell(file, determination, as_json=as_json)
    if failed:
        sys.exit(1)


@contextmanager
def _store(settings: Settings) -> Iterator[Database]:
    """Give the store of *settings*, else an empty one that goes away."""
    from fhir_server.store.database import Database

    with closing(Database(settings.database_url, sandbox=settings.sandbox)) as own:
        there = missing_file(own) is None
    if there:
        with existing_store(settings) as database:
            yield database
        return
    with (
        tempfile.TemporaryDirectory(prefix="wiser-pas-precheck-") as folder,
        closing(Database(f"sqlite:///{Path(folder) / 'store.db'}", sandbox=settings.sandbox)) as database,
    ):
        database.upgrade()
        yield database


def _tell_refusal(file: Path, lines: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json_line({"file": str(file), "outcome": "refused", "problems": lines})
        return
    click.echo(f"{file}  would be refused:")
    for line in lines:
        click.echo(f"  {line}")


def _tell(file: Path, determination: Determination, *, as_json: bool) -> None:
    if as_json:
        print_json_line({"file": str(file), **determination_data(determination)})
        return
    click.echo(f"{file}  would be {determination.state.value}")
    for line in determination_lines(determination):
        click.echo(f"  {line}")


def determination_data(determination: Determination) -> dict[str, object]:
    """Return what matters of a determination as JSON."""
    import msgspec

    told = msgspec.to_builtins(determination)
    names = ("lines", "dismissal", "criteria", "code_rules", "missing", "explanations", "routing", "clock", "valid")
    return {"outcome": determination.state.value, **{name: told[name] for name in names}}


def determination_lines(determination: Determination) -> Iterator[str]:
    """Yield a determination in words: lines, open elements, code rules, then what is said about the whole."""
    for line in determination.lines:
        yield f"line {line.sequence}: {line.outcome}. {line.reason or ''}"
    for each in determination.criteria:
        if each.gap:
            yield f"{each.element} {each.gap}: {each.label} ({each.found}; {each.source})"
    for hit in determination.code_rules:
        place = f"line {hit.line}, " if hit.line else ""
        yield f"{place}rule {hit.rule} ({hit.severity}): {hit.words}"
    yield from determination.explanations
