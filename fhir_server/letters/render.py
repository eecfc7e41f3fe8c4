"""A letter as text, as HTML that needs nothing beside it, and as PDF."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from fhir_server.letters.letter import Items, Letter, Paragraph, Table
from fhir_server.letters.pdf import as_pdf
from fhir_server.letters.text import as_text

__all__ = ["as_html", "as_pdf", "as_text"]


def as_html(letter: Letter) -> str:
    """Return *letter* as an HTML page; the same letter gives the same page. All content is escaped."""
    return _template().render(letter=letter)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.tests |= {
        "paragraph": lambda block: isinstance(block, Paragraph),
        "items": lambda block: isinstance(block, Items),
        "table": lambda block: isinstance(block, Table),
    }
    return environment.get_template("letter.html")
