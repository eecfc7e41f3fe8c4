"""A server in this process with a real store, as its callers and its operator see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from fhir_server.app import create_app, open_database
from fhir_server.authorization.caller import operator
from fhir_server.authorization.events import Event
from fhir_server.settings import Settings, load_settings
from fhir_server.store.database import Database
from fhir_server.store.messages import StoredMessage
from tests.web.bundles import Json, encoded

FHIR_JSON = "application/fhir+json"
FHIR_XML = "application/fhir+xml"
SUBMIT = "/stu2.2/fhir/Claim/$submit"
SUBMIT_2_0 = "/stu2.0/fhir/Claim/$submit"


@dataclass
class Clock:
    """The server's clock, moved by the test."""

    now: datetime = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Answered(NamedTuple):
    """What was kept about one case: its log and its messages."""

    events: tuple[Event, ...]
    messages: tuple[StoredMessage, ...]


class Served:
    """The server for *settings* (by name, as text) on the store at *url*."""

    def __init__(self, url: str, **settings: str) -> None:
        self.settings: Settings = load_settings({"DATABASE_URL": url, **settings})
        self.clock = Clock()
        database = open_database(self.settings)
        database.upgrade()
        database.close()
        self.app: Flask = create_app(self.settings, self.clock)
        self.database: Database = self.app.extensions["wiser-pas-database"]
        self.client = self.app.test_client()

    def get(self, path: str, **headers: str) -> TestResponse:
        """GET *path*; underscores of header names stand for dashes."""
        return self.client.get(path, headers=_headers(headers))

    def submit(self, body: bytes | Json, path: str = SUBMIT, **headers: str) -> TestResponse:
        """POST *body* as FHIR JSON, unless *headers* say otherwise."""
        sent = {"Content-Type": FHIR_JSON, **_headers(headers)}
        return self.client.post(path, data=body if isinstance(body, bytes) else encoded(body), headers=sent)

    def cases(self) -> list[str]:
        """Return the numbers of all cases, oldest first."""
        return [row[0] for row in self.rows("SELECT number FROM authorization_case ORDER BY created_at, number")]

    def kept(self, case: str) -> Answered:
        """Return what an operator sees of *case*."""
        with self.database.read(operator()) as unit:
            return Answered(unit.events.of(case, with_documents=True), unit.messages.of(case))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of an SQL query."""
        with self.database.read(operator()) as unit:
            return [tuple(row) for row in unit.connection.execute(text(query))]

    def counts(self) -> dict[str, int]:
        """Return how many rows each table of a submission holds."""
        tables = ("authorization_case", "event", "message", "document", "replay", "instance", "outbox")
        return {table: self.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables}

    def close(self) -> None:
        """Close the connections of the store."""
        self.database.close()


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def case_of(response: TestResponse) -> str:
    """Return the case number of an answer."""
    name: str = response.get_json()["entry"][0]["resource"]["id"]
    return name.rsplit("-", 1)[0]


def outcome_of(response: TestResponse, status: int) -> list[Json]:
    """Return the issues of a refusal, which is one OperationOutcome in JSON of *status*."""
    body: Json = response.get_json()
    assert response.status_code == status, body
    assert response.content_type == f"{FHIR_JSON}; charset=utf-8"
    assert body["resourceType"] == "OperationOutcome"
    assert body["issue"]
    for issue in body["issue"]:
        assert issue["severity"] in ("fatal", "error", "warning", "information")
        assert issue["details"]["coding"][0]["code"]
        assert issue["details"]["text"]
    issues: list[Json] = body["issue"]
    return issues


def rules_of(response: TestResponse, status: int) -> list[str]:
    """Return the rule keys of a refusal of *status*."""
    return [issue["details"]["coding"][0]["code"] for issue in outcome_of(response, status)]


Serve = Callable[..., Served]


@contextmanager
def _serving(url: str) -> Iterator[Serve]:
    opened: list[Served] = []

    def serve(**settings: str) -> Served:
        opened.append(Served(url, **settings))
        return opened[-1]

    yield serve
    for each in opened:
        each.close()


@pytest.fixture
def serve(store_url: str) -> Iterator[Serve]:
    """A function that makes the server for some settings, on a fresh store of either engine."""
    with _serving(store_url) as serve:
        yield serve


@pytest.fixture
def serve_sqlite(sqlite_url: str) -> Iterator[Serve]:
    """The same on SQLite alone, for what does not touch the store."""
    with _serving(sqlite_url) as serve:
        yield serve


@pytest.fixture
def served(serve_sqlite: Serve) -> Served:
    """A production server with default settings on SQLite."""
    return serve_sqlite()
