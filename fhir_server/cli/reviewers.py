"""`wiser-pas reviewers`: who reviews, where they are licensed, what they know."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from fhir_server.cli.output import json_option, print_json, print_table
from fhir_server.cli.settings import existing_store, settings_of


@click.group()
def reviewers() -> None:
    """The people who decide what software may not."""


@reviewers.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Read and check the file; store nothing.")
@click.option("--replace", is_flag=True, help="Reviewers that the file does not list become inactive.")
@json_option
def load(file: Path, dry_run: bool, replace: bool, as_json: bool) -> None:
    """Store the reviewers of FILE.

    It is YAML or JSON with the list `reviewers` (docs/worklist.md). Each takes the place of what was known of him; the
    id is also the id of the client that he works as.
    """
    from fhir_server.authorization.caller import operator
    from fhir_server.workflow.reviewers import load_reviewers, read_reviewers

    found = read_reviewers(_text(file))
    if not dry_run:
        with existing_store(settings_of()) as database:
            load_reviewers(database, operator(), found, datetime.now(UTC), replace=replace)
    if as_json:
        print_json({"reviewers": len(found), "stored": not dry_run})
        return
    words = f"{len(found)} reviewers"
    click.echo(f"The file is in order, nothing was stored: {words}." if dry_run else f"Stored: {words}.")


@reviewers.command("list")
@json_option
def list_reviewers(as_json: bool) -> None:
    """List the reviewers, those that are not active too."""
    from fhir_server.authorization.caller import operator
    from fhir_server.workflow.reviewers import known_reviewers

    with existing_store(settings_of()) as database:
        found = known_reviewers(database, operator())
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each.id,
            each.kind if each.active else f"{each.kind}, inactive",
            each.name,
            ", ".join(dict.fromkeys(licence.state for licence in each.licences)),
            ", ".join(each.specialties),
        )
        for each in found
    ]
    print_table(("REVIEWER", "KIND", "NAME", "LICENCES", "SPECIALTIES"), rows)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file} cannot be read as UTF-8 text: {error}") from error
