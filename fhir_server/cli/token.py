"""`wiser-pas token`: make a bearer token for a client."""

from __future__ import annotations

import secrets

import click

from fhir_server.cli.output import json_option, print_json

TOKEN_BYTES = 32


@click.command()
@json_option
def token(as_json: bool) -> None:
    """Make a bearer token for a client.

    The token is random and shown this once; below it stands what CLIENTS_FILE has to hold to let it in.
    """
    from fhir_server.security.clients import token_digest

    made = secrets.token_urlsafe(TOKEN_BYTES)
    if as_json:
        print_json({"token": made, "token_sha256": token_digest(made)})
        return
    click.echo("Give this to the client; it is kept nowhere:", err=True)
    click.echo(made)
    click.echo("Put this into the client's row of CLIENTS_FILE:", err=True)
    click.echo(f"token_sha256: {token_digest(made)}")
