"""The tables of review: who reviews, what waits for whom, what was found and what was decided.

``reviewer``, its licences and specialties are loaded by an operator. The rest belongs to cases. What a denial needs of
these rows is refused by triggers on ``event`` (``migrations/release_0002_rules.py``).
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from fhir_server.store.tables import belongs_to_case, metadata

reviewer = Table(
    "reviewer",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("npi", Text),
    Column("active", Boolean, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("changed_by", Text, nullable=False),
    CheckConstraint("id <> ''", name="id"),
    CheckConstraint("kind IN ('clinician', 'coordinator', 'simulated')", name="kind"),
)
"""Who may work on cases. A kind never changes, and simulated ones are in sandbox stores only (S-24)."""

reviewer_licence = Table(
    "reviewer_licence",
    metadata,
    Column("reviewer_id", Text, ForeignKey("reviewer.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("valid_from", Text, nullable=False),
    Column("valid_to", Text),
    PrimaryKeyConstraint("reviewer_id", "state", "number"),
    CheckConstraint("number <> ''", name="number"),
    CheckConstraint("valid_from LIKE '____-__-__' AND (valid_to IS NULL OR valid_to LIKE '____-__-__')", name="days"),
)
"""In which states a reviewer may practise, and from which day to which."""

reviewer_specialty = Table(
    "reviewer_specialty",
    metadata,
    Column("reviewer_id", Text, ForeignKey("reviewer.id"), nullable=False),
    Column("specialty", Text, nullable=False),
    PrimaryKeyConstraint("reviewer_id", "specialty"),
    CheckConstraint("specialty <> ''", name="specialty"),
)
"""What a reviewer has the expertise for."""

worklist_item = Table(
    "worklist_item",
    metadata,
    Column("case_number", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("category", Text),
    Column("state_of_service", Text),
    Column("tier", Text, nullable=False),
    Column("expedited", Boolean, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("due_at", Text, nullable=False),
    Column("latest_at", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("assigned_to", Text, ForeignKey("reviewer.id")),
    Column("assigned_at", Text),
    Column("alert", Text),
    Column("second_look", Boolean, nullable=False),
    belongs_to_case(),
    CheckConstraint("status IN ('waiting', 'information-requested', 'closed')", name="status"),
    CheckConstraint("alert IN ('due-soon', 'overdue', 'late')", name="alert"),
    CheckConstraint("round >= 1", name="round"),
)
"""A case that waits for a person, or did. Each time that it comes back is a round of its own."""

_open = worklist_item.c.status != "closed"
Index("ix_worklist_item_due", worklist_item.c.due_at, sqlite_where=_open, postgresql_where=_open)
Index("ix_worklist_item_assigned", worklist_item.c.assigned_to, sqlite_where=_open, postgresql_where=_open)

worklist_specialty = Table(
    "worklist_specialty",
    metadata,
    Column("case_number", Text, nullable=False),
    Column("specialty", Text, nullable=False),
    Column("owner", Text, nullable=False),
    PrimaryKeyConstraint("case_number", "specialty"),
    belongs_to_case(),
    sqlite_with_rowid=False,
)
"""Any one of a case's specialties may decide it; one of no specialty may be decided by any."""

worklist_category = Table(
    "worklist_category",
    metadata,
    Column("case_number", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("owner", Text, nullable=False),
    PrimaryKeyConstraint("case_number", "category"),
    belongs_to_case(),
    sqlite_with_rowid=False,
)
"""Every service category of a case, where it asks for several."""

case_criterion = Table(
    "case_criterion",
    metadata,
    Column("case_number", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("category", Text, nullable=False),
    Column("element", Text, nullable=False),
    Column("owner", Text, nullable=False),
    PrimaryKeyConstraint("case_number", "round", "category", "element"),
    belongs_to_case(),
    sqlite_with_rowid=False,
)
"""Every element that a person has to settle before a denial. Append-only."""

review_finding = Table(
    "review_finding",
    metadata,
    Column("case_number", Text, nullable=False),
    Column("event_number", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("category", Text, nullable=False),
    Column("element", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("reviewer", Text, ForeignKey("reviewer.id"), nullable=False),
    Column("rationale", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("at", Text, nullable=False),
    PrimaryKeyConstraint("case_number", "event_number"),
    ForeignKeyConstraint(["case_number", "event_number"], ["event.case_number", "event.number"]),
    belongs_to_case(),
    CheckConstraint("result IN ('met', 'not met', 'unknown', 'not applicable')", name="result"),
    CheckConstraint("trim(rationale) <> ''", name="rationale"),
    CheckConstraint("result = 'unknown' OR evidence LIKE '[{%}]'", name="evidence"),
    sqlite_with_rowid=False,
)
"""What a reviewer said an element comes to, beside the event that tells it: why, and on which evidence. Append-only."""

case_decision = Table(
    "case_decision",
    metadata,
    Column("case_number", Text, nullable=False),
    Column("event_number", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("decided_at", Text, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decider_kind", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("category", Text),
    Column("state_of_service", Text),
    Column("dismissal", Text),
    Column("expedited", Boolean, nullable=False),
    Column("channel", Text, nullable=False),
    Column("resubmission", Boolean, nullable=False),
    Column("provider_npi", Text),
    Column("lines_affirmed", Integer, nullable=False),
    Column("lines_not", Integer, nullable=False),
    PrimaryKeyConstraint("case_number", "event_number"),
    ForeignKeyConstraint(["case_number", "event_number"], ["event.case_number", "event.number"]),
    belongs_to_case(),
    Index(None, "decided_at"),
    sqlite_with_rowid=False,
)
"""What reports count: a row beside each event that decided. Append-only."""
