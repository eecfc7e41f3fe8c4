"""The server as an operator runs it: `wiser-pas serve`, with its worker processes."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import ROOT
from tests.services import Run, Server, end_server
from tests.web.served import SUBMIT

TIMEOUT_SECONDS = 20.0


class Reply(NamedTuple):
    """An answer as a client has it."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass
class PasServer(Server):
    """`wiser-pas serve` on a free port; its log is the file `log` in its folder."""

    settings: Mapping[str, str] = field(default_factory=dict)

    def command(self) -> list[str]:
        """Return the command, without anything of our own environment; ``-X`` tells whose process it is."""
        # What a worker does beside the server has kill tests of its own (test_worker_kills.py).
        given = {"PORT": str(self.port), "WORKERS": "2", "WORKER": "0", **self.settings}
        place = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "TMPDIR": str(self.directory)}
        program = [sys.executable, "-X", f"server={self.directory}", "-m", "fhir_server.cli", "serve"]
        return ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in {**place, **given}.items()), *program]

    def answers(self) -> bool:
        try:
            return self.call("GET", "/readyz").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        """Send one request on a connection of its own. Raises OSError or HTTPException where no answer comes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return Reply(response.status, response.read(), dict(response.getheaders()))
        finally:
            connection.close()

    def submit(self, body: bytes, path: str = SUBMIT) -> Reply:
        """POST *body* to `$submit`."""
        return self.call("POST", path, body, Content_Type="application/fhir+json")

    @property
    def workers(self) -> list[int]:
        """The processes of its workers."""
        master = self.process_id
        with contextlib.suppress(OSError):
            return [int(child) for child in Path(f"/proc/{master}/task/{master}/children").read_text().split()]
        return []

    def kill(self) -> None:
        """End the server and all its workers at the same moment."""
        if (master := self.process_id) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(master, signal.SIGKILL)
        super().kill()

    def stop(self) -> None:
        """End the server as an operator would, with time to finish what it has begun."""
        end_server(self.directory, signal.SIGTERM)

    @property
    def log(self) -> str:
        """What it wrote to standard error and standard output."""
        return (self.directory / "log").read_text()


StartPas = Callable[..., PasServer]


@pytest.fixture
def start_pas(run_of_tests: Run) -> Iterator[StartPas]:
    """A function that starts a server of the test's own for some settings, to be stopped or killed."""
    servers: list[PasServer] = []

    def start(**settings: str) -> PasServer:
        servers.append(run_of_tests.started(PasServer(run_of_tests.folder("pas"), settings=settings)))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()
