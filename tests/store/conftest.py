"""A store for each test, on both engines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fhir_server.store.database import Database


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    """A store for production, empty."""
    opened = Database(store_url, sandbox=False)
    opened.upgrade()
    yield opened
    opened.close()


@pytest.fixture
def sandbox(store_url: str) -> Iterator[Database]:
    """A store made as sandbox, empty."""
    opened = Database(store_url, sandbox=True)
    opened.upgrade()
    yield opened
    opened.close()
