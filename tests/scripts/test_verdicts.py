"""`make verdicts`, as far as it needs no Java."""

from __future__ import annotations

from pathlib import Path

import pytest

from fhir_server.errors import Issue
from scripts import verdicts
from tests.verdicts.comparison import Outcome
from tests.verdicts.tables import Input, Row, Verdict, write

CLAIM = "hl7.fhir.us.davinci-pas-2.2.1/Claim-ReferralAuthorizationExample"
BROKEN = Input("pas-2.2.1", "required-missing", CLAIM, "Claim", [{"op": "remove", "path": "/insurer"}])


def test_a_part_of_a_table_is_compared(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = Row(Input("pas-2.2.1", "other", CLAIM, "Claim"), Verdict((("Wrong", "Claim.use"),)))
    write(tmp_path, [Row(BROKEN, Verdict((("Validation_VAL_Profile_Minimum", "Claim"),))), wrong])

    assert verdicts.main(["--compare", "--table", str(tmp_path), "--kind", "required-missing"]) == 0
    assert "0 differ" in capsys.readouterr().out
    assert verdicts.main(["--compare", "--table", str(tmp_path)]) == 1
    assert "verdict differs: pas-2.2.1 other" in capsys.readouterr().out


def test_one_input_is_shown_with_what_is_around_the_change(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, [Row(BROKEN, Verdict((("Validation_VAL_Profile_Minimum", "Claim"),)))])

    assert verdicts.main(["--show", BROKEN.id, "--table", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "remove /insurer" in shown
    assert '"resourceType": "Claim"' in shown
    assert "theirs  error Validation_VAL_Profile_Minimum  Claim" in shown


def test_a_difference_tells_the_change_ours_and_theirs() -> None:
    issue = Issue("rule", "what was found", "mend", "Claim.type")
    lines = list(verdicts.told(Outcome(Row(BROKEN, Verdict((("Wrong", "Claim.use"),))), (issue,))))
    assert "element differs" in lines[0]
    assert [line.split()[0] for line in lines[1:]] == ["remove", "ours", "theirs"]


def test_without_packages_nothing_can_be_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verdicts, "PACKAGES", tmp_path / "none")
    assert verdicts.main(["--compare"]) == 2
    assert "../shared/packages is missing" in capsys.readouterr().err
