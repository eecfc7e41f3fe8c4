"""What drivers raise, turned into what callers of the store may rely on. No content of a row ever passes."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from fhir_server.errors import ContentInvalid, Unavailable

log = logging.getLogger(__name__)


class ConstraintBroken(Exception):
    """The database refused a row that may never be; nothing was kept. The message names the rule, never the row."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise `Unavailable`, `ContentInvalid` or `ConstraintBroken` for what a driver raises within.

    An SQL statement that is wrong by itself (ProgrammingError) is our fault, and passes as it is.
    """
    try:
        yield
    except (ProgrammingError, sqlite3.ProgrammingError, psycopg.ProgrammingError):
        raise
    except (IntegrityError, sqlite3.IntegrityError, psycopg.IntegrityError) as error:
        raise ConstraintBroken(_words(error)) from None
    except (DataError, sqlite3.DataError, psycopg.DataError, OverflowError, UnicodeEncodeError):
        raise ContentInvalid.because(
            "The content holds a character or a number that cannot be stored.",
            "Send text of Unicode characters without NUL, and numbers within the range of their data type.",
        ) from None
    except (DBAPIError, NoConnectionLeft, sqlite3.Error, psycopg.Error) as error:
        log.warning("The store is unavailable: %s", _words(error))
        raise Unavailable.because("The store is unavailable.", "Send the same request again.") from None


def _words(error: Exception) -> str:
    """Return the engine's word for the error; PostgreSQL keeps the content of the row out of its primary message."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.Error) and cause.diag.message_primary:
        return cause.diag.message_primary
    return str(cause)
