"""`wiser-pas packages`: which guides the validator knows, and how it learns others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fhir_server.cli.output import json_option, print_json, print_table, with_progress
from fhir_server.cli.settings import settings_of

if TYPE_CHECKING:
    from fhir_server.fhir.definitions.facts import PackageFacts

PACKAGE = click.Path(exists=True, path_type=Path)
ARCHIVE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def packages() -> None:
    """The FHIR packages (guides) that the validator enforces."""


@packages.command(name="compile")
@click.argument("places", metavar="PACKAGE...", nargs=-1, required=True, type=PACKAGE)
@click.option("--into", type=FOLDER, help="Folder that takes the facts; default the server's own, profiles.")
def compile_(places: Sequence[Path], into: Path | None) -> None:
    """Make the facts that the validator reads of published packages.

    Each PACKAGE is an archive (.tgz), or a folder of a FHIR package cache (NAME#VERSION). Packages that draw on each
    other's code systems belong into one run; what is in the folder already is drawn on too.
    """
    from fhir_server.fhir.definitions.facts import folder_name
    from fhir_server.fhir.packages import Compilation, read_package, write_files
    from fhir_server.installed import data_folder

    folder = into or data_folder("profiles")
    with _told():
        read = [read_package(place) for place in with_progress(places, "reading")]
        compilation = Compilation(read, dict.fromkeys((folder, data_folder("profiles"))))
        for package in with_progress(read, "compiling"):
            write_files(compilation.files(package.label), folder / folder_name(package.label))
            click.echo(_summary(compilation.facts(package.label)))


@packages.command()
@click.argument("archive", metavar="FILE", type=ARCHIVE)
def install(archive: Path) -> None:
    """Add the package in FILE (.tgz) to what this server validates against, from its next start on.

    Its facts are kept in the folder PACKAGES_FOLDER; an earlier installation of the same version is replaced.
    """
    from fhir_server.fhir.definitions.facts import folder_name
    from fhir_server.fhir.definitions.search import PackageSearch
    from fhir_server.fhir.packages import Compilation, nothing_withheld, read_package, write_files
    from fhir_server.installed import data_folder

    built_in, own = data_folder("profiles"), Path(settings_of().packages_folder)
    with _told():
        package = read_package(archive)
        if any(each.label == package.label for each in _known(built_in)):
            raise click.ClickException(f"{package.label} is built in; nothing was installed.")
        compilation = Compilation([package], (built_in, own), nothing_withheld)
        write_files(compilation.files(package.label), own / folder_name(package.label))
    click.echo(_summary(compilation.facts(package.label)))
    search = PackageSearch((built_in, own))
    search.visit(package.label)
    if missing := search.missing(package.label):
        click.echo(
            f"It depends on {', '.join(missing)}, which this server does not have. What it takes from there is not "
            "checked; install that too, if you have it, and this one again.",
            err=True,
        )


@packages.command(name="list")
@json_option
def list_(as_json: bool) -> None:
    """Show the packages, built in and installed, with how much of each is known."""
    from fhir_server.installed import data_folder

    places = (("built in", data_folder("profiles")), ("installed", Path(settings_of().packages_folder)))
    rows = [(place, package) for place, folder in places for package in _known(folder)]
    if as_json:
        print_json([_row(place, package) for place, package in rows])
        return
    table = [tuple(str(cell) for cell in _row(place, package).values()) for place, package in rows]
    print_table(("package", "where", "structures", "value sets", "with all codes"), table)


def _known(folder: Path) -> list[PackageFacts]:
    from fhir_server.fhir.definitions.search import packages_in

    return packages_in(folder)


def _row(place: str, package: PackageFacts) -> dict[str, str | int]:
    sets = package.index.value_sets
    return {
        "package": package.label,
        "where": place,
        "structures": len(package.index.structures),
        "value_sets": len(sets),
        "complete": sum(each.complete for each in sets),
    }


def _summary(package: PackageFacts) -> str:
    row = _row("", package)
    return "{package}: {structures} structures, {value_sets} value sets, {complete} with all codes".format_map(row)


@contextmanager
def _told() -> Iterator[None]:
    """Tell what is wrong with a package in words, as a fault that was found."""
    from fhir_server.fhir.packages import PackageInvalid

    try:
        yield
    except PackageInvalid as error:
        raise click.ClickException(str(error)) from error
