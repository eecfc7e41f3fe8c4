"""The command line as its user meets it: what it prints, its exit code, and a real server to talk to."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from fhir_server.cli import main
from fhir_server.settings import PREFIX, TABLE
from tests.services import free_port

START_SECONDS = 30.0
STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


def without_settings(environment: dict[str, str]) -> dict[str, str]:
    """Return *environment* without any setting of ours."""
    names = {setting.name for setting in TABLE}
    return {name: value for name, value in environment.items() if name not in names and not name.startswith(PREFIX)}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of whoever runs the tests counts, and the default store lies in the test's own folder."""
    for name in set(os.environ) - set(without_settings(dict(os.environ))):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """A function that runs ``wiser-pas`` in this process, with words of the command line and settings."""

    def run(*words: object, **settings: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["wiser-pas", *map(str, words)])
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        else:
            code = 0
        for name in settings:
            monkeypatch.delenv(name)
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return run


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that runs: its address and its store."""

    url: str
    store: str
    folder: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A sandbox server, started by ``wiser-pas serve`` as an operator would, in a folder of its own."""
    folder = tmp_path_factory.mktemp("server")
    yield from run_server(folder, SANDBOX="1")


@pytest.fixture(scope="module")
def guarded_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that knows one client, whose token is ``open sesame``."""
    folder = tmp_path_factory.mktemp("guarded")
    digest = "41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb"
    (folder / "clients.yaml").write_text(f"clients:\n  - id: example-ehr\n    token_sha256: {digest}\n")
    yield from run_server(folder, CLIENTS_FILE="clients.yaml")


def run_server(folder: Path, **settings: str) -> Iterator[RunningServer]:
    """Run a server until the generator is closed."""
    running = RunningServer(f"http://127.0.0.1:{free_port()}", f"sqlite:///{folder / 'store.db'}", folder)
    port = running.url.rpartition(":")[2]
    environment = {**without_settings(dict(os.environ)), "PORT": port, "DATABASE_URL": running.store, "WORKERS": "1"}
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", "fhir_server.cli", "serve"],
            cwd=folder,
            env={**environment, **settings, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            wait_until_ready(running, process)
            yield running
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_until_ready(running: RunningServer, process: subprocess.Popen[bytes]) -> None:
    """Return when the server is ready; fail with what it said where it is not in time."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{running.url}/readyz", timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail(f"the server did not start:\n{(running.folder / 'log').read_text(errors='replace')[-4000:]}")
