"""The command line: `wiser-pas`, one module a command."""

from __future__ import annotations

import sys

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
        cli()
    except (SettingsInvalid, StoreMismatch, PolicyInvalid) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except Refusal as refusal:
        for issue in refusal.issues:
            print(f"{issue.found} {issue.mend}", file=sys.stderr)
        sys.exit(1)
