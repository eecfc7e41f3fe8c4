"""What follows a decision, told in one place: a tracking number, and a letter.

Each is work of its own in the outbox, so that one that fails holds up no other.
"""

from __future__ import annotations

from datetime import datetime

from fhir_server.authorization.caller import Caller
from fhir_server.store.database import Database
from fhir_server.workflow.tracking_numbers import WRITE, begin


def follow_up(database: Database, caller: Caller, case: str, decision: int, at: datetime) -> None:
    """Let everything begin that follows the event *decision*; what has begun is not begun again.

    Whether a letter is called for is found out when it is to be written.
    """
    with database.write(caller) as unit:
        begin(unit, case, decision, at)
        unit.outbox.put(case, WRITE, at, event_number=decision)
