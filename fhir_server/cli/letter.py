"""`wiser-pas letter`: read a letter that was written, as text, HTML or PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from fhir_server.cli.settings import existing_store, settings_of


@click.command()
@click.argument("number")
@click.option("--form", type=click.Choice(["text", "html", "pdf"]), default="text", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; default the screen.")
def letter(number: str, form: Literal["text", "html", "pdf"], output: Path | None) -> None:
    """Read the letter of a number, from the store.

    `wiser-pas show CASE` names the letters of a case. The store is the one that DATABASE_URL names. A PDF needs a file.
    """
    from fhir_server.authorization.caller import operator

    if form == "pdf" and output is None:
        raise click.UsageError("Name the file for the PDF with --output.")
    with existing_store(settings_of()) as database, database.read(operator()) as unit:
        kept = unit.letters.get(number)
        content = {"text": kept.text.encode(), "html": kept.html.encode(), "pdf": unit.letters.pdf(number)}[form]
    if content is None:
        raise click.ClickException("The letter has no PDF yet; `wiser-pas doctor` says what PDF letters need.")
    if output is None:
        click.echo(content.decode())
    else:
        output.write_bytes(content)
        click.echo(f"wrote {output}", err=True)
