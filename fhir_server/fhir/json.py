"""FHIR JSON in and out, with every digit kept.

Measured on a 24 KB request Bundle: msgspec decodes it in 26 µs, with the checks below in 100 µs; the standard library
with an ``object_pairs_hook`` takes 90 µs, 30 more for the depth, and lets NaN and lone surrogates through. msgspec does
not see a key that comes twice. So keys are counted: the text has at least one ``":`` for each key, the tree has each
key once. Equal counts prove that no key was lost; only where they differ the exact, slower search runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from itertools import islice
from typing import Any

import msgspec

from fhir_server.errors import ContentMalformed, Issue
from fhir_server.fhir.limits import DEFAULT_LIMITS, Limits

# Python refuses longer integers for the time they cost (sys.int_info.default_max_str_digits); an exponent beyond it
# would cost the same in arithmetic.
LARGEST_EXPONENT = 4300
DUPLICATES_LISTED = 50
LABEL_LENGTH = 64

_KEY_END = re.compile(rb'"[ \t\r\n]*:')
_BYTE = re.compile(r" \(byte (\d+)\)$")
_ESCAPE = rb"(?<!\\)(?:\\\\)*\\u"
_NUL = re.compile(_ESCAPE + rb"0000")
_LONE_SURROGATE = re.compile(_ESCAPE + rb"[dD][89abAB][0-9a-fA-F]{2}(?!\\u)")
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*+")([ \t\r\n]*:)?|[{}\[\],]|-?[0-9][-+.0-9eE]*')


def loads(data: bytes, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """Return the JSON object in *data*.

    Numbers with a fraction or an exponent are `Decimal` and keep their digits (``1.00``), the others are `int`. Raises
    `ContentMalformed` for anything but one strict UTF-8 JSON object in which each key comes once, with line and column
    in ``diagnostics``; `ContentTooLarge` beyond the limits.
    """
    limits.check_size(data)
    resource = _decode(data, limits)
    if type(resource) is not dict:
        raise _malformed("json-object", "The body is not a JSON object.", "Send one FHIR resource.", _place(""))
    keys = _count_keys(resource, limits)
    if len(_KEY_END.findall(data)) != keys:
        _refuse_duplicates(data)
    if b"\\u0000" in data:
        _refuse_nul(data)
    if len(data) > limits.max_string:
        _refuse_long_strings(resource, limits)
    limits.check_entries(resource)
    return resource


def dumps(resource: Mapping[str, Any]) -> bytes:
    """Return *resource* as compact UTF-8 JSON, keys in their order, each `Decimal` as a number with its digits."""
    return _ENCODER.encode(resource)


def canonical(resource: Mapping[str, Any]) -> bytes:
    """Return bytes that are the same exactly when the JSON content is (S-16): for hashing, not for sending.

    Order of keys, white space and escapes do not count. The precision of a decimal does, as it does in FHIR.
    """
    return _CANONICAL_ENCODER.encode(resource)


class _NumberOutOfRangeError(Exception):
    """A number that no one can mean, raised inside the decoder."""


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except DecimalException:
        raise _NumberOutOfRangeError from None
    if not -LARGEST_EXPONENT <= value.adjusted() <= LARGEST_EXPONENT:
        raise _NumberOutOfRangeError
    return value


_DECODER = msgspec.json.Decoder(float_hook=_decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_CANONICAL_ENCODER = msgspec.json.Encoder(decimal_format="number", order="sorted")


def _decode(data: bytes, limits: Limits) -> Any:
    try:
        return _DECODER.decode(data)
    except RecursionError:
        raise limits.too_deep("json-depth") from None
    except UnicodeDecodeError:
        raise _not_utf8(data) from None
    except (_NumberOutOfRangeError, msgspec.ValidationError):
        raise _number_out_of_range(data) from None
    except msgspec.DecodeError as error:
        raise _syntax_error(data, str(error)) from None


def _count_keys(resource: dict[str, Any], limits: Limits) -> int:
    """Return how many keys all objects together have, and refuse a tree that is too deep."""
    keys, depth = 0, 0
    level: list[Any] = [resource]
    while level:
        depth += 1
        if depth > limits.max_depth:
            raise limits.too_deep("json-depth")
        below: list[Any] = []
        for node in level:
            if type(node) is dict:
                keys += len(node)
                node = node.values()
            for value in node:
                if type(value) is dict or type(value) is list:
                    below.append(value)
        level = below
    return keys


def _refuse_long_strings(resource: dict[str, Any], limits: Limits) -> None:
    stack: list[Any] = [resource]
    while stack:
        node = stack.pop()
        if type(node) is dict:
            stack.extend(node.values())
        elif type(node) is list:
            stack.extend(node)
        elif type(node) is str and len(node) > limits.max_string:
            raise limits.string_too_long("json-string")


def _not_utf8(data: bytes) -> ContentMalformed:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        place = _place_in(data, error.start)
    else:
        place = _place("")
    return _malformed("json-utf8", "The body is not UTF-8.", "Encode the body in UTF-8.", place)


def _number_out_of_range(data: bytes) -> ContentMalformed:
    text = data.decode(errors="replace")
    offset = next((token.start() for token in _TOKEN.finditer(text) if _out_of_range(token[0])), 0)
    found = f"A number has more than {LARGEST_EXPONENT} digits."
    return _malformed(
        "json-number", found, "Send numbers of at most 18 digits, as FHIR asks for.", _place(text[:offset])
    )


def _out_of_range(token: str) -> bool:
    if token[0] not in "-0123456789":
        return False
    if token.removeprefix("-").isdigit():
        return len(token) > LARGEST_EXPONENT
    try:
        _decimal(token)
    except _NumberOutOfRangeError:
        return True
    return False


def _syntax_error(data: bytes, message: str) -> ContentMalformed:
    """Return the refusal for what msgspec says, whose texts never repeat the body."""
    if data.startswith(b"\xef\xbb\xbf"):
        found = "The body starts with a byte order mark."
        return _malformed("json-bom", found, "Send it without.", _place(""))
    at = _BYTE.search(message)
    surrogate = _LONE_SURROGATE.search(data) if at is None else None
    if surrogate or "surrogate" in message:
        place = _place_in(data, surrogate.start() if surrogate else _offset(at, data))
        return _malformed("json-surrogate", "Half of a surrogate pair is missing.", "Escape both halves.", place)
    reason = _BYTE.sub("", message).removeprefix("JSON is malformed: ") if at else "it ends too early"
    place = _place_in(data, _offset(at, data))
    return _malformed("json-syntax", f"The body is not JSON: {reason}.", "Send strict JSON (RFC 8259).", place)


def _offset(at: re.Match[str] | None, data: bytes) -> int:
    if at is None:
        return len(data)
    return int(at[1]) - ("trailing characters" in at.string)  # msgspec counts one more there


def _refuse_nul(data: bytes) -> None:
    """Refuse U+0000 in a string: FHIR forbids it (R4 datatypes, string), and no store could keep it."""
    if nul := _NUL.search(data):
        found = "A string holds the character U+0000."
        raise _malformed("json-nul", found, "Leave it out.", _place_in(data, nul.start()))


def _malformed(rule: str, found: str, mend: str, place: str) -> ContentMalformed:
    return ContentMalformed([Issue(rule, found, mend, code=ContentMalformed.issue_code, diagnostics=place)])


def _place_in(data: bytes, offset: int) -> str:
    return _place(data[:offset].decode(errors="replace"))


def _place(before: str) -> str:
    return f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"


def _refuse_duplicates(data: bytes) -> None:
    text = data.decode()
    issues = [
        Issue(
            "json-duplicate-key",
            f"The key {duplicate.label} comes more than once in the same object ({duplicate.path}).",
            "Send each key once.",
            code=ContentMalformed.issue_code,
            diagnostics=_place(text[: duplicate.offset]),
        )
        for duplicate in islice(_duplicates(text), DUPLICATES_LISTED)
    ]
    if issues:
        raise ContentMalformed(issues)


@dataclass(slots=True)
class _Open:
    """An object or array whose end has not been seen yet."""

    path: str
    keys: set[str] | None = None
    step: str = ""
    index: int = 0

    @property
    def below(self) -> str:
        return f"{self.path}{self.step}" if self.keys is not None else f"{self.path}[{self.index}]"


@dataclass(frozen=True, slots=True)
class _Duplicate:
    label: str
    path: str
    offset: int


def _duplicates(text: str) -> Iterator[_Duplicate]:
    """Find each key that its object has already; *text* is known to be JSON and not too deep."""
    opened: list[_Open] = []
    for token in _TOKEN.finditer(text):
        mark = token[0][0]
        if mark in "{[":
            opened.append(_Open(opened[-1].below if opened else "$", set() if mark == "{" else None))
        elif mark in "}]":
            opened.pop()
        elif mark == ",":
            opened[-1].index += 1
        elif token[2]:
            key, current = json.loads(token[1]), opened[-1]
            current.step = f".{key[:LABEL_LENGTH]}"
            assert current.keys is not None, "only an object has keys"
            if key in current.keys:
                label = json.dumps(key[:LABEL_LENGTH], ensure_ascii=False)
                yield _Duplicate(label, current.path, token.start())
            current.keys.add(key)
