"""Narratives against a table, each with what the HL7 validator 6.10.4 says of it (guide r4, the text of a Basic)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.validation import narrative, narrative_rules
from fhir_server.fhir.validation.labels import check_labels
from fhir_server.fhir.validation.narrative import check_narrative, html_checks, html_content
from fhir_server.fhir.validation.report import Report, root
from fhir_server.fhir.validation.rules import Rule

NAMESPACE = 'xmlns="http://www.w3.org/1999/xhtml"'

# (rules that are told, constraints that fail, text); § stands for what is inside a div of the right namespace, and a
# rule with ~ is a warning. narrative-xml is ours: the validator is more patient than XML.
TABLE = (
    ("", "", "§x"),
    ("", "", "§<img src='#a'/>"),
    ("", "", "§<img src='http://a/b.png' alt='x'/>"),
    ("", "", "§<p style='x'>x</p>"),
    ("", "", "§<a href='http://x'>x</a>"),
    ("", "", "§<a>x</a>"),
    ("", "", "§<a name='x'>x</a>"),
    ("", "", "§<a href='#zz'>x</a>"),
    ("", "", "§<a href='#'>x</a>"),
    ("", "", "§<a href='foo:1'>x</a>"),
    ("", "", "§<a href='Patient/1'>x</a>"),
    ("", "", '  <div xmlns="http://www.w3.org/1999/xhtml">x</div> '),
    ("", "", '<!-- a --><div xmlns="http://www.w3.org/1999/xhtml">x</div>'),
    ("", "", '<!DOCTYPE html><div xmlns="http://www.w3.org/1999/xhtml">x</div>'),
    ("", "", "<?xml version='1.0'?><div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"),
    ("", "", "§<?foo?>x"),
    ("", "", "§a &amp; b"),
    ("", "", "§&#160;"),
    ("", "", "§x&#xA0;"),
    ("", "", "§a > b"),
    ("", "", "§<ul><li>x</li></ul>"),
    ("", "", "§<table><tr><td>x</td></tr></table>"),
    ("", "", "§<table><tbody><tr><th>x</th></tr></tbody></table>"),
    ("", "", "§<h1><p>x</p></h1>"),
    ("", "", "§<dl><dt>x</dt><dd>y</dd></dl>"),
    ("", "", "§<pre><p>x</p></pre>"),
    ("", "", "§<table><caption>x</caption><colgroup><col/></colgroup></table>x"),
    ("", "", "§<blockquote><p>x</p></blockquote>"),
    ("", "", "§<p xmlns='http://www.w3.org/1999/xhtml'>x</p>"),
    ("", "", '<x:div xmlns:x="http://www.w3.org/1999/xhtml">x</x:div>'),
    ("", "", '<x:div xmlns:x="http://www.w3.org/1999/xhtml"><x:p>x</x:p></x:div>'),
    ("", "", "§<p xml:space='preserve'>x</p>"),
    ("", "", "§<p xmlns:x='y'>x</p>"),
    ("", "", "§<p id='a'>x</p><p id='a'>y</p>"),
    ("", "", "§<table border='1'><tr><td nowrap='x'>x</td></tr></table>"),
    ("", "", "<div xmlns=\"http://www.w3.org/1999/xhtml\" class='x'>x</div>"),
    ("", "", "§<img src='data:image/png;base64,YWJj'/>"),
    ("", "", "§<img/>"),
    ("", "", "§<p\n>x</p>"),
    ("", "", "§<p/>x"),
    ("", "", "§<p title='a>b'>x</p>"),
    ("", "", "§<p title='a&lt;b'>x</p>"),
    ("", "", '§<p title="x\'y">x</p>'),
    ("", "", "§<a href='http://x?a=1&amp;b=2'>x</a>"),
    ("", "", "§<q cite='x'>x</q>"),
    ("", "", "§<p>\xa0</p>"),
    ("", "", '\ufeff<div xmlns="http://www.w3.org/1999/xhtml">x</div>'),
    ("", "", "§&quot;&apos;&lt;&gt;"),
    ("", "", "§<p dir='ltr' lang='en' accesskey='x' tabindex='1'>x</p>"),
    ("", "", "§<ul><li>x</li> <!-- x --> </ul>"),
    ("", "", "§<area/>x"),
    ("", "", "§<p width='x'>x</p>"),
    ("", "", "§<div xmlns='http://www.w3.org/1999/xhtml'>x</div>"),
    ("", "", "§<img src='#zz' alt='y'/>"),
    ("", "", "§<p><span>x</span></p>"),
    ("", "", "<div xmlns='http://www.w3.org/1999/xhtml'>x</div>"),
    ("", "", "<div xmlns='http://www.w3.org/1999/xhtml' xml:lang='en' lang='en'>x</div>"),
    ("", "", "<div\txmlns='http://www.w3.org/1999/xhtml'\n>x</div>"),
    ("", "", "§<!-->x-->y"),
    ("", "", "§<!--->x-->y"),
    ("", "", "§<x:p xmlns:x='http://www.w3.org/1999/xhtml'>x</x:p>"),
    ("", "", "§<div xml:lang='en'>x</div>"),
    ("", "", "§<div xml:lang='en'>x</div><p/> "),
    ("", "", "§<p xml:lang='en'>x</p>y"),
    ("", "", "§<a href='data:text/plain,x'>x</a>"),
    ("", "", "§<a href='data:text/plain,x,'>x</a>"),
    ("", "", "§<a href='http://x/ä'>x</a>"),
    ("", "", "§<a href='JavaScript:x'>x</a>"),
    ("", "", "§<img src='javascript:x'/>"),
    ("", "", "§<area href='javascript:x'/>x"),
    ("", "", "§&#x41;"),
    ("", "", "§&apos;"),
    ("", "", "§<p class = 'x' >x</p>"),
    ("", "", "§<p>x</p>\n\n<!-- y -->"),
    ("", "", '\n<div xmlns="http://www.w3.org/1999/xhtml">x</div>'),
    ("", "", "§<table> <tr> <td>x</td> </tr> </table>"),
    ("", "", "§<table><!-- x --><tr><td>x</td></tr></table>"),
    ("", "", "§<span><span>x</span></span>"),
    ("", "", "§<div><p><span>x</span></p></div>"),
    ("", "", "§<table><col/><tr><td>x</td></tr></table>"),
    ("", "", "§<table><colgroup>x</colgroup></table>"),
    ("", "", "§<blockquote cite='x'>x</blockquote>"),
    ("", "", "§<pre space='x'>x</pre>"),
    ("", "", "§<p>\u2003</p>"),
    ("", "", "§<p>\x85</p>"),
    ("", "txt-1", "<div xmlns=\"http://www.w3.org/1999/xhtml\" onclick='x'>x</div>"),
    ("", "txt-1", "<div xmlns=\"http://www.w3.org/1999/xhtml\" foo='x'>x</div>"),
    ("", "txt-2", "§"),
    ("", "txt-2", "§ "),
    ("", "txt-2", "§<p/>"),
    ("", "txt-2", "§<p> </p>"),
    ("", "txt-2", "§<br/>"),
    ("", "txt-2", "§<hr/>"),
    ("", "txt-2", "§<!-- x -->"),
    ("", "txt-2", "§<![CDATA[x]]>"),
    ("", "txt-2", "§<![CDATA[]]>"),
    ("", "txt-2", "§<map name='a'><area href='x'/></map>"),
    ("", "txt-2", '<div xmlns="http://www.w3.org/1999/xhtml"/>'),
    ("narrative-attribute", "txt-1", "§<p onclick='x'>x</p>"),
    ("narrative-attribute", "txt-1", "§<p xml:base='x'>x</p>"),
    ("narrative-attribute", "txt-1", "§<p data-x='1'>x</p>"),
    ("narrative-attribute", "txt-1", "§<p border='1'>x</p>"),
    ("narrative-attribute", "txt-1", "§<p cite='x'>x</p>"),
    ("narrative-attribute", "txt-1", "§<a href='http://a' target='_blank'>x</a>"),
    ("narrative-attribute", "txt-1", "§<img src='http://x.org/a.png' onerror='x'/>"),
    ("narrative-attribute", "txt-1", "§<p a=>y</p>"),
    ("narrative-attribute", "txt-1", "§<a target='x'>x</a>"),
    ("narrative-attribute narrative-element", "txt-1", "§<font color='x'>x</font>"),
    ("narrative-attribute narrative-element", "txt-1", "§<div><p>x</p><script src='x'/></div>"),
    ("narrative-attribute narrative-element", "txt-1 txt-2", "§<iframe src='x'/>"),
    ("narrative-attribute narrative-element", "txt-1 txt-2", "§<link rel='x'/>"),
    ("narrative-attribute narrative-structure", "txt-1", "§<td border='1'>x</td>"),
    ("narrative-character", "", "§&nbsp;"),
    ("narrative-character", "", "§x&nbsp;"),
    ("narrative-character", "", "§x &copy;"),
    ("narrative-character", "", "§<p title='a&nbsp;b'>x</p>"),
    ("narrative-character", "", "§&NotEqualTilde;"),
    ("narrative-character", "", "§&COPY;"),
    ("narrative-character", "", "§&copy"),
    ("narrative-doctype", "txt-1", "§<!DOCTYPE x>a"),
    ("narrative-doctype", "txt-1", "§<!DOCTYPEx>a"),
    ("narrative-element", "txt-1", "§<script>x</script>"),
    ("narrative-element", "txt-1", "§<form>x</form>"),
    ("narrative-element", "txt-1", "§<P>x</P>"),
    ("narrative-element", "txt-1", "§<style>x</style>"),
    ("narrative-element", "txt-1", "§<u>x</u>"),
    ("narrative-element", "txt-1", "§<s>x</s>"),
    ("narrative-element", "txt-1", "§<center>x</center>"),
    ("narrative-element", "txt-1", "§<nav>x</nav>"),
    ("narrative-element", "txt-1", "§<section>x</section>"),
    ("narrative-element", "txt-1", "§<title>x</title>"),
    ("narrative-element", "txt-1", "§<h7>x</h7>"),
    ("narrative-element", "txt-1", "§<script>x<p></script>y"),
    ("narrative-element", "txt-1", "§<script>"),
    ("narrative-element", "txt-1", "§<script/>x"),
    ("narrative-element", "txt-1", "§<é>x</é>"),
    ("narrative-element", "txt-1 txt-2", "§<object/>"),
    ("narrative-element", "txt-1 txt-2", "§<svg/>"),
    ("narrative-element", "txt-1 txt-2", "§<input/>"),
    ("narrative-form", "txt-1 txt-2", ""),
    ("narrative-form", "txt-1 txt-2", "x"),
    ("narrative-form", "txt-1 txt-2", "§<p>a<b>c</p></b>"),
    ("narrative-form", "txt-1 txt-2", "§<p>x"),
    ("narrative-form", "txt-1 txt-2", "§a & b"),
    ("narrative-form", "txt-1 txt-2", "§&foo;"),
    ("narrative-form", "txt-1 txt-2", "§a < b"),
    ("narrative-form", "txt-1 txt-2", "§a<1"),
    ("narrative-form", "txt-1 txt-2", "§<P>x</p>"),
    ("narrative-form", "txt-1 txt-2", '<DIV xmlns="http://www.w3.org/1999/xhtml">x</DIV>'),
    ("narrative-form", "txt-1 txt-2", "§<br>"),
    ("narrative-form", "txt-1 txt-2", "§</p>x"),
    ("narrative-form", "txt-1 txt-2", "§<!-- x"),
    ("narrative-form", "txt-1 txt-2", "§<![CDATA[x"),
    ("narrative-form", "txt-1 txt-2", "§< p>x</p>"),
    ("narrative-form", "txt-1 txt-2", "§<p >x</p >"),
    ("narrative-form", "txt-1 txt-2", "§<p/ >x"),
    ("narrative-form", "txt-1 txt-2", "§<p title='a&b'>x</p>"),
    ("narrative-form", "txt-1 txt-2", "§<a href='http://x?a=1&b=2'>x</a>"),
    ("narrative-form", "txt-1 txt-2", "§<p>x</p><p>y</P>"),
    ("narrative-form", "txt-1 txt-2", "§&#x110000;"),
    ("narrative-form", "txt-1 txt-2", "§&;"),
    ("narrative-form", "txt-1 txt-2", "§&"),
    ("narrative-form", "txt-1 txt-2", "<div xmlns=http://www.w3.org/1999/xhtml>x</div>"),
    ("narrative-form", "txt-1 txt-2", '<divxmlns="http://www.w3.org/1999/xhtml">x</div>'),
    ("narrative-form", "txt-1 txt-2", "§<!DOCTYPE a [x>y"),
    ("narrative-form", "txt-1 txt-2", "§<![x]]>y"),
    ("narrative-form", "txt-1 txt-2", "§&amp b"),
    ("narrative-form", "txt-1 txt-2", "§&#-1;x"),
    ("narrative-form", "txt-1 txt-2", "§&#;"),
    ("narrative-form", "txt-1 txt-2", "§<p class=a/b>x</p>"),
    ("narrative-form", "txt-1 txt-2", "§<p 'x'>y</p>"),
    ("narrative-form", "txt-1 txt-2", "§<p =x>y</p>"),
    ("narrative-form", "txt-1 txt-2", "§<_p>x</_p>"),
    ("narrative-form", "txt-1 txt-2", "§<:p>x</:p>"),
    ("narrative-form", "txt-1 txt-2", '\xa0<div xmlns="http://www.w3.org/1999/xhtml">x</div>'),
    ("narrative-form ~fhir-blank", "txt-1 txt-2", " "),
    ("narrative-namespace", "", "<div>x</div>"),
    ("narrative-namespace", "", '<div xmlns="http://x">x</div>'),
    ("narrative-namespace", "", "§<p xmlns='http://x'>x</p>"),
    ("narrative-namespace", "", "§<x:p xmlns:x='http://y'>x</x:p>"),
    ("narrative-namespace", "", "§<x:p>x</x:p>"),
    ("narrative-namespace", "", "<div xmlns='http://www.w3.org/1999/xhtml/'>x</div>"),
    ("narrative-namespace", "", "§<p xmlns='http://x'><b>x</b></p><i>y</i>"),
    ("narrative-namespace", "", "§<p xmlns=''>x</p>"),
    ("narrative-namespace", "txt-1", "<div XMLNS='http://www.w3.org/1999/xhtml'>x</div>"),
    ("narrative-namespace", "txt-2", "<div"),
    ("narrative-namespace", "txt-2", "<div>"),
    ("narrative-namespace narrative-element", "txt-1", "§<p:>x</p:>"),
    ("narrative-namespace narrative-root", "txt-1 txt-2", "<"),
    ("narrative-namespace narrative-root", "txt-1 txt-2", "<>"),
    ("narrative-root", "", '<p xmlns="http://www.w3.org/1999/xhtml">x</p>'),
    ("narrative-root", "", '<ul xmlns="http://www.w3.org/1999/xhtml"><li>x</li></ul>'),
    ("narrative-root", "", '<table xmlns="http://www.w3.org/1999/xhtml"><tr><td>x</td></tr></table>'),
    ("narrative-root", "", '<p xmlns="http://www.w3.org/1999/xhtml"><p>x</p></p>'),
    ("narrative-root", "", '<br xmlns="http://www.w3.org/1999/xhtml">x</br>'),
    ("narrative-root", "txt-1", '<script xmlns="http://www.w3.org/1999/xhtml">x</script>'),
    ("narrative-script", "", "§<a href='javascript:x'>x</a>"),
    ("narrative-script", "", "§<a href='vbscript:x'>x</a>"),
    ("narrative-script", "", "§<a href='javascript&#58;x'>x</a>"),
    ("narrative-structure", "", "§<ul><p>x</p></ul>"),
    ("narrative-structure", "", "§<ul>x</ul>"),
    ("narrative-structure", "", "§<li>x</li>"),
    ("narrative-structure", "", "§<tr><td>x</td></tr>"),
    ("narrative-structure", "", "§<table>x<tr><td>x</td></tr></table>"),
    ("narrative-structure", "", "§<p><p>x</p></p>"),
    ("narrative-structure", "", "§<span><div>x</div></span>"),
    ("narrative-structure", "", "§<b><b>x</b></b>"),
    ("narrative-structure", "", "§<b><i><b>x</b></i></b>"),
    ("narrative-structure", "", "§<a href='http://a'><a href='http://b'>x</a></a>"),
    ("narrative-structure", "", "§<br>x</br>"),
    ("narrative-structure", "", "§<hr>x</hr>"),
    ("narrative-structure", "", "§<h1><ul><li>x</li></ul></h1>"),
    ("narrative-structure", "", "§<dl><p>x</p></dl>"),
    ("narrative-structure", "", "§<dt>x</dt>"),
    ("narrative-structure", "", "§<map name='a'><p>x</p></map>"),
    ("narrative-structure", "", "§<caption>x</caption>"),
    ("narrative-structure", "", "§<colgroup><p>x</p></colgroup>"),
    ("narrative-structure", "", "§<th>x</th>"),
    ("narrative-structure", "", "§<p><blockquote>x</blockquote></p>"),
    ("narrative-structure", "", "§<em><em>x</em></em>"),
    ("narrative-structure", "", "§<code><pre>x</pre></code>"),
    ("narrative-structure", "", "§<ul>&#160;<li>x</li></ul>"),
    ("narrative-structure", "", "§<td>x</td>"),
    ("narrative-structure", "", "§<thead><tr><td>x</td></tr></thead>"),
    ("narrative-structure", "", "§<table><thead><td>x</td></thead></table>"),
    ("narrative-structure", "", "§<br><!-- x --></br>y"),
    ("narrative-structure", "", "§<br> </br>y"),
    ("narrative-structure", "", "§<div><li>x</li></div>"),
    ("narrative-structure", "", "§<b><span><b>x</b></span></b>"),
    ("narrative-structure", "", "§<area>x</area>"),
    ("narrative-structure", "", "§<map name='x'>y</map>"),
    ("narrative-structure", "", "§<col/>x"),
    ("narrative-structure", "", "§<tbody><tr><td>x</td></tr></tbody>"),
    ("narrative-structure", "", "§<dd>x</dd>"),
    ("narrative-structure", "", "§<dl>x</dl>"),
    ("narrative-structure", "", "§<dl><dd><ul><li>x</li></ul></dd></dl>"),
    ("narrative-structure", "", "§<li><ul/>x</li>"),
    ("narrative-structure narrative-structure", "", "§<table><td>x</td></table>"),
    ("narrative-structure narrative-structure", "", "§<p><div>x</div></p>"),
    ("narrative-structure narrative-structure", "", "§<p><table><tr><td>x</td></tr></table></p>"),
    ("narrative-structure narrative-structure", "", "§<p><ol><li>x</li></ol></p>"),
    ("narrative-structure narrative-structure", "", "§<tr>x</tr>"),
    ("narrative-structure narrative-structure", "", "§<p><b><div>x</div></b></p>"),
    ("narrative-structure narrative-structure", "", "§<dd><ul><li>x</li></ul></dd>"),
    ("narrative-url", "", "§<a href=''>x</a>"),
    ("narrative-url", "", "§<a href='urn:uuid:1'>x</a>"),
    ("narrative-url", "", "§<a href='cid:1'>x</a>"),
    ("narrative-url", "", "§<a href='a b'>x</a>"),
    ("narrative-url", "", "§<img src='data:image/png;base64,YW'/>"),
    ("narrative-url", "", "§<img src='data:foo'/>"),
    ("narrative-url", "", "§<img src=''/>"),
    ("narrative-url", "", "§<img src='a b'/>"),
    ("narrative-url", "", "§<a href='data:text/plain,x,y'>x</a>"),
    ("narrative-url", "", "§<a href='data:,'>x</a>"),
    ("narrative-url", "", "§<a href='http://x/&#34;'>x</a>"),
    ("narrative-url", "", "§<a href='http://x/{}'>x</a>"),
    ("narrative-url", "", "§<a href=' javascript:x'>x</a>"),
    ("~fhir-control-character", "", "§\x01x"),
    ("~fhir-control-character", "", '\x1f<div xmlns="http://www.w3.org/1999/xhtml">x</div>'),
    ("~fhir-control-character", "txt-2", "§<p>\x1f</p>"),
    ("~fhir-direction", "", "§\u202ex"),
    ("~fhir-direction", "", "§x\u200e"),
    ("~narrative-language", "", "§<div xml:lang='en'>x</div>y"),
    ("~narrative-language", "", "§<div xml:lang='en'>x</div><p>y</p>"),
    ("~narrative-xml", "", '<div xmlns="http://www.w3.org/1999/xhtml">x'),
    ("~narrative-xml", "", '<div xmlns="http://www.w3.org/1999/xhtml">x</div>y'),
    ("~narrative-xml", "", '<div xmlns="http://www.w3.org/1999/xhtml">x</div><p>'),
    ("~narrative-xml", "", "§&#xZZ;x"),
    ("~narrative-xml", "", "§<p class=x>x</p>"),
    ("~narrative-xml", "", "§<p class>x</p>"),
    ("~narrative-xml", "", "§<p class='x>x</p>"),
    ("~narrative-xml", "", "§<p class='x' class='y'>x</p>"),
    ("~narrative-xml", "", '§<p class="a<b">x</p>'),
    ("~narrative-xml", "", "§<!-- a -- b -->x"),
    ("~narrative-xml", "", "§<p>x</p>\n</div>"),
    ("~narrative-xml", "", "§<p>a]]>b</p>"),
    ("~narrative-xml", "", "§<!x>a"),
    ("~narrative-xml", "", "§<p>x</x:p>"),
    ("~narrative-xml", "", "§<x:p xmlns:x='http://www.w3.org/1999/xhtml'>x</p>"),
    ("~narrative-xml", "", "§<a href>x</a>"),
    ("~narrative-xml", "", "§&#65"),
    ("~narrative-xml", "", "§&lt"),
    ("~narrative-xml", "", "§&#+65;"),
    ("~narrative-xml", "", "§&#x;x"),
    ("~narrative-xml", "", "§<p class= x>y</p>"),
    ("~narrative-xml", "", "§<p class='a'id='b'>x</p>"),
    ("~narrative-xml", "", '\u2003<div xmlns="http://www.w3.org/1999/xhtml">x</div>'),
    ("~narrative-xml", "txt-2", "§&#0;"),
    ("~narrative-xml", "txt-2", "§&#99999999999;"),
    ("~narrative-xml", "txt-2", '<div xmlns="http://www.w3.org/1999/xhtml"'),
    ("~narrative-xml", "txt-2", '<div xmlns="http://www.w3.org/1999/xhtml">'),
)

_PIECES = """
    <p> </p> <b> </b> <br/> <table> <tr> <td>x</td> </tr> </table> <ul><li> </li></ul> x <a~href='x'> </a> <script>
    &amp; & <!-- --> <![CDATA[ ]]> < > =' <div~xml:lang='en'> </div> <p~class=' <span> </span> <img~src='#a'/>
    <br></br> <p~> </p~> ~ <h1> </h1> <pre> </pre> <i> </i> <a~href='javascript:x'> <img~src='data:x'/> <hr/> </hr>
"""
MARKUP = st.lists(st.sampled_from([each.replace("~", " ") for each in _PIECES.split()]), max_size=12).map("".join)


def full(text: str) -> str:
    return f"<div {NAMESPACE}>{text[1:]}</div>" if text.startswith("§") else text


def told(div: Any) -> list[str]:
    report = Report()
    check_narrative(div, root("div"), report)
    return [f"{'' if fault.severity == 'error' else '~'}{fault.rule}" for fault in report.faults]


@pytest.mark.parametrize(("rules", "fails", "text"), TABLE)
def test_each_narrative_gets_the_verdict_of_the_validator(rules: str, fails: str, text: str) -> None:
    div = full(text)

    assert told(div) == rules.split()
    assert html_checks(div) == ("txt-1" not in fails)
    assert html_content(div) == ("txt-2" not in fails)


@pytest.mark.parametrize("value", [None, 5, True, {}, [], ["<div/>"]])
def test_a_narrative_is_text(value: Any) -> None:
    assert told(value) == ["fhir-type"]


def test_nesting_ends_at_500_elements() -> None:
    assert told(full("§" + "<div>" * 490 + "x" + "</div>" * 490)) == ["~narrative-xml"]
    assert told(full("§" + "<div>" * 510 + "x" + "</div>" * 510)) == ["narrative-form"]


def test_a_narrative_that_nobody_reads_is_not_looked_at() -> None:
    assert told(full("§" + "<b>x</b>" * 200_000)) == ["~narrative-length"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["<b></b>", "<!DOCTYPE a[>", "<!--", "<![CDATA[", "&amp;", "a='", "<", "</", "<?", "<p ", "<p a=>", "&#1;"]
)
def test_no_text_takes_long(piece: str) -> None:
    told(full("§" + piece * (1_000_000 // len(piece))))
    told(piece * (1_000_000 // len(piece)))


@given(MARKUP)
def test_the_short_cut_finds_what_the_look_finds(inside: str) -> None:
    div = full("§" + inside)
    known = narrative._plain(div)

    if known is not None:
        glance = narrative._looked_at(div)
        assert known == glance


@given(st.text() | MARKUP)
def test_no_text_makes_the_check_fail(text: str) -> None:
    told(text)
    told(full("§" + text))


def test_what_is_told_never_repeats_the_text() -> None:
    report = Report()
    for text in ("§<Smith>x</Smith>", "§<p Smith='x'>x</p>", "§&Smith;", "§<a href='javascript:Smith'>x</a>", "Smith"):
        check_narrative(full(text), root("div"), report)

    assert len(report.faults) >= 5
    assert all("Smith" not in fault.found + fault.mend for fault in report.faults)


@pytest.mark.parametrize(
    ("language", "attributes", "rules"),
    [
        ("en", "", ["The resource names its language, and the narrative does not."]),
        ("en", ' lang="en"', ["The narrative has lang and no xml:lang."]),
        ("en", ' xml:lang="en"', ["The narrative has xml:lang and no lang."]),
        ("en", ' lang="en" xml:lang="en"', []),
        (
            "en",
            ' lang="de" xml:lang="de"',
            ["The narrative is said to be in another language (lang) than the resource."],
        ),
        (
            "en",
            ' lang="en" xml:lang="de"',
            ["The narrative is said to be in another language (xml:lang) than the resource."],
        ),
        (
            "en",
            ' lang="de" xml:lang="en"',
            ["The narrative is said to be in another language (lang) than the resource."],
        ),
        (None, ' lang="en"', []),
    ],
)
def test_the_narrative_is_in_the_language_of_the_resource(
    language: str | None, attributes: str, rules: list[str]
) -> None:
    resource: dict[str, Any] = {"resourceType": "Basic", "text": {"div": f"<div {NAMESPACE}{attributes}>x</div>"}}
    if language is not None:
        resource["language"] = language
    report = Report()

    check_labels(resource, root("Basic"), report)

    assert [fault.found for fault in report.faults] == rules
    assert {fault.severity for fault in report.faults} <= {"warning"}


def test_parts_may_name_their_language() -> None:
    parts = full('§<div lang="en" xml:lang="en">x</div> <div lang="de" xml:lang="de">y</div>')
    report = Report()

    check_labels({"resourceType": "Basic", "language": "en", "text": {"div": parts}}, root("Basic"), report)

    assert not report.faults


@pytest.mark.parametrize(
    ("labels", "places"),
    [
        ([{"system": "http://a", "code": "b"}] * 2, ["Basic.meta.security[1]"]),
        ([{"code": "b"}, {"code": "b"}], ["Basic.meta.security[1]"]),
        ([{"display": "b"}, {"display": "c"}], ["Basic.meta.security[1]"]),
        ([{"system": "http://a", "code": "b"}, {"system": "http://a", "code": "c"}], []),
        ("x", []),
        (["x", None, 5], []),
    ],
)
def test_a_security_label_comes_once(labels: Any, places: list[str]) -> None:
    report = Report()

    check_labels({"resourceType": "Basic", "meta": {"security": labels}}, root("Basic"), report)

    assert [issue.expression for issue in report.issues()] == places


def test_a_rule_of_our_own_is_no_error() -> None:
    rules = [each for each in vars(narrative_rules).values() if isinstance(each, Rule)]

    assert rules
    assert all(each.severity == "warning" for each in rules if not each.source)
