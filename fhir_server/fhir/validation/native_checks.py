"""The checks behind `native_invariants`: each answers as the invariant in its row does when it is compiled.

They read the JSON as it stands. ``value`` is what the invariant is asked of, ``extra`` the sibling of a primitive.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from fhir_server.fhir.fhirpath import Scope, temporal
from fhir_server.fhir.fhirpath.errors import EvaluationFailed
from fhir_server.fhir.fhirpath.nodes import holds_the_same, is_empty, text_of
from fhir_server.fhir.fhirpath.raw import choice_exists, exists, extensions, member, member_text, members

Check = Callable[[Any, Scope, Any], bool]

_DATE_LENGTH = len("YYYY-MM-DD")
_TIME_LENGTH = len("YYYY-MM-DDThh:mm:ssZ")
_DATA_ABSENT_REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_UCUM = "http://unitsofmeasure.org"


def any_of(*names: str) -> Check:
    """``a.exists() or b.exists() …``"""
    return lambda value, scope, extra: any(exists(value, name) for name in names)


def needs(name: str, other: str) -> Check:
    """``name.empty() or other.exists()``"""
    return lambda value, scope, extra: not exists(value, name) or exists(value, other)


def not_both(name: str, other: str) -> Check:
    """``name.empty() or other.empty()``"""
    return lambda value, scope, extra: not (exists(value, name) and exists(value, other))


def use_is_not_home(value: Any, scope: Scope, extra: Any) -> bool:
    return member_text(value, "use") != "home"


def has_value_or_children(value: Any, scope: Scope, extra: Any) -> bool:
    """ele-1: an object always has a value, as it is taken; a primitive its text, or an extension."""
    if type(value) is dict:
        return True
    text = text_of(value)
    return bool(text) or (type(extra) is dict and bool(members(extra, "extension")))


def has_value_or_is_parameters(value: Any, scope: Scope, extra: Any) -> bool:
    return has_value_or_children(value, scope, extra) or member_text(value, "resourceType") == "Parameters"


def extension_or_value(value: Any, scope: Scope, extra: Any) -> bool:
    return exists(value, "extension") is not choice_exists(value, "value")


def nothing_contained(name: str) -> Check:
    """``contained.name.empty()``"""
    return lambda value, scope, extra: not any(exists(each, name) for each in members(value, "contained"))


def no_version_contained(value: Any, scope: Scope, extra: Any) -> bool:
    metas = [each.get("meta") for each in members(value, "contained") if type(each) is dict]
    return not any(exists(each, "versionId") or exists(each, "lastUpdated") for each in metas)


def no_security_contained(value: Any, scope: Scope, extra: Any) -> bool:
    metas = [each.get("meta") for each in members(value, "contained") if type(each) is dict]
    return not any(exists(each, "security") for each in metas)


def contained_is_used(*, nameless: bool) -> Check:
    """dom-3: what is contained is referred to, or refers to what contains it; ``nameless``: one without id may stand.

    Any text that is ``#`` and an id counts as a reference, of whatever type it is.
    """

    def check(value: Any, scope: Scope, extra: Any) -> bool:
        contained = members(value, "contained")
        if not contained:
            return True
        used = _local_references(scope.resource)
        return all(is_used(each, used) or is_empty(each) for each in contained)

    def is_used(contained: Any, used: set[str]) -> bool:
        name = member_text(contained, "id")
        if (name is None and nameless) or (name is not None and "#" + name in used):
            return True
        return "#" in _local_references(contained)

    return check


def _local_references(resource: Any) -> set[str]:
    found: set[str] = set()
    pending = [resource]
    while pending:
        value = pending.pop()
        if type(value) is str:
            if value[:1] == "#":
                found.add(value)
        elif type(value) is dict:
            pending.extend(each for key, each in value.items() if key != "id")
        elif type(value) is list:
            pending.extend(value)
    return found


def has_narrative(value: Any, scope: Scope, extra: Any) -> bool:
    """dom-6, which is asked of the outermost resource only."""
    text = value.get("text") if type(value) is dict else None
    return exists(text, "div") or (scope.root is not value and not holds_the_same(scope.root, value))


def reference_resolves(value: Any, scope: Scope, extra: Any) -> bool:
    """ref-1: a local reference names a contained resource, or (``#``) the one that contains."""
    reference = value.get("reference") if type(value) is dict else None
    if type(reference) is not str or reference[:1] != "#" or reference == "#":
        return True
    return any(member_text(each, "id") == reference[1:] for each in members(scope.root, "contained"))


def starts_before_end(value: Any, scope: Scope, extra: Any) -> bool:
    return _are_ordered(member_text(value, "start"), member_text(value, "end"))


def _are_ordered(start: str | None, end: str | None) -> bool:
    if not start or not end:
        return True
    if len(start) == len(end) == _DATE_LENGTH:
        try:
            return date.fromisoformat(start) <= date.fromisoformat(end)
        except ValueError:
            return False
    if len(start) >= _TIME_LENGTH and len(end) >= _TIME_LENGTH:
        try:
            return datetime.fromisoformat(start) <= datetime.fromisoformat(end)
        except (ValueError, TypeError):  # a second 60, or no zone
            pass
    return _precisely_ordered(start, end)


def _precisely_ordered(start: str, end: str) -> bool:
    try:
        order = temporal.compare(temporal.moment(start), temporal.moment(end))
    except EvaluationFailed:
        return False
    return order is not None and order <= 0


def _type_of_bundle(*types: str) -> Callable[[Any], bool | None]:
    """``type = 'a' or type = 'b' …`` of a Bundle; nothing where it has no type."""

    def test(value: Any) -> bool | None:
        if type(value) is not dict or (value.get("type") is None and value.get("_type") is None):
            return None
        return member_text(value, "type") in types

    return test


_is_search_or_history = _type_of_bundle("searchset", "history")
_is_search = _type_of_bundle("searchset")
_is_history = _type_of_bundle("history")
is_document = _type_of_bundle("document")
is_message = _type_of_bundle("message")


def total_is_of_search(value: Any, scope: Scope, extra: Any) -> bool:
    return not exists(value, "total") or _is_search_or_history(value) is True


def search_is_of_search(value: Any, scope: Scope, extra: Any) -> bool:
    return not any(exists(entry, "search") for entry in members(value, "entry")) or _is_search(value) is True


def entries_have(name: str, *types: str) -> Check:
    """bdl-3, bdl-4: every entry has the element if and only if the Bundle is of one of the types."""
    wanted = _type_of_bundle(*types)

    def check(value: Any, scope: Scope, extra: Any) -> bool:
        must = wanted(scope.resource)
        return all(exists(entry, name) is must for entry in members(value, "entry"))

    return check


def full_urls_differ(value: Any, scope: Scope, extra: Any) -> bool:
    if _is_history(value):
        return True
    names = [
        (member_text(entry, "fullUrl") or "")
        + (member_text(member(member(entry, "resource"), "meta"), "versionId") or "")
        for entry in members(value, "entry")
        if exists(entry, "fullUrl")
    ]
    return len(names) == len(set(names))


def document_is_named(value: Any, scope: Scope, extra: Any) -> bool:
    identifier = member(value, "identifier")
    return is_document(value) is False or (exists(identifier, "system") and exists(identifier, "value"))


def document_has_time(value: Any, scope: Scope, extra: Any) -> bool:
    return is_document(value) is False or bool(member_text(value, "timestamp"))


def begins_with(resource_type: str, of: Callable[[Any], bool | None]) -> Check:
    return lambda value, scope, extra: of(value) is False or _first_type(value) == resource_type


def first_is(resource_type: str) -> Check:
    return lambda value, scope, extra: _first_type(value) == resource_type


def _first_type(bundle: Any) -> str | None:
    entries = members(bundle, "entry")
    return member_text(member(entries[0], "resource"), "resourceType") if entries else None


def is_no_version(value: Any, scope: Scope, extra: Any) -> bool:
    return "/_history/" not in (member_text(value, "fullUrl") or "")


def _quantity_of(system: str) -> Callable[[Any], bool]:
    """``(code.exists() or value.empty()) and (system.empty() or system = …)``"""
    return lambda value: (
        (exists(value, "code") or not exists(value, "value"))
        and (not exists(value, "system") or member_text(value, "system") == system)
    )


_is_of_ucum = _quantity_of(_UCUM)
_is_of_currency = _quantity_of("urn:iso:std:iso:4217")


def is_dimension(value: Any, scope: Scope, extra: Any) -> bool:
    return _is_of_ucum(value)


def is_amount(value: Any, scope: Scope, extra: Any) -> bool:
    return _is_of_currency(value)


def has_no_comparator(value: Any, scope: Scope, extra: Any) -> bool:
    return not exists(value, "comparator")


def is_age(value: Any, scope: Scope, extra: Any) -> bool:
    number = value.get("value") if type(value) is dict else None
    return _is_of_ucum(value) and (number is None or _is_at_least(number, above=True))


def is_count(value: Any, scope: Scope, extra: Any) -> bool:
    if not _is_of_ucum(value) or (exists(value, "code") and member_text(value, "code") != "1"):
        return False
    return "." not in (member_text(value, "value") or "")


def is_duration(value: Any, scope: Scope, extra: Any) -> bool:
    return not exists(value, "code") or (member_text(value, "system") == _UCUM and exists(value, "value"))


def _is_at_least(number: Any, *, above: bool = False) -> bool:
    if isinstance(number, bool) or not isinstance(number, (int, Decimal)):
        return False
    return number > 0 if above else number >= 0


def is_not_negative(name: str) -> Check:
    """``name.exists() implies name >= 0``"""
    return lambda value, scope, extra: not exists(value, name) or _is_at_least(member(value, name))


def offset_has_event(value: Any, scope: Scope, extra: Any) -> bool:
    meals = ("C", "CM", "CD", "CV")
    return not exists(value, "offset") or (
        exists(value, "when") and not any(text_of(each) in meals for each in members(value, "when"))
    )


def is_ratio(value: Any, scope: Scope, extra: Any) -> bool:
    numerator = exists(value, "numerator")
    return numerator is exists(value, "denominator") and (numerator or exists(value, "extension"))


def counted(*names: str) -> Check:
    """``(a.count() + b.count()) > 0``"""
    return lambda value, scope, extra: any(members(value, name) or exists(value, name) for name in names)


def no_value_and_reason(value: Any, scope: Scope, extra: Any) -> bool:
    return not (exists(value, "dataAbsentReason") and choice_exists(value, "value"))


def value_or_reason(value: Any, scope: Scope, extra: Any) -> bool:
    return exists(value, "dataAbsentReason") or choice_exists(value, "value")


def something_observed(value: Any, scope: Scope, extra: Any) -> bool:
    return exists(value, "component") or exists(value, "hasMember") or value_or_reason(value, scope, extra)


def one_content(value: Any, scope: Scope, extra: Any) -> bool:
    """inv-1 of Parameters: parts, or a value, or a resource."""
    return exists(value, "part") + choice_exists(value, "value") + exists(value, "resource") == 1


def name_or_reason(value: Any, scope: Scope, extra: Any) -> bool:
    named = exists(value, "family") or exists(value, "given")
    return named is not bool(extensions(value, _DATA_ABSENT_REASON))


def is_ten_long(value: Any, scope: Scope, extra: Any) -> bool:
    return len(text_of(value) or "") == _DATE_LENGTH


def is_npi(value: Any, scope: Scope, extra: Any) -> bool:
    """us-core-17: the check digit of a National Provider Identifier (Luhn, with 24 for the prefix 80840)."""
    digits = (member_text(value, "value") or "")[:10]
    if len(digits) < 10 or not digits.isascii() or not digits.isdigit():
        return False
    doubled = (int(digit) * 2 for digit in digits[::2])
    return (24 + sum(map(int, digits[1::2])) + sum(each - 9 if each > 9 else each for each in doubled)) % 10 == 0


def is_self_or_has_subscriber(value: Any, scope: Scope, extra: Any) -> bool:
    codings = members(member(value, "relationship"), "coding")
    return any(member_text(each, "code") == "18" for each in codings) or exists(value, "subscriber")
