"""`wiser-pas serve`: run the server."""

from __future__ import annotations

import os
import tempfile

import click

from fhir_server import __version__
from fhir_server.cli.settings import masked, settings_of
from fhir_server.pas.versions import VERSIONS
from fhir_server.settings import Settings


@click.command()
@click.option("--host", help="Address to listen on (HOST).")
@click.option("--port", type=int, help="Port to listen on (PORT).")
@click.option("--workers", type=int, help="Server processes (WORKERS).")
@click.option("--sandbox", is_flag=True, default=None, help="Add the sandbox pack's scripted outcomes (SANDBOX).")
def serve(host: str | None, port: int | None, workers: int | None, sandbox: bool | None) -> None:
    """Serve PAS over HTTP until stopped. The store is made or upgraded first."""
    settings = settings_of(host=host, port=port, workers=workers, sandbox=1 if sandbox else None)
    with tempfile.TemporaryDirectory(prefix="wiser-pas-figures-") as figures:
        # The figures of all processes meet in this folder, which must be known before the application is imported.
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", figures)
        from fhir_server.app import create_app, prepare
        from fhir_server.cli.server import Server

        prepare(settings)
        click.echo("\n".join(greeting(settings)), err=True)
        Server(settings, lambda: create_app(settings)).run()


def greeting(settings: Settings) -> list[str]:
    """Return what is said at the start: where, what, in which mode, and who may call."""
    from fhir_server.security.clients import identification

    lines = [f"wiser-pas {__version__} at {settings.base_url}"]
    lines += [f"  PAS {version.release:6} {settings.base_url}/{version.base}/fhir" for version in VERSIONS]
    lines.append(f"  Store  {masked(settings.database_url)}")
    lines.append(f"  Callers: {identification(settings).scheme}")
    if settings.sandbox:
        lines.append("  SANDBOX: answers of the sandbox pack are scripted; nothing here decides about anybody.")
    return lines
