"""Two organizations, any operations in any order: each sees what it would see alone (docs/decisions/never.md, 4)."""

from __future__ import annotations

import itertools
import json
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.authorization.caller import Caller
from fhir_server.errors import NotAllowed
from fhir_server.security.clients import token_digest
from fhir_server.workflow.show import show
from tests.web.bundles import IN_REVIEW, WITH_GUIDS, example_bytes
from tests.web.served import SUBMIT, SUBMIT_2_0, Served

_CASE = re.compile(r"W\d{8}-[0-9A-Z]{8}(?:-1)?")
_GUID = re.compile(r"urn:uuid:[0-9a-f-]{36}")
_clients = itertools.count()

BODIES = {
    "request": example_bytes(IN_REVIEW),
    "same request, other number": example_bytes(IN_REVIEW).replace(b"MR-20261123-0001", b"MR-20261123-0002"),
    "guids": example_bytes(WITH_GUIDS),
    "same guids, other patient": example_bytes(WITH_GUIDS).replace(b"1EG4TE5MK03", b"1EG4TE5MK93"),
    "broken": b'{"resourceType":"Bundle"}',
}
Operation = tuple[int, str, str]  # which of the two, which body, where to


@dataclass
class World:
    """One server and the operations that were done on it."""

    served: Served
    names: tuple[str, str]
    seen: dict[int, list[tuple[int, str, str]]] = field(default_factory=lambda: {0: [], 1: []})
    cases: dict[int, set[str]] = field(default_factory=lambda: {0: set(), 1: set()})

    def do(self, operation: Operation) -> None:
        """Submit for one of the two, and note what he sees."""
        who, body, path = operation
        response = self.served.submit(BODIES[body], path, Authorization=f"Bearer {self.names[who]}")
        self.cases[who] |= {each.removesuffix("-1") for each in _CASE.findall(response.text)}
        told = _GUID.sub("GUID", _CASE.sub("CASE", response.text))
        self.seen[who].append((response.status_code, response.headers.get("Idempotent-Replayed", ""), told))

    def check_guard(self) -> None:
        """Assert that each finds and reads his own cases and none of the other's."""
        for who, other in ((0, 1), (1, 0)):
            caller = Caller(self.names[who])
            for case in self.cases[who]:
                assert show(self.served.database, caller, case).owner == caller.client
            for case in self.cases[other]:
                check_closed(self.served, caller, case)
            with self.served.database.read(caller) as unit:
                for number in ("MR-20261123-0001", "MR-20261123-0002"):
                    assert set(unit.cases.identified_by("transaction", number)) <= self.cases[who]


def check_closed(served: Served, caller: Caller, case: str) -> None:
    """Assert that every read of *case* is refused to *caller*."""
    with served.database.read(caller) as unit:
        for read in (unit.cases.get, unit.events.of, unit.messages.of, unit.documents.contents):
            with pytest.raises(NotAllowed) as refused:
                read(case)
            assert case not in str(refused.value)


def world(url: str, folder: Path, **settings: str) -> World:
    """Return a server on the store at *url* with two clients that nobody used before."""
    names = (f"one-{next(_clients)}", f"two-{next(_clients)}")
    file = folder / f"{names[0]}.yaml"
    file.write_text(json.dumps({"clients": [{"id": name, "token_sha256": token_digest(name)} for name in names]}))
    return World(Served(url, CLIENTS_FILE=str(file), **settings), names)


operations = st.lists(
    st.tuples(st.sampled_from((0, 1)), st.sampled_from(sorted(BODIES)), st.sampled_from((SUBMIT, SUBMIT, SUBMIT_2_0))),
    min_size=2,
    max_size=8,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(done=operations)
def test_nobody_sees_what_another_does(store_url: str, done: list[Operation]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        together = world(store_url, folder)
        for operation in done:
            together.do(operation)
        together.check_guard()
        for who in (0, 1):
            alone = world(f"sqlite:///{folder / str(who)}", folder)
            for operation in done:
                if operation[0] == who:
                    alone.do(operation)
            assert together.seen[who] == alone.seen[who]
            alone.served.close()
        assert not together.cases[0] & together.cases[1]
        together.served.close()
