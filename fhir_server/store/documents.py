"""Documents: the records of a request, each stored beside the event that brought it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import bindparam, insert, select

from fhir_server.authorization.request import Document
from fhir_server.errors import NotFound
from fhir_server.store.heads import Head
from fhir_server.store.repository import Repository
from fhir_server.store.statements import Statement
from fhir_server.store.tables import document
from fhir_server.store.values import indexed, sha256


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A record as it was kept. ``key`` is its `Document.key`, or that key's digest where the key is very long."""

    case: str
    event_number: int
    position: int
    key: str
    kind: str
    media_type: str
    sha256: str
    content: bytes = field(repr=False)


_KEEP = Statement(insert(document))
_CONTENTS = Statement(
    select(document.c.event_number, document.c.content)
    .where(document.c.case_number == bindparam("case"))
    .order_by(document.c.event_number, document.c.position)
)
_BY_KEY = Statement(
    select(
        document.c.case_number,
        document.c.event_number,
        document.c.position,
        document.c.key,
        document.c.kind,
        document.c.media_type,
        document.c.sha256,
        document.c.content,
    )
    .where(document.c.case_number == bindparam("case"), document.c.key == bindparam("key"))
    .order_by(document.c.event_number.desc(), document.c.position)
    .limit(1)
)


class Documents(Repository):
    """The documents of the store. They are added with their event and never changed."""

    __slots__ = ()

    def keep(self, head: Head, documents: Sequence[Document]) -> None:
        """Store the records of the event that *head* stands at; called by `Events.append`."""
        rows = [
            {
                "case_number": head.number,
                "event_number": head.last_event,
                "position": position,
                "owner": head.owner,
                "key": indexed(each.key),
                "kind": indexed(each.kind),
                "media_type": indexed(each.media_type),
                "sha256": sha256(each.content),
                "content": each.content,
            }
            for position, each in enumerate(documents, 1)
        ]
        _KEEP.run_for_each(self._unit.connection, rows)

    def contents(self, case: str) -> dict[int, list[bytes]]:
        """Return the bytes of all records of the case: by the number of the event, in the order of the request."""
        self._unit.heads.of(case)
        contents: dict[int, list[bytes]] = {}
        for number, content in self._rows(_CONTENTS, {"case": case}):
            contents.setdefault(number, []).append(content)
        return contents

    def find(self, case: str, key: str) -> StoredDocument:
        """Return the newest record of the case with this key; raise `NotFound` where there is none."""
        self._unit.heads.of(case)
        row = self._row(_BY_KEY, {"case": case, "key": indexed(key)})
        if row is None:
            raise NotFound.because("The case has no such document.", "Ask for the events of the case.")
        return StoredDocument(*row)
