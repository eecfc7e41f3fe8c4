"""The text of a narrative, taken apart as the HL7 validator does: without a DTD, and more patient than XML is.

It closes what is open at the end of the text, reads nothing behind the root, and takes attributes without quotes. No
entity is ever put in the place of its name, so that text cannot grow, and nothing here calls itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.entities import html5

from fhir_server.fhir.validation.text import BLANKS

DEEPEST = 501

_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_LARGEST_INTEGER = 2**31 - 1
_LARGEST_CHARACTER = 0x10FFFF

_prologue = re.compile(rf"[{BLANKS}\ufeff]+|<!--.*?-->|<!(?!-).*?>|<\?.*?>", re.DOTALL).match
_name = re.compile(r"[\w\-:.]+").match
_space = re.compile(rf"[{BLANKS}]*").match
_quoted = {'"': re.compile(r'([^">]*)("?)').match, "'": re.compile(r"([^'>]*)('?)").match}
_bare = re.compile(r"[^>/]*").match
_text = re.compile(r"[^<]*").match
_entity = re.compile(r"&([^;&'\"><]*);?")
_comment = re.compile(r"!--(.*?)-->", re.DOTALL).match
_entities = re.compile(r"!DOCTYPE [^>\[]*\[").match
_starts_element = re.compile(r"[^\W_]").match
_number = re.compile(r"#(?:([+-]?[0-9]+)|x([+-]?[0-9A-Fa-f]+))", re.ASCII).fullmatch
_BLANKS = "".join(map(chr, range(0x21)))  # what Java trims

Attributes = Mapping[str, str | None]


class NotXhtmlError(Exception):
    """The text cannot be read, for the reason that the message says."""


@dataclass(slots=True)
class Element:
    """An element that is open, or was: its local name, its attributes, and what is known of its namespace."""

    name: str
    attributes: dict[str, str | None]
    declared: str | None = None
    default: str | None = None
    prefixes: dict[str, str] = field(default_factory=dict)


class Reader:
    """What is told of the parts of a narrative, in the order of the text; each part may be overridden."""

    def opened(self, element: Element, above: list[Element]) -> None:
        """An element starts below the elements *above*, the root first."""

    def closed(self, element: Element, above: list[Element]) -> None:
        """An element ends."""

    def characters(self, text: str, above: list[Element]) -> None:
        """Text stands there; blanks alone are told too."""

    def other(self, content: str, above: list[Element]) -> None:
        """A comment, a declaration, a processing instruction or a CDATA section stands there."""

    def named_character(self) -> None:
        """A character is named that HTML knows and XML does not."""


def read(text: str, reader: Reader) -> None:
    """Tell *reader* the parts of a narrative. Raises `NotXhtmlError` where the HL7 validator cannot read on."""
    at = 0
    while match := _prologue(text, at):
        at = match.end()
    if text[at : at + 1] != "<":
        raise NotXhtmlError("it does not start with an element")
    _Scan(text, reader).run(at + 1)


class _Scan:
    def __init__(self, text: str, reader: Reader) -> None:
        self.text = text
        self.reader = reader
        self.open: list[Element] = []

    def run(self, at: int) -> None:
        text, reader = self.text, self.reader
        at = self._start(at, root=True)
        while self.open and at < len(text):
            match = _text(text, at)
            assert match is not None, "empty text matches"
            if match.end() > at:
                reader.characters(self._decoded(match.group()), self.open)
            at = match.end()
            if at < len(text):
                at = self._markup(at + 1)
        while self.open:
            self._end()

    def _markup(self, at: int) -> int:
        """Read what stands behind a ``<`` and return where it ends."""
        text = self.text
        sign = text[at : at + 1]
        if sign == "/":
            end = self._find(">", at)
            name = text[at + 1 : end].partition(":")
            if (name[2] if name[1] else name[0]) != self.open[-1].name:
                raise NotXhtmlError("an element ends that is not the last one that started")
            self._end()
            return end + 1
        if sign == "!":
            return self._declaration(at)
        if sign == "?":
            end = self._find(">", at)
            self.reader.other(text[at:end], self.open)
            return end + 1
        if _starts_element(text, at) is None:
            raise NotXhtmlError("a < stands there that starts nothing")
        return self._start(at)

    def _declaration(self, at: int) -> int:
        text = self.text
        if text.startswith("![", at):
            if not text.startswith("![CDATA[", at):
                raise NotXhtmlError("a <![ stands there that starts no CDATA")
            end = self._find("]]>", at)
            self.reader.other("", self.open)
            return end + 3
        if text.startswith("!--", at):
            match = _comment(text, at)
            if match is None:
                raise NotXhtmlError("a comment does not end")
            self.reader.other(match.group(1), self.open)
            return match.end()
        entities = _entities(text, at)
        end = self._find("]>", entities.end()) + 1 if entities else self._find(">", at)
        self.reader.other(text[at + 1 : end], self.open)
        return end + 1

    def _find(self, sign: str, at: int) -> int:
        end = self.text.find(sign, at)
        if end < 0:
            raise NotXhtmlError(f"the text ends before a {sign}")
        return end

    def _start(self, at: int, root: bool = False) -> int:
        text = self.text
        match = _name(text, at)
        name = match.group() if match else ""
        if root:
            name = name.lower()
        attributes, at = self._attributes(match.end() if match else at)
        empty = text[at : at + 1] == "/"
        if empty and text[at + 1 : at + 2] != ">":
            raise NotXhtmlError("a / stands inside an element")
        at += 2 if empty else 1
        if len(self.open) > DEEPEST:
            raise NotXhtmlError(f"it nests deeper than {DEEPEST} elements")
        prefix, colon, local = name.partition(":")
        element = Element(local if colon else name, attributes)
        _name_space(element, prefix if colon else None, self.open[-1] if self.open else None)
        self.reader.opened(element, self.open)
        self.open.append(element)
        if empty:
            self._end()
        elif element.name == "script" and not root:
            end = text.find("</script>", at)
            content = text[at:] if end < 0 else text[at:end]
            if content:
                self.reader.characters(content, self.open)
            self._end()
            return at + len(content) + len("</script>")
        return at

    def _end(self) -> None:
        self.reader.closed(self.open.pop(), self.open)

    def _attributes(self, at: int) -> tuple[dict[str, str | None], int]:
        text = self.text
        attributes: dict[str, str | None] = {}
        at = _after_space(text, at)
        while at < len(text) and text[at] not in ">/":
            match = _name(text, at)
            if match is None:
                raise NotXhtmlError("an attribute has no name")
            name, at = match.group(), _after_space(text, match.end())
            if text[at : at + 1] == "=":
                attributes[name], at = self._value(_after_space(text, at + 1))
            elif at < len(text) and text[at] not in ">/" and _name(text, at) is None:
                raise NotXhtmlError("an attribute has no value")
            else:
                attributes[name] = None
            at = _after_space(text, at)
        return attributes, at

    def _value(self, at: int) -> tuple[str, int]:
        quote = self.text[at : at + 1]
        if quote in _quoted:
            match = _quoted[quote](self.text, at + 1)
            assert match is not None, "an empty value matches"
            return self._decoded(match.group(1)), match.end()
        match = _bare(self.text, at)
        assert match is not None, "an empty value matches"
        return self._decoded(match.group()), match.end()

    def _decoded(self, text: str) -> str:
        return _entity.sub(self._character, text) if "&" in text else text

    def _character(self, match: re.Match[str]) -> str:
        name = match.group(1)
        if name in _CHARACTERS:
            return _CHARACTERS[name]
        if not name.startswith("#"):
            if f"{name};" not in html5:
                raise NotXhtmlError("an & stands there that should be &amp;")
            self.reader.named_character()
            return ""
        if name == "#":
            raise NotXhtmlError("a character has no number")
        number = _number(name)
        if number is None:
            return ""
        digits = number.group(1) or number.group(2)
        code = int(digits, 10 if number.group(1) else 16) if len(digits) <= len("+2147483647") else _LARGEST_INTEGER + 1
        if not -_LARGEST_INTEGER - 1 <= code <= _LARGEST_INTEGER:
            return ""
        if not 0 <= code <= _LARGEST_CHARACTER:
            raise NotXhtmlError("a number stands for no character")
        return chr(code)


def _after_space(text: str, at: int) -> int:
    match = _space(text, at)
    assert match is not None, "no blanks match too"
    return match.end()


def _name_space(element: Element, prefix: str | None, above: Element | None) -> None:
    """Set which namespace the element declares, if it is another than that of the element above."""
    element.default = inherited = above.default if above else None
    element.prefixes = above.prefixes if above else {}
    attributes = element.attributes
    for name in [name for name in attributes if name == "xmlns" or name.startswith("xmlns:")]:
        value = attributes.pop(name) or ""
        if name == "xmlns":
            element.default = value
        else:
            element.prefixes = {**element.prefixes, name[6:]: value}
    if prefix is not None:
        element.default = element.prefixes.get(prefix, "")
    if element.default != inherited:
        element.declared = element.default


def is_blank(text: str) -> bool:
    """Return whether text is nothing to read: a space that does not break a line is something."""
    return not text.strip(_BLANKS)
