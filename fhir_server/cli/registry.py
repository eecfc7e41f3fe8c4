"""`wiser-pas registry`: what the server knows beyond requests (S-15)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from fhir_server.cli.output import json_option, print_json
from fhir_server.cli.settings import existing_store, settings_of


@click.group()
def registry() -> None:
    """Eligibility, enrolment and exemptions, from files.

    What no file lists is unknown, and dismisses nobody.
    """


@registry.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Read and check the file; store nothing.")
@click.option("--replace", is_flag=True, help="Forget everything that the file does not list.")
@json_option
def load(file: Path, dry_run: bool, replace: bool, as_json: bool) -> None:
    """Store the records of FILE.

    It holds beneficiaries, providers and exemptions, as YAML or JSON (examples/registry.yaml). They take the place of
    what was known of the same members and providers.
    """
    from fhir_server.authorization.caller import operator
    from fhir_server.policy.registry import read_registry
    from fhir_server.workflow.registry import RegistryLoaded, load_registry

    content = read_registry(_text(file))
    loaded = RegistryLoaded(len(content.beneficiaries), len(content.providers), len(content.exemptions))
    if not dry_run:
        with existing_store(settings_of()) as database:
            loaded = load_registry(database, operator(), content, datetime.now(UTC), replace=replace)
    if as_json:
        print_json({**asdict(loaded), "stored": not dry_run})
        return
    words = f"{loaded.beneficiaries} beneficiaries, {loaded.providers} providers, {loaded.exemptions} exemptions"
    click.echo(f"The file is in order, nothing was stored: {words}." if dry_run else f"Stored: {words}.")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file} cannot be read as UTF-8 text: {error}") from error
