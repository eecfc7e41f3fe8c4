"""FHIR XML in and out, over the same tree that JSON gives.

A document type declaration is refused before anything is parsed: libxml2 expands internal entities in attributes even
when it is told not to resolve them. Only UTF-8 is taken (R4, http.html#mime-type), so that nothing hides in another
encoding.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lxml import etree

from fhir_server.errors import ContentInvalid, ContentMalformed, ContentTooLarge, Issue, Refusal
from fhir_server.fhir.limits import DEFAULT_LIMITS, Limits
from fhir_server.fhir.xml_reading import Reader
from fhir_server.fhir.xml_writing import Writer

_DECLARED_ENCODING = re.compile(rb"""^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']""")
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_MARK = b"\xef\xbb\xbf"
# lxml looks each attribute of a tag up among all of them when it lists them: 50,000, in 540 KB, take it 11 s. FHIR has
# three (id, url, value), XHTML a few more, and namespaces are declared as attributes too.
MOST_ATTRIBUTES = 100
# A well-formed tag has no `<` within, so each `<` is looked at once and no further than to the next. Comments and CDATA
# are searched like all else: nothing can hide by pretending to be in one.
_CROWDED_TAG = re.compile(
    rb"""<[^\s<>/!?="']++(?:\s++[^\s<>/="']++\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+')){%d}""" % (MOST_ATTRIBUTES + 1)
)


def loads(data: bytes, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """Return the resource in *data* in the form of its JSON: `fhir_server.fhir.json.loads` of the same resource.

    Raises `ContentMalformed` with every problem found (unknown elements and attributes, wrong namespace or order, stray
    text, values that their type does not allow), each with its line in ``diagnostics``; `ContentTooLarge` beyond the
    limits.
    """
    limits.check_size(data)
    root = parse(data)
    reader = Reader(limits)
    resource = reader.read(root)
    if reader.issues:
        raise ContentMalformed(reader.issues)
    limits.check_entries(resource)
    return resource


def dumps(resource: Mapping[str, Any]) -> bytes:
    """Return *resource* as UTF-8 XML. Raises `ContentInvalid` naming each element that XML has no place for."""
    writer = Writer(parse)
    root = writer.write(resource)
    if root is None or writer.issues:
        raise ContentInvalid(writer.issues)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def parse(data: bytes) -> etree._Element:
    """Return the root element. No DTD, no entities, no network; raises `ContentMalformed` with line and column."""
    _refuse_encoding(data)
    if _DECLARATION.search(data):
        raise _malformed("xml-doctype", "The body declares a document type or an entity.", "Leave the DOCTYPE out.")
    _refuse_crowded_tags(data)
    parser = etree.XMLParser(
        encoding="UTF-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True
    )
    try:
        return etree.fromstring(data.removeprefix(_MARK), parser)
    except etree.XMLSyntaxError as error:
        raise _syntax_error(error, parser) from None


def _refuse_encoding(data: bytes) -> None:
    declared = _DECLARED_ENCODING.match(data.removeprefix(_MARK))
    try:
        data.decode()
        readable = b"\0" not in data and (declared is None or declared[1].lower() in (b"utf-8", b"utf8"))
    except UnicodeDecodeError:
        readable = False
    if not readable:
        raise _malformed("xml-encoding", "The body is not UTF-8, or says that it is not.", "Send XML in UTF-8.")


def _refuse_crowded_tags(data: bytes) -> None:
    """Refuse, before libxml2 sees it, a tag with more attributes than anything in FHIR has."""
    if tag := _CROWDED_TAG.search(data):
        found = f"A tag has more than {MOST_ATTRIBUTES} attributes."
        line = data.count(b"\n", 0, tag.start()) + 1
        raise _malformed("xml-attributes", found, "Leave out those that FHIR does not define.", f"line {line}")


def _syntax_error(error: etree.XMLSyntaxError, parser: etree.XMLParser) -> Refusal:
    """Return the refusal. libxml2's message may repeat the body, so only the name of the error is told."""
    entry = parser.error_log.last_error
    name = entry.type_name.removeprefix("ERR_").replace("_", " ").lower() if entry is not None else "no document"
    line, column = error.position
    place = f"line {line}, column {column}"
    if name == "resource limit":
        found = "The body nests deeper, or has a longer value, than is taken."
        return ContentTooLarge([Issue("xml-limit", found, "Send less at once.", code="too-long", diagnostics=place)])
    return _malformed("xml-syntax", f"The body is not well-formed XML: {name}.", "Send well-formed XML.", place)


def _malformed(rule: str, found: str, mend: str, place: str | None = None) -> ContentMalformed:
    return ContentMalformed([Issue(rule, found, mend, code=ContentMalformed.issue_code, diagnostics=place)])
