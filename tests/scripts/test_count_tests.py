from __future__ import annotations

from pathlib import Path

import pytest

from scripts.count_tests import main

REPORT = """<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="2"
skipped="3" tests="{total}" /></testsuites>"""


def test_broken_tests_count_as_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "tests.xml"
    report.write_text(REPORT.format(total=16))

    assert main(report) == 0
    assert capsys.readouterr().out == "10 passed, 3 failed, 3 skipped\n"


def test_no_test_and_no_report_fail(tmp_path: Path) -> None:
    report = tmp_path / "tests.xml"
    assert main(report) == 1
    report.write_text('<testsuites><testsuite errors="0" failures="0" skipped="0" tests="0" /></testsuites>')
    assert main(report) == 1
