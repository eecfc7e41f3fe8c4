"""The tables of a case and its log, and what the database itself refuses. Others: `review_tables`, `outgoing_tables`.

Times are text, ISO 8601 in UTC with milliseconds (``2026-03-01T15:00:00.000Z``): always 24 characters, so that text
order is time order on both engines, no driver turns them by a time zone, and an event reads the same years later.
Calendar days are text too (``2026-03-01``), but for those of the registry.

Every row names its owner, the client that submitted it. The pair (case number, owner) is a foreign key of each row that
belongs to a case, so that the database refuses a row that crosses from one client to another. The log is a chain: an
event names the state before it, which the event of the number before must have led to. What needs more than one row to
be told is refused by triggers (``migrations/release_0002_rules.py``).

SQLite keeps rows without a rowid in one tree instead of two. Their key columns stand first: its own ``integrity_check``
(3.40) takes a column in front of a key column for empty.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    and_,
)

SCHEMA_RELEASE = "0002"
"""The newest revision in ``migrations/versions``: what this software works with."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

counted = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts only an INTEGER PRIMARY KEY by itself


def belongs_to_case() -> ForeignKeyConstraint:
    """Return the key by which a row belongs to a case and to the case's owner."""
    return ForeignKeyConstraint(["case_number", "owner"], ["authorization_case.number", "authorization_case.owner"])


store_information = Table(
    "store_information",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("mode", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
    CheckConstraint("mode IN ('production', 'sandbox')", name="mode"),
)
"""One row, never changed: what the database was created as (S-24)."""

authorization_case = Table(
    "authorization_case",
    metadata,
    Column("number", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("member_id", Text),
    Column("requester_npi", Text),
    Column("last_event", Integer, nullable=False),
    Column("answer_sha256", Text),
    UniqueConstraint("number", "owner"),
    Index(None, "member_id", "state"),
)
"""A projection of the events, kept in the same transaction: where a case stands, and what it is looked up by."""

case_line = Table(
    "case_line",
    metadata,
    Column("case_number", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("service_system", Text, nullable=False),
    Column("service_code", Text, nullable=False),
    Column("provider_npi", Text, nullable=False),
    Column("owner", Text, nullable=False),
    PrimaryKeyConstraint("case_number", "sequence", "service_system", "service_code", "provider_npi"),
    belongs_to_case(),
    sqlite_with_rowid=False,
)
"""What was asked for, by line and provider: the look-up of a duplicate (D08)."""

case_identifier = Table(
    "case_identifier",
    metadata,
    Column("case_number", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("owner", Text, nullable=False),
    PrimaryKeyConstraint("case_number", "kind", "system", "value"),
    belongs_to_case(),
    CheckConstraint(
        "kind IN ('utn', 'administrative', 'trace', 'request', 'transaction')",
        name="kind",
    ),
    Index(None, "value", "kind"),
    sqlite_with_rowid=False,
)
"""Every number that a case is known by. Only ours are unique; senders repeat theirs, the official examples do."""

_NAMED = "{0} IS NOT NULL AND {0} <> ''"

event = Table(
    "event",
    metadata,
    Column("case_number", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_before", Text),
    Column("decided_by", Text),
    Column("decider_kind", Text),
    Column("reviewer", Text),
    Column("licence", Text),
    Column("specialty", Text),
    Column("interchange", Text),
    Column("denies_line", Boolean, nullable=False),
    Column("data", Text, nullable=False),
    PrimaryKeyConstraint("case_number", "number"),
    belongs_to_case(),
    CheckConstraint(
        "(number = 1 AND state_before IS NULL) OR (number > 1 AND state_before IS NOT NULL)",
        name="chain",
    ),
    CheckConstraint("number > 1 OR state = 'received'", name="first_is_receipt"),
    CheckConstraint(
        "kind <> 'determined' OR (decided_by IS NOT NULL AND decider_kind IS NOT NULL)", name="decider_is_named"
    ),
    CheckConstraint(
        "kind = 'determined' OR state NOT IN ('affirmed', 'partial', 'non-affirmed') "
        "OR (state_before IS NOT NULL AND state_before = state)",
        name="decision_is_determined",
    ),
    CheckConstraint(
        "NOT (coalesce(decided_by, '') = 'own' AND (state IN ('partial', 'non-affirmed') OR denies_line)) OR "
        "(decider_kind IN ('clinician', 'simulated') AND "
        + " AND ".join(_NAMED.format(column) for column in ("reviewer", "licence", "specialty"))
        + ")",
        name="denial_by_clinician",
    ),
    CheckConstraint(
        "coalesce(decided_by, '') <> 'partner' OR (" + _NAMED.format("interchange") + ")", name="partner_by_interchange"
    ),
    sqlite_with_rowid=False,
)
"""The truth. Triggers refuse UPDATE and DELETE, an event that does not follow the one before it, a simulated reviewer
in a store that is no sandbox (S-24), and a denial that no licensed clinician has made (docs/decisions/never.md, 1).
"""

message = Table(
    "message",
    metadata,
    Column("id", counted, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("case_number", Text),
    Column("direction", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("status", Integer),
    Column("content_type", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    belongs_to_case(),
    CheckConstraint("direction IN ('received', 'sent')", name="direction"),
    Index(None, "case_number"),
)
"""The exact bytes that came in and went out (PAS-033). Append-only, as events are."""

document = Table(
    "document",
    metadata,
    Column("case_number", Text, nullable=False),
    Column("event_number", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("case_number", "event_number", "position"),
    ForeignKeyConstraint(["case_number", "event_number"], ["event.case_number", "event.number"]),
    belongs_to_case(),
)
"""The records of a request, in its order, beside the event that brought them. Append-only, as events are."""

replay = Table(
    "replay",
    metadata,
    Column("key", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("case_number", Text),
    Column("event_number", Integer),
    Column("status", Integer),
    Column("message_id", counted, ForeignKey("message.id")),
    belongs_to_case(),
    sqlite_with_rowid=False,
)
"""What was answered to the same content from the same client (S-16)."""

instance = Table(
    "instance",
    metadata,
    Column("owner", Text, nullable=False),
    Column("full_url", Text, nullable=False),
    Column("resource_type", Text, nullable=False),
    Column("identifiers", Text, nullable=False),
    Column("content_sha256", Text, nullable=False),
    PrimaryKeyConstraint("owner", "full_url"),
    sqlite_with_rowid=False,
)
"""Which resource a client gave a fullUrl to (PAS-024)."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", counted, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("case_number", Text, nullable=False),
    Column("event_number", Integer, nullable=False),
    Column("topic", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("available_at", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("delivered_at", Text),
    Column("last_error", Text),
    Column("dead_at", Text),
    ForeignKeyConstraint(["case_number", "event_number"], ["event.case_number", "event.number"]),
    belongs_to_case(),
    Index(None, "case_number", "event_number", "topic", unique=True),
)
"""What has to leave, written with the event that causes it and delivered later by a worker. Dead: given up."""

_waits = and_(outbox.c.delivered_at.is_(None), outbox.c.dead_at.is_(None))
Index("ix_outbox_due", outbox.c.available_at, sqlite_where=_waits, postgresql_where=_waits)

registry_beneficiary = Table(
    "registry_beneficiary",
    metadata,
    Column("member_id", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("payer", Text),
    Column("family_name", Text),
    Column("given_name", Text),
    Column("birth_date", Date),
    Column("loaded_by", Text, nullable=False),
    Column("loaded_at", Text, nullable=False),
)
"""What an eligibility check said about a member number (S-15)."""

registry_provider = Table(
    "registry_provider",
    metadata,
    Column("npi", Text, primary_key=True),
    Column("eligible", Boolean, nullable=False),
    Column("ptan", Text),
    Column("ccn", Text),
    Column("loaded_by", Text, nullable=False),
    Column("loaded_at", Text, nullable=False),
)
"""What is on file for a provider (S-15)."""

registry_exemption = Table(
    "registry_exemption",
    metadata,
    Column("id", counted, primary_key=True),
    Column("npi", Text, nullable=False),
    Column("effective_from", Date, nullable=False),
    Column("effective_to", Date),
    Column("states", JSON(none_as_null=True)),
    Column("categories", JSON(none_as_null=True)),
    Column("loaded_by", Text, nullable=False),
    Column("loaded_at", Text, nullable=False),
    Index(None, "npi"),
)
"""Which providers need not ask, when, where and for what; no states, no categories: for all (S-15)."""
