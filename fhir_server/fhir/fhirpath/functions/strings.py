"""Functions on texts (FHIRPath N1, 5.6)."""

from __future__ import annotations

import base64
import binascii
import html
import json
from collections.abc import Callable, Mapping
from urllib.parse import quote_plus, unquote_plus

from fhir_server.fhir.fhirpath.errors import EvaluationFailed
from fhir_server.fhir.fhirpath.functions.tables import Function, Predicate
from fhir_server.fhir.fhirpath.nodes import Items
from fhir_server.fhir.fhirpath.patterns import pattern, replacement
from fhir_server.fhir.fhirpath.running import Run
from fhir_server.fhir.fhirpath.types import STRINGS
from fhir_server.fhir.fhirpath.values import EMPTY, joined_text, single_text, whole


def _length(run: Run, focus: Items) -> Items:
    text = single_text(focus)
    return EMPTY if text is None else run.values.integer(len(text))


def _lower(run: Run, focus: Items) -> Items:
    text = single_text(focus)
    return run.values.string(text.lower()) if text else EMPTY


def _upper(run: Run, focus: Items) -> Items:
    text = single_text(focus)
    return run.values.string(text.upper()) if text else EMPTY


def _to_chars(run: Run, focus: Items) -> Items:
    return [node for character in single_text(focus) or "" for node in run.values.string(character)]


def _trim(run: Run, focus: Items) -> Items:
    text = focus[0].text() if len(focus) == 1 else None
    return EMPTY if text is None else run.values.string(text.strip())


def _substring(run: Run, focus: Items, start: Items, *length: Items) -> Items:
    text = single_text(focus)
    if text is None or not start or (length and not length[0]):
        return EMPTY
    begin = whole(start)
    if not 0 <= begin < len(text):
        return EMPTY
    end = begin + whole(length[0]) if length else len(text)
    if end < begin:
        raise EvaluationFailed("a negative length")
    return run.values.string(text[begin:end]) if end > begin else EMPTY


def _index_of(run: Run, focus: Items, wanted: Items) -> Items:
    if not focus or not wanted:
        return EMPTY
    part = joined_text(wanted)
    if not part:
        return run.values.integer(0)
    if focus[0].type.fhir_name not in STRINGS:
        return EMPTY
    return run.values.integer((focus[0].text() or "").find(part))


def _starts_with(run: Run, focus: Items, wanted: Items) -> bool | None:
    return _at_an_end(focus, wanted, str.startswith)


def _ends_with(run: Run, focus: Items, wanted: Items) -> bool | None:
    answer = _at_an_end(focus, wanted, str.endswith)
    return answer if answer is None or len(focus) == 1 or not joined_text(wanted) else False


def _at_an_end(focus: Items, wanted: Items, test: Callable[[str, str], bool]) -> bool | None:
    if not focus or not wanted:
        return None
    part = joined_text(wanted)
    if not part:
        return True
    if focus[0].type.fhir_name not in STRINGS:
        return None
    return test(focus[0].text() or "", part)


def _contains(run: Run, focus: Items, wanted: Items) -> bool | None:
    if len(focus) != 1 or len(wanted) != 1:
        return None
    part = joined_text(wanted)
    if not part:
        return True
    return part in (focus[0].text() or "") if focus[0].type.fhir_name in STRINGS else None


def _matches(run: Run, focus: Items, wanted: Items) -> bool | None:
    if not focus or not wanted:
        return None
    if len(focus) > 1:
        return False
    text = focus[0].text() if focus[0].type.fhir_name in STRINGS else None
    if focus[0].type.fhir_name not in STRINGS:
        return None
    return bool(text) and pattern(joined_text(wanted)).search(text or "") is not None


def _matches_full(run: Run, focus: Items, wanted: Items) -> bool | None:
    if len(focus) != 1 or not wanted:
        return False
    if focus[0].type.fhir_name not in STRINGS:
        return None
    text = focus[0].text()
    return bool(text) and pattern(joined_text(wanted)).fullmatch(text or "") is not None


def _replace(run: Run, focus: Items, wanted: Items, substitute: Items) -> Items:
    if not focus or not wanted or not substitute:
        return EMPTY
    if len(focus) > 1:
        raise EvaluationFailed("several texts to replace in")
    if focus[0].type.fhir_name not in STRINGS:
        return EMPTY
    return run.values.string((focus[0].text() or "").replace(joined_text(wanted), joined_text(substitute)))


def _replace_matches(run: Run, focus: Items, wanted: Items, substitute: Items) -> Items:
    if not focus or not wanted or not substitute:
        return EMPTY
    text, regular = focus[0].text(), joined_text(wanted)
    if len(focus) > 1 or not regular:
        return run.values.string(text or "")
    if text is None or focus[0].type.fhir_name not in STRINGS:
        return EMPTY
    try:
        return run.values.string(pattern(regular).sub(replacement(joined_text(substitute)), text))
    except (IndexError, ValueError):
        raise EvaluationFailed("no such group") from None


def _split(run: Run, focus: Items, separator: Items) -> Items:
    text = focus[0].text() if len(focus) == 1 else None
    between = joined_text(separator)
    if text is None:
        return EMPTY
    parts = text.split(between) if between else [text]
    return [node for part in parts for node in run.values.string(part)]


def _join(run: Run, focus: Items, *separator: Items) -> Items:
    return run.values.string((joined_text(separator[0]) if separator else "").join(item.text() or "" for item in focus))


def _coded(coders: Mapping[str, Callable[[str], str]]) -> Callable[..., Items]:
    def apply(run: Run, focus: Items, form: Items) -> Items:
        coder = coders.get(joined_text(form))
        text = focus[0].text() if len(focus) == 1 else None
        if coder is None or text is None:
            return EMPTY
        try:
            return run.values.string(coder(text))
        except (ValueError, binascii.Error):
            raise EvaluationFailed("no text of this form") from None

    return apply


_ENCODERS: Mapping[str, Callable[[str], str]] = {
    "hex": lambda text: text.encode().hex().upper(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "urlbase64": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
}
_DECODERS: Mapping[str, Callable[[str], str]] = {
    "hex": lambda text: bytes.fromhex(text).decode(),
    "base64": lambda text: base64.b64decode(text).decode(),
    "urlbase64": lambda text: base64.urlsafe_b64decode(text).decode(),
}
_ESCAPERS: Mapping[str, Callable[[str], str]] = {
    "html": html.escape,
    "json": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "url": quote_plus,
}
_UNESCAPERS: Mapping[str, Callable[[str], str]] = {
    "html": html.unescape,
    "json": lambda text: str(json.loads(f'"{text}"')),
    "url": unquote_plus,
}

FUNCTIONS: Mapping[str, Function] = {
    "decode": Function(_coded(_DECODERS), 1, 1),
    "encode": Function(_coded(_ENCODERS), 1, 1),
    "escape": Function(_coded(_ESCAPERS), 1, 1),
    "indexOf": Function(_index_of, 1, 1),
    "join": Function(_join, 0, 1),
    "length": Function(_length),
    "lower": Function(_lower),
    "replace": Function(_replace, 2, 2),
    "replaceMatches": Function(_replace_matches, 2, 2),
    "split": Function(_split, 1, 1),
    "substring": Function(_substring, 1, 2),
    "toChars": Function(_to_chars),
    "trim": Function(_trim),
    "unescape": Function(_coded(_UNESCAPERS), 1, 1),
    "upper": Function(_upper),
}
PREDICATES: Mapping[str, Predicate] = {
    "contains": Predicate(_contains, 1, 1),
    "endsWith": Predicate(_ends_with, 1, 1),
    "matches": Predicate(_matches, 1, 1),
    "matchesFull": Predicate(_matches_full, 1, 1),
    "startsWith": Predicate(_starts_with, 1, 1),
}
