"""What holds for a narrative: the XHTML that FHIR allows (R4, narrative.html), as the HL7 validator 6.10.4 looks at it.

The same text comes again and again (a profile and its base look at one narrative, and a narrative is often the same
sentence), so what was found in a text of common length is kept. All is told at the ``div``; no text of it is repeated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree

from fhir_server.fhir.validation import html
from fhir_server.fhir.validation import narrative_rules as rules
from fhir_server.fhir.validation.report import Place, Report
from fhir_server.fhir.validation.rules import Rule, kind
from fhir_server.fhir.validation.text import BLANKS, CONTROL_CHARACTER, TURN, is_absolute, turns_direction
from fhir_server.fhir.validation.xhtml import Attributes, Element, NotXhtmlError, Reader, is_blank, read

_SCRIPTS = frozenset({"javascript", "vbscript"})
_NAMES = frozenset({"urn", "cid"})
_is_address = re.compile(r"[\w;?:@&=+$.,/%~#\[\]!'()*|-]+").fullmatch
_has_odd_end = re.compile(r"</(?:[^>\s]*\s|(?:br|hr|img|area)>)").search
_COMMON_LENGTH = 8192
_LINK = f"{{{html.NAMESPACE}}}a"
_ADDRESSED = (_LINK, f"{{{html.NAMESPACE}}}img")
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_LONGEST = 1024 * 1024
_PLAIN = ("http:", "https:", "mailto:", "tel:")
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True)


@dataclass(frozen=True, slots=True)
class Narrative:
    """What is known of the text of a narrative.

    ``faults`` are the rules that it breaks, with the words that tell how; ``allowed`` and ``readable`` are what the
    constraints txt-1 and txt-2 ask; ``lang`` and ``xml_lang`` are the languages that the root names, or its parts do.
    """

    faults: tuple[tuple[Rule, str], ...] = ()
    allowed: bool = False
    readable: bool = False
    lang: str | None = None
    xml_lang: str | None = None


def check_narrative(div: Any, place: Place, report: Report) -> None:
    """Note what is wrong with the ``div`` of a narrative; that there is nothing to read in it is told by txt-2."""
    if type(div) is not str:
        rules.NOT_TEXT.note(place, report, kind(div))
        return
    for rule, words in _known(div).faults:
        if words:
            rule.note(place, report, words)
        else:
            rule.note(place, report)


def html_checks(div: str) -> bool:
    """Return whether only elements and attributes stand in a narrative that may (FHIRPath ``htmlChecks()``, txt-1)."""
    return _known(div).allowed


def html_content(div: str) -> bool:
    """Return whether there is anything to read in a narrative, or an image to see (txt-2)."""
    return _known(div).readable


def languages(div: str) -> tuple[str | None, str | None] | None:
    """Return ``lang`` and ``xml:lang`` of a narrative, or ``None`` where it cannot be read."""
    known = _known(div)
    unreadable = any(rule is rules.NOT_READ for rule, _ in known.faults)
    return None if unreadable else (known.lang, known.xml_lang)


def _known(div: str) -> Narrative:
    return _kept(div) if len(div) <= _COMMON_LENGTH else _look(div)


@lru_cache(maxsize=512)
def _kept(div: str) -> Narrative:
    return _look(div)


def _look(div: str) -> Narrative:
    if len(div) > _LONGEST:
        return Narrative(((rules.TOO_LONG, ""),), allowed=True, readable=True)
    return _plain(div) or _looked_at(div)


def _looked_at(div: str) -> Narrative:
    glance = _Glance()
    faults: dict[Rule, str] = {}
    if div.strip(BLANKS) and not div.isprintable():
        if CONTROL_CHARACTER.search(div) is not None:
            faults[rules.CONTROL] = ""
        if turns_direction(div):
            faults[rules.DIRECTION] = ""
    try:
        read(div, glance)
    except NotXhtmlError as error:
        if div and not div.strip(BLANKS):
            faults[rules.BLANK] = ""
        return Narrative(((rules.NOT_READ, str(error)), *faults.items()))
    if not glance.faults and rules.CONTROL not in faults and not _is_xml(div):
        faults[rules.NOT_XML] = ""
    faults.update(glance.faults)
    return glance.result(faults)


def _plain(div: str) -> Narrative | None:
    """Return what is known of a narrative with nothing odd in it, as nearly all are; ``None`` if it must be looked at.

    An XML parser and a schema, both in C, take a tenth of the time of the look.
    """
    if not div.startswith("<div ") or "<!" in div or "<?" in div or div.count("<") != div.count(">"):
        return None
    if div.count("xmlns") > 1 or div.count("xml:lang") > 1 or _has_odd_end(div) or TURN.search(div):
        return None
    try:
        root = etree.fromstring(div.encode("utf-8", "replace"), _PARSER)
    except etree.XMLSyntaxError:
        return None
    if not html.schema().validate(root) or not all(map(_is_plain_address, root.iter(*_ADDRESSED))):
        return None
    readable = bool(root.xpath("normalize-space()")) or "<img" in div
    lang, xml_lang = root.get("lang"), root.get(_XML_LANG)
    if xml_lang is None and "xml:lang" in div:
        return None
    return Narrative((), True, readable, lang, xml_lang)


def _is_xml(div: str) -> bool:
    try:
        etree.fromstring(div.encode("utf-8", "replace"), _PARSER)
    except etree.XMLSyntaxError:
        return False
    return True


def _is_plain_address(element: etree._Element) -> bool:
    address = element.get("href" if element.tag == _LINK else "src")
    if address is None:
        return True
    return _is_address(address) is not None and (":" not in address or address.startswith(_PLAIN))


class _Glance(Reader):
    """One look at a narrative from its start to its end."""

    def __init__(self) -> None:
        self.faults: dict[Rule, str] = {}
        self.allowed = True
        self.readable = False
        self.root: Attributes = {}
        self.parts: list[Attributes] = []
        self.apart = False
        self._running: list[str] = []
        self._paragraphs = 0

    def result(self, faults: Mapping[Rule, str]) -> Narrative:
        found = dict(faults)
        lang, xml_lang = self.root.get("lang"), self.root.get("xml:lang")
        if self.parts and self.apart:
            found[rules.LANGUAGES] = ""
        elif self.parts and lang is None and xml_lang is None:
            lang, xml_lang = self.parts[0].get("lang"), self.parts[0].get("xml:lang")
        return Narrative(tuple(found.items()), self.allowed, self.readable, lang, xml_lang)

    def opened(self, element: Element, above: list[Element]) -> None:
        self._check_attributes(element, not above)
        if not above:
            self.root = element.attributes
            if element.default != html.NAMESPACE:
                self._fault(rules.ROOT_NAMESPACE)
            if element.name != "div":
                self._fault(rules.ROOT_NAME)
            self.allowed &= element.name in html.ELEMENTS
            return
        name = element.name
        if element.declared is not None and element.declared != html.NAMESPACE:
            self._fault(rules.ROOT_NAMESPACE)
        if name not in html.ELEMENTS:
            self.allowed = False
            self._fault(rules.ELEMENT)
        if name == "img":
            self.readable = True
        if len(above) == 1 and name == "div" and "xml:lang" in element.attributes:
            self.parts.append(element.attributes)
        self._check_structure(name, above)
        self._check_address(element)
        self._running.append(name)
        self._paragraphs += name == "p"

    def closed(self, element: Element, above: list[Element]) -> None:
        if above:
            self._running.pop()
            self._paragraphs -= element.name == "p"

    def characters(self, text: str, above: list[Element]) -> None:
        parent = above[-1].name if len(above) > 1 else ""
        if parent in html.EMPTY:
            self._fault(rules.CHILDREN)
        if is_blank(text):
            return
        self.readable = True
        if parent in html.ONLY:
            self._fault(rules.CHILD)
        if len(above) == 1 or above[1].name != "div" or "xml:lang" not in above[1].attributes:
            self.apart = True

    def other(self, content: str, above: list[Element]) -> None:
        if content.startswith("DOCTYPE"):
            self.allowed = False
            self._fault(rules.DOCUMENT_TYPE)
        if len(above) > 1 and above[-1].name in html.EMPTY:
            self._fault(rules.CHILDREN)

    def named_character(self) -> None:
        self.readable = True
        self._fault(rules.CHARACTER)

    def _fault(self, rule: Rule) -> None:
        self.faults[rule] = ""

    def _check_attributes(self, element: Element, root: bool) -> None:
        for name in element.attributes:
            if name not in html.ATTRIBUTES and f"{element.name}.{name}" not in html.ATTRIBUTES_OF:
                self.allowed = False
                if not root:
                    self._fault(rules.ATTRIBUTE)

    def _check_structure(self, name: str, above: list[Element]) -> None:
        running = self._running
        parent = running[-1] if running else ""
        if self._paragraphs and name in html.BLOCKS_IN_PARAGRAPH:
            self._fault(rules.IN_PARAGRAPH)
        if name in html.BLOCKS and not html.RUNNING_TEXT.isdisjoint(running):
            self._fault(rules.BLOCK)
        if name in html.PHRASES and name in running:
            self._fault(rules.RECURSION)
        if parent in html.EMPTY:
            self._fault(rules.CHILDREN)
        if parent in html.ONLY and name not in html.ONLY[parent]:
            self._fault(rules.CHILD)
        if name in html.WITHIN and above[-1].name not in html.WITHIN[name]:
            self._fault(rules.PARENT)

    def _check_address(self, element: Element) -> None:
        name = element.name
        address = element.attributes.get("href" if name == "a" else "src") if name in ("a", "img") else None
        if address is None:
            return
        if not (_is_data(address) if address.startswith("data:") else _is_address(address)):
            self._fault(rules.URL)
        if name == "a" and is_absolute(address):
            scheme = address.partition(":")[0]
            if scheme in _SCRIPTS:
                self._fault(rules.SCRIPT)
            elif scheme in _NAMES:
                self._fault(rules.UNLINKABLE)


def _is_data(address: str) -> bool:
    """Return whether this is the address of content that stands in it: ``data:type;base64,content``."""
    form, comma, content = address[5:].rstrip(",").partition(",")
    if not comma or not content or "," in content:
        return False
    return not form.endswith(";base64") or sum(each.isalnum() or each in "/=+" for each in content) % 4 == 0
