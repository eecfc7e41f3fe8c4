"""What the commands share: settings from the environment and flags, their store, and secrets kept off screens."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fhir_server.errors import StoreMismatch
from fhir_server.settings import Settings, load_settings

if TYPE_CHECKING:
    from fhir_server.store.database import Database

_USER_PASSWORD = re.compile(r"(://[^/@:?]*):.*@")
_QUERY_PASSWORD = re.compile(r"([?&][^=&]*(?:password|passwd|secret|token)[^=&]*=)[^&]*", re.IGNORECASE)


def settings_of(**flags: object) -> Settings:
    """Return the settings of the environment; a flag that was given wins."""
    return load_settings(os.environ, {name.upper(): str(value) for name, value in flags.items() if value is not None})


def masked(value: str) -> str:
    """Return *value* with every password in an address replaced by ``***``."""
    return _QUERY_PASSWORD.sub(r"\1***", _USER_PASSWORD.sub(r"\1:***@", value))


def missing_file(database: Database) -> Path | None:
    """Return the file of a SQLite store that is not there."""
    if database.url.get_backend_name() != "sqlite":
        return None
    path = Path(database.url.database or "")
    return None if path.is_file() else path


@contextmanager
def existing_store(settings: Settings) -> Iterator[Database]:
    """Give the store that *settings* name, which has to be there; a server's mode does not matter here.

    Raises `StoreMismatch` where there is none, or one of another release.
    """
    from fhir_server.store.database import Database

    own, other = (Database(settings.database_url, sandbox=mode) for mode in (settings.sandbox, not settings.sandbox))
    if path := missing_file(own):
        raise StoreMismatch(f"There is no store at {path}. `wiser-pas db upgrade` makes one, `wiser-pas serve` too.")
    with closing(own), closing(other):
        yield _fitting(own, other)


def _fitting(own: Database, other: Database) -> Database:
    try:
        own.check()
    except StoreMismatch as mismatch:
        try:
            other.check()
        except StoreMismatch:
            raise mismatch from None
        return other
    return own
