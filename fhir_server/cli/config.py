"""`wiser-pas config`: every setting, its value and where that came from."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from fhir_server.cli.output import json_option, print_json, print_table
from fhir_server.cli.settings import masked
from fhir_server.errors import PolicyInvalid, SettingsInvalid
from fhir_server.settings import PREFIX, SETTINGS_FILE, TABLE, Setting, Settings, load_settings

INTRODUCTION = """\
# Settings

Written by `wiser-pas config --markdown`; a test checks that it is current.

A setting is read from the environment, by its name (`PORT`) or with the prefix (`{prefix}PORT`), or from the TOML
file that `{file}` names, where keys may be in small letters. The environment wins over the file, flags of a
command win over both. An unknown prefixed name or key, and a value that cannot be read, refuse to start; all of them
are told at once. `wiser-pas config --check` shows the values in force, where each came from, and every problem.
"""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A setting as it stands: its value in text, secrets masked, and where the value came from."""

    name: str
    value: str
    source: str
    default: str
    sentence: str


@click.command()
@click.option("--check", is_flag=True, help="Tell every problem; end with 2 if there is one.")
@click.option("--markdown", is_flag=True, help="Print the page docs/settings.md instead.")
@json_option
def config(check: bool, markdown: bool, as_json: bool) -> None:
    """Show every setting, its value and its source.

    Passwords are masked. --check looks into the files that settings name, too.
    """
    if markdown:
        click.echo(settings_page(), nl=False)
        return
    rows = setting_rows(os.environ)
    found = problems(os.environ) if check else []
    if as_json:
        print_json({"settings": [asdict(row) for row in rows], **({"problems": found} if check else {})})
    else:
        table = [(row.name, row.value or "(empty)", row.source, row.sentence) for row in rows]
        print_table(("setting", "value", "from", "what"), table)
    for problem in found:
        click.echo(masked(problem), err=True)
    if found:
        raise SystemExit(2)
    if check and not as_json:
        click.echo("\nThe settings are in order.")


def setting_rows(environment: Mapping[str, str]) -> list[SettingRow]:
    """Return every setting as *environment* and the file that it names give it, readable or not."""
    in_file = _file_content(environment)
    return [_row(setting, environment, in_file) for setting in TABLE]


def _row(setting: Setting, environment: Mapping[str, str], in_file: Mapping[str, Any]) -> SettingRow:
    value, source = setting.default, "default"
    if setting.name in in_file:
        value, source = _text(in_file[setting.name]), f"file {environment[SETTINGS_FILE]}"
    for name in (setting.name, PREFIX + setting.name):
        if name in environment:
            value, source = environment[name], f"environment {name}"
    return SettingRow(setting.name, masked(value), source, setting.default, setting.sentence)


def _file_content(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the keys of the settings file; a file that cannot be read is told by `load_settings`."""
    try:
        content = tomllib.loads(Path(environment[SETTINGS_FILE]).read_text(encoding="utf-8"))
    except (KeyError, OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
    return {key.upper(): value for key, value in content.items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def problems(environment: Mapping[str, str]) -> list[str]:
    """Return every problem of the settings, and of the clients file and the policy packs that they name."""
    try:
        settings = load_settings(environment)
    except SettingsInvalid as error:
        return str(error).splitlines()
    return list(_problems_of_files(settings))


def _problems_of_files(settings: Settings) -> Iterator[str]:
    from fhir_server.app import packs
    from fhir_server.security.clients import identification
    from fhir_server.store.engines import parse_url

    try:
        identification(settings)
    except SettingsInvalid as error:
        yield from str(error).splitlines()
    try:
        packs(settings)
    except PolicyInvalid as error:
        yield from (f"POLICY_PACKS: {line}" for line in str(error).splitlines())
    try:
        parse_url(settings.database_url)
    except SettingsInvalid as error:
        yield str(error)


def settings_page() -> str:
    """Return the page that documents the settings, in Markdown."""
    rows = [f"| `{each.name}` | {_default(each)} | {_cell(each.sentence)} |" for each in TABLE]
    heading = ["| setting | default | what |", "|---|---|---|"]
    return INTRODUCTION.format(prefix=PREFIX, file=SETTINGS_FILE) + "\n" + "\n".join([*heading, *rows]) + "\n"


def _default(setting: Setting) -> str:
    return f"`{_cell(setting.default)}`" if setting.default else ""


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
