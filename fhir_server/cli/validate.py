"""`wiser-pas validate`: say all that is wrong with resources in files, and where."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from fhir_server.cli.output import json_option, print_json_line, with_progress
from fhir_server.cli.settings import settings_of

if TYPE_CHECKING:
    from fhir_server.cli.findings import Check
    from fhir_server.fhir.validation import Validator

STANDARD_INPUT = Path("-")
SUFFIXES = (".json", ".xml", ".ndjson")


@click.command()
@click.argument("places", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--profile", "profiles", metavar="URL", multiple=True, help="Hold each resource against this profile too."
)
@click.option(
    "--stu", type=click.Choice(["2.2", "2.0"]), default="2.2", show_default=True, help="Release of PAS, CRD and DTR."
)
@click.option(
    "--package", "packages", metavar="NAME#VERSION", multiple=True, help="A guide to take instead of a release."
)
@click.option("--strict", is_flag=True, help="Take the known faults of the guides themselves as errors.")
@click.option("--all", "with_remarks", is_flag=True, help="Show remarks too: what was not checked, and why.")
@click.option("--must-support", is_flag=True, help="Tell, as remarks, which must-support elements are absent.")
@json_option
def validate(
    places: Sequence[Path],
    profiles: Sequence[str],
    stu: Literal["2.2", "2.0"],
    packages: Sequence[str],
    strict: bool,
    with_remarks: bool,
    must_support: bool,
    as_json: bool,
) -> None:
    """Say what is wrong with FHIR resources, and where.

    Each FILE holds a resource in JSON or XML, or one on each line (.ndjson); of a folder, each such file below it does;
    - is standard input. A resource is held against its type and every profile in its meta.profile that is known.

    Tells for each file every problem: severity, line and column, element, rule, what was found and how to mend it; with
    --json one line of JSON a file, remarks included. Ends with 1 if there is any error.
    """
    from fhir_server.cli.findings import findings_of
    from fhir_server.cli.findings_text import Tally, file_data, file_lines

    files = list(found_files(places))
    check = checking(stu, packages, profiles, strict=strict, must_support=must_support)
    tally = Tally()
    text_on_terminal = sys.stdout.isatty() and not as_json  # the lines tell how far it is; a bar would get among them
    for file in files if text_on_terminal else with_progress(files, "validating"):
        name, findings = click.format_filename(file), findings_of(file, check)
        tally.add(findings)
        if as_json:
            print_json_line(file_data(name, findings))
        else:
            click.echo("\n".join(file_lines(name, findings, with_remarks=with_remarks or must_support)))
    if len(files) > 1 and not as_json:
        click.echo(tally.words())
    if tally.invalid:
        sys.exit(1)


def found_files(places: Sequence[Path]) -> Iterator[Path]:
    """Yield each file of *places*, and below a folder, in order, each that may hold resources and is not hidden.

    Raises `click.UsageError` naming each place that is not there, or where nothing is found at all.
    """
    gone = [place for place in places if place != STANDARD_INPUT and not place.exists()]
    if gone:
        raise click.UsageError(" ".join(f"There is no file {click.format_filename(place)}." for place in gone))
    files = [file for place in places for file in (_below(place) if place.is_dir() else [place])]
    if not files:
        raise click.UsageError(f"There is no {', '.join(SUFFIXES)} file below the folders that were given.")
    yield from files


def _below(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.suffix.lower() in SUFFIXES and not hidden and file.is_file():
            yield file


def checking(
    stu: str, packages: Sequence[str], profiles: Sequence[str], *, strict: bool, must_support: bool = False
) -> Check:
    """Return what finds the faults of a resource: by a release and what is installed, or by *packages* alone.

    Raises `click.BadParameter` for a package or profile that is not known.
    """
    from fhir_server.pas.findings import findings
    from fhir_server.pas.validation import release_validators
    from fhir_server.pas.versions import VERSIONS

    now = datetime.now(UTC)
    if packages:
        guide = _guide(packages, settings_of().packages_folder)
        _refuse_unknown(profiles, guide)
        return lambda resource: guide.validate(resource, profiles, strict=strict, now=now, must_support=must_support)
    settings = settings_of()
    version = next(version for version in VERSIONS if version.label == stu)
    release = release_validators(settings.codes_file, settings.packages_folder)[stu]
    _refuse_unknown(profiles, release)
    return lambda resource: findings(
        resource, version, release, profiles, strict=strict, now=now, must_support=must_support
    )


def _guide(packages: Sequence[str], folder: str) -> Validator:
    from fhir_server.fhir.definitions.search import packages_in
    from fhir_server.installed import data_folder
    from fhir_server.pas.validation import guide_validator

    try:
        return guide_validator(packages, folder)
    except FileNotFoundError:
        known = {package.label for each in (data_folder("profiles"), Path(folder)) for package in packages_in(each)}
        told = ", ".join(package for package in packages if package not in known)
        mend = "`wiser-pas packages list` shows those that are."
        raise click.BadParameter(f"{told} is not known here; {mend}", param_hint="--package") from None


def _refuse_unknown(profiles: Sequence[str], validator: Validator) -> None:
    from fhir_server.fhir.validation.mending import nearest_canonical

    told = []
    for profile in profiles:
        if validator.compiler.profile(profile, validator.source) is None:
            meant = nearest_canonical(profile, (entry.url for entry, _ in validator.definitions.profiles()))
            told.append(f"{profile} is not known here.{f' Did you mean {meant}?' if meant else ''}")
    if told:
        raise click.BadParameter(" ".join(told), param_hint="--profile")
