"""`wiser-pas policy replay`: make a stored decision again, and say whether the same comes out."""

from __future__ import annotations

import sys

import click

from fhir_server.cli.settings import existing_store, settings_of


@click.command()
@click.argument("cases", metavar="CASE...", nargs=-1, required=True)
def replay(cases: tuple[str, ...]) -> None:
    """Make what software decided about CASE again, from the facts that were stored with the decision.

    With the edition of the policy that decided, the same bytes have to come out; with another it tells what would be
    decided now. Ends with 1 if the same edition decides otherwise.
    """
    from fhir_server.app import packs
    from fhir_server.authorization.caller import operator
    from fhir_server.workflow.replay import replay as make_again

    settings = settings_of()
    loaded, differs = packs(settings), False
    with existing_store(settings) as database:
        for case in cases:
            for each in make_again(database, operator(), case, loaded):
                then, now = each.decided, each.again
                edition = f"{then.policy.pack} {then.policy.version}"
                if each.same_bytes:
                    said = f"{then.state.value} by {edition}: the same bytes"
                elif each.same_edition:
                    said, differs = f"{then.state.value} by {edition}, and now {now.state.value}: NOT THE SAME", True
                else:
                    said = f"{then.state.value} by {edition}; {now.policy.version} would say {now.state.value}"
                click.echo(f"{case} event {each.event}: {said}")
    if differs:
        sys.exit(1)
