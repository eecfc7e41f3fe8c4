"""The server's processes: gunicorn, configured by our settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from fhir_server.settings import Settings

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the system's own folder in memory, not a temporary file of ours


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
        "worker_tmp_dir": str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None,
        "control_socket_disable": True,
        "child_exit": _forget_figures,
    }


def _forget_figures(server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
