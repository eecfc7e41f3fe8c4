"""Release 0001: cases, events, messages, documents, replays, instances, outbox, registry."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables, and the triggers that keep the log as it was written."""
    _make_authorization_case()
    _make_instance()
    _make_registry_beneficiary()
    _make_registry_exemption()
    _make_registry_provider()
    _make_store_information()
    _make_case_identifier()
    _make_case_line()
    _make_event()
    _make_message()
    _make_document()
    _make_outbox()
    _make_replay()
    {"sqlite": _protect_sqlite, "postgresql": _protect_postgresql}[op.get_bind().dialect.name]()


def _make_authorization_case() -> None:
    op.create_table(
        "authorization_case",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=True),
        sa.Column("requester_npi", sa.Text(), nullable=True),
        sa.Column("last_event", sa.Integer(), nullable=False),
        sa.Column("answer_sha256", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_authorization_case")),
        sa.UniqueConstraint("number", "owner", name=op.f("uq_authorization_case_number_owner")),
    )
    op.create_index(op.f("ix_authorization_case_member_id_state"), "authorization_case", ["member_id", "state"])


def _make_instance() -> None:
    op.create_table(
        "instance",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("full_url", sa.Text(), nullable=False),
        sa.Column("resource_type", sa.Text(), nullable=False),
        sa.Column("identifiers", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "full_url", name=op.f("pk_instance")),
        sqlite_with_rowid=False,
    )


def _make_registry_beneficiary() -> None:
    op.create_table(
        "registry_beneficiary",
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=True),
        sa.Column("family_name", sa.Text(), nullable=True),
        sa.Column("given_name", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_registry_beneficiary")),
    )


def _make_registry_exemption() -> None:
    op.create_table(
        "registry_exemption",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("npi", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("states", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("categories", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_exemption")),
    )
    op.create_index(op.f("ix_registry_exemption_npi"), "registry_exemption", ["npi"])


def _make_registry_provider() -> None:
    op.create_table(
        "registry_provider",
        sa.Column("npi", sa.Text(), nullable=False),
        sa.Column("eligible", sa.Boolean(), nullable=False),
        sa.Column("ptan", sa.Text(), nullable=True),
        sa.Column("ccn", sa.Text(), nullable=True),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("npi", name=op.f("pk_registry_provider")),
    )


def _make_store_information() -> None:
    op.create_table(
        "store_information",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.CheckConstraint("mode IN ('production', 'sandbox')", name=op.f("ck_store_information_mode")),
        sa.CheckConstraint("id = 1", name=op.f("ck_store_information_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_information")),
    )


def _make_case_identifier() -> None:
    op.create_table(
        "case_identifier",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('utn', 'administrative', 'trace', 'request', 'transaction')", name=op.f("ck_case_identifier_kind")
        ),
        sa.ForeignKeyConstraint(
            ["case_number", "owner"],
            ["authorization_case.number", "authorization_case.owner"],
            name=op.f("fk_case_identifier_case_number_owner"),
        ),
        sa.PrimaryKeyConstraint("case_number", "kind", "system", "value", name=op.f("pk_case_identifier")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_case_identifier_value_kind"), "case_identifier", ["value", "kind"])


def _make_case_line() -> None:
    op.create_table(
        "case_line",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("service_system", sa.Text(), nullable=False),
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("provider_npi", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number", "owner"],
            ["authorization_case.number", "authorization_case.owner"],
            name=op.f("fk_case_line_case_number_owner"),
        ),
        sa.PrimaryKeyConstraint(
            "case_number", "sequence", "service_system", "service_code", "provider_npi", name=op.f("pk_case_line")
        ),
        sqlite_with_rowid=False,
    )


def _make_event() -> None:
    op.create_table(
        "event",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_before", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decider_kind", sa.Text(), nullable=True),
        sa.Column("reviewer", sa.Text(), nullable=True),
        sa.Column("licence", sa.Text(), nullable=True),
        sa.Column("specialty", sa.Text(), nullable=True),
        sa.Column("interchange", sa.Text(), nullable=True),
        sa.Column("denies_line", sa.Boolean(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "NOT (coalesce(decided_by, '') = 'own' AND (state IN ('partial', 'non-affirmed') "
            "OR denies_line)) OR (decider_kind IN ('clinician', 'simulated') "
            "AND reviewer IS NOT NULL AND reviewer <> '' AND licence IS NOT NULL AND licence <> '' "
            "AND specialty IS NOT NULL AND specialty <> '')",
            name=op.f("ck_event_denial_by_clinician"),
        ),
        sa.CheckConstraint(
            "coalesce(decided_by, '') <> 'partner' OR (interchange IS NOT NULL AND interchange <> '')",
            name=op.f("ck_event_partner_by_interchange"),
        ),
        sa.CheckConstraint(
            "kind <> 'determined' OR (decided_by IS NOT NULL AND decider_kind IS NOT NULL)",
            name=op.f("ck_event_decider_is_named"),
        ),
        sa.CheckConstraint(
            "kind = 'determined' OR state NOT IN ('affirmed', 'partial', 'non-affirmed') "
            "OR (state_before IS NOT NULL AND state_before = state)",
            name=op.f("ck_event_decision_is_determined"),
        ),
        sa.CheckConstraint("number > 1 OR state = 'received'", name=op.f("ck_event_first_is_receipt")),
        sa.CheckConstraint(
            "(number = 1 AND state_before IS NULL) OR (number > 1 AND state_before IS NOT NULL)",
            name=op.f("ck_event_chain"),
        ),
        sa.ForeignKeyConstraint(
            ["case_number", "owner"],
            ["authorization_case.number", "authorization_case.owner"],
            name=op.f("fk_event_case_number_owner"),
        ),
        sa.PrimaryKeyConstraint("case_number", "number", name=op.f("pk_event")),
        sqlite_with_rowid=False,
    )


def _make_message() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("direction IN ('received', 'sent')", name=op.f("ck_message_direction")),
        sa.ForeignKeyConstraint(
            ["case_number", "owner"],
            ["authorization_case.number", "authorization_case.owner"],
            name=op.f("fk_message_case_number_owner"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index(op.f("ix_message_case_number"), "message", ["case_number"])


def _make_document() -> None:
    op.create_table(
        "document",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("event_number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number", "event_number"],
            ["event.case_number", "event.number"],
            name=op.f("fk_document_case_number_event_number"),
        ),
        sa.ForeignKeyConstraint(
            ["case_number", "owner"],
            ["authorization_case.number", "authorization_case.owner"],
            name=op.f("fk_document_case_number_owner"),
        ),
        sa.PrimaryKeyConstraint("case_number", "event_number", "position", name=op.f("pk_document")),
    )


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("event_number", sa.Integer(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("available_at", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("delivered_at", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_number", "event_number"],
            ["event.case_number", "event.number"],
            name=op.f("fk_outbox_case_number_event_number"),
        ),
        sa.ForeignKeyConstraint(
            ["case_number", "owner"],
            ["authorization_case.number", "authorization_case.owner"],
            name=op.f("fk_outbox_case_number_owner"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["available_at"],
        sqlite_where=sa.text("delivered_at IS NULL"),
        postgresql_where=sa.text("delivered_at IS NULL"),
    )


def _make_replay() -> None:
    op.create_table(
        "replay",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("received_at", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=True),
        sa.Column("event_number", sa.Integer(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_number", "owner"],
            ["authorization_case.number", "authorization_case.owner"],
            name=op.f("fk_replay_case_number_owner"),
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_replay_message_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_replay")),
        sqlite_with_rowid=False,
    )


_APPEND_ONLY = ("event", "message", "document")
_THE_EVENT_BEFORE = (
    "SELECT 1 FROM event WHERE case_number = NEW.case_number AND number = NEW.number - 1 AND state = NEW.state_before"
)


def _protect_sqlite() -> None:
    for table in (*_APPEND_ONLY, "store_information"):
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{action.lower()} BEFORE {action} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    op.execute(
        "CREATE TRIGGER event_refuses_gap BEFORE INSERT ON event WHEN NEW.number > 1 AND NOT EXISTS "
        f"({_THE_EVENT_BEFORE}) BEGIN SELECT RAISE(ABORT, 'event does not follow the one before it'); END"
    )
    op.execute(
        "CREATE TRIGGER event_refuses_simulated BEFORE INSERT ON event WHEN NEW.decider_kind = 'simulated' "
        "AND NOT EXISTS (SELECT 1 FROM store_information WHERE mode = 'sandbox') "
        "BEGIN SELECT RAISE(ABORT, 'only a sandbox store holds decisions of simulated reviewers'); END"
    )


def _protect_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in (*_APPEND_ONLY, "store_information"):
        op.execute(
            f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE FUNCTION refuse_gap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF NOT EXISTS ({_THE_EVENT_BEFORE}) THEN RAISE EXCEPTION 'event does not follow the one before it' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER event_refuses_gap BEFORE INSERT ON event FOR EACH ROW "
        "WHEN (NEW.number > 1) EXECUTE FUNCTION refuse_gap()"
    )
    op.execute(
        "CREATE FUNCTION refuse_simulated() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NOT EXISTS (SELECT 1 FROM store_information WHERE mode = 'sandbox') THEN "
        "RAISE EXCEPTION 'only a sandbox store holds decisions of simulated reviewers' "
        "USING ERRCODE = 'integrity_constraint_violation'; "
        "END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER event_refuses_simulated BEFORE INSERT ON event FOR EACH ROW "
        "WHEN (NEW.decider_kind = 'simulated') EXECUTE FUNCTION refuse_simulated()"
    )
