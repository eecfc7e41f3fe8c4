"""What claim systems send and get under `/api/utn`, as schemas: they check, and they describe (OpenAPI)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate

from fhir_server.exchange.contractor import NUMBER_FORM, Failed
from fhir_server.policy.forms import LARGEST_QUANTITY, procedure_code
from fhir_server.workflow.claim_rules import ClaimLine
from fhir_server.workflow.claims import ClaimOutcome

MOST_CLAIMS = 500
MOST_WORDS = 500
YEARS = timedelta(days=36525)
_NUMBER = validate.Regexp(rf"{NUMBER_FORM.pattern}\Z", error="a tracking number has 14 capital letters and digits")
_UNITS = validate.Range(1, LARGEST_QUANTITY - 1, error="a whole number from 1 on")
_SHORT = validate.Length(1, 64, error="1 to 64 characters")
_WORDS = validate.Length(1, MOST_WORDS, error=f"1 to {MOST_WORDS} characters")


class ServiceCode(fields.String):
    """A CPT or HCPCS code, in capital letters."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        code = procedure_code(super()._deserialize(value, attr, data, **kwargs))
        if code is None:
            raise ValidationError("a CPT or HCPCS code has five characters")
        return code


def _plausible(day: date) -> None:
    if not date(2000, 1, 1) <= day < date(2000, 1, 1) + YEARS:
        raise ValidationError("a day of this century")


class _Strict(Schema):
    class Meta:
        unknown = RAISE


class ClaimLineSchema(_Strict):
    """A line of a claim to be checked."""

    utn = fields.String(required=True, validate=_SHORT, metadata={"description": "The tracking number (UTN)."})
    member_id = fields.String(required=True, validate=_SHORT, metadata={"description": "The Medicare number."})
    service_code = ServiceCode(required=True)
    date_of_service = fields.Date(required=True, validate=_plausible)
    units = fields.Integer(required=True, strict=True, validate=_UNITS)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> ClaimLine:
        """Return the line."""
        return ClaimLine(**data)


class ReasonSchema(Schema):
    """One rule held against the line."""

    rule = fields.String()
    result = fields.String(validate=validate.OneOf(("met", "not met", "warning")))
    found = fields.String()
    source = fields.String()


class ClaimCheckSchema(Schema):
    """Whether the number covers the line. ``line`` is that of the request, ``follows`` the one that it follows."""

    covered = fields.Boolean()
    simulated = fields.Boolean(metadata={"description": "The number is no contractor's: do not bill with it."})
    case = fields.String(allow_none=True)
    line = fields.Integer(allow_none=True)
    follows = fields.Integer(allow_none=True)
    reasons = fields.List(fields.Nested(ReasonSchema))


class ClaimOutcomeSchema(_Strict):
    """What became of a line of a claim."""

    utn = fields.String(required=True, validate=_NUMBER)
    claim = fields.String(required=True, validate=_SHORT, metadata={"description": "The payer's number for the claim."})
    line = fields.Integer(required=True, strict=True, validate=_UNITS)
    service_code = ServiceCode(required=True)
    date_of_service = fields.Date(required=True, validate=_plausible)
    units = fields.Integer(required=True, strict=True, validate=_UNITS)
    outcome = fields.String(required=True, validate=validate.OneOf(("paid", "denied"), error="paid or denied"))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> ClaimOutcome:
        """Return the outcome."""
        return ClaimOutcome(**data)


class ClaimOutcomesSchema(_Strict):
    """What became of claims: all is recorded, or nothing."""

    claims = fields.List(
        fields.Nested(ClaimOutcomeSchema),
        required=True,
        validate=validate.Length(1, MOST_CLAIMS, error=f"1 to {MOST_CLAIMS} lines"),
    )


class RecordedClaimSchema(Schema):
    """A line that is on record. ``known``: it was before, and stays as it was."""

    case = fields.String()
    claim = fields.String()
    line = fields.Integer()
    known = fields.Boolean()


class RecordedClaimsSchema(Schema):
    """The lines that are on record now."""

    recorded = fields.List(fields.Nested(RecordedClaimSchema))


class NumberSchema(_Strict):
    """A number that the contractor gave; ``decision`` is the event that it is for, the last one if absent."""

    number = fields.String(required=True, validate=_NUMBER)
    decision = fields.Integer(strict=True, load_default=None, validate=_UNITS)


class FailureSchema(_Strict):
    """Why the contractor gives no number."""

    code = fields.String(required=True, validate=_SHORT)
    text = fields.String(required=True, validate=_WORDS)
    mend = fields.String(required=True, validate=_WORDS)
    decision = fields.Integer(strict=True, load_default=None, validate=_UNITS)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> tuple[Failed, int | None]:
        """Return the failure, and which decision it is about."""
        return Failed(data["code"], data["text"], data["mend"]), data["decision"]


class RetrySchema(_Strict):
    """The decision whose number is asked for again, the last one if absent."""

    decision = fields.Integer(strict=True, load_default=None, validate=_UNITS)


class TrackingLineSchema(Schema):
    """A line that the number holds for or denies."""

    sequence = fields.Integer()
    service_code = fields.String()
    affirmed = fields.Boolean()
    units = fields.Integer(allow_none=True)
    units_used = fields.Integer()


class TrackingNumberSchema(Schema):
    """How far the number of a decision has come."""

    decision = fields.Integer()
    status = fields.String(validate=validate.OneOf(("pending", "issued", "failed")))
    attempts = fields.Integer()
    number = fields.String(allow_none=True)
    simulated = fields.Boolean()
    affirmed = fields.Boolean()
    valid_from = fields.String(allow_none=True)
    valid_to = fields.String(allow_none=True)
    lines = fields.List(fields.Nested(TrackingLineSchema))


class TrackingNumbersSchema(Schema):
    """The numbers of a case."""

    case = fields.String()
    state = fields.String()
    numbers = fields.List(fields.Nested(TrackingNumberSchema))
