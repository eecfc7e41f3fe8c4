"""Log lines: JSON, one for each request, and never a beneficiary's data.

Only the keys of an allow-list leave; anything else that code binds by mistake is dropped.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, BinaryIO, cast

import msgspec
import structlog

ALLOWED = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "id",
        "client",
        "method",
        "route",
        "status",
        "milliseconds",
        "case",
        "replayed",
        "rules",
    }
    | {"kind", "at", "mode", "address", "store", "workers", "packs", "release", "scheme", "warning"}
)

ABOUT_A_REQUEST = ("Invalid request", "Error handling request", "Socket error processing request")


def only_allowed(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep the keys that cannot hold a beneficiary's data."""
    return {key: value for key, value in event.items() if key in ALLOWED}


def configure_logs(level: str) -> None:
    """Write log lines of *level* and above to standard error, warnings of libraries among them."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_allowed,
            structlog.processors.JSONRenderer(serializer=_serialize),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.BytesLoggerFactory(cast(BinaryIO, _StandardError())),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_StandardLibrary()])
    logging.getLogger("fhir_server").setLevel(level.upper())
    logging.getLogger("gunicorn.error").addFilter(without_content)


def without_content(record: logging.LogRecord) -> bool:
    """Take what was sent, and the stack, out of what gunicorn says about a request that it could not handle."""
    message = str(record.msg)
    if message.startswith(ABOUT_A_REQUEST):
        record.msg, record.args, record.exc_info = re.split(": | %s", message)[0], (), None
    return True


class _StandardError:
    """Standard error, as it is when a line is written."""

    def write(self, line: bytes) -> int:
        return sys.stderr.buffer.write(line)

    def flush(self) -> None:
        sys.stderr.buffer.flush()


class _StandardLibrary(logging.Handler):
    """Takes what is logged through the standard library into the same lines; the message alone, no exception."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(record.levelno, record.getMessage())


def _serialize(event: Any, **_: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)
