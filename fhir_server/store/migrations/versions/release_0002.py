"""Release 0002: reviewers, the worklist, findings, decisions, tracking numbers, claims, letters, exemptions, jobs.

What waits for a clinician in a store of release 0001 is put into the worklist, and what was decided is counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

from fhir_server.store.migrations.release_0002_rules import make_rules
from fhir_server.store.migrations.release_0002_tables import make_tables

revision = "0002"
down_revision = "0001"

_STANDARD_TIME = timedelta(days=3)  # WISeR guide 6.0, 4.2
_AT_ONCE = 500


def upgrade() -> None:
    """Make the tables, take over what release 0001 holds, then make the rules for all that is written from now on."""
    make_tables()
    _extend_outbox()
    _insert("worklist_item", _waiting())
    _insert("case_decision", _decided())
    make_rules()


def _extend_outbox() -> None:
    """Let what has to leave be given up, and leave once: the second of two equal rows goes."""
    op.add_column("outbox", sa.Column("dead_at", sa.Text(), nullable=True))
    op.execute(
        "DELETE FROM outbox WHERE id NOT IN (SELECT min(id) FROM outbox GROUP BY case_number, event_number, topic)"
    )
    op.create_index(
        op.f("ix_outbox_case_number_event_number_topic"),
        "outbox",
        ["case_number", "event_number", "topic"],
        unique=True,
    )
    op.drop_index("ix_outbox_due", "outbox")
    waits = sa.text("delivered_at IS NULL AND dead_at IS NULL")
    op.create_index("ix_outbox_due", "outbox", ["available_at"], sqlite_where=waits, postgresql_where=waits)


def _waiting() -> Iterator[Mapping[str, Any]]:
    """Yield an item for each case that waits: for anyone, by the earliest of the times in which it may be due."""
    cases = (
        "SELECT number AS case_number, owner, created_at AS received_at, "
        "CASE state WHEN 'in-review' THEN 'waiting' ELSE state END AS status "
        "FROM authorization_case WHERE state IN ('in-review', 'information-requested') ORDER BY number"
    )
    for row in _rows(cases):
        due = _text(datetime.fromisoformat(row["received_at"]) + _STANDARD_TIME)
        unknown = {"round": 1, "tier": "standard", "expedited": False, "second_look": False}
        yield {**row, **unknown, "due_at": due, "latest_at": due}


def _decided() -> Iterator[Mapping[str, Any]]:
    """Yield what is counted of each decision."""
    events = (
        "SELECT e.case_number, e.number AS event_number, e.owner, e.at AS decided_at, e.decided_by, e.decider_kind, "
        "e.state AS outcome, e.data, c.created_at AS received_at, c.channel, c.requester_npi AS provider_npi "
        "FROM event e JOIN authorization_case c ON c.number = e.case_number "
        "WHERE e.kind = 'determined' ORDER BY e.case_number, e.number"
    )
    for row in _rows(events):
        counted = {name: value for name, value in row.items() if name != "data"}
        yield {
            **counted,
            "expedited": False,
            "resubmission": False,
            **_counts(json.loads(row["data"])["determination"]),
        }


def _counts(determination: Mapping[str, Any]) -> dict[str, Any]:
    lines = determination.get("lines") or ()
    outcomes = [line["outcome"] for line in lines]
    return {
        "category": next((line["category"] for line in lines if line.get("category")), None),
        "dismissal": (determination.get("dismissal") or {}).get("code"),
        "lines_affirmed": outcomes.count("affirmed"),
        "lines_not": outcomes.count("non-affirmed") + outcomes.count("modified"),
    }


def _rows(query: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of *query*, some at a time: a store may hold more decisions than memory."""
    with op.get_bind().execute(sa.text(query), execution_options={"yield_per": _AT_ONCE}) as found:
        yield from (dict(row) for row in found.mappings())


def _insert(table: str, rows: Iterator[Mapping[str, Any]]) -> None:
    for row in rows:
        into = sa.table(table, *(sa.column(name) for name in row))
        op.get_bind().execute(sa.insert(into), dict(row))


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
