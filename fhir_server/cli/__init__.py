"""The command line: `wiser-pas`, one module a command.

Data goes to standard output, everything else to standard error. The exit code is 0 when all is well, 1 for a refusal
or a fault that was found, 2 for wrong use, wrong settings or a store that does not fit.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from fhir_server import __version__
from fhir_server.errors import PolicyInvalid, Refusal, SettingsInvalid, StoreMismatch


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="wiser-pas")
def cli() -> None:
    """An open prior-authorization server for the CMS WISeR model."""


def main() -> None:
    """Run the command line; what it refuses is told in words, never as a stack trace."""
    from fhir_server.cli import commands

    commands.register(cli)
    try:
        cli(prog_name="wiser-pas")
    except (SettingsInvalid, StoreMismatch, PolicyInvalid) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except Refusal as refusal:
        print("\n".join(refusal_lines(refusal)), file=sys.stderr)
        sys.exit(1)


def refusal_lines(refusal: Refusal) -> Iterator[str]:
    """Yield what was found, problem by problem; how to mend it after each, or once where it is the same for several."""
    mends = {issue.mend for issue in refusal.issues}
    once = len(mends) == 1 < len(refusal.issues)
    for issue in refusal.issues:
        yield issue.found if once else f"{issue.found} {issue.mend}"
    if once:
        yield from mends
