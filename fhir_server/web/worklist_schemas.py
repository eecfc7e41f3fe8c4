"""What the worklist's API takes and gives, as marshmallow schemas; `/openapi.json` is made from the same."""

from __future__ import annotations

from typing import Any, get_args

from marshmallow import Schema, fields, validate

from fhir_server.authorization.determination import CriterionGap, CriterionResult, Tier
from fhir_server.authorization.evidence import EvidenceSource
from fhir_server.store.worklist_items import Alert, ItemStatus
from fhir_server.workflow.review.asking import TalkStep

MOST_TEXT = 10_000
MOST_ROWS = 500


def _one_of(literal: Any) -> validate.OneOf:
    return validate.OneOf(get_args(literal))


def _text(**more: Any) -> fields.String:
    return fields.String(validate=validate.Length(max=MOST_TEXT), **more)


def _told(description: str) -> dict[str, str]:
    return {"description": description}


class FilterSchema(Schema):
    """Which cases to list; what is left out lets all through."""

    fitting = fields.Boolean(load_default=False, metadata=_told("Only those that the caller may decide."))
    mine = fields.Boolean(load_default=False, metadata=_told("Only those that the caller has."))
    unassigned = fields.Boolean(load_default=False)
    overdue = fields.Boolean(load_default=False)
    expedited = fields.Boolean()
    assigned_to = fields.String()
    category = fields.String()
    specialty = fields.List(fields.String(), load_default=[])
    state = fields.List(fields.String(), load_default=[], metadata=_told("States of service."))
    tier = fields.List(fields.String(validate=_one_of(Tier)), load_default=[])
    status = fields.List(fields.String(validate=_one_of(ItemStatus)), load_default=["waiting", "information-requested"])
    most = fields.Integer(load_default=100, validate=validate.Range(1, MOST_ROWS))
    after_due_at = fields.String(metadata=_told("With `after_case`: what the answer before named as `next`."))
    after_case = fields.String()


class PointerSchema(Schema):
    """Where something stands in the records."""

    source = fields.String(required=True, validate=_one_of(EvidenceSource))
    document = fields.String(load_default=None, allow_none=True, metadata=_told("The key of a record."))
    place = fields.String(load_default=None, allow_none=True)
    start = fields.Integer(load_default=None, allow_none=True)
    end = fields.Integer(load_default=None, allow_none=True)


class PointedAtSchema(PointerSchema):
    """A pointer and what was read there."""

    kind = fields.String(allow_none=True)
    quote = fields.String(allow_none=True)
    values = fields.List(fields.String())


class ReleaseSchema(Schema):
    """Why a case is given back."""

    reason = _text(load_default=None, allow_none=True)


class ReasonSchema(Schema):
    """Why a step is taken."""

    reason = _text(required=True)


class ReassignSchema(ReasonSchema):
    """To whom a case is sent: a reviewer, or whoever has a specialty."""

    specialty = fields.String(load_default=None, allow_none=True)
    to_reviewer = fields.String(load_default=None, allow_none=True)


class NewFindingSchema(Schema):
    """What a reviewer says about a criterion."""

    category = fields.String(required=True)
    element = fields.String(required=True)
    result = fields.String(required=True, validate=_one_of(CriterionResult))
    rationale = _text(required=True)
    evidence = fields.List(fields.Nested(PointerSchema), load_default=[])
    gap = fields.String(load_default=None, allow_none=True, validate=_one_of(CriterionGap))


class ConfirmSchema(Schema):
    """Why what software found met is met."""

    rationale = _text(required=True)


class LineDecisionSchema(Schema):
    """What is decided about a line; fewer units than were asked for are a part of it."""

    outcome = fields.String(required=True, validate=validate.OneOf(("affirmed", "non-affirmed")))
    units = fields.Decimal(load_default=None, allow_none=True)
    reason_codes = fields.List(fields.String(), load_default=[], metadata=_told("Of CMS's list, where one is loaded."))


class NewDecisionSchema(Schema):
    """A decision: every line in review by its sequence, and why."""

    lines = fields.Dict(
        keys=fields.Integer(validate=validate.Range(min=1)),
        values=fields.Nested(LineDecisionSchema),
        required=True,
        validate=validate.Length(min=1),
    )
    rationale = _text(required=True)


class QuestionSchema(Schema):
    """What the requester is asked for."""

    elements = fields.List(fields.String(), required=True)
    words = _text(required=True)


class TalkSchema(Schema):
    """A step of a talk between clinicians."""

    step = fields.String(required=True, validate=_one_of(TalkStep))
    at = fields.AwareDateTime(load_default=None, allow_none=True, format="iso")
    with_whom = _text(load_default=None, allow_none=True)
    note = _text(load_default=None, allow_none=True)


class ItemSchema(Schema):
    """A case that waits, or did; times are UTC."""

    case = fields.String(required=True)
    round = fields.Integer()
    status = fields.String(validate=_one_of(ItemStatus))
    category = fields.String(allow_none=True)
    categories = fields.List(fields.String())
    specialties = fields.List(fields.String())
    state_of_service = fields.String(allow_none=True)
    tier = fields.String(validate=_one_of(Tier))
    expedited = fields.Boolean()
    second_look = fields.Boolean()
    received_at = fields.String()
    due_at = fields.String()
    latest_at = fields.String()
    assigned_to = fields.String(allow_none=True)
    assigned_at = fields.String(allow_none=True)


class ListedSchema(Schema):
    """A case that waits, and how urgent it is."""

    item = fields.Nested(ItemSchema)
    hours_left = fields.Float()
    alert = fields.String(allow_none=True, validate=validate.OneOf((*get_args(Alert), None)))


class NextSchema(Schema):
    """Where the next part of a list begins."""

    after_due_at = fields.String()
    after_case = fields.String()


class ListSchema(Schema):
    """Cases, those that are due first at the head."""

    items = fields.List(fields.Nested(ListedSchema))
    next = fields.Nested(NextSchema, allow_none=True)


class CriterionSchema(Schema):
    """An element of a checklist and what it comes to."""

    category = fields.String()
    element = fields.String()
    label = fields.String()
    kind = fields.String()
    group = fields.String(allow_none=True)
    lines = fields.List(fields.Integer())
    result = fields.String(validate=_one_of(CriterionResult))
    gap = fields.String(allow_none=True)
    found = fields.String()
    source = fields.String()
    rationale = fields.String(allow_none=True)


class FindingSchema(Schema):
    """What a reviewer said about a criterion."""

    reviewer = fields.String()
    round = fields.Integer()
    at = fields.String()
    result = fields.String()
    gap = fields.String(allow_none=True)
    rationale = fields.String()
    second_look = fields.Boolean()
    evidence = fields.List(fields.Nested(PointedAtSchema))


class CriterionSheetSchema(Schema):
    """A criterion with the evidence beside it and what reviewers said."""

    criterion = fields.Nested(CriterionSchema)
    evidence = fields.List(fields.Nested(PointedAtSchema))
    findings = fields.List(fields.Nested(FindingSchema))


class LineSchema(Schema):
    """A service that is asked for, and what is decided about it."""

    sequence = fields.Integer()
    service = fields.String()
    modifiers = fields.List(fields.String())
    units = fields.String(allow_none=True)
    serviced = fields.String(allow_none=True)
    diagnoses = fields.List(fields.String())
    category = fields.String(allow_none=True)
    outcome = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)


class RequestSchema(Schema):
    """For whom and by whom services are asked for."""

    beneficiary = fields.String(allow_none=True)
    member_id = fields.String(allow_none=True)
    birth_date = fields.String(allow_none=True)
    sex = fields.String(allow_none=True)
    requester = fields.String(allow_none=True)
    requester_npi = fields.String(allow_none=True)
    resubmission_of = fields.String(allow_none=True)
    lines = fields.List(fields.Nested(LineSchema))


class CodeRuleSchema(Schema):
    """A code rule that the request runs into."""

    rule = fields.String()
    severity = fields.String()
    line = fields.Integer(allow_none=True)
    found = fields.String()
    words = fields.String()
    source = fields.String()


class DecidedLineSchema(Schema):
    """What is decided about a line."""

    sequence = fields.Integer()
    outcome = fields.String()
    reason = fields.String(allow_none=True)


class DeciderSchema(Schema):
    """Who decided."""

    decided_by = fields.String()
    kind = fields.String()
    reviewer = fields.String(allow_none=True)
    licence = fields.String(allow_none=True)
    specialty = fields.String(allow_none=True)


class PeriodSchema(Schema):
    """From a day to a day, both included."""

    start = fields.String(allow_none=True)
    end = fields.String(allow_none=True)


class DeterminationSchema(Schema):
    """The determination that stands."""

    state = fields.String()
    decided_at = fields.String()
    decider = fields.Nested(DeciderSchema)
    lines = fields.List(fields.Nested(DecidedLineSchema))
    explanations = fields.List(fields.String())
    missing = fields.List(fields.String())
    code_rules = fields.List(fields.Nested(CodeRuleSchema))
    valid = fields.Nested(PeriodSchema, allow_none=True)
    authorization_number = fields.String(allow_none=True)


class RecordSchema(Schema):
    """A record that was sent."""

    number = fields.Integer()
    key = fields.String()
    kind = fields.String()
    media_type = fields.String()
    type = fields.String(allow_none=True)
    size = fields.Integer()


class TalkNotedSchema(Schema):
    """A step of a talk between clinicians, as it was noted."""

    step = fields.String()
    reviewer = fields.String(allow_none=True)
    at = fields.String(allow_none=True)
    with_whom = fields.String(allow_none=True)
    note = fields.String(allow_none=True)


class LetterSchema(Schema):
    """A letter that was written."""

    number = fields.String()
    kind = fields.String()
    created_at = fields.String()


class TrackingNumberSchema(Schema):
    """The tracking number of a decision."""

    decision = fields.Integer()
    status = fields.String()
    number = fields.String(allow_none=True)
    simulated = fields.Boolean()


class HistorySchema(Schema):
    """Something that happened to the case."""

    number = fields.Integer()
    at = fields.String()
    actor = fields.String()
    kind = fields.String()
    state = fields.String()
    told = fields.String(allow_none=True)


class CaseSchema(Schema):
    """A case, whole."""

    case = fields.String()
    state = fields.String()
    version = fields.Integer()
    listed = fields.Nested(ListedSchema, allow_none=True)
    request = fields.Nested(RequestSchema)
    determination = fields.Nested(DeterminationSchema)
    criteria = fields.List(fields.Nested(CriterionSheetSchema))
    records = fields.List(fields.Nested(RecordSchema))
    talks = fields.List(fields.Nested(TalkNotedSchema))
    letters = fields.List(fields.Nested(LetterSchema))
    tracking_numbers = fields.List(fields.Nested(TrackingNumberSchema))
    history = fields.List(fields.Nested(HistorySchema))


class StepSchema(Schema):
    """Where a case stands after a step."""

    case = fields.String()
    state = fields.String()
    version = fields.Integer()
    item = fields.Nested(ItemSchema)
    findings = fields.List(fields.Nested(CriterionSchema))
    determination = fields.Nested(DeterminationSchema, allow_none=True)


class LicenceSchema(Schema):
    """A licence to practise."""

    state = fields.String()
    number = fields.String()
    valid_from = fields.String()
    valid_to = fields.String(allow_none=True)


class ReviewerSchema(Schema):
    """A reviewer."""

    id = fields.String()
    name = fields.String()
    kind = fields.String()
    active = fields.Boolean()
    specialties = fields.List(fields.String())
    licences = fields.List(fields.Nested(LicenceSchema))


class ReviewersSchema(Schema):
    """The reviewers."""

    reviewers = fields.List(fields.Nested(ReviewerSchema))


class ReasonCodeSchema(Schema):
    """A review reason code of CMS's list."""

    code = fields.String()
    statement = fields.String()
    source = fields.String()


class ReasonCodesSchema(Schema):
    """The codes of the list that is loaded; none where none is."""

    reason_codes = fields.List(fields.Nested(ReasonCodeSchema))
