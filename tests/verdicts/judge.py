"""The official validator as the judge: one that runs already, or one that is started for the run."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fhir_server.fhir import json
from tests.verdicts.packages import Json, loads
from tests.verdicts.tables import Finding, Verdict

URL_SETTING = "OFFICIAL_VALIDATOR_URL"
START_SECONDS = 300
REQUEST_SECONDS = 300
MESSAGE_ID = "http://hl7.org/fhir/StructureDefinition/operationoutcome-message-id"

# Messages of its parsers that have no id: what they start with, and what they are called here.
WITHOUT_ID = (
    ("Unrecognized property", "json-property-unknown"),
    ("This content includes properties that are not", "json-property-unknown"),
    ("The property", "json-property-type"),
    ("Error parsing JSON", "json-syntax"),
)


class JudgeMissing(Exception):
    """The official validator cannot be had on this machine; the message says what is missing."""


class NoVerdictError(Exception):
    """The official validator fails on a resource: there is nothing to hold ours against."""


@dataclass(frozen=True, slots=True)
class Judge:
    """A running official validator that reports what an offline validator can be expected to find."""

    url: str

    def verdict(self, guide: str, resource: Json, profile: str | None = None) -> Verdict:
        """Return what it says of *resource*. Raises `NoVerdictError` where it fails."""
        return verdict_of(self.outcome(guide, json.dumps(resource), profile))

    def outcome(self, guide: str, body: bytes, profile: str | None = None) -> Json:
        """Return the OperationOutcome for *body*, a resource as JSON. Raises `NoVerdictError` where it fails."""
        asked = {"guide": guide, "oracle": "true"} | ({"profile": profile} if profile else {})
        address = f"{self.url}/validate?{urllib.parse.urlencode(asked)}"
        headers = {"Content-Type": "application/fhir+json"}
        request = urllib.request.Request(address, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:
                return loads(answer.read())
        except urllib.error.HTTPError as problem:
            if problem.code < 500:
                raise
            raise NoVerdictError(f"the official validator fails with {problem.code}") from problem


def verdict_of(outcome: Json) -> Verdict:
    """Return the verdict that an OperationOutcome of the official validator tells."""
    found: dict[str, dict[Finding, None]] = {"error": {}, "warning": {}}
    for issue in outcome["issue"]:
        severity = "error" if issue["severity"] == "fatal" else issue["severity"]
        if severity in found:
            place = (issue.get("expression") or [""])[0]
            found[severity][(message_id(issue), place)] = None
    return Verdict(tuple(found["error"]), tuple(found["warning"]))


def message_id(issue: Json) -> str:
    """Return the id of the message, or a name of ours where it has none."""
    for extension in issue.get("extension", ()):
        if extension["url"] == MESSAGE_ID:
            return str(extension["valueString"])
    text = issue["details"]["text"]
    for start, name in WITHOUT_ID:
        if text.startswith(start):
            return name
    return "-".join(re.findall(r"[A-Za-z]+", re.sub(r"'[^']*'", "", text))[:5]).lower()


@contextmanager
def running(shared: Path) -> Iterator[Judge]:
    """Have an official validator: the one that `OFFICIAL_VALIDATOR_URL` names, or a new one. Raises `JudgeMissing`."""
    if url := os.environ.get(URL_SETTING):
        yield Judge(url.rstrip("/"))
        return
    program = shared / "tools" / "official-validator" / "official-validator"
    for needed in ("java", "mvn"):
        if shutil.which(needed) is None:
            raise JudgeMissing(f"{needed} is missing: the official validator needs Java 17 and Maven.")
    if not program.exists():
        raise JudgeMissing("../shared/tools/official-validator is missing: the official validator lives there.")
    port = _free_port()
    process = subprocess.Popen([str(program), "serve", "--port", str(port), "--oracle"], stdout=subprocess.DEVNULL)
    try:
        judge = Judge(f"http://127.0.0.1:{port}")
        _wait_for(judge, process)
        yield judge
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _wait_for(judge: Judge, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{judge.url}/guides", timeout=10).close()
        except (urllib.error.URLError, TimeoutError):
            time.sleep(1)
        else:
            return
    raise JudgeMissing("The official validator does not start; the first time it fetches its jars.")
