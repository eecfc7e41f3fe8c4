"""Periodic jobs: each is done once for a period, however many workers there are."""

from __future__ import annotations

from datetime import datetime

from fhir_server.authorization.caller import Role
from fhir_server.store.outgoing_tables import job
from fhir_server.store.repository import Repository
from fhir_server.store.statements import upsert
from fhir_server.store.values import utc_text

_CLAIM = upsert(job, lambda statement: statement.on_conflict_do_nothing())


class Jobs(Repository):
    """The jobs that were done."""

    __slots__ = ()

    def claim(self, name: str, period: str, at: datetime) -> bool:
        """Return whether this transaction is the one to do the job for the period (``2026-03-01``, ``2026-Q1``).

        Whoever asks meanwhile waits. Nothing remains where the transaction fails: another does the job then. Raises
        `NotAllowed` unless the caller is an operator.
        """
        self._unit.caller.require(Role.OPERATOR)
        return self._run(_CLAIM, {"name": name, "period": period, "done_at": utc_text(at)}) == 1
