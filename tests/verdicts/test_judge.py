"""How an answer of the official validator is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.verdicts.judge import MESSAGE_ID, URL_SETTING, JudgeMissing, running, verdict_of
from tests.verdicts.packages import Json


def issue(severity: str, text: str, place: str | None = None, message: str | None = None) -> Json:
    told: Json = {"severity": severity, "code": "invalid", "details": {"text": text}}
    if place:
        told["expression"] = [place]
    if message:
        told["extension"] = [{"url": MESSAGE_ID, "valueString": message}]
    return told


def test_errors_and_warnings_are_kept_once_each() -> None:
    told = issue("error", "wrong", "Claim.use", "Fixed_Wrong")
    outcome = {"issue": [told, told, issue("warning", "hm", "Claim", "dom-6"), issue("information", "note", "Claim")]}
    verdict = verdict_of(outcome)
    assert verdict.errors == (("Fixed_Wrong", "Claim.use"),)
    assert verdict.warnings == (("dom-6", "Claim"),)
    assert not verdict.valid


def test_a_fatal_one_is_an_error_and_a_message_without_id_gets_a_name() -> None:
    verdict = verdict_of({"issue": [issue("fatal", "Error parsing JSON: at the end")]})
    assert verdict.errors == (("json-syntax", ""),)
    assert verdict_of({"issue": [issue("error", "Unrecognized property 'x'", "Claim")]}).errors[0][0] == (
        "json-property-unknown"
    )
    assert (
        verdict_of({"issue": [issue("error", "Some 'quoted' new message", "Claim")]}).errors[0][0] == "some-new-message"
    )


def test_without_java_the_judge_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(URL_SETTING, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(JudgeMissing, match="java is missing"), running(tmp_path):
        pass


def test_without_the_reference_material_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(URL_SETTING, raising=False)
    for name in ("java", "mvn"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(JudgeMissing, match="official-validator"), running(tmp_path):
        pass
