"""Private PostgreSQL and Redis servers for the tests, on free ports of 127.0.0.1, each with a folder of its own.

A `Run` is one run of pytest with all its workers. It owns a folder that holds every server started during it, and a
lock that it keeps while it lives. Whoever starts the first server also starts a keeper, this file as a program, which
waits for that lock: when the run ends, or dies, the keeper ends the servers that are left and removes the folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypedDict, TypeVar

import psycopg
import redis

START_SECONDS = 30.0
STOP_SECONDS = 10.0
# A test that fails because power was cut is not among ours: only a server that a test kills on purpose needs fsync.
WITHOUT_FSYNC = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


class ServiceMissing(Exception):
    """A program that a test needs is not installed; the message names it."""


def program(name: str, *folders: Path) -> Path:
    """Return where the program is; raise ServiceMissing when it is nowhere."""
    places = os.pathsep.join([*map(str, folders), os.environ.get("PATH", os.defpath)])
    if found := shutil.which(name, path=places):
        return Path(found)
    raise ServiceMissing(f"{name} is not installed (scripts/install-services installs it on Debian)")


def postgresql_program(name: str) -> Path:
    """Return a program of the newest PostgreSQL that is installed; Debian keeps them out of the path."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    return program(name, *reversed(folders))


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Identity(TypedDict, total=False):
    """The arguments of `subprocess` that say which user a process runs as."""

    user: int
    group: int
    extra_groups: Sequence[int]


def unprivileged_identity() -> Identity:
    """Return whom PostgreSQL runs as, since it refuses root; when we are not root, that is ourselves."""
    if os.geteuid() != 0:
        return {}
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        entry = pwd.getpwnam("nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def command_of(process_id: int) -> str:
    """Return the command line of a process, empty when there is none or only its number is left."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process_id}/cmdline").read_text().replace("\0", " ").strip()
    return ""


def server_process(directory: Path) -> int | None:
    """Return the process of the server in the folder, or None when it ended and others have its number."""
    path = directory / "server.pid"
    process_id = int(path.read_text()) if path.is_file() else 0
    return process_id if process_id and str(directory) in command_of(process_id) else None


def end_server(directory: Path, first: signal.Signals = signal.SIGINT) -> None:
    """End the server in the folder, at once if it takes too long over the first signal."""
    deadline = time.monotonic() + STOP_SECONDS
    sent: signal.Signals | None = None
    while process_id := server_process(directory):
        wanted = signal.SIGKILL if time.monotonic() > deadline else first
        if wanted != sent:
            sent = wanted
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, wanted)
        time.sleep(0.01)
    if process := _started.pop(directory, None):
        process.wait()  # a process whose parent did not take notice of its end still holds its number
    (directory / "server.pid").unlink(missing_ok=True)


# What this process started itself, by folder.
_started: dict[Path, subprocess.Popen[bytes]] = {}


@dataclass
class Server(ABC):
    """A server process with a folder of its own; `server.pid` in the folder names the process."""

    directory: Path
    port: int = field(default_factory=free_port)

    @abstractmethod
    def command(self) -> list[str]:
        """Return the program and its arguments; the folder is among them."""

    @abstractmethod
    def answers(self) -> bool:
        """Tell whether the server serves by now."""

    @property
    def identity(self) -> Identity:
        """The user that the process runs as, as `subprocess` wants it."""
        return {}

    @property
    def process_id(self) -> int | None:
        """The server's process, or None when it is not running."""
        return server_process(self.directory)

    def start(self) -> None:
        """Start the server, on the same port and data as before, and return when it answers."""
        with (self.directory / "log").open("ab") as log:
            process = subprocess.Popen(
                self.command(),
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self.identity,
            )
        _started[self.directory] = process
        (self.directory / "server.pid").write_text(str(process.pid))
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                log_text = (self.directory / "log").read_text(errors="replace")
                raise RuntimeError(f"{self.command()[0]} did not start:\n{log_text[-2000:]}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End the server as an operator would, at once if that takes too long."""
        end_server(self.directory)

    def kill(self) -> None:
        """End the server as a crash would, `kill -9`; `start` brings it back with what it had kept."""
        end_server(self.directory, signal.SIGKILL)


@dataclass
class Redis(Server):
    """A Redis server; with ``append_only`` it keeps on disk what it acknowledged."""

    append_only: bool = False

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        durable = ["--appendonly", "yes", "--appendfsync", "always"] if self.append_only else ["--appendonly", "no"]
        place = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.directory)]
        return [str(program("redis-server")), *place, "--save", "", *durable, "--set-proc-title", "no"]

    def answers(self) -> bool:
        client = redis.Redis(port=self.port, socket_connect_timeout=1)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()


@dataclass
class PostgreSQL(Server):
    """A PostgreSQL server; without ``fsync`` it is fast, and a database may be torn when it is killed."""

    fsync: bool = False

    def url(self, database: str) -> str:
        """Return the address of a database in the form that an operator writes into DATABASE_URL."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    @property
    def identity(self) -> Identity:
        return unprivileged_identity()

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def command(self) -> list[str]:
        place = ["-D", str(self.data), "-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
        room = ["-c", "unix_socket_directories=", "-c", "max_connections=200", "-c", "shared_buffers=64MB"]
        return [str(postgresql_program("postgres")), *place, *room, *(() if self.fsync else WITHOUT_FSYNC)]

    def start(self) -> None:
        if not self.data.exists():
            self._initialize()
        super().start()

    def _initialize(self) -> None:
        identity = self.identity
        os.chown(self.directory, identity.get("user", -1), identity.get("group", -1))
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        command = [str(postgresql_program("initdb")), *options, "-D", str(self.data)]
        made = subprocess.run(command, cwd=self.directory, capture_output=True, text=True, check=False, **identity)
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=1).close()
        except psycopg.OperationalError:
            return False
        return True

    def run(self, statement: str) -> None:
        """Run one statement outside any transaction, as CREATE DATABASE wants it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextlib.contextmanager
    def database(self, name: str, template: str = "template1") -> Iterator[str]:
        """Make a database, give its address, and drop it at the end even if someone is still connected."""
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield self.url(name)
        finally:
            self.run(f'DROP DATABASE "{name}" WITH (FORCE)')


AnyServer = TypeVar("AnyServer", bound=Server)


@dataclass(slots=True)
class Run:
    """One run of pytest: the folder that its workers share, and the servers in it."""

    directory: Path
    alive: IO[str] | None = None

    @classmethod
    def begin(cls) -> Run:
        """Make the folder and hold its lock; `end` or the death of this process lets go of it."""
        directory = Path(tempfile.mkdtemp(prefix="wiser-pas-tests-"))
        directory.chmod(0o711)  # the user that PostgreSQL runs as must get through
        alive = (directory / "alive").open("w")
        fcntl.flock(alive, fcntl.LOCK_EX)
        return cls(directory, alive)

    def end(self) -> None:
        """Let go of the lock, and wait until the keeper has ended every server and removed the folder."""
        assert self.alive is not None
        fcntl.flock(self.alive, fcntl.LOCK_UN)
        self.alive.close()
        if not (self.directory / "keeper").exists():
            shutil.rmtree(self.directory)
        deadline = time.monotonic() + 2 * STOP_SECONDS
        while self.directory.exists() and time.monotonic() < deadline:
            time.sleep(0.01)

    def folder(self, name: str) -> Path:
        """Return a new folder for one server."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.directory))

    def started(self, server: AnyServer) -> AnyServer:
        """Start a server of the run, watched by the keeper."""
        with self._locked("keeper.lock"):
            self._start_keeper()
        server.start()
        return server

    def shared(self, name: str, make: Callable[[Path], AnyServer]) -> AnyServer:
        """Return the server of that name, started by whichever worker of the run asks first."""
        directory = self.directory / name
        with self._locked(f"{name}.lock"):
            if (directory / "port").is_file():
                server = make(directory)
                server.port = int((directory / "port").read_text())
                return server
            directory.mkdir(exist_ok=True)
            server = self.started(make(directory))
            (directory / "port").write_text(str(server.port))
            return server

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        with (self.directory / name).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _start_keeper(self) -> None:
        marker = self.directory / "keeper"
        if not marker.exists():
            marker.touch()
            with Path(os.devnull).open("r+b") as nothing:
                keeper = subprocess.Popen(
                    [sys.executable, __file__, str(self.directory)],
                    stdin=nothing,
                    stdout=nothing,
                    stderr=nothing,
                    start_new_session=True,
                )
            _started[self.directory] = keeper


def keep(directory: Path) -> None:
    """Wait until the run that owns the folder is over, then end its servers and remove the folder."""
    with (directory / "alive").open() as alive:
        fcntl.flock(alive, fcntl.LOCK_SH)
    for path in directory.glob("*/server.pid"):
        end_server(path.parent)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
