"""`wiser-pas serve`: run the server."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

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
    with shared_figures():
        from fhir_server.app import create_app, prepare
        from fhir_server.cli.server import Server
        from fhir_server.cli.worker_beside import worker_beside

        prepare(settings)
        click.echo("\n".join(greeting(settings)), err=True)
        with worker_beside(settings) if settings.worker else nullcontext():
            Server(settings, lambda: create_app(settings)).run()


@contextmanager
def shared_figures() -> Iterator[None]:
    """Let the figures of all server processes meet in one folder.

    It must be known before the application is imported. A worker that ends leaves this block too, and must not take the
    folder away from the others.
    """
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        yield
        return
    owner, folder = os.getpid(), tempfile.mkdtemp(prefix="wiser-pas-figures-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    try:
        yield
    finally:
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)


def greeting(settings: Settings) -> list[str]:
    """Return what is said at the start: where, what, in which mode, and who may call."""
    from fhir_server.security.clients import identification

    lines = [f"wiser-pas {__version__} at {settings.base_url}"]
    lines += [f"  PAS {version.release:6} {settings.base_url}/{version.base}/fhir" for version in VERSIONS]
    lines.append(f"  Store  {masked(settings.database_url)}")
    lines.append(f"  Callers: {identification(settings).scheme}")
    if settings.simulates_contractor:
        lines.append("  Tracking numbers (UTN) are SIMULATED; CONTRACTOR=manual takes those of the contractor.")
    if settings.sandbox:
        lines.append("  SANDBOX: answers of the sandbox pack are scripted; nothing here decides about anybody.")
    return lines
