"""The HTML that FHIR allows in a narrative, as tables and as a schema.

R4, narrative.html, names the elements and attributes; which may stand in which is what the HL7 validator 6.10.4 asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from lxml import etree

NAMESPACE = "http://www.w3.org/1999/xhtml"

# R4, narrative.html: the elements and attributes of HTML 4 that a narrative may have, and those of one element only.
_ELEMENTS_NAMES = """
    p br div h1 h2 h3 h4 h5 h6 a span b em i strong small big tt dfn q var abbr acronym cite blockquote hr address bdo
    kbd sub sup ul ol li dl dt dd pre table caption colgroup col thead tr tfoot tbody th td code samp img map area
"""
_ATTRIBUTES_NAMES = """
    title style class id lang xml:lang xml:space dir accesskey tabindex span width align valign char charoff abbr axis
    headers scope rowspan colspan
"""
_ATTRIBUTES_OF_NAMES = """
    a.href a.name a.charset a.type a.hreflang a.rel a.rev a.shape a.coords img.src img.border img.alt img.longdesc
    img.height img.width img.usemap img.ismap map.name area.shape area.coords area.href area.nohref area.alt
    blockquote.cite q.cite table.summary table.width table.border table.frame table.rules table.cellspacing
    table.cellpadding pre.space td.nowrap
"""
ELEMENTS = frozenset(_ELEMENTS_NAMES.split())
ATTRIBUTES = frozenset(_ATTRIBUTES_NAMES.split())
ATTRIBUTES_OF = frozenset(_ATTRIBUTES_OF_NAMES.split())
# HTML 4, which elements may stand in which; HL7 checks these.
BLOCKS_IN_PARAGRAPH = frozenset({"div", "blockquote", "table", "ol", "ul", "p"})
BLOCKS = frozenset({"div", "pre", "table", "ul", "ol"})
_PHRASE_NAMES = "a b em i strong small big sub sup code tt dfn q var abbr acronym cite bdo kbd samp"
PHRASES = frozenset(_PHRASE_NAMES.split())
RUNNING_TEXT = PHRASES | {"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "address", "span", "caption", "dd", "dt"}
EMPTY = frozenset({"br", "img", "hr", "area"})
ONLY: Mapping[str, frozenset[str]] = {
    "table": frozenset({"tbody", "tr", "caption", "thead", "tfoot", "col", "colgroup"}),
    "tr": frozenset({"td", "th"}),
    "tbody": frozenset({"tr"}),
    "thead": frozenset({"tr"}),
    "tfoot": frozenset({"tr"}),
    "ul": frozenset({"li"}),
    "ol": frozenset({"li"}),
    "dl": frozenset({"dd", "dt"}),
    "map": frozenset({"area"}),
}
WITHIN: Mapping[str, frozenset[str]] = {
    "tr": frozenset({"table", "thead", "tfoot", "tbody"}),
    "tbody": frozenset({"table"}),
    "thead": frozenset({"table"}),
    "tfoot": frozenset({"table"}),
    "caption": frozenset({"table"}),
    "colgroup": frozenset({"table"}),
    "col": frozenset({"colgroup", "table"}),
    "th": frozenset({"tr", "thead", "tfoot"}),
    "td": frozenset({"tr", "thead", "tfoot"}),
    "li": frozenset({"ul", "ol"}),
    "dd": frozenset({"dl"}),
    "dt": frozenset({"dl"}),
}

_XML = "http://www.w3.org/XML/1998/namespace"
_LEAVES = ("br", "img", "spanInPhrase")
_TEXT_BLOCKS = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "address")
_FLOW = ("div", "blockquote", "td", "th", "li")


@cache
def schema() -> etree.RelaxNG:
    """Return a RELAX NG schema of narratives in which there is nothing to find fault with, but for their addresses.

    Not every such narrative is valid by it: it knows two levels of phrases, and no blocks in headings. It is a short
    cut that runs in C; what it refuses must be looked at.
    """
    return etree.RelaxNG(etree.fromstring(_grammar()))


def _grammar() -> str:
    phrases = sorted(PHRASES)
    running = ("br", "img", "span", *phrases)
    blocks = ("div", "blockquote", "table", "ul", "ol", "dl", "map", "hr", *_TEXT_BLOCKS, *running)
    parts = [_define(name, name, blocks, text=True) for name in _FLOW]
    parts += [_define(name, name, running, text=True) for name in ("span", "caption", "dt", "dd", *_TEXT_BLOCKS)]
    parts += [_define(name, name, sorted(ONLY[name])) for name in ONLY]
    parts += [_define(name, name, ()) for name in ("col", *sorted(EMPTY))]
    parts += [_define("colgroup", "colgroup", ("col",)), _define("spanInPhrase", "span", _LEAVES, text=True)]
    for phrase in phrases:
        others = (f"{each}InPhrase" for each in phrases if each != phrase)
        parts.append(_define(phrase, phrase, (*_LEAVES, *others), text=True))
        parts.append(_define(f"{phrase}InPhrase", phrase, _LEAVES, text=True))
    return (
        f'<grammar xmlns="http://relaxng.org/ns/structure/1.0" ns="{NAMESPACE}">'
        f'<start><ref name="div"/></start>{"".join(parts)}</grammar>'
    )


def _define(pattern: str, name: str, children: Iterable[str], text: bool = False) -> str:
    """Return the pattern of one element, whose children are named by their patterns, in any order and number."""
    names = [_attribute(each) for each in sorted(ATTRIBUTES)]
    names += [_attribute(each.partition(".")[2]) for each in sorted(ATTRIBUTES_OF) if each.startswith(f"{name}.")]
    attributes = f"<zeroOrMore><attribute><choice>{''.join(dict.fromkeys(names))}</choice></attribute></zeroOrMore>"
    inside = ("<text/>" if text else "") + "".join(f'<ref name="{child}"/>' for child in children)
    content = f"<zeroOrMore><choice>{inside}</choice></zeroOrMore>" if inside else "<empty/>"
    return f'<define name="{pattern}"><element name="{name}">{attributes}{content}</element></define>'


def _attribute(name: str) -> str:
    prefix, colon, local = name.partition(":")
    return f'<name ns="{_XML}">{local}</name>' if colon else f'<name ns="">{prefix}</name>'
