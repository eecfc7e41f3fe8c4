"""Turns at writing a SQLite file: one writer at a time, of all threads and processes of this machine.

SQLite itself lets a second writer sleep and look again, longer each time, up to a tenth of a second; a lock of the file
system wakes him at once. The kernel frees the lock of a process that dies. Of the threads of a process one waits for
the other processes, and the rest wait for that thread, none longer than it may: a process that holds its turn and does
nothing (one that was suspended) costs the others a thread each until it goes on or is ended. Whoever writes to the file
without a turn still meets SQLite's own lock.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fhir_server.errors import Unavailable


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
        if not self._thread.acquire(timeout=self._wait_seconds):
            raise Unavailable.because("The store is busy.", "Send the same request again.")
        try:
            gate = self._opened()
            fcntl.flock(gate, fcntl.LOCK_EX)
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
