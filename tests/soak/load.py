"""Clients that submit one bundle after another, each again and again with the same bytes until it is answered."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from dataclasses import dataclass, field

from tests.soak.process import PasServer, Reply
from tests.web.bundles import IN_REVIEW, WITH_GUIDS, WITH_RECORDS, renewed

KINDS = (IN_REVIEW, WITH_GUIDS, WITH_RECORDS)
PAUSE_SECONDS = 0.01
LATER = (502, 503)


@dataclass
class Load:
    """What clients sent and were told, while they are at work and afterwards."""

    server: PasServer
    tag: str
    acknowledged: dict[str, bytes] = field(default_factory=dict)
    strange: list[Reply] = field(default_factory=list)
    interrupted: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def begin(self, clients: int) -> None:
        """Let so many clients begin."""
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Return when every client has the answer to what it sent last."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, seconds: float = 30.0) -> None:
        """Return when one more submission was acknowledged."""
        before, deadline = len(self.acknowledged), time.monotonic() + seconds
        while len(self.acknowledged) == before:
            assert time.monotonic() < deadline, self.server.log[-4000:]
            time.sleep(0.002)

    def body(self, seed: str) -> bytes:
        """Return the bytes that were sent as *seed*."""
        return renewed(KINDS[int(seed.rsplit("-", 1)[1]) % len(KINDS)], seed)

    def _work(self) -> None:
        while not self._stop.is_set():
            seed = f"{self.tag}-{next(self._numbers)}"
            body = self.body(seed)
            while seed not in self.acknowledged:
                self._send(seed, body)

    def _send(self, seed: str, body: bytes) -> None:
        try:
            reply = self.server.submit(body)
        except (OSError, http.client.HTTPException):
            self.interrupted += 1
            time.sleep(PAUSE_SECONDS)
            return
        if reply.status in LATER:
            time.sleep(PAUSE_SECONDS)
            return
        if reply.status != 200:
            self.strange.append(reply)
        self.acknowledged[seed] = reply.body
