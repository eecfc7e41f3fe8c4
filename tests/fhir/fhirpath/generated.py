"""Values of FHIR types as hypothesis draws them, rich in what an expression speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from fhir_server.fhir.fhirpath import ElementType, Model
from fhir_server.fhir.fhirpath.lexer import tokens
from fhir_server.fhir.resource_types import RESOURCE_TYPES

Values = st.SearchStrategy[Any]

_CONTAINED = ("Claim", "ClaimResponse", "Composition", "MessageHeader", "Patient")
_SYSTEM_STRING = "http://hl7.org/fhirpath/System.String"
_TEXTS = ("a", "b", "", "#a", "#", "1", "18", "1234567893", "1234567890", "http://unitsofmeasure.org")
_DATES = ("2020", "2020-02", "2020-02-01", "2020-03-01", "2020-13-01")
_TIMES = ("2020-02-01T10:00:00Z", "2020-02-01T11:00:00+01:00", "2020-02-01T10:00:00.5Z")
_NUMBERS = (0, 1, -1, Decimal("0.5"), Decimal("1.0"), 100)
_PRIMITIVES: Mapping[str, Values] = {
    "boolean": st.booleans(),
    "date": st.sampled_from(_DATES),
    "dateTime": st.sampled_from(_DATES + _TIMES),
    "decimal": st.sampled_from(_NUMBERS),
    "instant": st.sampled_from(_TIMES),
    "integer": st.sampled_from((0, 1, -1)),
    "positiveInt": st.sampled_from((1, 2)),
    "time": st.just("10:00:00"),
    "unsignedInt": st.sampled_from((0, 1, 2)),
    "xhtml": st.just("<div xmlns='http://www.w3.org/1999/xhtml'>a</div>"),
}
_STRINGS = frozenset(("base64Binary", "canonical", "code", "id", "markdown", "oid", "string", "uri", "url", "uuid"))
_OFTEN: tuple[str, ...] = ("string", "code", "Quantity", "Coding", "CodeableConcept")
_EXTRA = st.sampled_from(({"extension": [{"url": "urn:x", "valueString": "a"}]}, {"id": "a"}))


class Generator:
    """Draws values for one expression: the elements that it names, and the texts that stand in it."""

    def __init__(self, expression: str, model: Model) -> None:
        words = tokens(expression)
        self._model = model
        self._names = {word.text for word in words if word.kind in ("name", "quoted")} | {"id", "url"}
        self._texts = sorted({word.text for word in words if word.kind == "string"} | set(_TEXTS))

    def values(self, type_name: str, depth: int = 4) -> Values:
        """Return values of a type."""
        if type_name == _SYSTEM_STRING or type_name in _STRINGS:
            return st.sampled_from(self._texts)
        if type_name in _PRIMITIVES:
            return _PRIMITIVES[type_name]
        if type_name in ("Resource", "DomainResource"):
            return st.sampled_from(_CONTAINED).flatmap(lambda name: self.values(name, depth - 1))
        fixed = {"resourceType": st.just(type_name)} if type_name in RESOURCE_TYPES else {}
        return st.fixed_dictionaries(fixed, optional=self._members(type_name, depth) if depth else {})

    def _members(self, type_name: str, depth: int) -> dict[str, Values]:
        members: dict[str, Values] = {}
        for name, element in self._model.elements(type_name).items():
            if name in self._names and element.types:
                members.update(self._member(name, element, depth - 1))
        return members

    def _member(self, name: str, element: ElementType, depth: int) -> dict[str, Values]:
        if element.choice:
            kinds = [each for each in element.types if each in _OFTEN] or list(element.types[:1])
            return {name + each[0].upper() + each[1:]: self.values(each, depth) for each in kinds}
        kind = element.types[0]
        value = self.values(kind, depth)
        is_primitive = kind in _STRINGS or kind in _PRIMITIVES
        if element.repeats:
            return {name: st.lists(value, min_size=1, max_size=3)}
        return {name: value, "_" + name: _EXTRA} if is_primitive else {name: value}
