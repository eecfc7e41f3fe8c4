"""Instances: which resource each client gave a fullUrl to, so that a GUID used twice is noticed (PAS-024)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from fhir_server.store.repository import Repository
from fhir_server.store.statements import Statement, upsert
from fhir_server.store.tables import instance
from fhir_server.store.values import indexed


@dataclass(frozen=True, slots=True)
class Instance:
    """A resource as a client sent it, with digests of its identifiers.

    Two are the same thing unless their types differ, or both have identifiers and none in common.
    """

    full_url: str
    resource_type: str
    identifiers: frozenset[str]
    content_sha256: str

    def clashes_with(self, other: Instance) -> bool:
        """Return whether the two cannot be the same thing."""
        apart = bool(self.identifiers and other.identifiers) and self.identifiers.isdisjoint(other.identifiers)
        return self.resource_type != other.resource_type or apart


def _keep(statement: Any) -> Any:
    return statement.on_conflict_do_update(
        index_elements=[instance.c.owner, instance.c.full_url],
        set_={
            "identifiers": statement.excluded.identifiers,
            "content_sha256": statement.excluded.content_sha256,
        },
    )


_AT_ONCE = 16  # a list of fixed length is compiled once; a short one is filled up with repetitions
_KEEP = upsert(instance, _keep)
_KNOWN = Statement(
    select(instance.c.full_url, instance.c.resource_type, instance.c.identifiers, instance.c.content_sha256).where(
        instance.c.owner == bindparam("of_owner"),
        instance.c.full_url.in_([bindparam(f"full_url_{position}") for position in range(_AT_ONCE)]),
    )
)


class Instances(Repository):
    """The instances that the caller sent; nobody sees those of another client."""

    __slots__ = ()

    def known(self, full_urls: Iterable[str]) -> dict[str, Instance]:
        """Return those of *full_urls* that the caller has used before, and for what.

        Two submissions that use one of them take turns from here to their ends.
        """
        wanted = {indexed(url): url for url in full_urls}
        self._one_at_a_time(f"{self._unit.caller.client}\x00{url}" for url in wanted)
        urls = list(wanted)
        return {
            wanted[url]: Instance(wanted[url], kind, frozenset(identifiers.split()), content)
            for start in range(0, len(urls), _AT_ONCE)
            for url, kind, identifiers, content in self._some(urls[start : start + _AT_ONCE])
        }

    def _some(self, urls: list[str]) -> Sequence[Sequence[Any]]:
        places = {f"full_url_{position}": urls[position % len(urls)] for position in range(_AT_ONCE)}
        return self._rows(_KNOWN, {"of_owner": self._unit.caller.client, **places})

    def keep(self, instances: Sequence[Instance]) -> None:
        """Remember *instances* as they are now; the caller has seen to it that none clashes with what is known."""
        owner = self._unit.guard(self._unit.caller.client)
        rows = {
            indexed(each.full_url): {
                "owner": owner,
                "full_url": indexed(each.full_url),
                "resource_type": indexed(each.resource_type),
                "identifiers": " ".join(sorted(each.identifiers)),
                "content_sha256": each.content_sha256,
            }
            for each in instances
        }
        in_order = [rows[url] for url in sorted(rows)]  # the same for all: no two transactions wait for each other
        _KEEP.run_for_each(self._unit.connection, in_order)
