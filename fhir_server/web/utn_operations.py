"""The operations of `/api/utn`, as `/openapi.json` tells them."""

from __future__ import annotations

from fhir_server.web.openapi import Operation
from fhir_server.web.utn import PREFIX
from fhir_server.web.utn_schemas import (
    ClaimCheckSchema,
    ClaimLineSchema,
    ClaimOutcomesSchema,
    FailureSchema,
    NumberSchema,
    RecordedClaimsSchema,
    RetrySchema,
    TrackingNumbersSchema,
)

CASE = f"{PREFIX}/{{case}}"
TAG = "tracking-numbers"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "check_claim_line",
        "POST",
        f"{PREFIX}/check",
        "Hold a claim line against its tracking number.",
        ClaimCheckSchema,
        ClaimLineSchema,
        tag=TAG,
    ),
    Operation(
        "record_claims",
        "POST",
        f"{PREFIX}/claims",
        "Record what became of claim lines.",
        RecordedClaimsSchema,
        ClaimOutcomesSchema,
        tag=TAG,
    ),
    Operation("show_tracking_numbers", "GET", CASE, "Show the numbers of a case.", TrackingNumbersSchema, tag=TAG),
    Operation(
        "enter_tracking_number",
        "POST",
        f"{CASE}/number",
        "Enter the number that the contractor gave.",
        TrackingNumbersSchema,
        NumberSchema,
        tag=TAG,
    ),
    Operation(
        "enter_tracking_failure",
        "POST",
        f"{CASE}/failure",
        "Enter why the contractor gives no number.",
        TrackingNumbersSchema,
        FailureSchema,
        tag=TAG,
    ),
    Operation(
        "retry_tracking_number",
        "POST",
        f"{CASE}/retry",
        "Ask the contractor again.",
        TrackingNumbersSchema,
        RetrySchema,
        tag=TAG,
    ),
)
