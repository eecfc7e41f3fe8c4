"""The letters that are kept: `python -m tests.letters.kept` writes them anew when a change is meant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fhir_server.letters.compose import compose_letter
from fhir_server.letters.content import GivenNumber
from fhir_server.letters.letter import Letter
from fhir_server.letters.render import as_html, as_text
from tests.letters.contents import AFFIRMED, KINDS, MATTERS, content, matter

GOLDEN = Path(__file__).with_name("golden")


def letters() -> dict[str, Letter]:
    """Return each letter that is kept, by the name of its files."""
    simulated = matter(AFFIRMED, tracking_number=GivenNumber("SIM00000000001", simulated=True))
    without_number = matter(
        replace(AFFIRMED, clock=AFFIRMED.clock and replace(AFFIRMED.clock, expedited=True)), tracking_number=None
    )
    return {
        **{kind: compose_letter(kind, content(MATTERS[kind])) for kind in KINDS},
        "affirmation-in-the-sandbox": compose_letter("affirmation", content(simulated, sandbox=True)),
        "affirmation-before-its-number": compose_letter("affirmation", content(without_number)),
    }


def files() -> dict[Path, str]:
    """Return the content of each file that is kept."""
    return {
        GOLDEN / f"{name}.{form}": render(letter)
        for name, letter in letters().items()
        for form, render in (("txt", as_text), ("html", as_html))
    }


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
