"""The server's processes: gunicorn, configured by our settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn import util
from gunicorn.app.base import BaseApplication
from gunicorn.http import wsgi

from fhir_server.settings import Settings

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the system's own folder in memory, not a temporary file of ours


class JoinedResponse(wsgi.Response):  # type: ignore[misc]
    """An answer that leaves in one write: its head goes out with the first part of its body.

    Two writes can meet a peer's delayed acknowledgement and then wait 40 ms for it.
    """

    _head = b""
    headers_sent: bool

    def send_headers(self) -> None:
        """Keep the head until there is something to send with it."""
        if not self.headers_sent:
            lines = [*self.default_headers(), *(f"{name}: {value}\r\n" for name, value in self.headers), "\r\n"]
            self._head = "".join(lines).encode("latin-1")
            self.headers_sent = True

    def _emit_body(self, data: bytes) -> None:
        if self.chunked:
            self._send_head()
            super()._emit_body(data)
            return
        head, self._head = self._head, b""
        util.write(self.sock, head + data)

    def _send_head(self) -> None:
        head, self._head = self._head, b""
        if head:
            util.write(self.sock, head)

    def close(self) -> None:
        """End the answer; one without a body is its head alone."""
        self.send_headers()
        self._send_head()
        super().close()


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, configured by our settings instead of its own files."""

    def __init__(self, settings: Settings, make: Callable[[], Flask]) -> None:
        self._settings = settings
        self._make = make
        wsgi.Response = JoinedResponse
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
        "bind": settings.address,
        "workers": settings.workers,
        "threads": settings.threads,
        "worker_class": "gthread",
        "preload_app": True,
        "keepalive": 30,
        "sendfile": False,  # it would overtake the head that a `JoinedResponse` keeps
        "graceful_timeout": 20,
        "loglevel": "warning",
        "worker_tmp_dir": str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None,
        "control_socket_disable": True,
        "child_exit": _forget_figures,
    }


def _forget_figures(server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
