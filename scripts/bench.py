"""Cost of a validation beside `fhir.resources`, and of `$submit` beside the same server's plain echo (S-28).

Validation is measured first, by `scripts/bench_validation.py`, while nothing else of ours runs.

Then the engine alone, by `scripts/bench_determination.py`. Then this starts a server with two processes and the
embedded store, sends two Bundles (the guide's 24 KB referral, and a complete request that is affirmed) to both routes
in turns over kept-alive connections, and prints CPU milliseconds a request (of the whole server process tree), their
ratio, requests a second and latencies. Machines are shared and noisy: read the ratios. Every submission differs in its
transaction number, so that each makes a case.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REFERRAL = ROOT / "tests" / "golden" / "bench" / "referral.json"
SUBMIT = "/stu2.2/fhir/Claim/$submit"
ECHO = "/bench/echo"
BESIDES = (ROOT / "scripts" / "bench_validation.py", ROOT / "scripts" / "bench_determination.py")
CONNECTIONS = 4
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Load:
    """A Bundle that is sent, and how many times the echo of it a submission may cost."""

    name: str
    path: Path
    budget: float

    def template(self) -> bytes:
        """Return the Bundle with a word in the place of its transaction number."""
        bundle = json.loads(self.path.read_bytes())
        bundle["identifier"]["value"] = "TRANSACTION"
        return json.dumps(bundle, separators=(",", ":")).encode()


LOADS = (
    Load("referral, pended", REFERRAL, 8),  # validated, decided, stored
    Load("complete, affirmed", ROOT / "examples" / "wiser" / "complete" / "10-epidural-steroid-injection.json", 10),
)


@dataclass
class Round:
    """What one round of one route cost."""

    cpu_milliseconds: float
    requests_a_second: float
    latencies: list[float] = field(default_factory=list)


def serve(port: int, folder: str) -> None:
    """Run the server with one route more: the echo."""
    from flask import Flask, Response, request

    from fhir_server.app import create_app, prepare
    from fhir_server.cli.server import Server
    from fhir_server.fhir import json as fhir_json
    from fhir_server.settings import load_settings

    url = os.environ.get("DATABASE_URL", f"sqlite:///{folder}/bench.db")
    settings = load_settings(
        {"PORT": str(port), "SANDBOX": "1", "LOG_LEVEL": "info", "DATABASE_URL": url, "WORKER": "0"}
    )
    prepare(settings)

    def make() -> Flask:
        app = create_app(settings)

        @app.post(ECHO)
        def echo() -> Response:
            return Response(fhir_json.dumps(fhir_json.loads(request.get_data())), content_type="application/fhir+json")

        return app

    Server(settings, make).run()


def process_tree(root: int) -> list[int]:
    """Return the process and its children, as they are now."""
    children = Path(f"/proc/{root}/task/{root}/children").read_text().split()
    return [root, *(each for child in children for each in process_tree(int(child)))]


def cpu_seconds(root: int) -> float:
    """Return the CPU time, user and system, of the process tree so far."""
    total = 0
    for process in process_tree(root):
        parts = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        total += int(parts[11]) + int(parts[12])
    return total / TICKS


def run_round(server: int, port: int, path: str, bodies: list[bytes]) -> Round:
    """Send *bodies* over a few kept-alive connections; return what that cost."""
    shares = [bodies[start::CONNECTIONS] for start in range(CONNECTIONS)]
    latencies: list[float] = []
    before, started = cpu_seconds(server), time.perf_counter()
    threads = [threading.Thread(target=send, args=(port, path, share, latencies)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - started
    cost = (cpu_seconds(server) - before) * 1000 / len(bodies)
    if len(latencies) != len(bodies):
        sys.exit("not every request was answered with 200")
    return Round(cost, len(bodies) / elapsed, latencies)


def send(port: int, path: str, bodies: list[bytes], latencies: list[float]) -> None:
    """Send *bodies* one after the other and note how long each took, in milliseconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for body in bodies:
        started = time.perf_counter()
        connection.request("POST", path, body, {"Content-Type": "application/fhir+json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status == http.client.OK:
            latencies.append((time.perf_counter() - started) * 1000)


def bodies_of(template: bytes, count: int, mark: str) -> list[bytes]:
    """Return *count* Bundles that differ in their transaction number alone."""
    return [template.replace(b"TRANSACTION", f"{mark}{number:06}".encode()) for number in range(count)]


def measure(load: Load, port: int, server: int, rounds: int, count: int) -> dict[str, list[Round]]:
    """Return the rounds of both routes, taken in turns."""
    template = load.template()
    found: dict[str, list[Round]] = {ECHO: [], SUBMIT: []}
    for path in found:
        run_round(server, port, path, bodies_of(template, 100, f"W{load.budget:g}{len(path)}"))
    for number in range(rounds):
        for path in found:
            found[path].append(
                run_round(server, port, path, bodies_of(template, count, f"R{load.budget:g}-{number}-{len(path)}-"))
            )
            if sys.stderr.isatty():
                print(f"\rround {number + 1} of {rounds}", end="", file=sys.stderr)
    return found


def report(found: dict[str, list[Round]]) -> dict[str, Any]:
    """Return the figures: the best round of each route, for a shared machine only adds."""
    figures: dict[str, Any] = {}
    for path, rounds in found.items():
        latencies = sorted(each for one in rounds for each in one.latencies)
        figures[path] = {
            "cpu_ms": round(min(one.cpu_milliseconds for one in rounds), 2),
            "cpu_ms_median": round(statistics.median(one.cpu_milliseconds for one in rounds), 2),
            "requests_a_second": round(max(one.requests_a_second for one in rounds), 1),
            "p50_ms": round(latencies[len(latencies) // 2], 1),
            "p99_ms": round(latencies[int(len(latencies) * 0.99)], 1),
        }
    figures["ratio_cpu"] = round(figures[SUBMIT]["cpu_ms"] / figures[ECHO]["cpu_ms"], 2)
    figures["ratio_cpu_median"] = round(figures[SUBMIT]["cpu_ms_median"] / figures[ECHO]["cpu_ms_median"], 2)
    return figures


def print_report(load: Load, figures: dict[str, Any]) -> None:
    """Print the figures as a table."""
    print(f"{load.name:<28}{'CPU ms':>8}{'median':>8}{'req/s':>8}{'p50 ms':>8}{'p99 ms':>8}")
    for path in (ECHO, SUBMIT):
        row = figures[path]
        values = (row["cpu_ms"], row["cpu_ms_median"], row["requests_a_second"], row["p50_ms"], row["p99_ms"])
        print(f"{path:<28}" + "".join(f"{value:>8}" for value in values))
    costs = f"$submit costs {figures['ratio_cpu']} x the echo (median {figures['ratio_cpu_median']} x)"
    print(f"{costs}; the budget is {load.budget:g} x")


def bench_besides(as_json: bool) -> dict[str, Any]:
    """Measure what needs no server, each in a process of its own; return the figures, or print them."""
    figures: dict[str, Any] = {}
    for script in BESIDES:
        command = [sys.executable, str(script), *(["--json"] if as_json else [])]
        found = subprocess.run(command, stdout=subprocess.PIPE if as_json else None, check=True)
        figures |= json.loads(found.stdout) if as_json else {}
    return figures


def main() -> None:
    """Start the server, measure, print, stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=400, help="requests a round and route")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    besides = bench_besides(arguments.json)
    with tempfile.TemporaryDirectory(prefix="wiser-pas-bench-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        with (Path(folder) / "log").open("wb") as log_file:
            server = subprocess.Popen([sys.executable, __file__, "--serve", str(port), folder], stderr=log_file)
        try:
            await_server(port)
            found = {
                load: report(measure(load, port, server.pid, arguments.rounds, arguments.requests)) for load in LOADS
            }
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)
    if arguments.json:
        print(json.dumps({**{load.name: figures for load, figures in found.items()}, **besides}, indent=2))
        return
    for load, figures in found.items():
        print_report(load, figures)


def await_server(port: int) -> None:
    """Return when the server answers."""
    for _ in range(200):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            time.sleep(0.1)
    sys.exit("the server did not start")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(int(sys.argv[2]), sys.argv[3])
    else:
        main()
