"""Everything that this server refuses, in one tree.

    Refusal                          an answer to the caller: one list of issues
       . ContentMalformed     400    not JSON, not XML, not a resource at all
       . ContentInvalid       400    readable, but some elements cannot be processed
       . NotSupported         400    understood, and not offered by this server
       . NotAuthenticated     401    no token, or one that nobody here was given
       . NotAllowed           403    known, but may not do this
       . NotFound             404    no such resource or operation
       . MethodNotAllowed     405    the address exists, the verb does not
       . NotAcceptable        406    no format of the answer suits the caller
       . ContentTooLarge      413    over a limit of size, depth or entries
       . ContentTypeUnknown   415    a body in a format that is not taken here
       . TooManyRequests      429    slow down
       . Unavailable          503    come back later; nothing was kept
    SettingsInvalid                  the server refuses to start
    StoreMismatch                    the database was made for another mode or release
    PolicyInvalid                    a policy pack contradicts itself

Each refusal knows its HTTP status, the FHIR issue type that names it, and the X12 901 reject reason that says
the same on the X12 channel (``None`` where that channel has no word for it). Business errors, such as an unknown
member, are no refusals: they are values of the hub (`fhir_server.authorization.response.RequestError`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

Severity = Literal["fatal", "error", "warning", "information"]


@dataclass(frozen=True, slots=True)
class Issue:
    """One problem: what was found, where, by which rule, and how to mend it.

    ``rule`` is a stable key (``PAS-021``, ``json-syntax``). ``expression`` is a FHIRPath from the root of the body,
    or ``None`` where no element is at fault. ``found`` and ``mend`` never hold a beneficiary's data.
    """

    rule: str
    found: str
    mend: str
    expression: str | None = None
    severity: Severity = "error"
    code: str = "invalid"
    diagnostics: str | None = None


class Refusal(Exception):
    """An answer to the caller that lists every problem found."""

    status: ClassVar[int] = 400
    issue_code: ClassVar[str] = "invalid"
    aaa_code: ClassVar[str | None] = None
    rule: ClassVar[str] = "refused"

    def __init__(self, issues: Iterable[Issue]) -> None:
        self.issues: Sequence[Issue] = tuple(issues)
        super().__init__("; ".join(issue.found for issue in self.issues))

    @classmethod
    def because(
        cls, found: str, mend: str, *, expression: str | None = None, diagnostics: str | None = None
    ) -> Refusal:
        """Return a refusal of this kind with one issue."""
        return cls([Issue(cls.rule, found, mend, expression, code=cls.issue_code, diagnostics=diagnostics)])

    @property
    def headers(self) -> dict[str, str]:
        """HTTP headers that belong to this refusal."""
        return {}


class ContentMalformed(Refusal):
    """The body cannot be read at all."""

    issue_code, rule, aaa_code = "structure", "content-malformed", "79"


class ContentInvalid(Refusal):
    """The body was read, and some of its elements cannot be processed."""

    issue_code, rule, aaa_code = "invalid", "content-invalid", "15"


class NotAuthenticated(Refusal):
    """Nobody that this server knows sent the request."""

    status, issue_code, rule, aaa_code = 401, "login", "not-authenticated", "41"

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="wiser-pas"'}


class NotAllowed(Refusal):
    """The caller is known and may not do this."""

    status, issue_code, rule, aaa_code = 403, "forbidden", "not-allowed", "41"


class NotFound(Refusal):
    """Nothing lives at this address."""

    status, issue_code, rule = 404, "not-found", "not-found"


class MethodNotAllowed(Refusal):
    """The address exists, and does not take this verb."""

    status, issue_code, rule = 405, "not-supported", "method-not-allowed"

    def __init__(self, issues: Iterable[Issue], allowed: Iterable[str] = ()) -> None:
        super().__init__(issues)
        self.allowed = tuple(sorted(allowed))

    @property
    def headers(self) -> dict[str, str]:
        return {"Allow": ", ".join(self.allowed)} if self.allowed else {}


class NotAcceptable(Refusal):
    """No format that this address can answer in suits the caller."""

    status, issue_code, rule = 406, "not-supported", "not-acceptable"


class ContentTooLarge(Refusal):
    """A limit of size, depth or number of entries was passed."""

    status, issue_code, rule = 413, "too-long", "content-too-large"


class ContentTypeUnknown(Refusal):
    """The body is in a format that this address does not take."""

    status, issue_code, rule = 415, "not-supported", "content-type"


class NotSupported(Refusal):
    """Understood, and not offered by this server."""

    issue_code, rule = "not-supported", "not-supported"


class TooManyRequests(Refusal):
    """The caller has to slow down."""

    status, issue_code, rule, aaa_code = 429, "throttled", "too-many-requests", "42"

    def __init__(self, issues: Iterable[Issue], retry_after_seconds: int = 1) -> None:
        super().__init__(issues)
        self.retry_after_seconds = retry_after_seconds

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_seconds)}


class Unavailable(TooManyRequests):
    """The store or a partner does not answer. Nothing was kept; the same request may be sent again."""

    status, issue_code, rule, aaa_code = 503, "transient", "unavailable", "42"


class SettingsInvalid(Exception):
    """A setting is unknown, ill-formed or unsafe; the message names each one."""


class StoreMismatch(Exception):
    """The database was made for another mode (sandbox or production) or release than the one that opens it."""


class PolicyInvalid(Exception):
    """A policy pack contradicts itself; the message names every row."""
