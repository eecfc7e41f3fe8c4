"""The server's processes: gunicorn, configured by our settings."""

from __future__ import annotations

import gc
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn import util
from gunicorn.app.base import BaseApplication
from gunicorn.http import wsgi

from fhir_server.errors import ContentMalformed
from fhir_server.fhir import json
from fhir_server.fhir.negotiation import MIME
from fhir_server.fhir.outcome import operation_outcome
from fhir_server.settings import Settings

YOUNG_OBJECTS = 50_000  # a request makes some thousand short-lived objects, hardly any of them in circles
READ_SECONDS = 15  # for the next bytes of a request: a client that stalls must not hold a thread for ever
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
        util.write_error = write_refusal
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        for name, value in gunicorn_options(self._settings).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the application, made once before the fork.

        What is there now stays for good: the collector need not look at it again, and the processes go on sharing it.
        """
        application = self._make()
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS, 20, 20)
        return application


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
        "when_ready": _bound_reading,
    }


def write_refusal(client: socket.socket, status: int, reason: str, message: str) -> None:
    """Answer what gunicorn itself cannot read: one OperationOutcome that repeats nothing of what was sent."""
    refusal = ContentMalformed.because(f"The request cannot be read: {reason}.", "Mend its line and headers.")
    body = json.dumps(operation_outcome(refusal.issues))
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\n"
        f"Content-Type: {MIME['json']}; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    util.write_nonblock(client, head.encode("latin-1") + body)


def _bound_reading(server: Any) -> None:
    """Let every connection inherit how long a read may wait."""
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", READ_SECONDS, 0))


def _forget_figures(server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
