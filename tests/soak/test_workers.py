"""Worker processes come and go; what they share stays."""

from __future__ import annotations

import os
import signal
import time

from tests.soak.process import PasServer, StartPas
from tests.web.bundles import IN_REVIEW, renewed
from tests.web.served import SUBMIT


def counted(server: PasServer) -> int:
    """Return how many submissions the figures tell."""
    reply = server.call("GET", "/metrics")
    assert reply.status == 200, server.log[-2000:]
    label = f'wiser_pas_requests_total{{method="POST",route="{SUBMIT}",status="200"}}'
    line = next(line for line in reply.body.decode().splitlines() if line.startswith(label))
    return int(float(line.rsplit(" ", 1)[1]))


def test_figures_are_those_of_all_workers_and_outlive_each(start_pas: StartPas, sqlite_url: str) -> None:
    server = start_pas(DATABASE_URL=sqlite_url)
    for number in range(10):
        assert server.submit(renewed(IN_REVIEW, f"before-{number}")).status == 200
    assert counted(server) == 10
    for end in (signal.SIGTERM, signal.SIGKILL):
        before = server.workers
        os.kill(before[0], end)
        deadline = time.monotonic() + 10
        while before[0] in server.workers or len(server.workers) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.2)
    for number in range(10):
        assert server.submit(renewed(IN_REVIEW, f"after-{number}")).status == 200
    assert counted(server) == 20
    assert "figures are not kept" not in server.log
