"""What holds for a whole resource beside its definition: its security labels, and the language of its narrative."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fhir_server.fhir.validation.narrative import languages
from fhir_server.fhir.validation.report import Place, Report
from fhir_server.fhir.validation.rules import Rule

Json = Mapping[str, Any]

LABEL_REPEATED = Rule(
    "meta-security",
    "Meta_RES_Security_Duplicate",
    "The same security label stands there before.",
    "Send it once.",
)
LANGUAGE_MISSING = Rule(
    "narrative-language",
    "Language_XHTML_Lang_Missing1",
    "The resource names its language, and the narrative does not.",
    "Add lang and xml:lang to the div.",
    "warning",
)
LANG_MISSING = Rule(
    "narrative-language",
    "Language_XHTML_Lang_Missing2",
    "The narrative has xml:lang and no lang.",
    "Add lang to the div.",
    "warning",
)
XML_LANG_MISSING = Rule(
    "narrative-language",
    "Language_XHTML_Lang_Missing3",
    "The narrative has lang and no xml:lang.",
    "Add xml:lang to the div.",
    "warning",
)
LANG_DIFFERENT = Rule(
    "narrative-language",
    "Language_XHTML_Lang_Different1",
    "The narrative is said to be in another language (lang) than the resource.",
    "Make the two agree.",
    "warning",
)
XML_LANG_DIFFERENT = Rule(
    "narrative-language",
    "Language_XHTML_Lang_Different2",
    "The narrative is said to be in another language (xml:lang) than the resource.",
    "Make the two agree.",
    "warning",
)


def check_labels(resource: Json, place: Place, report: Report) -> None:
    """Note security labels that come twice, and a narrative in another language than the resource."""
    meta = resource.get("meta")
    if type(meta) is dict and "security" in meta:
        _check_security(meta["security"], (place, "meta", -1), report)
    if "language" in resource and "text" in resource:
        _check_language(resource["language"], resource["text"], place, report)


def _check_security(labels: Any, place: Place, report: Report) -> None:
    seen: set[tuple[str, str]] = set()
    for number, label in enumerate(labels if type(labels) is list else ()):
        if type(label) is dict:
            known = (str(label.get("system")), str(label.get("code")))
            if known in seen:
                LABEL_REPEATED.note((place, "security", number), report)
            seen.add(known)


def _check_language(language: Any, text: Any, place: Place, report: Report) -> None:
    div = text.get("div") if type(text) is dict else None
    found = languages(div) if type(div) is str and type(language) is str else None
    if found is None:
        return
    lang, xml_lang = found
    if lang is None and xml_lang is None:
        LANGUAGE_MISSING.note(place, report)
        return
    if lang is None:
        LANG_MISSING.note(place, report)
    elif lang != language:
        LANG_DIFFERENT.note(place, report)
    if xml_lang is None:
        XML_LANG_MISSING.note(place, report)
    elif xml_lang not in (language, lang):
        XML_LANG_DIFFERENT.note(place, report)
