"""A client of one PAS server: sends a request, and sends the very same bytes again where it is safe to do so."""

from __future__ import annotations

import email.utils
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

import httpx

from fhir_server.client.answer import SubmitAnswer
from fhir_server.client.errors import PasUnavailable, refusal
from fhir_server.fhir import json

if TYPE_CHECKING:
    from fhir.resources.R4B.bundle import Bundle

FHIR_JSON = "application/fhir+json"
AGENT = f"wiser-pas-client/{version('wiser-pas')}"
# "Come back later": nothing was kept, or the same bytes get the answer that was kept.
LATER = frozenset({429, 502, 503, 504})
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 30.0
_chance = random.SystemRandom()


class PasClient:
    """Sends prior-authorization requests to one server. May be shared between threads; close it, or use it in ``with``.

    *base_url* is the server's address without the guide's path; *stu* names the release of PAS (``2.2`` or ``2.0``),
    *token* is a bearer token, *timeout* the seconds to wait for one answer. A request is sent up to *attempts* times.
    *sleep* waits between two attempts.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        stu: Literal["2.2", "2.0"] = "2.2",
        timeout: float = 15,
        *,
        attempts: int = 5,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        if attempts < 1:
            raise ValueError("attempts: give a whole number from 1 on")
        self.url = f"{base_url.rstrip('/')}/stu{stu}/fhir/Claim/$submit"
        self._attempts = attempts
        self._sleep = sleep
        headers = {"Content-Type": FHIR_JSON, "Accept": FHIR_JSON, "User-Agent": AGENT}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(headers=headers, timeout=timeout)

    def submit(self, bundle: Mapping[str, Any] | bytes | Bundle) -> SubmitAnswer:
        """Send a PAS request Bundle and return the answer, which may be a decision, a pend or business errors.

        Bytes are sent as they are; a dict (decimals as `Decimal` keep their digits) or a fhir.resources Bundle is
        written as JSON once. Where the connection breaks, or the server answers 429, 502, 503 or 504, the same bytes
        are sent again, after a pause that grows, varies, and is never shorter than ``Retry-After`` asks. That is safe
        at a server that answers the same content once, as wiser-pas does; at another one set ``attempts=1``.

        Raises `PasRefused` for any other status that is no success, `PasUnavailable` when all attempts failed or the
        server asks to wait longer than half a minute, `PasAnswerUnreadable` for a success that is no PAS answer.
        """
        body = _as_bytes(bundle)
        for attempt in range(1, self._attempts + 1):
            answer, reason, asked = self._send(body, attempt)
            if answer is not None:
                return answer
            if attempt == self._attempts or asked > LONGEST_PAUSE_SECONDS:
                raise PasUnavailable(reason, attempt)
            self._sleep(max(asked, _pause(attempt)))
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> PasClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, body: bytes, attempt: int) -> tuple[SubmitAnswer | None, str, float]:
        """Return the answer; or, without one, the reason in words and the seconds that the server asks to wait."""
        try:
            response = self._http.post(self.url, content=body)
        except httpx.TransportError as error:
            return None, f"{self.url} does not answer: {type(error).__name__}", 0.0
        if response.status_code in LATER:
            words = f"{self.url} cannot serve now: HTTP {response.status_code}"
            return None, words, retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        if not response.is_success:
            raise refusal(response.status_code, response.content)
        replayed = response.headers.get("Idempotent-Replayed") == "true"
        answer = SubmitAnswer(response.status_code, response.content, replayed, attempt)
        _ = answer.content  # read now, so that an unreadable answer is told here
        return answer, "", 0.0


def retry_after(value: str | None, now: datetime) -> float:
    """Return the seconds that a ``Retry-After`` header asks to wait (RFC 9110, 10.2.3): a number, or a date."""
    if not value:
        return 0.0
    if value.strip().isdigit():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


def _pause(attempt: int) -> float:
    """Return the pause after *attempt*: it doubles, up to a bound, and varies lest all clients come back together."""
    return _chance.uniform(0.5, 1.0) * min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1))


def _as_bytes(bundle: Mapping[str, Any] | bytes | Bundle) -> bytes:
    if isinstance(bundle, bytes):
        return bundle
    if isinstance(bundle, Mapping):
        return json.dumps(bundle)
    return bundle.model_dump_json(exclude_none=True).encode()
