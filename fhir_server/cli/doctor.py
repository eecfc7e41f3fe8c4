"""`wiser-pas doctor`: is everything there that the server needs?"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict

import click

from fhir_server.cli.checks import Finding, examine, python
from fhir_server.cli.output import json_option, print_json
from fhir_server.errors import SettingsInvalid
from fhir_server.settings import load_settings

MEND_INDENT = " " * 23


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Check this machine and these settings.

    Tells for each check what it found, and how to mend what is wrong. Ends with 1 if there is a fault.
    """
    found = list(findings())
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        for each in found:
            for line in finding_lines(each):
                click.echo(line)
    if any(each.state == "fault" for each in found):
        sys.exit(1)


def findings() -> Iterator[Finding]:
    """Yield what the checks find; with settings that cannot be read, there is nothing else to look at."""
    yield python(None)
    try:
        settings = load_settings(os.environ)
    except SettingsInvalid as error:
        yield Finding("settings", "fault", str(error), "`wiser-pas config --check` lists all settings.")
        return
    yield Finding("settings", "ok", "every setting can be read")
    yield from examine(settings)


def finding_lines(finding: Finding) -> Iterator[str]:
    """Yield a finding for a reader."""
    first, *rest = finding.found.splitlines() or [""]
    yield f"{finding.state:<8} {finding.check:<13} {first}"
    yield from (f"{MEND_INDENT}{line}" for line in rest)
    if finding.mend:
        yield f"{MEND_INDENT}→ {finding.mend}"
