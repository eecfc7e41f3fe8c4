"""The tables of what follows a decision: tracking numbers, claims, letters, exemption notices, and periodic jobs."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from fhir_server.store.tables import belongs_to_case, counted, metadata

tracking_number = Table(
    "tracking_number",
    metadata,
    Column("case_number", Text, nullable=False),
    Column("decision_event", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("number", Text, unique=True),
    Column("simulated", Boolean, nullable=False),
    Column("affirmed", Boolean, nullable=False),
    Column("member_id", Text),
    Column("valid_from", Text),
    Column("valid_to", Text),
    Column("changed_at", Text, nullable=False),
    PrimaryKeyConstraint("case_number", "decision_event"),
    ForeignKeyConstraint(["case_number", "decision_event"], ["event.case_number", "event.number"]),
    belongs_to_case(),
    CheckConstraint("status IN ('pending', 'issued', 'failed')", name="status"),
    CheckConstraint("(status = 'issued') = (number IS NOT NULL)", name="number"),
    Index(None, "status", "changed_at"),
    Index(None, "valid_to"),
)
"""The contractor's number (UTN) of each decision on the merits, whatever it was. Once issued it stays."""

tracking_line = Table(
    "tracking_line",
    metadata,
    Column("case_number", Text, nullable=False),
    Column("decision_event", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
    Column("service_code", Text, nullable=False),
    Column("affirmed", Boolean, nullable=False),
    Column("units", BigInteger),
    PrimaryKeyConstraint("case_number", "decision_event", "sequence"),
    ForeignKeyConstraint(
        ["case_number", "decision_event"], ["tracking_number.case_number", "tracking_number.decision_event"]
    ),
    belongs_to_case(),
    sqlite_with_rowid=False,
)
"""What a claim under a tracking number is held against, line by line. Append-only."""

claim_line = Table(
    "claim_line",
    metadata,
    Column("id", counted, primary_key=True),
    Column("case_number", Text, nullable=False),
    Column("decision_event", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("claim", Text, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("service_code", Text, nullable=False),
    Column("date_of_service", Text, nullable=False),
    Column("units", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("recorded_at", Text, nullable=False),
    ForeignKeyConstraint(
        ["case_number", "decision_event"], ["tracking_number.case_number", "tracking_number.decision_event"]
    ),
    belongs_to_case(),
    UniqueConstraint("owner", "claim", "line"),
    CheckConstraint("outcome IN ('paid', 'denied')", name="outcome"),
    Index(None, "case_number", "decision_event"),
)
"""What became of the claims under a tracking number. Append-only."""

letter = Table(
    "letter",
    metadata,
    Column("number", Text, primary_key=True),
    Column("case_number", Text),
    Column("owner", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("about_event", Integer),
    Column("created_at", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("document_reference", Text, nullable=False),
    ForeignKeyConstraint(["case_number", "about_event"], ["event.case_number", "event.number"]),
    belongs_to_case(),
    UniqueConstraint("case_number", "kind", "about_event"),
    CheckConstraint(
        "(kind IN ('exemption-granted', 'exemption-removed') AND case_number IS NULL AND about_event IS NULL) OR "
        "(kind IN ('affirmation', 'non-affirmation', 'partial', 'dismissal', 'expedited-to-standard') "
        "AND case_number IS NOT NULL AND about_event IS NOT NULL)",
        name="kind",
    ),
    sqlite_with_rowid=False,
)
"""Every letter as it was written: one of a kind about an event. Append-only."""

letter_pdf = Table(
    "letter_pdf",
    metadata,
    Column("number", Text, ForeignKey("letter.number"), primary_key=True),
    Column("made_at", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""The same letters for paper, made later. Append-only."""

exemption_notice = Table(
    "exemption_notice",
    metadata,
    Column("id", counted, primary_key=True),
    Column("npi", Text, nullable=False),
    Column("state", Text),
    Column("category", Text),
    Column("kind", Text, nullable=False),
    Column("effective_from", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("affirmed", Integer, nullable=False),
    Column("notified_at", Text, nullable=False),
    Column("letter", Text, ForeignKey("letter.number")),
    CheckConstraint("kind IN ('granted', 'removed')", name="kind"),
    CheckConstraint("affirmed BETWEEN 0 AND requests", name="affirmed"),
    Index(None, "npi"),
)
"""Each exemption that was granted or removed, the numbers that it rests on, and the letter that tells it."""

documentation_sample = Table(
    "documentation_sample",
    metadata,
    Column("npi", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("about", Text, nullable=False),
    Column("sampled_at", Text, nullable=False),
    PrimaryKeyConstraint("npi", "year", "slot"),
    UniqueConstraint("npi", "year", "about"),
    CheckConstraint("slot BETWEEN 1 AND 10", name="slot"),
    sqlite_with_rowid=False,
)
"""For which cases or claims an exempt provider was asked for records: ten a year at most (G6 5.1), a slot each."""

job = Table(
    "job",
    metadata,
    Column("name", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("done_at", Text, nullable=False),
    PrimaryKeyConstraint("name", "period"),
    sqlite_with_rowid=False,
)
"""Which periodic jobs were done for which period: each once, however many workers there are."""
