"""The wheel works alone: installed into an empty environment, it serves from an empty folder (S-31)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

import fhir_server
from tests.conftest import ROOT
from tests.services import free_port

START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Installation:
    """An environment that holds our wheel and, lent by the one that runs the tests, the libraries it needs."""

    folder: Path

    def program(self, name: str) -> str:
        return str(self.folder / "bin" / name)

    def python(self, code: str, cwd: Path) -> str:
        """Run a line of Python in the environment and return what it prints."""
        command = [self.program("python"), "-c", code]
        return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True, env=bare()).stdout.strip()


def bare(**settings: str) -> dict[str, str]:
    """Return an environment that says nothing of this checkout."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8", **settings}


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    python = str(folder / "bin" / "python")
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", str(wheel))
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    # A path that a .pth file adds has its own .pth files ignored, so our editable install stays out of sight.
    Path(site.stdout.strip(), "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return Installation(folder)


@pytest.fixture
def server(installation: Installation, tmp_path: Path) -> Iterator[str]:
    """The address of a server that runs from the wheel, in an empty folder, as `make run` starts it."""
    port = free_port()
    log = tmp_path.parent / f"{tmp_path.name}.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [installation.program("wiser-pas"), "serve"],
            cwd=tmp_path,
            env=bare(PORT=str(port), SANDBOX="1"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        ) as process,
    ):
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            end(process)


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(address, timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"the server did not answer at {address}:\n{log.read_text(errors='replace')[-4000:]}")


def end(process: subprocess.Popen[bytes]) -> None:
    """End the server as an operator would, and what is left of its own session at once."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def test_the_wheel_carries_the_data_and_nothing_of_the_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    carried = {name for name in names if not name.endswith(".py")}
    for folder in ("capability", "examples", "profiles"):
        for path in filter(Path.is_file, (ROOT / folder).rglob("*")):
            assert f"fhir_server/_data/{folder}/{path.relative_to(ROOT / folder).as_posix()}" in carried
    for path in (ROOT / "fhir_server").rglob("*"):
        if path.is_file() and path.suffix in {".py", ".yaml", ".json", ".html", ".css", ".js", ".typed", ".mako"}:
            assert path.relative_to(ROOT).as_posix() in names
    assert {name.split("/")[0] for name in names} == {"fhir_server", f"wiser_pas-{fhir_server.__version__}.dist-info"}
    assert f"wiser_pas-{fhir_server.__version__}.dist-info/licenses/LICENSE" in names


def test_the_installed_package_finds_its_own_data(installation: Installation, tmp_path: Path) -> None:
    code = "import json, fhir_server.installed as i; print(json.dumps([i.__file__, str(i.data_folder('profiles'))]))"
    module, profiles = json.loads(installation.python(code, tmp_path))

    assert Path(module).is_relative_to(installation.folder)
    assert Path(profiles) == Path(module).parent / "_data" / "profiles"


def test_the_installed_server_serves_from_an_empty_folder(server: str) -> None:
    metadata = httpx.get(f"{server}/stu2.2/fhir/metadata", timeout=10)

    assert metadata.status_code == httpx.codes.OK
    assert metadata.json()["resourceType"] == "CapabilityStatement"
