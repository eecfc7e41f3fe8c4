"""Files held against the guides from the command line."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fhir_server.fhir import xml
from fhir_server.installed import data_folder
from tests.cli.conftest import Command, without_settings
from tests.conftest import ROOT

EXAMPLES = data_folder("examples")
REQUEST = EXAMPLES / "wiser" / "01-knee-arthroscopy.json"
OLDER = EXAMPLES / "pas-2.0" / "knee-arthroscopy.json"
PATIENT: dict[str, Any] = {"resourceType": "Patient", "gender": "female"}
PROFILE = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/profile-beneficiary"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"
ESCAPE = "\x1b"
AUTHORIZATION_NUMBER = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-authorizationNumber"


def written(file: Path, resource: dict[str, Any]) -> Path:
    """Write a resource, a member a line, and return the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(resource, indent=2))
    return file


def data(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def keys(told: dict[str, Any], severity: str = "error") -> list[str]:
    return [issue["key"] for issue in told["issues"] if issue["severity"] == severity]


def test_a_valid_request_ends_with_0(command: Command) -> None:
    ended = command("validate", REQUEST)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"{REQUEST}  valid")


def test_each_fault_is_a_line_with_its_place_and_a_mend(command: Command, tmp_path: Path) -> None:
    file = written(tmp_path / "a.json", {**PATIENT, "gender": "femal", "nme": [], "birthDate": "yesterday"})

    ended = command("validate", file)

    assert ended.code == 1
    heading, *lines = ended.out.splitlines()
    assert heading.startswith(f"{file}  invalid: 3 errors")
    errors = [line for line in lines if line.startswith("  error ")]
    assert [line.split("[")[0] for line in errors] == [
        "  error 3:3 Patient.gender ",
        "  error 4:3 Patient ",
        "  error 5:3 Patient.birthDate ",
    ]
    assert "'femal'" in errors[0]
    assert errors[0].endswith("Did you mean 'female'?")
    assert errors[1].endswith("[element-unknown] There is no element 'nme' here. Did you mean 'name'?")
    assert "YYYY-MM-DD" in errors[2]


def test_json_is_one_line_a_file(command: Command, tmp_path: Path) -> None:
    good, bad = written(tmp_path / "b.json", PATIENT), written(tmp_path / "a.json", {**PATIENT, "gender": "x"})

    ended = command("validate", "--json", good, bad)

    assert (ended.code, ended.err) == (1, "")
    first, second = data(ended.out)
    assert (first["file"], first["valid"]) == (str(good), True)
    assert (second["file"], second["valid"]) == (str(bad), False)
    [issue] = [each for each in second["issues"] if each["severity"] == "error"]
    assert set(issue) == {"severity", "key", "expression", "text", "line", "column"}
    assert (issue["expression"], issue["line"], issue["column"]) == ("Patient.gender", 3, 3)


def test_a_folder_is_read_to_its_bottom_and_a_broken_file_stops_nothing(command: Command, tmp_path: Path) -> None:
    written(tmp_path / "in" / "b" / "good.json", PATIENT)
    written(tmp_path / "in" / ".hidden" / "bad.json", {})
    (tmp_path / "in" / "a.xml").write_bytes(xml.dumps(PATIENT))
    (tmp_path / "in" / "broken.json").write_text("{")
    (tmp_path / "in" / "empty.JSON").touch()
    (tmp_path / "in" / "lines.ndjson").write_text(f'{json.dumps(PATIENT)}\n{{"resourceType": "Patint"}}\n')
    (tmp_path / "in" / "read.me").write_text("{")

    ended = command("validate", "--json", tmp_path / "in")

    told = {Path(each["file"]).name: each for each in data(ended.out)}
    assert ended.code == 1
    assert list(told) == ["a.xml", "good.json", "broken.json", "empty.JSON", "lines.ndjson"]
    assert [each["valid"] for each in told.values()] == [True, True, False, False, False]
    assert keys(told["broken.json"]) == ["json-syntax"]
    assert keys(told["empty.JSON"]) == ["file-empty"]
    assert [(each["line"], each["key"]) for each in told["lines.ndjson"]["issues"] if each["severity"] == "error"] == [
        (2, "resource-type")
    ]


def test_several_files_are_summed_up(command: Command, tmp_path: Path) -> None:
    good, bad = written(tmp_path / "a.json", PATIENT), written(tmp_path / "b.json", {**PATIENT, "gender": "x"})

    *_, last = command("validate", good, bad).out.splitlines()

    assert last.startswith("2 files: 1 valid, 1 invalid; 1 error")
    assert "files:" not in command("validate", good).out


def test_standard_input_is_a_file(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(xml.dumps({**PATIENT, "gender": "x"}))))

    [told] = data(command("validate", "-", "--json").out)

    assert (told["file"], told["valid"]) == ("-", False)


def test_a_profile_that_the_resource_names_is_held_against_it(command: Command, tmp_path: Path) -> None:
    file = written(tmp_path / "a.json", {**PATIENT, "meta": {"profile": [US_CORE, "http://example.org/unknown"]}})

    [told] = data(command("validate", file, "--json").out)

    assert "element-missing" in keys(told)
    assert "profile-unknown" in keys(told, "warning")


def test_a_profile_that_only_the_resource_names_and_nobody_knows_is_a_warning(command: Command, tmp_path: Path) -> None:
    file = written(tmp_path / "a.json", {**PATIENT, "meta": {"profile": ["http://example.org/unknown"]}})

    ended = command("validate", file)

    assert ended.code == 0
    assert "  warning 6:7 Patient.meta.profile[0] [profile-unknown] " in ended.out


def test_profiles_can_be_asked_for(command: Command, tmp_path: Path) -> None:
    file = written(tmp_path / "a.json", PATIENT)

    assert command("validate", file).code == 0
    assert command("validate", file, "--profile", US_CORE).code == 1
    assert command("validate", file, "--profile", f"{US_CORE}|6.1.0", "--profile", PROFILE).code == 1


def test_the_release_decides(command: Command) -> None:
    assert command("validate", OLDER, "--stu", "2.0").code == 0
    assert command("validate", OLDER, "--stu", "2.2").code == 1


def test_a_guide_can_be_asked_for_alone(command: Command, tmp_path: Path) -> None:
    file = written(tmp_path / "a.json", {**PATIENT, "meta": {"profile": [US_CORE, PROFILE]}})

    [told] = data(command("validate", file, "--json", "--package", "hl7.fhir.us.core#6.1.0").out)

    assert "element-missing" in keys(told)
    assert keys(told, "warning").count("profile-unknown") == 1


def test_a_known_fault_of_a_guide_is_a_remark_unless_strict(command: Command, tmp_path: Path) -> None:
    bundle = json.loads(REQUEST.read_bytes())
    claim = bundle["entry"][0]["resource"]
    claim.setdefault("extension", []).append({"url": AUTHORIZATION_NUMBER, "valueString": "1"})
    file = written(tmp_path / "a.json", bundle)

    lenient, strict = command("validate", file, "--all"), command("validate", file, "--strict")

    assert lenient.code == 0
    assert "  information 18:7 Bundle.entry[0].resource [guide-fault] " in lenient.out
    assert strict.code == 1
    assert "[extension-context]" in strict.out


def test_what_submit_refuses_for_the_guides_words_is_told(command: Command, tmp_path: Path) -> None:
    bundle = json.loads(REQUEST.read_bytes())
    bundle["entry"][0]["resource"]["insurer"]["reference"] = "Organization/nowhere"
    file = written(tmp_path / "a.json", bundle)

    [told] = data(command("validate", file, "--json").out)

    [issue] = [each for each in told["issues"] if each["key"] == "PAS-020"]
    assert issue["severity"] == "warning"
    assert "$submit refuses this" in issue["text"]


def test_remarks_are_counted_and_shown_on_request(command: Command) -> None:
    short, full = command("validate", REQUEST).out, command("validate", REQUEST, "--all").out

    assert " remarks" in short.splitlines()[0]
    assert "  information " not in short
    assert "[code-not-checked]" in full


def test_wrong_use_is_told_each(command: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    gone = command("validate", REQUEST, "gone.json", "away.json")
    assert (gone.code, gone.out) == (2, "")
    assert "There is no file gone.json. There is no file away.json." in gone.err

    assert command("validate").code == 2
    assert command("validate", tmp_path / "empty").code == 2
    assert command("validate", REQUEST, "--stu", "1.0").code == 2

    profile = command("validate", REQUEST, "--profile", f"{PROFILE}y")
    assert profile.code == 2
    assert f"Did you mean {PROFILE}?" in profile.err.replace("\n", " ")

    package = command("validate", REQUEST, "--package", "hl7.fhir.us.core#9.9.9")
    assert package.code == 2
    assert "hl7.fhir.us.core#9.9.9" in package.err


def on_terminal(*arguments: Path | str, piped: bool) -> tuple[str, str]:
    """Return what the command prints on standard output where that is a pipe, and what on a terminal."""
    parent, child = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "fhir_server.cli", "validate", *map(str, arguments)],
        cwd=ROOT,
        env={**without_settings(dict(os.environ)), "TERM": "xterm-256color"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if piped else child,
        stderr=child,
    ) as running:
        os.close(child)
        with ThreadPoolExecutor() as pool:
            shown = pool.submit(all_of, parent)
            out = running.communicate()[0] or b""
    assert running.returncode == 0
    return out.decode(), shown.result().decode()


def all_of(terminal: int) -> bytes:
    """Return all that is written to a terminal until its last writer closes it."""
    read = b""
    with contextlib.suppress(OSError):  # Linux tells the end of a terminal as an error
        while part := os.read(terminal, 65536):
            read += part
    os.close(terminal)
    return read


@pytest.mark.parametrize("form", [["--json"], []])
def test_a_bar_is_shown_on_a_terminal_and_never_gets_into_piped_results(form: list[str]) -> None:
    out, shown = on_terminal(EXAMPLES / "sandbox", *form, piped=True)

    assert "validating" in shown
    assert ESCAPE not in out
    assert out.count("a1-affirmed.json") == 1


def test_no_bar_gets_among_the_lines_on_a_terminal() -> None:
    _, shown = on_terminal(EXAMPLES / "sandbox", piped=False)

    assert "validating" not in shown
    assert ESCAPE not in shown
    assert shown.splitlines()[-1].startswith(f"{len(list((EXAMPLES / 'sandbox').iterdir()))} files:")


def test_absent_must_support_elements_are_told_where_asked(command: Command, tmp_path: Path) -> None:
    file = written(tmp_path / "a.json", {**PATIENT, "meta": {"profile": [US_CORE]}})

    assert "must-support-absent" not in command("validate", file, "--all").out
    told = command("validate", file, "--must-support").out
    assert "[must-support-absent] The must-support element birthDate is absent." in told
    assert "element gender is absent" not in told
