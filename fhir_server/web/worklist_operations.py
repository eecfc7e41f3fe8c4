"""The operations of the worklist's API: the table from which its routes and its part of `/openapi.json` are made."""

from __future__ import annotations

from fhir_server.web.openapi import Operation
from fhir_server.web.worklist_schemas import (
    CaseSchema,
    ConfirmSchema,
    FilterSchema,
    ListSchema,
    NewDecisionSchema,
    NewFindingSchema,
    QuestionSchema,
    ReasonCodesSchema,
    ReasonSchema,
    ReassignSchema,
    ReleaseSchema,
    ReviewersSchema,
    StepSchema,
    TalkSchema,
)

LIST = "/api/worklist"
CASE = f"{LIST}/{{case}}"

OPERATIONS: tuple[Operation, ...] = (
    Operation("list_cases", "GET", LIST, "List the cases that wait for a person.", ListSchema, query=FilterSchema),
    Operation("show_case", "GET", CASE, "Show a case: each criterion beside its evidence.", CaseSchema),
    Operation("show_record", "GET", f"{CASE}/records/{{number}}", "Get a record as it was sent.", None),
    Operation("claim_case", "POST", f"{CASE}/claim", "Take a case.", StepSchema, if_match="may"),
    Operation(
        "release_case", "POST", f"{CASE}/release", "Give a case back.", StepSchema, ReleaseSchema, if_match="may"
    ),
    Operation(
        "reassign_case",
        "POST",
        f"{CASE}/reassign",
        "Send a case to another reviewer, or to a specialty.",
        StepSchema,
        ReassignSchema,
        if_match="may",
    ),
    Operation(
        "record_finding",
        "POST",
        f"{CASE}/findings",
        "Record what a criterion comes to, why, and on which evidence.",
        StepSchema,
        NewFindingSchema,
        if_match="may",
    ),
    Operation(
        "confirm_met",
        "POST",
        f"{CASE}/confirm-met",
        "Record as own findings what software found met.",
        StepSchema,
        ConfirmSchema,
        if_match="may",
    ),
    Operation(
        "decide_case",
        "POST",
        f"{CASE}/decision",
        "Decide line by line.",
        StepSchema,
        NewDecisionSchema,
        if_match="must",
    ),
    Operation(
        "request_information",
        "POST",
        f"{CASE}/information-request",
        "Ask the requester for more.",
        StepSchema,
        QuestionSchema,
        if_match="may",
    ),
    Operation(
        "ask_second_look",
        "POST",
        f"{CASE}/second-look",
        "Let another reviewer decide.",
        StepSchema,
        ReasonSchema,
        if_match="may",
    ),
    Operation(
        "note_talk",
        "POST",
        f"{CASE}/peer-to-peer",
        "Note a step of a talk between clinicians.",
        StepSchema,
        TalkSchema,
        if_match="may",
    ),
    Operation(
        "reclassify_case",
        "POST",
        f"{CASE}/reclassify",
        "Let an expedited request go on as a standard one.",
        StepSchema,
        ReasonSchema,
        if_match="may",
    ),
    Operation(
        "reopen_case",
        "POST",
        f"{CASE}/reopen",
        "Take back a decision that was made in error.",
        StepSchema,
        ReasonSchema,
        if_match="must",
    ),
    Operation("list_reviewers", "GET", "/api/reviewers", "List the reviewers.", ReviewersSchema),
    Operation("list_reason_codes", "GET", "/api/reason-codes", "List the review reason codes.", ReasonCodesSchema),
)
