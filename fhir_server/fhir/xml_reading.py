"""From an XML tree to the tree that JSON gives (R4, xml.html and json.html)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any

from lxml import etree

from fhir_server.errors import ContentMalformed, Issue
from fhir_server.fhir.elements import Element, attributes_of, elements_of, is_resource_type
from fhir_server.fhir.expressions import step
from fhir_server.fhir.limits import Limits
from fhir_server.fhir.resource_types import RESOURCE_TYPES

FHIR = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"
DIV = f"{{{XHTML}}}div"
SCHEMA_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
MOST_ISSUES = 500

_NAMESPACES: Any = {None: XHTML}  # the published types of lxml do not know the default namespace

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,999})(?:\.[0-9]{1,999})?(?:[eE][+-]?[0-9]{1,3})?")
_INTEGERS = frozenset(("integer", "positiveInt", "unsignedInt"))


class Reader:
    """Reads one resource and collects every problem in ``issues``."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.issues: list[Issue] = []

    def read(self, root: etree._Element) -> dict[str, Any]:
        """Return the resource that *root* is; only to be trusted while there are no issues."""
        return self._resource(root, etree.QName(root).localname[:64], 1)

    def _resource(self, node: etree._Element, path: str, depth: int) -> dict[str, Any]:
        name = etree.QName(node)
        if name.namespace != FHIR:
            self._report(node, "xml-namespace", f"Element {name.localname[:64]} is not in the namespace {FHIR}.", path)
        elif not is_resource_type(name.localname):
            self._report(node, "xml-resource", f"{name.localname[:64]} is no FHIR R4 resource type.", path)
        else:
            return {"resourceType": name.localname, **self._content(node, name.localname, path, depth)}
        return {}

    def _content(
        self, node: etree._Element, type_name: str, path: str, depth: int, also: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        """Return attributes and children of *node*; ``also`` names attributes that the caller reads."""
        if depth > self.limits.max_depth:
            raise self.limits.too_deep("xml-depth")
        elements, last = elements_of(type_name), -1
        content: dict[str, Any] = self._attributes(node, type_name, path, also)
        self._refuse_text(node, path)
        children = _children(node)
        for child in children:
            element = self._element(child, elements, type_name, path)
            if element is None:
                continue
            if element.order < last:
                self._report(child, "xml-order", f"Element {element.name} comes too late in {type_name}.", path)
            last = max(last, element.order)
            self._add(content, child, element, f"{path}.{step(element.name, type_name)}", depth + 1)
        _drop_empty_lists(content)
        if not content and not also and not children and type_name not in RESOURCE_TYPES:
            self._report(node, "xml-empty", "The element is empty.", path)
        return content

    def _attributes(self, node: etree._Element, type_name: str, path: str, also: frozenset[str]) -> dict[str, Any]:
        allowed = attributes_of(type_name)
        content: dict[str, Any] = {}
        for name, value in node.attrib.items():
            if name in allowed:
                content[str(name)] = str(value)
            elif name not in also and name != SCHEMA_LOCATION:
                self._report(node, "xml-attribute", f"Attribute {str(name)[:64]} is not allowed here.", path)
        return content

    def _element(
        self, child: etree._Element, elements: Mapping[str, Element], type_name: str, path: str
    ) -> Element | None:
        name = etree.QName(child)
        element = elements.get(name.localname)
        if element is None or name.localname in attributes_of(type_name):
            self._report(child, "xml-element", f"{type_name} has no element {name.localname[:64]}.", path)
            return None
        namespace = XHTML if element.kind == "xhtml" else FHIR
        if name.namespace != namespace:
            self._report(child, "xml-namespace", f"Element {element.name} is not in the namespace {namespace}.", path)
            return None
        return element

    def _add(self, content: dict[str, Any], child: etree._Element, element: Element, path: str, depth: int) -> None:
        if element.repeats:
            path = f"{path}[{len(content.get(element.name, ()))}]"
        elif element.name in content or f"_{element.name}" in content:
            self._report(child, "xml-repeats", f"Element {element.name} may come only once.", path)
        extra = None
        if element.kind == "primitive":
            value, extra = self._primitive(child, element, path, depth)
        elif element.kind == "xhtml":
            value = _narrative(child)
        elif element.kind == "resource":
            value = self._wrapped(child, path, depth)
        else:
            value = self._content(child, element.type_name, path, depth)
        _put(content, element.name, value, element.repeats)
        _put(content, f"_{element.name}", extra, element.repeats)

    def _wrapped(self, node: etree._Element, path: str, depth: int) -> dict[str, Any]:
        self._attributes(node, "Resource", path, frozenset())
        self._refuse_text(node, path)
        inside = _children(node)
        if len(inside) != 1:
            self._report(node, "xml-resource", "The element holds not one resource.", path)
            return {}
        return self._resource(inside[0], path, depth + 1)

    def _primitive(
        self, node: etree._Element, element: Element, path: str, depth: int
    ) -> tuple[Any, dict[str, Any] | None]:
        extra = self._content(node, "Element", path, depth, also=frozenset(("value",)))
        text = node.get("value")
        if text is None:
            if not extra:
                self._report(node, "xml-empty", "The element has neither a value nor an extension.", path)
            return None, extra or None
        value = _value(str(text), element.type_name)
        if value is None:
            self._report(node, "xml-value", f"The value is not of type {element.type_name}.", path)
        if len(text) > self.limits.max_string:
            raise self.limits.string_too_long("xml-string")
        return value, extra or None

    def _refuse_text(self, node: etree._Element, path: str) -> None:
        if any(text and not text.isspace() for text in (node.text, *(child.tail for child in node))):
            self._report(node, "xml-text", "There is text between the elements.", path)

    def _report(self, node: etree._Element, rule: str, found: str, path: str) -> None:
        place = f"line {node.sourceline}"
        self.issues.append(Issue(rule, found, _MENDS[rule], path, code="structure", diagnostics=place))
        if len(self.issues) >= MOST_ISSUES:
            raise ContentMalformed(self.issues)


_MENDS = {
    "xml-attribute": "Remove the attribute; FHIR carries values in value, id and url.",
    "xml-element": "Remove the element, or send it as an extension.",
    "xml-empty": "Leave the element out, or give it a value.",
    "xml-namespace": "Put the element into the right namespace.",
    "xml-order": "Send the elements in the order of the specification, repetitions together.",
    "xml-repeats": "Send it once.",
    "xml-resource": "Send exactly one resource of R4.",
    "xml-text": "Remove the text; FHIR carries values in attributes.",
    "xml-value": "Send a value that the type allows.",
}


def _children(node: etree._Element) -> list[etree._Element]:
    return list(node.iterchildren("*"))


def _drop_empty_lists(content: dict[str, Any]) -> None:
    """Drop the half of a repeated primitive that has nothing: all values, or all extensions."""
    for name, value in list(content.items()):
        if type(value) is list and all(each is None for each in value):
            del content[name]


def _put(content: dict[str, Any], name: str, value: Any, repeats: bool) -> None:
    if repeats:
        content.setdefault(name, []).append(value)
    elif value is not None:
        content[name] = value


def _value(text: str, type_name: str) -> Any:
    """Return what JSON has for the text of a primitive, ``None`` where the type does not allow it."""
    if type_name == "boolean":
        return {"true": True, "false": False}.get(text)
    if type_name in _INTEGERS:
        return int(text) if _INTEGER.fullmatch(text) else None
    if type_name == "decimal":
        if not _DECIMAL.fullmatch(text):
            return None
        return Decimal(text) if any(mark in text for mark in ".eE") else int(text)
    return text


def _narrative(div: etree._Element) -> str:
    """Return the div as JSON carries it: in the default namespace, without what the elements around it declare."""
    copy = etree.Element(DIV, nsmap=_NAMESPACES)
    for name, value in div.attrib.items():
        copy.set(name, value)
    copy.text = div.text
    copy.extend(deepcopy(child) for child in div)
    return etree.tostring(copy, encoding="unicode")
