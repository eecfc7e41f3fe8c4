"""One writer of a SQLite file at a time, and nobody waits for ever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fhir_server.errors import Unavailable
from fhir_server.store.turns import Turns

HOLD = """
import sys, time
from pathlib import Path
from fhir_server.store.turns import Turns
with Turns(Path(sys.argv[1]), 5).mine():
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file to write to."""
    path = tmp_path / "store.db"
    path.touch()
    return path


def holder(file: Path) -> subprocess.Popen[bytes]:
    """Return another process, which has the turn."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(file)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def test_threads_take_turns(file: Path) -> None:
    turns, inside, most = Turns(file, 5), [0], [0]

    def write() -> None:
        for _ in range(50):
            with turns.mine():
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_while_another_process_holds_the_turn_one_thread_waits_and_the_rest_are_refused(file: Path) -> None:
    turns, process, entered = Turns(file, 0.2), holder(file), threading.Event()

    def wait() -> None:
        with turns.mine():
            entered.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    try:
        assert not entered.wait(0.2)
        with pytest.raises(Unavailable), turns.mine():
            pass
    finally:
        process.kill()
        process.communicate()
    waiting.join(5)
    assert entered.is_set()


def test_a_process_that_dies_leaves_its_turn(file: Path) -> None:
    process = holder(file)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    with Turns(file, 1).mine():
        pass


def test_a_file_that_was_replaced_is_not_written_to(file: Path) -> None:
    turns = Turns(file, 1)
    with turns.mine():
        pass
    file.rename(file.with_suffix(".old"))
    with pytest.raises(Unavailable), turns.mine():
        pass
    file.touch()
    with pytest.raises(Unavailable), turns.mine():
        pass
