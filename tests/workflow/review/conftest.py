"""A bench for each test, on both engines, and one on SQLite for what does not touch the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fhir_server.store.database import Database
from tests.workflow.review.bench import Bench, bench_on


@contextmanager
def opened(url: str, *, sandbox: bool = False) -> Iterator[Database]:
    """Give an empty store at *url*."""
    database = Database(url, sandbox=sandbox)
    database.upgrade()
    yield database
    database.close()


@pytest.fixture
def bench(store_url: str) -> Iterator[Bench]:
    """A bench on a production store of either engine."""
    with opened(store_url) as database:
        yield bench_on(database)


@pytest.fixture
def quick_bench(sqlite_url: str) -> Iterator[Bench]:
    """A bench on a production store of SQLite."""
    with opened(sqlite_url) as database:
        yield bench_on(database)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Database]:
    """A sandbox store of SQLite, empty, beside the one for production."""
    with opened(f"sqlite:///{tmp_path / 'sandbox.sqlite'}", sandbox=True) as database:
        yield database
