"""A server with reviewers, a submitter and an operator, each with a token, as they use its JSON API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from werkzeug.test import TestResponse

from fhir_server.authorization.caller import operator
from fhir_server.security.clients import token_digest
from fhir_server.store.reviewers import Reviewer
from tests.web.bundles import IN_REVIEW, Json, renewed
from tests.web.served import Serve, Served, case_of
from tests.workflow.review.bench import ADAMS, BAKER, COORDINATOR, REVIEWERS

ROLES = {
    "ehr": ["submitter"],
    "office": ["operator"],
    ADAMS: ["reviewer"],
    BAKER: ["reviewer"],
    COORDINATOR: ["reviewer"],
}


class Desktop:
    """A server as reviewers call it: `post` and `get` with the token of *name*."""

    def __init__(self, serve: Serve, folder: Path, reviewers: tuple[Reviewer, ...] = REVIEWERS) -> None:
        file = folder / "clients.yaml"
        clients = [
            {"id": name, "token_sha256": token_digest(f"of-{name}"), "roles": roles} for name, roles in ROLES.items()
        ]
        file.write_text(yaml.safe_dump({"clients": clients}), "utf-8")
        self.served: Served = serve(CLIENTS_FILE=str(file))
        with self.served.database.write(operator()) as unit:
            unit.reviewers.load(reviewers, self.served.clock.now)

    def submit(self, seed: str = "a", path: str = IN_REVIEW) -> str:
        """Send a request, and return its case."""
        response = self.served.submit(renewed(path, seed), Authorization="Bearer of-ehr")
        assert response.status_code == 200, response.get_json()
        return case_of(response)

    def get(self, name: str, path: str, **query: Any) -> TestResponse:
        """GET an address under `/api`."""
        headers = {"Authorization": f"Bearer of-{name}"}
        return self.served.client.get(f"/api{path}", query_string=query, headers=headers)

    def post(self, name: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """POST *body* as JSON to an address under `/api/worklist`."""
        sent = {"Authorization": f"Bearer of-{name}", **{key.replace("_", "-"): each for key, each in headers.items()}}
        if body is None:
            return self.served.client.post(f"/api/worklist{path}", headers=sent)
        return self.served.client.post(f"/api/worklist{path}", json=body, headers=sent)

    def done(self, name: str, path: str, body: Any = None, **headers: str) -> Json:
        """Do a step, and return the answer, which is no refusal."""
        response = self.post(name, path, body, **headers)
        content: Json = response.get_json()
        assert response.status_code == 200, content
        return content

    def case(self, case: str, name: str = ADAMS) -> tuple[Json, str]:
        """Return a case as a reviewer sees it, and its ETag."""
        response = self.get(name, f"/worklist/{case}")
        assert response.status_code == 200, response.get_json()
        content: Json = response.get_json()
        return content, response.headers["ETag"]

    def settle(self, case: str, name: str = ADAMS, **but: str) -> str:
        """Take the case and settle each criterion as met, *but* those named; return the ETag."""
        self.done(name, f"/{case}/claim")
        content, etag = self.case(case, name)
        for sheet in content["criteria"]:
            criterion = sheet["criterion"]
            if criterion["result"] != "not applicable":
                finding = {
                    "category": criterion["category"],
                    "element": criterion["element"],
                    "result": but.get(criterion["element"], "met"),
                    "rationale": "So the record says.",
                    "evidence": [{"source": "request"}],
                }
                etag = f'"{self.done(name, f"/{case}/findings", finding)["version"]}"'
        return etag

    def decide(self, case: str, etag: str, name: str = ADAMS, outcome: str = "affirmed") -> TestResponse:
        """Decide line 1 of the case."""
        body = {"rationale": "The records decide.", "lines": {"1": {"outcome": outcome}}}
        return self.post(name, f"/{case}/decision", body, If_Match=etag)


def problems(response: TestResponse, status: int) -> list[Json]:
    """Return the problems of a refusal of *status*."""
    content: Json = response.get_json()
    assert response.status_code == status, content
    assert set(content) == {"issues"}
    assert all(each["rule"] and each["found"] and each["mend"] for each in content["issues"])
    issues: list[Json] = content["issues"]
    return issues
