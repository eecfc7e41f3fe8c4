"""`wiser-pas policy try`: decide cases that are told in a few lines, without a server."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fhir_server.cli.output import json_option, print_json, print_json_line, print_table, with_progress
from fhir_server.cli.settings import settings_of
from fhir_server.errors import ContentInvalid, Issue

if TYPE_CHECKING:
    from fhir_server.policy.cases_trial import Tried
    from fhir_server.policy.pack import Pack

STANDARD_INPUT = Path("-")
SUFFIXES = (".yaml", ".yml", ".json")


@click.command("try")
@click.argument("places", metavar="CASE.yaml...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--defaults", is_flag=True, help="Show what a case counts as where it says nothing; decide none.")
@json_option
def policy_try(places: Sequence[Path], defaults: bool, as_json: bool) -> None:
    """Decide cases that are told in YAML, without a server.

    Each CASE.yaml holds one (docs/policy-cases.md); of a folder, each such file below it does; - is standard input.

    Tells for each file that was named scope and outcome of each line, each criterion with its finding, what is missing,
    the code rules that were hit and the dismissal; of the files of a folder only the outcome, unless it differs from
    what the case expects. With --json one line of JSON a file. Ends with 1 where an expectation is not met, or where a
    case cannot be read.
    """
    if defaults:
        show_defaults(as_json=as_json)
        return
    if not places:
        raise click.UsageError("Name a case, a folder of cases, or - for standard input.")
    from fhir_server.app import packs as load

    files = list(case_files(places))
    packs, named = load(settings_of()), set(places)
    tally = Tally()
    text_on_terminal = sys.stdout.isatty() and not as_json  # the lines tell how far it is; a bar would get among them
    for file in files if text_on_terminal else with_progress(files, "trying"):
        tally.add(_tell(file, packs, as_json=as_json, whole=file in named))
    if len(files) > 1 and not as_json:
        click.echo(tally.words())
    if tally.wrong:
        sys.exit(1)


class Tally:
    """How many cases were decided, how many of them differ from what they expect, and how many cannot be read."""

    def __init__(self) -> None:
        self.cases = self.differing = self.unreadable = 0

    @property
    def wrong(self) -> bool:
        """Whether any case differs or cannot be read."""
        return bool(self.differing or self.unreadable)

    def add(self, tried: Tried | None) -> None:
        """Count a case; ``None`` is one that cannot be read."""
        self.cases += 1
        self.unreadable += tried is None
        self.differing += tried is not None and bool(tried.differences)

    def words(self) -> str:
        """What was counted, as a sentence."""
        told = f"{self.cases} cases: {self.differing} differ from what they expect"
        return f"{told}, {self.unreadable} cannot be read." if self.unreadable else f"{told}."


def case_files(places: Iterable[Path]) -> Iterator[Path]:
    """Yield each file of *places*, and below a folder, in order, each that may hold a case and is not hidden.

    Raises `click.UsageError` naming each place that is not there.
    """
    gone = [place for place in places if place != STANDARD_INPUT and not place.exists()]
    if gone:
        raise click.UsageError(" ".join(f"There is no file {click.format_filename(place)}." for place in gone))
    for place in places:
        files = list(_below(place)) if place.is_dir() else [place]
        if not files:
            raise click.UsageError(f"There is no case below {click.format_filename(place)}.")
        yield from files


def _below(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.suffix.lower() in SUFFIXES and not hidden and file.is_file():
            yield file


def _tell(file: Path, packs: Sequence[Pack], *, as_json: bool, whole: bool) -> Tried | None:
    from fhir_server.cli.policy_try_text import case_data, case_lines, short_lines

    name = click.format_filename(file)
    try:
        tried = tried_file(file, packs)
    except ContentInvalid as refusal:
        if as_json:
            print_json_line({"file": name, "errors": [{"found": e.found, "mend": e.mend} for e in refusal.issues]})
        else:
            click.echo("\n".join(f"{each.found}. {each.mend}" for each in refusal.issues), err=True)
        return None
    if as_json:
        print_json_line(case_data(name, tried))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        click.echo("\n".join(case_lines(name, tried, width) if whole else short_lines(name, tried)))
    return tried


def tried_file(file: Path, packs: Sequence[Pack]) -> Tried:
    """Return what *packs* decide about the case in *file*; raise `ContentInvalid` where it cannot be read."""
    from fhir_server.policy.cases import read_case
    from fhir_server.policy.cases_trial import try_case

    name = click.format_filename(file)
    try:
        text = sys.stdin.read() if file == STANDARD_INPUT else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        mend = "Make it readable, as UTF-8."
        raise ContentInvalid([Issue("file-unreadable", f"{name}: the file cannot be read", mend)]) from None
    return try_case(read_case(text, name), packs)


def show_defaults(*, as_json: bool) -> None:
    """Print what a case counts as where it says nothing."""
    from fhir_server.policy.cases import DEFAULTS

    if as_json:
        print_json([each._asdict() for each in DEFAULTS])
    else:
        click.echo("A case has to say state, lines and diagnoses. What else it does not say counts as:")
        print_table(("key", "counts as", "what it is"), DEFAULTS)
