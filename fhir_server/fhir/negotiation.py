"""Which format to read and which to answer in (R4, http.html#mime-type; RFC 9110, sections 8.3 and 12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fhir_server.errors import ContentTypeUnknown, NotAcceptable

MIME: Mapping[str, str] = {"json": "application/fhir+json", "xml": "application/fhir+xml"}
FHIR_VERSION = "4.0"

# The media types that mean each format, in Accept, Content-Type and _format alike.
FORMATS: Mapping[str, str] = {
    "application/fhir+json": "json",
    "application/json": "json",
    "application/fhir+xml": "xml",
    "application/xml": "xml",
    "text/xml": "xml",
}
_FORMATS_OF_PARAMETER: Mapping[str, str] = {**FORMATS, "json": "json", "xml": "xml"}
_FORMATS_OF_WILDCARD: Mapping[str, Sequence[str]] = {
    "*/*": ("json", "xml"),
    "application/*": ("json", "xml"),
    "text/*": ("xml",),
}
_SPECIFICITY = {"*/*": 0, "application/*": 1, "text/*": 1}
_EXACT = 2

_PART = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*+")++')
_PARAMETER = re.compile(r';[ \t]*([^\s=;"]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*+"|[^\s;"]*)')
_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,40}/[a-z0-9!#$&^_.+-]{1,40}")


@dataclass(frozen=True, slots=True)
class _MediaRange:
    name: str
    parameters: Mapping[str, str]

    @property
    def formats(self) -> Sequence[str]:
        """The formats that the range means; none when it asks for another version of FHIR."""
        if self.parameters.get("fhirversion", FHIR_VERSION) != FHIR_VERSION:
            return ()
        if self.name in FORMATS:
            return (FORMATS[self.name],)
        return _FORMATS_OF_WILDCARD.get(self.name, ())

    @property
    def quality(self) -> float:
        """How much it is wanted; not at all where that is ill-formed."""
        text = self.parameters.get("q", "1")
        return float(text) if _QUALITY.fullmatch(text) else 0.0


def answer_format(accept: str | None, format_parameter: str | None, offered: Sequence[str] = ("json", "xml")) -> str:
    """Return ``json`` or ``xml``: what ``_format`` names, else what ``Accept`` wants most, else the first offered.

    Where two are wanted alike, the one that is named beats a wildcard, and then the first offered wins. Raises
    `NotAcceptable`, naming what is offered.
    """
    if format_parameter:
        wanted = _FORMATS_OF_PARAMETER.get(format_parameter) or _format_of_parameter(format_parameter)
        if wanted in offered:
            return wanted
        raise NotAcceptable.because(
            "The parameter _format names no format that is offered here.", f"Ask for {_names(offered)}."
        )
    if not accept or accept == "*/*":
        return offered[0]
    exact = FORMATS.get(accept, "")
    if exact in offered:
        return exact
    wants = _wants(accept)
    best = max(offered, key=lambda name: wants.get(name, (0.0, 0)))
    if wants.get(best, (0.0, 0))[0] == 0.0:
        raise NotAcceptable.because(
            "The header Accept names no format that is offered here.", f"Ask for {_names(offered)}."
        )
    return best


def content_format(content_type: str | None, taken: Sequence[str]) -> str:
    """Return the format of a body. Raises `ContentTypeUnknown`, naming what is taken."""
    exact = FORMATS.get(content_type or "", "")
    if exact in taken:
        return exact
    send = f"Send {_names(taken)} in UTF-8."
    if not content_type:
        raise ContentTypeUnknown.because("The request has no Content-Type.", send)
    media = _media_range(content_type)
    name, parameters = media.name, media.parameters
    if FORMATS.get(name) not in taken:
        told = name if _MEDIA_TYPE.fullmatch(name) else "something else"
        raise ContentTypeUnknown.because(f"The Content-Type is {told}, which is not taken here.", send)
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise ContentTypeUnknown.because("The charset is not UTF-8.", send)
    if parameters.get("fhirversion", FHIR_VERSION) != FHIR_VERSION:
        raise ContentTypeUnknown.because(f"The fhirVersion is not {FHIR_VERSION}.", send)
    return FORMATS[name]


def _format_of_parameter(text: str) -> str:
    media = _media_range(text)
    name = media.name.replace(" ", "+")  # the plus sign of application/fhir+json, sent unescaped in a query
    full = MIME.get(name, name)
    return next(iter(_MediaRange(full, media.parameters).formats), "")


def _wants(accept: str) -> dict[str, tuple[float, int]]:
    """Return quality and specificity for each wanted format: its most specific range decides (RFC 9110, 12.5.1)."""
    decisive: dict[str, tuple[int, float]] = {}
    for part in _PART.findall(accept):
        media = _media_range(part)
        found = (_SPECIFICITY.get(media.name, _EXACT), media.quality)
        for name in media.formats:
            decisive[name] = max(decisive.get(name, found), found)
    return {name: (quality, specificity) for name, (specificity, quality) in decisive.items()}


def _media_range(text: str) -> _MediaRange:
    name, mark, rest = text.partition(";")
    parameters = {key.lower(): value.strip('"') for key, value in _PARAMETER.findall(mark + rest)}
    return _MediaRange(name.strip().lower(), parameters)


def _names(formats: Sequence[str]) -> str:
    return " or ".join(MIME[name] for name in formats)
