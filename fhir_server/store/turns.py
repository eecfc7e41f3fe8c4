"""Turns at writing a SQLite file: one writer at a time, of all threads and processes of this machine.

SQLite itself lets a second writer sleep and look again, longer each time, up to a tenth of a second; here he looks
again every millisecond. The kernel frees the lock of a process that dies. Whoever writes to the file without a turn
still meets SQLite's own lock.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fhir_server.errors import Refusal, Unavailable

LOOK_SECONDS = 0.001


def _busy() -> Refusal:
    return Unavailable.because("The store is busy.", "Send the same request again.")


def _take(gate: int, until: float) -> None:
    """Take the lock of *gate*; raise `Unavailable` where another process holds it *until* then."""
    while True:
        try:
            fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise _busy() from None
            time.sleep(LOOK_SECONDS)
        else:
            return


class Turns:
    """The turns of one process at one file."""

    def __init__(self, file: Path, wait_seconds: float) -> None:
        self._file = file
        self._wait_seconds = wait_seconds
        self._thread = threading.Lock()
        self._gate: int | None = None
        self._identity: tuple[int, int] | None = None

    @contextmanager
    def mine(self) -> Iterator[None]:
        """Wait for a turn and hold it. Raises `Unavailable` after a while, or where the file was moved or replaced."""
        until = time.monotonic() + self._wait_seconds
        if not self._thread.acquire(timeout=self._wait_seconds):
            raise _busy()
        try:
            gate = self._opened()
            _take(gate, until)
            try:
                self._check_identity()
                yield
            finally:
                fcntl.flock(gate, fcntl.LOCK_UN)
        finally:
            self._thread.release()

    def close(self) -> None:
        """Close the gate's file."""
        gate, self._gate = self._gate, None
        if gate is not None:
            os.close(gate)

    def _opened(self) -> int:
        if self._gate is None:
            try:
                self._gate = os.open(f"{self._file}.turn", os.O_RDWR | os.O_CREAT, 0o600)
            except OSError:
                raise Unavailable.because("The store cannot be written to.", "Send the same request again.") from None
        return self._gate

    def _check_identity(self) -> None:
        """An open connection would go on writing to the file that it knew."""
        try:
            found = self._file.stat()
        except OSError:
            raise Unavailable.because("The store's file has gone.", "Send the same request again later.") from None
        identity = (found.st_dev, found.st_ino)
        if self._identity is None:
            self._identity = identity
        if self._identity != identity:
            raise Unavailable.because("The store's file was replaced.", "Restart the server, then send it again.")
