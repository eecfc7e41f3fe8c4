"""`wiser-pas submit`: send requests to a server, and tell what came of each."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from fhir_server.cli.output import json_option, print_json_line, with_progress
from fhir_server.cli.settings import settings_of

if TYPE_CHECKING:
    from fhir_server.client import PasClient


@click.command()
@click.argument("places", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--url", help="Address of the server; default as the settings PUBLIC_URL, HOST, PORT say.")
@click.option("--stu", type=click.Choice(["2.2", "2.0"]), default="2.2", show_default=True, help="Release of PAS.")
@click.option(
    "--token", envvar="PAS_TOKEN", help="Bearer token; PAS_TOKEN in the environment is not seen in process lists."
)
@json_option
def submit(
    places: Sequence[Path], url: str | None, stu: Literal["2.2", "2.0"], token: str | None, as_json: bool
) -> None:
    """Send requests to a running server.

    Each FILE holds a request Bundle; of a folder, each .json file below it does. Tells for each file the HTTP status,
    the case number, the outcome, the action on each line, and every remark, error or problem in words; with --json one
    line of JSON a file. Ends with 1 if any file was refused or got no answer.
    """
    from fhir_server.client import PasClient

    files = list(found_files(places))
    if not files:
        raise click.UsageError("There is no .json file below the folders that were given.")
    url = url or settings_of().base_url
    if not url.startswith(("http://", "https://")):
        raise click.BadParameter("give an address that begins with http:// or https://", param_hint="--url")
    with PasClient(url, token, stu) as client:
        answered = [_submit_one(client, file, as_json=as_json) for file in with_progress(files, "submitting")]
    if not all(answered):
        sys.exit(1)


def found_files(places: Sequence[Path]) -> Iterator[Path]:
    """Yield each file of *places*, and each .json file below a folder, in order."""
    for place in places:
        if place.is_dir():
            yield from sorted(each for each in place.rglob("*.json") if each.is_file())
        else:
            yield place


def _submit_one(client: PasClient, file: Path, *, as_json: bool) -> bool:
    """Send one file and print what came of it; return whether it was answered."""
    from fhir_server.cli import answer_text
    from fhir_server.client import PasError

    try:
        answer = client.submit(_content(file))
    except PasError as error:
        if as_json:
            print_json_line({"file": str(file), **answer_text.failure_data(error)})
        else:
            _print(file, answer_text.failure_lines(error))
        return False
    if as_json:
        print_json_line({"file": str(file), **answer_text.answer_data(answer)})
    else:
        _print(file, answer_text.answer_lines(answer))
    return True


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror}") from error


def _print(file: Path, lines: Iterator[str]) -> None:
    first, *rest = lines
    click.echo(f"{file}  {first}")
    for line in rest:
        click.echo(line)
