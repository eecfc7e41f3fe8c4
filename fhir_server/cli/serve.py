"""`wiser-pas serve`: run the server."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

from fhir_server import __version__
from fhir_server.cli.settings import settings_of
from fhir_server.pas.versions import VERSIONS
from fhir_server.security.clients import identification
from fhir_server.settings import Settings


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, configured by our settings instead of its own files."""

    def __init__(self, settings: Settings, make: Callable[[], Flask]) -> None:
        self._settings = settings
        self._make = make
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        for name, value in gunicorn_options(self._settings).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the application, made once before the fork."""
        return self._make()


def gunicorn_options(settings: Settings) -> dict[str, Any]:
    """Return gunicorn's settings: threads, because requests wait for the store's disk (dependencies, web servers)."""
    return {
        "bind": f"{settings.host}:{settings.port}",
        "workers": settings.workers,
        "threads": settings.threads,
        "worker_class": "gthread",
        "preload_app": True,
        "keepalive": 30,
        "graceful_timeout": 20,
        "loglevel": "warning",
        "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,
        "control_socket_disable": True,
        "child_exit": _forget_figures,
    }


def _forget_figures(server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


@click.command()
@click.option("--host", help="Address to listen on (HOST).")
@click.option("--port", type=int, help="Port to listen on (PORT).")
@click.option("--workers", type=int, help="Server processes (WORKERS).")
@click.option("--sandbox", is_flag=True, default=None, help="Add the sandbox pack's scripted outcomes (SANDBOX).")
def serve(host: str | None, port: int | None, workers: int | None, sandbox: bool | None) -> None:
    """Serve PAS over HTTP until it is stopped. The store is made or upgraded first."""
    settings = settings_of(host=host, port=port, workers=workers, sandbox=1 if sandbox else None)
    with tempfile.TemporaryDirectory(prefix="wiser-pas-figures-") as figures:
        # The figures of all processes meet in this folder, which must be known before the application is imported.
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", figures)
        from fhir_server.app import create_app, open_database
        from fhir_server.web.logs import configure_logs

        configure_logs(settings.log_level)
        open_database(settings).upgrade()
        click.echo("\n".join(greeting(settings)), err=True)
        Server(settings, lambda: create_app(settings)).run()


def greeting(settings: Settings) -> list[str]:
    """Return what is said at the start: where, what, in which mode, and who may call."""
    lines = [f"wiser-pas {__version__} at {settings.base_url}"]
    lines += [f"  PAS {version.release:6} {settings.base_url}/{version.base}/fhir" for version in VERSIONS]
    lines.append(f"  Store  {settings.database_url.split('@')[-1]}")
    lines.append(f"  Callers: {identification(settings).scheme}")
    if settings.sandbox:
        lines.append("  SANDBOX: answers of the sandbox pack are scripted; nothing here decides about anybody.")
    return lines
