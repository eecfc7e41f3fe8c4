"""Fixtures that the whole suite shares: the machine's services, fresh databases, and the reference material."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
import redis

from tests.services import PostgreSQL, Redis, Run, ServiceMissing, program

ROOT = Path(__file__).resolve().parent.parent
RUN_FOLDER = "TEST_RUN_FOLDER"  # tells the workers of pytest-xdist which folder their run shares

StartRedis = Callable[..., Redis]
StartPostgreSQL = Callable[..., PostgreSQL]

_run: Run | None = None


def pytest_configure(config: pytest.Config) -> None:
    global _run
    if hasattr(config, "workerinput"):
        _run = Run(Path(os.environ[RUN_FOLDER]))
    else:
        _run = Run.begin()
        os.environ[RUN_FOLDER] = str(_run.directory)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _run is not None and not hasattr(config, "workerinput"):
        _run.end()


def missing(reason: str) -> NoReturn:
    """Skip the test, or fail it in CI, where everything that tests need can be installed (S-30)."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def run_of_tests() -> Run:
    """The run that this process belongs to; it owns every server that tests start."""
    assert _run is not None
    return _run


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference material beside the checkout: official packages, data, samples. Skips where it is not there."""
    directory = ROOT.parent / "shared"
    if not directory.is_dir():
        pytest.skip("the reference material is not in ../shared")
    return directory


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """Debian's Chromium, for `playwright` by executable path; it is never downloaded."""
    try:
        return program("chromium")
    except ServiceMissing as problem:
        missing(str(problem))


@pytest.fixture(scope="session")
def postgresql(run_of_tests: Run) -> PostgreSQL:
    """The PostgreSQL server that all workers of the run share, without fsync; `database(name)` makes a fresh one."""
    try:
        return run_of_tests.shared("postgresql", PostgreSQL)
    except ServiceMissing as problem:
        missing(str(problem))


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL, database_name: str) -> Iterator[str]:
    """The address of a fresh, empty PostgreSQL database, dropped after the test."""
    with postgresql.database(database_name) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'store.sqlite'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh, empty database: every test that asks for it runs on both engines."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


_databases = 0


@pytest.fixture
def database_name(worker_id: str) -> str:
    """A name that no other test of the run uses."""
    global _databases
    _databases += 1
    return f"test_{worker_id}_{_databases}"


@pytest.fixture(scope="session")
def redis_server(run_of_tests: Run) -> Iterator[Redis]:
    """A Redis server of this worker, empty when the worker starts."""
    try:
        server = run_of_tests.started(Redis(run_of_tests.folder("redis")))
    except ServiceMissing as problem:
        missing(str(problem))
    yield server
    server.kill()


@pytest.fixture
def redis_url(redis_server: Redis) -> Iterator[str]:
    """The address of an empty Redis database."""
    yield redis_server.url
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()


@pytest.fixture
def start_redis(run_of_tests: Run) -> Iterator[StartRedis]:
    """A function that starts a Redis of the test's own, to be stopped or killed; ``append_only`` keeps its data."""
    servers: list[Redis] = []

    def start(*, append_only: bool = False) -> Redis:
        try:
            servers.append(run_of_tests.started(Redis(run_of_tests.folder("redis"), append_only=append_only)))
        except ServiceMissing as problem:
            missing(str(problem))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def start_postgresql(run_of_tests: Run) -> Iterator[StartPostgreSQL]:
    """A function that starts a PostgreSQL of the test's own, to be stopped or killed; ``fsync`` is on by default."""
    servers: list[PostgreSQL] = []

    def start(*, fsync: bool = True) -> PostgreSQL:
        try:
            servers.append(run_of_tests.started(PostgreSQL(run_of_tests.folder("postgresql"), fsync=fsync)))
        except ServiceMissing as problem:
            missing(str(problem))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
