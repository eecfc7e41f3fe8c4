"""For Python callers: send prior-authorization requests to a PAS server and read the answers.

from fhir_server.client import PasClient

with PasClient("http://127.0.0.1:8080") as client:
    answer = client.submit(bundle)
    for action in answer.actions():
        print(action.line, action.code, action.label)
"""

from __future__ import annotations

from fhir_server.client.answer import AnswerError, LineAction, SubmitAnswer
from fhir_server.client.errors import PasAnswerUnreadable, PasError, PasRefused, PasUnavailable
from fhir_server.client.pas import PasClient

__all__ = [
    "AnswerError",
    "LineAction",
    "PasAnswerUnreadable",
    "PasClient",
    "PasError",
    "PasRefused",
    "PasUnavailable",
    "SubmitAnswer",
]
