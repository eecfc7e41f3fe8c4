from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from tests.conftest import ROOT, StartPostgreSQL, StartRedis
from tests.services import PostgreSQL, Run, command_of

RUN_THAT_WAITS = """
import sys, time
from tests.services import Redis, Run

run = Run.begin()
server = run.started(Redis(run.folder("redis")))
print(run.directory, server.process_id, flush=True)
if sys.argv[1] == "end":
    run.end()
else:
    time.sleep(60)
"""


def wait_until_gone(directory: Path, process_id: int) -> None:
    deadline = time.monotonic() + 20
    while directory.exists() or str(directory) in command_of(process_id):
        assert time.monotonic() < deadline, "the keeper left something behind"
        time.sleep(0.02)


@pytest.mark.parametrize("how", ["end", "killed"])
def test_a_run_leaves_no_server_and_no_folder_however_it_ends(how: str, redis_url: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RUN_THAT_WAITS, how], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        directory, process_id = Path(words[0]), int(words[1])
        if how == "killed":
            os.kill(process.pid, signal.SIGKILL)
    wait_until_gone(directory, process_id)


def test_the_servers_are_shared_by_name(run_of_tests: Run, postgresql: PostgreSQL) -> None:
    again = run_of_tests.shared("postgresql", PostgreSQL)

    assert again.port == postgresql.port
    assert again.process_id == postgresql.process_id


def test_each_database_is_fresh_and_dropped_while_someone_is_connected(postgresql: PostgreSQL) -> None:
    with postgresql.database("fresh_one") as url, postgresql.database("fresh_two", template="fresh_one"):
        connection = psycopg.connect(url)
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    with postgresql.database("fresh_one"):
        pass


def test_both_stores_are_reached_with_the_address_an_operator_writes(store_url: str) -> None:
    assert store_url.startswith(("sqlite:///", "postgresql://"))


def test_redis_with_append_only_keeps_what_it_acknowledged_through_a_crash(start_redis: StartRedis) -> None:
    server = start_redis(append_only=True)
    with redis.Redis(port=server.port) as client:
        client.set("key", "value")
        server.kill()
        assert server.process_id is None
        server.start()
        assert client.get("key") == b"value"


def test_redis_is_empty_at_the_start_of_a_test(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("key", "value")


def test_redis_is_empty_again(redis_url: str) -> None:
    test_redis_is_empty_at_the_start_of_a_test(redis_url)


def test_postgresql_with_fsync_keeps_what_it_committed_through_a_crash(start_postgresql: StartPostgreSQL) -> None:
    server = start_postgresql()
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        server.kill()
    server.start()
    with psycopg.connect(server.url("postgres")) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
