"""`wiser-pas show`: what happened to a case."""

from __future__ import annotations

import click

from fhir_server.cli.output import json_option, print_json
from fhir_server.cli.settings import existing_store, masked, settings_of


@click.command()
@click.argument("case")
@json_option
def show(case: str, as_json: bool) -> None:
    """Show what happened to CASE, from the store.

    Who, when, what, on which findings, and what was answered. The store is the one that DATABASE_URL names.

    Records and messages are named, never shown. With --json the requests stand there in full, without their records.
    """
    from fhir_server.authorization.caller import operator
    from fhir_server.cli.case_text import case_lines
    from fhir_server.errors import NotFound
    from fhir_server.workflow.show import show as read_log

    settings = settings_of()
    try:
        with existing_store(settings) as database:
            log = read_log(database, operator(), case)
    except NotFound:
        raise click.ClickException(f"There is no case {case} in {masked(settings.database_url)}.") from None
    if as_json:
        print_json(log)
        return
    for line in case_lines(log):
        click.echo(line)
