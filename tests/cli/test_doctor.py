"""What is checked on a machine before and while the server runs."""

from __future__ import annotations

import ctypes.util
import json
import os
import socket
import stat
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fhir_server.authorization.caller import operator
from fhir_server.cli import checks
from fhir_server.cli.checks import CHECKS
from fhir_server.store.database import Database
from tests.cli.conftest import Command, RunningServer
from tests.services import free_port

# simple-icd-10-cm 1.5 reads its data files this way when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:(open|read)_text is deprecated:DeprecationWarning")


def examined(command: Command, **settings: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the exit code, and what each check found."""
    given = {"PORT": str(free_port()), **settings}
    ended = command("doctor", "--json", **given)
    return ended.code, {each["check"]: each for each in json.loads(ended.out)}


def test_a_machine_in_order_has_no_fault(command: Command, tmp_path: Path) -> None:
    code, found = examined(command)

    assert code == 0
    assert len(found) == len(CHECKS) + 2
    assert {each["state"] for each in found.values()} <= {"ok", "warning"}
    assert found["store"]["found"].endswith("will be made when the server starts")
    assert found["callers"]["state"] == "warning"
    assert not (tmp_path / "var").exists()


def test_what_is_wrong_comes_with_how_to_mend_it(command: Command) -> None:
    ended = command("doctor", PORT=str(free_port()), REDIS_URL="redis://:geheim@127.0.0.1:1/0")

    assert ended.code == 1
    lines = ended.out.splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.startswith("fault    redis ")]
    assert lines[at + 1].strip().startswith("→ Start Redis")
    assert "geheim" not in ended.out


def test_settings_that_cannot_be_read_are_a_fault_and_the_rest_is_not_tried(command: Command) -> None:
    code, found = examined(command, WORKERS="0")

    assert code == 1
    assert list(found) == ["python", "settings"]
    assert "WORKERS" in found["settings"]["found"]


def test_a_store_that_fits_is_written_to_and_left_as_it_was(command: Command, store_url: str) -> None:
    command("db", "upgrade", DATABASE_URL=store_url)

    for _ in range(2):
        code, found = examined(command, DATABASE_URL=store_url)

        assert (code, found["store"]["state"]) == (0, "ok")
    with closing(Database(store_url, sandbox=False)) as database, database.read(operator()) as unit:
        assert unit.instances.known(["urn:wiser-pas:doctor"]) == {}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://u:geheim@127.0.0.1:1/db", "unavailable"),
        ("mysql://h/db", "DATABASE_URL must be"),
    ],
)
def test_a_store_that_cannot_be_used_is_a_fault(command: Command, url: str, words: str) -> None:
    code, found = examined(command, DATABASE_URL=url)

    assert (code, found["store"]["state"]) == (1, "fault")
    assert words in found["store"]["found"]
    assert "geheim" not in json.dumps(found)


def test_a_store_of_the_other_mode_is_a_warning(command: Command, sqlite_url: str) -> None:
    command("db", "upgrade", DATABASE_URL=sqlite_url)

    code, found = examined(command, DATABASE_URL=sqlite_url, SANDBOX="1")

    assert code == 0
    assert found["store"]["state"] == "warning"
    assert "made for production" in found["store"]["found"]
    assert found["mode"]["state"] == "warning"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_a_fault(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)

    code, found = examined(command, DATABASE_URL=f"sqlite:///{folder / 'store.db'}")

    assert (code, found["store"]["state"]) == (1, "fault")


def test_a_port_that_another_program_has_is_a_fault(command: Command) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        code, found = examined(command, PORT=str(listener.getsockname()[1]))

    assert (code, found["port"]["state"]) == (1, "fault")


def test_a_server_of_ours_at_the_port_is_said_to_be_there(command: Command, server: RunningServer) -> None:
    _, found = examined(command, PORT=server.url.rpartition(":")[2], DATABASE_URL=server.store, SANDBOX="1")

    assert found["port"]["state"] == "ok"
    assert "wiser-pas" in found["port"]["found"]
    assert found["store"]["state"] == "ok"


def test_redis_is_called_where_it_is_set(command: Command, redis_url: str) -> None:
    _, found = examined(command, REDIS_URL=redis_url)

    assert found["redis"] == {"check": "redis", "state": "ok", "found": f"{redis_url} answers", "mend": ""}


def test_a_clients_file_and_packs_that_are_wrong_are_faults(command: Command, tmp_path: Path) -> None:
    code, found = examined(command, CLIENTS_FILE=str(tmp_path / "gone.yaml"), POLICY_PACKS=str(tmp_path))

    assert code == 1
    assert (found["callers"]["state"], found["policy packs"]["state"]) == ("fault", "fault")


def test_a_machine_that_lacks_pango_serves_all_the_same(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes.util, "find_library", lambda _name: None)

    code, found = examined(command)

    assert (code, found["pdf letters"]["state"]) == (0, "warning")
    assert found["pdf letters"]["mend"].startswith("apt-get install libpango-1.0-0 ")


def test_an_old_python_a_wrong_clock_and_missing_data_are_faults(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "LEAST_PYTHON", (4, 0))
    monkeypatch.setattr(checks, "TIME_ZONES", ("America/Nowhere",))
    monkeypatch.setattr("fhir_server.pas.capability.RELEASED", "2999-01-01")
    monkeypatch.setitem(sys.modules, "simple_icd_10_cm", None)

    code, found = examined(command)

    assert code == 1
    faults = {name for name, each in found.items() if each["state"] == "fault"}
    assert faults == {"python", "time zones", "clock", "ICD-10-CM"}
    assert all(found[name]["mend"] for name in faults)
