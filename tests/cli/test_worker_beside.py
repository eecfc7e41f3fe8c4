"""A worker beside the server's processes: there while they are, there again when it dies, gone when they are gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fhir_server.authorization.events import LetterMade
from fhir_server.store.database import Database
from tests.conftest import ROOT
from tests.letters.contents import AFFIRMED
from tests.workflow.decided import WORKER, decide

PROGRAM = """
import os, sys, time
from fhir_server.cli.worker_beside import worker_beside
from fhir_server.settings import load_settings

with worker_beside(load_settings({"DATABASE_URL": sys.argv[1], "SANDBOX": "1"})):
    if not os.fork():
        sys.exit()  # a server process that ends leaves the block too
    os.wait()
    time.sleep(120) if sys.argv[2] == "stay" else sys.stdin.read()
"""
SECONDS = 30.0


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Database]:
    opened = Database(sqlite_url, sandbox=True)
    opened.upgrade()
    yield opened
    opened.close()


def begin(url: str, how: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, url, how], cwd=ROOT, stdin=subprocess.PIPE)


def children(process: int) -> list[int]:
    with suppress(OSError):
        return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return []


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def runs(process: int) -> bool:
    with suppress(OSError):
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    return False


def worker_of(owner: int) -> int:
    """Return the process of the worker, when it is there."""
    found: list[int] = []

    def there() -> bool:
        found[:] = [each for supervisor in children(owner) for each in children(supervisor) if runs(each)]
        return bool(found)

    until(there)
    return found[0]


def has_letter(store: Database, case: str) -> bool:
    with store.read(WORKER) as unit:
        return any(isinstance(each.data, LetterMade) for each in unit.events.of(case))


def test_it_comes_back_when_it_dies_and_ends_with_the_server(store: Database, sqlite_url: str) -> None:
    with begin(sqlite_url, "until asked") as server:
        first = worker_of(server.pid)
        decide(store, AFFIRMED, case="W-1")
        until(lambda: has_letter(store, "W-1"))
        os.kill(first, signal.SIGKILL)
        until(lambda: not runs(first))
        second = worker_of(server.pid)
        decide(store, AFFIRMED, case="W-2")
        until(lambda: has_letter(store, "W-2"))
        supervisor = children(server.pid)[0]
        server.communicate(b"")
    assert second != first
    until(lambda: not runs(second) and not runs(supervisor))


def test_it_ends_when_the_server_is_killed(store: Database, sqlite_url: str) -> None:
    with begin(sqlite_url, "stay") as server:
        worker = worker_of(server.pid)
        supervisor = children(server.pid)[0]
        server.kill()
    until(lambda: not runs(worker) and not runs(supervisor))
