"""No beneficiary's data in a log line or a figure, whatever is sent (docs/decisions/never.md, 5)."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from fhir_server.web.logs import ALLOWED
from tests.soak.process import PasServer, StartPas
from tests.web.bundles import REQUESTS, Json, encoded, entry_of, example, example_bytes
from tests.web.served import SUBMIT

MEMBER, FAMILY, GIVEN, BORN = "9CN4RY9AN99", "Canarienvogel", "Tweetina", "1931-02-17"
CANARIES = (MEMBER, FAMILY, GIVEN, BORN, "9CN4-RY9-AN99", "19310217")
PERSONAL = ("family", "given", "birthDate", "line")


def marked() -> Json:
    """Return a request about a beneficiary who exists nowhere else."""
    text = example_bytes("wiser/01-knee-arthroscopy.json").decode()
    text = text.replace("1EG4TE5MK01", MEMBER).replace("1957-03-18", BORN)
    bundle: Json = json.loads(text)
    entry_of(bundle, "Patient")["resource"]["name"] = [{"family": FAMILY, "given": [GIVEN]}]
    return bundle


def broken() -> Iterator[bytes]:
    """Yield requests that are refused, with the canaries where refusals look."""
    whole = encoded(marked())
    yield whole[: len(whole) // 2]
    yield whole.replace(f'"{FAMILY}"'.encode(), b'{"family": "' + FAMILY.encode() + b'"')
    yield json.dumps({FAMILY: MEMBER, "resourceType": GIVEN}).encode()
    yield f'{{"{FAMILY}": "{MEMBER}", "{FAMILY}": 1}}'.encode()
    for place in ("birthDate", "gender", "name"):
        bundle = marked()
        entry_of(bundle, "Patient")["resource"][place] = [MEMBER, {FAMILY: BORN}]
        yield encoded(bundle)
    bundle = marked()
    entry_of(bundle, "Patient")["fullUrl"] = f"urn:patient:{MEMBER}"
    yield encoded(bundle)
    bundle = marked()
    bundle["entry"][0]["resource"]["patient"]["reference"] = f"Patient/{MEMBER}"
    yield encoded(bundle)
    bundle = marked()
    bundle["entry"][0]["resource"]["related"] = [{"claim": {"display": f"{GIVEN} {FAMILY}"}}]
    yield encoded(bundle)


def hostile_calls(server: PasServer) -> None:
    """Send the canaries in every part of a call but its body."""
    for path in (
        f"/{MEMBER}",
        f"{SUBMIT}?name={FAMILY}",
        f"/stu2.2/fhir/Patient?birthdate={BORN}",
        f"{SUBMIT}/{GIVEN}",
    ):
        server.call("POST", path, b"{}", Content_Type=f"text/{FAMILY}", Accept=f"text/{MEMBER}", User_Agent=FAMILY)
    server.call(MEMBER, SUBMIT)
    server.call("POST", SUBMIT, b"{}", Authorization=f"Bearer {MEMBER}", X_Forwarded_For=FAMILY)
    for raw in (
        f"GET /{MEMBER} {FAMILY}\r\n\r\n",
        f"{FAMILY}\r\n\r\n",
        f"GET / HTTP/1.1\r\n{FAMILY} {MEMBER}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: {MEMBER}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {FAMILY}\r\n\r\n",
        f"POST {SUBMIT} HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n{FAMILY}",
        f"GET /{MEMBER * 1000} HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            connection.sendall(raw.encode())
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass


def personal_words() -> set[str]:
    """Return what tells a person in the patients and coverages of the examples."""
    found: set[str] = set()
    for path in REQUESTS:
        for entry in example(path)["entry"]:
            if entry["resource"]["resourceType"] in ("Patient", "Coverage"):
                text = json.dumps(entry["resource"], ensure_ascii=False)
                for key in PERSONAL:
                    found.update(re.findall(rf'"{key}": \[?"([^"]+)"', text))
                found.update(re.findall(r"1EG4\w{7}", text))
    return {word for word in found if len(word) > 4}


def test_logs_and_figures_hold_no_beneficiary(start_pas: StartPas, tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite"
    server = start_pas(DATABASE_URL=f"sqlite:///{store}", LOG_LEVEL="debug", WORKERS="1")
    assert server.submit(encoded(marked())).status == 200
    assert server.submit(encoded(marked())).headers["Idempotent-Replayed"] == "true"
    assert {server.submit(example_bytes(path)).status for path in REQUESTS} <= {200, 400}
    assert {server.submit(body).status for body in broken()} == {400}
    hostile_calls(server)
    faults(server, store)
    scan(server, {*CANARIES, *personal_words()})


def faults(server: PasServer, store: Path) -> None:
    """Let the store refuse rows for reasons that only a fault of ours can have; each answer tells nothing."""
    bundle = marked()
    for number, statement in enumerate(
        (
            "CREATE TRIGGER fault BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'no outbox'); END",
            "ALTER TABLE document RENAME TO elsewhere",
        )
    ):
        bundle["identifier"]["value"] = f"fault-{number}"
        bundle["entry"][0]["resource"]["item"][0]["productOrService"]["coding"][0]["code"] = f"6456{number}"
        with sqlite3.connect(store) as connection:
            connection.execute(statement)
        connection.close()
        reply = server.submit(encoded(bundle))
        assert reply.status in (500, 503), reply.body
        assert json.loads(reply.body)["resourceType"] == "OperationOutcome"
        for canary in CANARIES:
            assert canary not in reply.body.decode()


def scan(server: PasServer, canaries: set[str]) -> None:
    """Assert that no canary is in the log or the figures, and that log lines have known keys alone."""
    figures = server.call("GET", "/metrics").body.decode()
    log = server.log
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert sum(line["event"] == "request" for line in lines) > len(REQUESTS)
    assert any(line["event"] == "fault" for line in lines)
    assert all(set(line) <= ALLOWED for line in lines)
    for canary in canaries:
        assert canary not in log
        assert canary not in figures
