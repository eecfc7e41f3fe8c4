"""kill -9 at a random instant: nothing acknowledged is lost, nothing is doubled."""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from sqlalchemy import text

from fhir_server.authorization.caller import operator
from fhir_server.store.database import Database
from tests.conftest import StartPostgreSQL
from tests.soak.load import Load
from tests.soak.process import PasServer, StartPas
from tests.store.integrity import cases_of
from tests.web.bundles import IN_REVIEW, renewed
from tests.web.served import SUBMIT

CLIENTS = 6
WHOLE_SERVER_EVERY = 5
KILLS = pytest.mark.parametrize("kills", [20, pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])])


@pytest.fixture(params=["sqlite", "postgresql"])
def durable_url(request: pytest.FixtureRequest, sqlite_url: str) -> Iterator[str]:
    """A store that keeps what it acknowledged even if power is cut: PostgreSQL with fsync."""
    if request.param == "sqlite":
        yield sqlite_url
        return
    start: StartPostgreSQL = request.getfixturevalue("start_postgresql")
    yield start(fsync=True).url("postgres")


@KILLS
def test_nothing_is_lost_and_nothing_is_doubled(start_pas: StartPas, durable_url: str, kills: int) -> None:
    server = start_pas(DATABASE_URL=durable_url)
    load = Load(server, "kill")
    load.begin(CLIENTS)
    chance = random.Random(kills)
    for number in range(kills):
        load.wait_for_more()
        time.sleep(chance.uniform(0.0, 0.15))
        if number % WHOLE_SERVER_EVERY == 2:
            server.kill()
            server.start()
        else:
            kill_worker(server, chance)
    load.wait_for_more()
    load.end()
    assert load.interrupted > 0
    check(server, load, durable_url)


def kill_worker(server: PasServer, chance: random.Random) -> None:
    """Kill one of the server's workers; its master brings another."""
    deadline = time.monotonic() + 10
    while not (workers := server.workers):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    with suppress(ProcessLookupError):
        os.kill(chance.choice(workers), signal.SIGKILL)


def check(server: PasServer, load: Load, url: str) -> None:
    """Compare what clients were told with what the store holds."""
    assert load.strange == [], server.log[-3000:]
    assert server.call("GET", "/metrics").status == 200, server.log[-3000:]
    again = random.Random(1).sample(sorted(load.acknowledged), 10)
    for seed in again:
        reply = server.submit(load.body(seed))
        assert reply.headers["Idempotent-Replayed"] == "true"
        assert reply.body == load.acknowledged[seed]
    server.stop()
    database = Database(url, sandbox=False)
    cases = cases_of(database)  # each whole: answered, its log without a gap
    kept = kept_answers(database)
    database.close()
    assert kept == {(f"TX-{seed}", load.body(seed), answer) for seed, answer in load.acknowledged.items()}
    assert len(cases) == len(load.acknowledged)


def kept_answers(database: Database) -> set[tuple[str, bytes, bytes]]:
    """Return the transaction number, the request and the answer of each case."""
    query = text(
        "SELECT i.value, r.content, s.content FROM case_identifier i "
        "JOIN message r ON r.case_number = i.case_number AND r.direction = 'received' "
        "JOIN message s ON s.case_number = i.case_number AND s.direction = 'sent' WHERE i.kind = 'transaction'"
    )
    with database.read(operator()) as unit:
        return {(value, bytes(received), bytes(sent)) for value, received, sent in unit.connection.execute(query)}


def test_a_graceful_end_finishes_what_is_under_way(start_pas: StartPas, durable_url: str) -> None:
    server = start_pas(DATABASE_URL=durable_url)
    body = renewed(IN_REVIEW, "0-0")
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        head = (
            f"POST {SUBMIT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: {len(body)}"
        )
        connection.sendall(head.encode() + b"\r\n\r\n" + body[:1000])
        time.sleep(0.3)  # a thread of the server reads the body by now
        ending = threading.Thread(target=server.stop)
        ending.start()
        time.sleep(0.3)
        connection.sendall(body[1000:])
        answer = b""
        while part := connection.recv(65536):
            answer += part
    ending.join()
    assert answer.startswith(b"HTTP/1.1 200 OK"), server.log
    database = Database(durable_url, sandbox=False)
    [kept] = kept_answers(database)
    database.close()
    assert kept == ("TX-0-0", body, answer.partition(b"\r\n\r\n")[2])


def test_a_restart_under_load_loses_nothing(start_pas: StartPas, durable_url: str) -> None:
    server = start_pas(DATABASE_URL=durable_url)
    load = Load(server, "restart")
    load.begin(CLIENTS)
    for _ in range(2):
        load.wait_for_more()
        time.sleep(0.2)
        before = time.monotonic()
        server.stop()
        assert time.monotonic() - before < 9, "it had to be killed"
        server.start()
    load.wait_for_more()
    load.end()
    check(server, load, durable_url)
