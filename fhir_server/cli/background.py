"""A server of our own in the background, in a folder that goes away with it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fhir_server.settings import PREFIX, TABLE, Settings, load_settings

START_SECONDS = 30.0
STOP_SECONDS = 10.0
HOST = "127.0.0.1"


class ServerNotStarted(Exception):
    """The server ended, or did not answer in time; the message holds what it said."""


@dataclass(frozen=True, slots=True)
class BackgroundServer:
    """A server that runs: its settings, among them its address and its store."""

    settings: Settings


@contextmanager
def background_server() -> Iterator[BackgroundServer]:
    """Run a sandbox server on a free port of this machine, with an empty store, until the block ends.

    Settings of the environment do not count. Raises `ServerNotStarted`.
    """
    with tempfile.TemporaryDirectory(prefix="wiser-pas-demo-") as name:
        folder = Path(name)
        given = {
            "HOST": HOST,
            "PORT": str(_free_port()),
            "DATABASE_URL": f"sqlite:///{folder / 'store.db'}",
            "SANDBOX": "1",
            "WORKERS": "1",
            "LOG_LEVEL": "warning",
        }
        settings = load_settings(given)
        log = folder / "server.log"
        with log.open("wb") as output, _process(given, folder, output.fileno()) as process:
            try:
                _wait_until_ready(settings, process, log)
                yield BackgroundServer(settings)
            finally:
                _end(process)


def _process(given: Mapping[str, str], folder: Path, output: int) -> subprocess.Popen[bytes]:
    names = {setting.name for setting in TABLE}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in names and not name.startswith(PREFIX) and name != "PROMETHEUS_MULTIPROC_DIR"
    }
    return subprocess.Popen(
        [sys.executable, "-m", "fhir_server.cli", "serve"],
        cwd=folder,
        env={**kept, **given, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *_python_path(kept)])},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
    )


def _python_path(environment: Mapping[str, str]) -> list[str]:
    return [environment["PYTHONPATH"]] if environment.get("PYTHONPATH") else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(settings: Settings, process: subprocess.Popen[bytes], log: Path) -> None:
    import httpx

    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{settings.base_url}/readyz", timeout=1).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise ServerNotStarted(f"The server did not start:\n{log.read_text(errors='replace')}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
