"""Rules of Subscriptions: which answers they ask for (PAS-061)."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_server.pas.prose.rule import Hit, Subject, extensions

FILTER = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria"
NAMED, ALIAS = "org-identifier=", "orgIdentifier="


def _filters(subject: Subject) -> list[str]:
    criteria = subject.resource.get("_criteria")
    return [each["valueString"] for _, each in extensions(criteria, FILTER) if isinstance(each.get("valueString"), str)]


def no_filter(subject: Subject) -> Iterator[Hit]:
    """Yield a Subscription that does not say for which sender it asks."""
    filters = _filters(subject)
    if not any(each.startswith((NAMED, ALIAS)) and each.partition("=")[2] for each in filters):
        yield ((subject.place, "criteria", -1),)


def filter_by_alias(subject: Subject) -> Iterator[Hit]:
    """Yield a Subscription whose filter has the name that the topic gives it, and not the one of the text."""
    filters = _filters(subject)
    if any(each.startswith(ALIAS) for each in filters) and not any(each.startswith(NAMED) for each in filters):
        yield ((subject.place, "criteria", -1),)
