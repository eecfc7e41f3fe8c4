"""The answer to a submission: the bytes as they came, what they say in short, and fhir.resources objects of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from fhir_server.client.errors import PasAnswerUnreadable
from fhir_server.errors import ContentMalformed, ContentTooLarge
from fhir_server.fhir import json
from fhir_server.fhir.mapping import Json

if TYPE_CHECKING:
    from fhir.resources.R4B.bundle import Bundle
    from fhir.resources.R4B.claimresponse import ClaimResponse

_PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-"
REVIEW_ACTIONS = "https://codesystem.x12.org/005010/306"
# wiser-pas numbers its answers by case: the number of the case, a dash, and a count.
RESPONSE_NUMBERS = "http://wiser-pas.org/fhir/sid/response"


@dataclass(frozen=True, slots=True)
class LineAction:
    """What was decided about one line (X12 HCR).

    ``line`` is the line's sequence, ``None`` for the request as a whole; ``added`` tells a line that the payer added.
    ``code`` is the X12 306 action (A1, A3, A4, A6, C, CT, NA), ``beside`` are further codes of it, such as a WISeR
    dismissal (D02). ``notes`` are the remarks that belong to the line, in words.
    """

    line: int | None
    code: str | None
    label: str | None = None
    beside: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    number: str | None = None
    notes: tuple[str, ...] = ()
    added: bool = False


@dataclass(frozen=True, slots=True)
class AnswerError:
    """A business error (X12 AAA): its 901 code, codes beside it, the 889 follow-up, where it is, and any words."""

    code: str | None
    beside: tuple[str, ...] = ()
    follow_up: str | None = None
    position: str | None = None
    words: str | None = None


@dataclass(frozen=True)
class SubmitAnswer:
    """An answer of success to a submission. ``raw`` are the bytes that were received: keep these, no dump of objects.

    ``replayed`` tells that the server had answered this content before, with these bytes; ``attempts`` how often the
    request was sent.
    """

    status: int
    raw: bytes = field(repr=False)
    replayed: bool = False
    attempts: int = 1

    @cached_property
    def content(self) -> Json:
        """The response Bundle as JSON, decimals kept. Raises `PasAnswerUnreadable` for anything else."""
        try:
            content = json.loads(self.raw)
        except (ContentMalformed, ContentTooLarge):
            raise PasAnswerUnreadable("The answer is no JSON.") from None
        entries = content.get("entry")
        first = entries[0] if isinstance(entries, list) and entries and isinstance(entries[0], dict) else {}
        resource = first.get("resource")
        if not isinstance(resource, dict) or resource.get("resourceType") != "ClaimResponse":
            raise PasAnswerUnreadable("The answer is no Bundle with a ClaimResponse in front.")
        return content

    @cached_property
    def bundle(self) -> Bundle:
        """The response Bundle as a fhir.resources object, for reading.

        The library normalizes what it reads (``1.00`` becomes ``1.0``) and overlooks faults; `raw` is what was sent.
        Raises pydantic's ValidationError, a ValueError, for what the library does not take.
        """
        from fhir.resources.R4B.bundle import Bundle

        return Bundle.model_validate_json(self.raw)

    @property
    def claim_response(self) -> ClaimResponse:
        """The ClaimResponse, entry 0 of the Bundle, as a fhir.resources object."""
        _ = self.content  # raises where there is none
        return cast("ClaimResponse", cast("list[Any]", self.bundle.entry)[0].resource)

    @property
    def outcome(self) -> str | None:
        """`ClaimResponse.outcome`: complete, partial, error; queued for a pend in PAS 2.0.1."""
        outcome: str | None = self._response.get("outcome")
        return outcome

    @property
    def case(self) -> str | None:
        """The case's number at a wiser-pas server; ``None`` where another server answered."""
        for each in self._response.get("identifier") or ():
            if each.get("system") == RESPONSE_NUMBERS and each.get("value"):
                return str(each["value"]).rpartition("-")[0]
        return None

    def actions(self) -> tuple[LineAction, ...]:
        """Return what was decided: about the request as a whole, then line by line, then about added lines."""
        response = self._response
        whole = [self._action(None, response, each) for each in _review_actions(response)]
        lines = [
            self._action(item.get("itemSequence"), item, each)
            for item in response.get("item") or ()
            for each in _review_actions(item)
        ]
        added = [
            self._action(next(iter(item.get("itemSequence") or ()), None), item, each, added=True)
            for item in response.get("addItem") or ()
            for each in _review_actions(item)
        ]
        return (*whole, *lines, *added)

    def errors(self) -> tuple[AnswerError, ...]:
        """Return the business errors, in order."""
        return tuple(self._error(each) for each in self._response.get("error") or ())

    def notes(self) -> tuple[str, ...]:
        """Return every remark of the answer, in words."""
        return tuple(self._notes.values())

    @property
    def _response(self) -> Json:
        response: Json = self.content["entry"][0]["resource"]
        return response

    @property
    def _notes(self) -> dict[Any, str]:
        return {each.get("number"): str(each.get("text", "")) for each in self._response.get("processNote") or ()}

    def _action(self, line: int | None, item: Json, review: Json, *, added: bool = False) -> LineAction:
        concept = _concept(_value(review, f"{_PAS}reviewActionCode"))
        main = next((each for each in concept if each.get("system") == REVIEW_ACTIONS), {})
        reasons = [_concept(value) for value in _values(review, "reasonCode")]
        return LineAction(
            line=line,
            code=main.get("code"),
            label=main.get("display"),
            beside=_codes(each for each in concept if each is not main),
            reasons=_codes(code for codes in reasons for code in codes),
            number=_value(review, "number"),
            notes=tuple(self._notes[number] for number in item.get("noteNumber") or () if number in self._notes),
            added=added,
        )

    def _error(self, error: Json) -> AnswerError:
        codes = _concept(error.get("code"))
        element = next(iter(_extensions(error, f"{_PAS}errorElement")), {})
        note = _value(element, "processNote")
        return AnswerError(
            code=codes[0].get("code") if codes else None,
            beside=_codes(codes[1:]),
            follow_up=next(iter(_codes(_concept(_value(error, f"{_PAS}errorFollowupAction")))), None),
            position=_value(element, "error") or element.get("valueString"),
            words=self._notes.get(note),
        )


def _review_actions(holder: Json) -> Iterator[Json]:
    for adjudication in holder.get("adjudication") or ():
        yield from _extensions(adjudication, f"{_PAS}reviewAction")


def _extensions(holder: Json, url: str) -> Iterator[Json]:
    return (each for each in holder.get("extension") or () if each.get("url") == url)


def _values(holder: Json, url: str) -> list[Any]:
    return [
        value for extension in _extensions(holder, url) for key, value in extension.items() if key.startswith("value")
    ]


def _value(holder: Json, url: str) -> Any:
    return next(iter(_values(holder, url)), None)


def _concept(value: Any) -> list[Json]:
    codings = value.get("coding") if isinstance(value, dict) else None
    return list(codings or ())


def _codes(codings: Any) -> tuple[str, ...]:
    return tuple(str(each["code"]) for each in codings if each.get("code"))
