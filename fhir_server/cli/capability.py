"""`wiser-pas capability`: what the server publishes about itself, made from its routes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fhir_server.cli.output import print_json
from fhir_server.cli.settings import settings_of

if TYPE_CHECKING:
    from flask import Flask

    from fhir_server.settings import Settings


@click.command()
@click.option(
    "--stu", type=click.Choice(["2.2", "2.0"]), default="2.2", show_default=True, help="Release of PAS to print."
)
@click.option(
    "--write",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write all documents of a server with default settings into this folder (capability/ of a checkout).",
)
def capability(stu: str, folder: Path | None) -> None:
    """Print what the server publishes about itself.

    That is the CapabilityStatement of one release, for the present settings; or, with --write, all documents as files.
    """
    from fhir_server.settings import load_settings

    if folder is None:
        print_json(published(settings_of())[statement_name(stu)])
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in published(load_settings({})).items():
        path = folder / name
        path.write_bytes(pretty(document))
        click.echo(f"wrote {path}", err=True)


def statement_name(label: str) -> str:
    """Return the name of the file that holds the CapabilityStatement of a release."""
    return f"CapabilityStatement-stu{label}.json"


def published(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return each document that a server with *settings* publishes, by the name of its file."""
    from fhir_server.app import create_app
    from fhir_server.pas.versions import VERSIONS

    app = create_app(settings)
    statements = {statement_name(version.label): f"/{version.base}/fhir/metadata" for version in VERSIONS}
    places = {**statements, "davinci-configuration.json": "/.well-known/davinci-configuration"}
    return {name: _answered(app, place) for name, place in places.items()}


def _answered(app: Flask, place: str) -> dict[str, Any]:
    """Return what the route at *place* answers, without the log line that a request makes."""
    with app.test_request_context(place):
        document: dict[str, Any] = app.make_response(app.dispatch_request()).get_json(force=True)
        return document


def pretty(document: dict[str, Any]) -> bytes:
    """Return *document* as indented JSON with a line end."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
