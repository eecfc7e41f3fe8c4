"""A worker beside the server's processes on one machine: a process of its own, and another one whenever it ends."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from fhir_server.cli.worker import run_worker, stop_by_signal
from fhir_server.settings import Settings

END_SECONDS = 20.0
LOOK_SECONDS = 0.5


@contextmanager
def worker_beside(settings: Settings) -> Iterator[None]:
    """Keep a worker running until the block ends, or until this process is gone.

    To be entered before this process makes threads. Processes that are forked within the block may leave it too.
    """
    owner = os.getpid()
    supervisor = _forked(lambda: _supervise(settings, owner))
    try:
        yield
    finally:
        if os.getpid() == owner:
            _end(supervisor)


def _forked(run: Callable[[], None]) -> int:
    """Do *run* in a process of its own, which ends with it; return its id."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        run()
        code = 0
    except BaseException:  # noqa: BLE001 - a forked process must never return into what its parent was doing
        traceback.print_exc()
    finally:
        os._exit(code)


def _supervise(settings: Settings, owner: int) -> None:
    stop = threading.Event()
    stop_by_signal(stop)
    while not stop.is_set() and os.getppid() == owner:
        process = _forked(lambda: _work(settings, owner))
        while not _is_gone(process):
            if stop.is_set() or os.getppid() != owner:
                _end(process)
                return
            stop.wait(LOOK_SECONDS)
        stop.wait(LOOK_SECONDS)


def _work(settings: Settings, owner: int) -> None:
    stop = threading.Event()
    stop_by_signal(stop)
    threading.Thread(target=_stop_without, args=(owner, stop), daemon=True).start()
    run_worker(settings, stop)


def _stop_without(owner: int, stop: threading.Event) -> None:
    """Stop when the server is gone. A worker whose supervisor was killed goes on: letters and numbers still leave."""
    while _is_there(owner):
        time.sleep(LOOK_SECONDS)
    stop.set()


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _end(process: int) -> None:
    """Ask the process to end; kill it where it does not in time."""
    deadline = time.monotonic() + END_SECONDS
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGTERM)
        while not _is_gone(process):
            if time.monotonic() > deadline:
                os.kill(process, signal.SIGKILL)
            time.sleep(0.02)


def _is_gone(process: int) -> bool:
    """Return whether a child of ours has ended; gunicorn may have collected it before us."""
    try:
        return os.waitpid(process, os.WNOHANG)[0] == process
    except ChildProcessError:
        return True
