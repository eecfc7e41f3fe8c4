"""From the tree that JSON gives to an XML tree (R4, xml.html and json.html)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from lxml import etree

from fhir_server.errors import ContentMalformed, Issue
from fhir_server.fhir.elements import Element, attributes_of, elements_of, is_resource_type
from fhir_server.fhir.expressions import step
from fhir_server.fhir.limits import DEFAULT_LIMITS
from fhir_server.fhir.resource_types import RESOURCE_TYPES
from fhir_server.fhir.xml_reading import DIV, FHIR

_JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "positiveInt": (int,),
    "unsignedInt": (int,),
    "decimal": (int, Decimal, float),
}
_NAMESPACES: Any = {None: FHIR}  # the published types of lxml do not know the default namespace


class Writer:
    """Writes one resource and collects every problem in ``issues``. *parse* reads the narrative."""

    def __init__(self, parse: Callable[[bytes], etree._Element]) -> None:
        self.parse = parse
        self.issues: list[Issue] = []

    def write(self, resource: Any) -> etree._Element | None:
        """Return the root element; only to be used while there are no issues."""
        return self._resource(None, resource, "", 1)

    def _resource(self, parent: etree._Element | None, resource: Any, path: str, depth: int) -> etree._Element | None:
        name = resource.get("resourceType") if isinstance(resource, Mapping) else None
        if not isinstance(name, str) or not is_resource_type(name):
            self._report("xml-resource", "This is no resource of a type that is known here.", path)
            return None
        tag = f"{{{FHIR}}}{name}"
        node = etree.Element(tag, nsmap=_NAMESPACES) if parent is None else etree.SubElement(parent, tag)
        content = {key: value for key, value in resource.items() if key != "resourceType"}
        self._content(node, name, content, path or name, depth)
        return node

    def _content(self, node: etree._Element, type_name: str, content: Any, path: str, depth: int) -> None:
        if not isinstance(content, Mapping) or (not content and type_name not in RESOURCE_TYPES):
            self._report("xml-element", "The element is empty, or not an object.", path)
            return
        if depth > DEFAULT_LIMITS.max_depth:
            raise DEFAULT_LIMITS.too_deep("xml-depth")
        for element in self._present(content, type_name, path):
            below = f"{path}.{step(element.name, type_name)}"
            value, extra = content.get(element.name), content.get(f"_{element.name}")
            if element.name in attributes_of(type_name):
                self._set(node, element.name, value, "string", below)
            elif element.repeats:
                self._repeated(node, element, value, extra, below, depth)
            else:
                self._one(node, element, value, extra, below, depth)

    def _present(self, content: Mapping[str, Any], type_name: str, path: str) -> list[Element]:
        elements, present = elements_of(type_name), {}
        for key in content:
            name = key.removeprefix("_")
            element = elements.get(name)
            if element is None or (key != name and element.kind != "primitive"):
                self._report("xml-element", f"{type_name} has no element {key[:64]}.", path)
            else:
                present[name] = element
        return sorted(present.values(), key=lambda element: element.order)

    def _repeated(
        self, node: etree._Element, element: Element, values: Any, extras: Any, path: str, depth: int
    ) -> None:
        lists = [[] if value is None else value for value in (values, extras)]
        if not all(isinstance(each, list) for each in lists) or not any(lists):
            self._report("xml-element", "The element repeats; a list with something in it is needed.", path)
            return
        for index, (value, extra) in enumerate(zip_longest(*lists)):
            self._one(node, element, value, extra, f"{path}[{index}]", depth)

    def _one(self, parent: etree._Element, element: Element, value: Any, extra: Any, path: str, depth: int) -> None:
        if element.kind == "xhtml":
            self._narrative(parent, value, path)
            return
        node = etree.SubElement(parent, f"{{{FHIR}}}{element.name}")
        if element.kind == "resource":
            self._resource(node, value, path, depth + 2)
        elif element.kind == "complex":
            self._content(node, element.type_name, value, path, depth + 1)
        else:
            if value is not None:
                self._set(node, "value", value, element.type_name, path)
            if extra is not None:
                self._content(node, "Element", extra, path, depth + 1)
            if value is None and not extra:
                self._report("xml-element", "The element has neither a value nor an extension.", path)

    def _set(self, node: etree._Element, name: str, value: Any, type_name: str, path: str) -> None:
        types = _JSON_TYPES.get(type_name, (str,))
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            self._report("xml-value", f"The value is not of type {type_name}.", path)
            return
        text = str(value).lower() if isinstance(value, bool) else str(value)
        try:
            node.set(name, text)
        except ValueError:
            self._report("xml-value", "The value holds a character that XML cannot carry.", path)

    def _narrative(self, parent: etree._Element, value: Any, path: str) -> None:
        try:
            div = self.parse(value.encode()) if isinstance(value, str) else None
        except (ContentMalformed, UnicodeEncodeError):
            div = None
        if div is None or div.tag != DIV:
            self._report("xml-value", "The narrative is not one well-formed XHTML div.", path)
            return
        parent.append(div)

    def _report(self, rule: str, found: str, path: str) -> None:
        mend = "Correct the resource, or ask for it as JSON."
        self.issues.append(Issue(rule, found, mend, path or None, code="structure"))
