"""A letter as text and HTML: nothing is lost, nothing that a sender wrote becomes markup."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as parser

from fhir_server.authorization.events import LetterKind
from fhir_server.authorization.parties import Organization, Person, Provider
from fhir_server.authorization.values import Address, PersonName
from fhir_server.letters.compose import compose_letter
from fhir_server.letters.letter import Block, Items, Letter, Paragraph
from fhir_server.letters.render import as_html, as_text
from fhir_server.letters.text import WIDTH
from tests.letters.contents import KINDS, NON_AFFIRMED, REQUEST, content, matter

MARKUP = "<script>alert('x')</script> & \"quoted\" {{ letter }} {% raw %} {case} <b onclick=x>"


def fields(letter: Letter) -> Iterator[str]:
    """Yield every text of a letter."""
    yield from (letter.subject, letter.number, *([letter.notice] if letter.notice else []))
    for party in (letter.sender, letter.recipient, *letter.copies):
        yield from (party.role, *party.lines)
    for each in letter.particulars:
        yield from (each.label, each.value)
    for section in letter.sections:
        yield section.heading
        for block in section.blocks:
            yield from _texts(block)


def _texts(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield block.text
    elif isinstance(block, Items):
        for item in block.items:
            yield from (item.text, *item.below)
    else:
        yield from (block.caption, *block.columns, *(cell for row in block.rows for cell in row))


def spaced(text: str) -> str:
    return " ".join(text.split())


def shown(page: str) -> str:
    """Return what a reader of the HTML page sees."""
    root = parser.fromstring(page.encode(), parser=parser.HTMLParser(encoding="utf-8"))
    for each in root.iter("style"):
        each.text = None
    return spaced(" ".join(map(str, root.itertext())))


@pytest.mark.parametrize("sandbox", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_no_field_of_a_letter_is_lost(kind: LetterKind, sandbox: bool) -> None:
    letter = compose_letter(kind, content(kind, sandbox=sandbox))
    text, page = spaced(as_text(letter)), shown(as_html(letter))

    assert [each for each in fields(letter) if spaced(each) not in text] == []
    assert [each for each in fields(letter) if spaced(each) not in page] == []


@pytest.mark.parametrize("kind", KINDS)
def test_text_fits_a_page_of_a_fax(kind: LetterKind) -> None:
    assert max(map(len, as_text(compose_letter(kind, content(kind))).splitlines())) <= WIDTH


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_accessible_and_needs_nothing_beside_it(kind: LetterKind) -> None:
    letter = compose_letter(kind, content(kind))
    page = as_html(letter)
    root = parser.fromstring(page)

    assert root.get("lang") == "en-US"
    assert root.findtext(".//title") == letter.subject
    assert [each.text for each in root.iter("h1")] == [letter.subject]
    assert [each.text for each in root.iter("h2")] == [section.heading for section in letter.sections]
    for table in root.iter("table"):
        assert table.find("caption") is not None
        assert all(each.get("scope") == "col" for each in table.findall("thead/tr/th"))
        assert all(row[0].tag == "th" and row[0].get("scope") == "row" for row in table.findall("tbody/tr"))
    assert not list(root.iter("script", "link", "img", "iframe", "a"))
    assert "url(" not in page
    assert "@import" not in page


def strange(letters: str) -> tuple[Letter, str]:
    """Return a non-affirmation and its page, in which every text of a sender and a reviewer is *letters*."""
    name = PersonName(letters, (letters,))
    request = replace(
        REQUEST,
        beneficiary=Person(names=(name,), addresses=(Address((letters,), letters),)),
        requester=Provider(Organization(name=letters, addresses=(Address((letters,)),))),
    )
    criteria = tuple(replace(each, found=letters, rationale=letters) for each in NON_AFFIRMED.criteria)
    determination = replace(NON_AFFIRMED, criteria=criteria)
    letter = compose_letter("non-affirmation", content(matter(determination, request=request)))
    return letter, as_html(letter)


def tags(page: str) -> list[str]:
    return [str(each.tag) for each in parser.fromstring(page).iter()]


def test_markup_is_shown_and_never_meant() -> None:
    letter, page = strange(MARKUP)

    assert "<script" not in page
    assert "onclick=x>" not in page
    assert MARKUP in shown(page)
    assert tags(page) == tags(strange("plain")[1])
    assert MARKUP in spaced(as_text(letter))


@given(st.text(st.characters(codec=None, exclude_characters="\x0c"), min_size=1, max_size=30))
def test_strange_names_change_nothing_but_themselves(letters: str) -> None:
    letter, page = strange(f"x{letters}")

    assert tags(page) == tags(strange("plain")[1])
    assert spaced(as_text(letter)).count(letter.copies[0].lines[0]) >= 2
    assert page.encode()
    assert as_text(letter).encode()
