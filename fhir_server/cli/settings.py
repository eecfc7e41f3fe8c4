"""What the commands share: settings from the environment and flags, and data printed as JSON."""

from __future__ import annotations

import os
from typing import Any

import click
import msgspec

from fhir_server.settings import Settings, load_settings

json_option = click.option("--json", "as_json", is_flag=True, help="Print data as JSON.")


def settings_of(**flags: object) -> Settings:
    """Return the settings of the environment; a flag that was given wins."""
    return load_settings(os.environ, {name.upper(): str(value) for name, value in flags.items() if value is not None})


def print_json(data: Any) -> None:
    """Print *data* as indented JSON."""
    click.echo(msgspec.json.format(msgspec.json.encode(data, enc_hook=str), indent=2).decode())
