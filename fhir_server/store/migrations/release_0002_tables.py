"""The tables of release 0002: review, and what follows a decision. A published file is never changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def make_tables() -> None:
    """Make each table after those that it points to."""
    _make_documentation_sample()
    _make_job()
    _make_reviewer()
    _make_case_criterion()
    _make_reviewer_licence()
    _make_reviewer_specialty()
    _make_worklist_category()
    _make_worklist_item()
    _make_worklist_specialty()
    _make_case_decision()
    _make_letter()
    _make_review_finding()
    _make_tracking_number()
    _make_claim_line()
    _make_exemption_notice()
    _make_letter_pdf()
    _make_tracking_line()


def _make_documentation_sample() -> None:
    op.create_table(
        "documentation_sample",
        sa.Column("npi", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("sampled_at", sa.Text(), nullable=False),
        sa.CheckConstraint("slot BETWEEN 1 AND 10", name=op.f("ck_documentation_sample_slot")),
        sa.PrimaryKeyConstraint("npi", "year", "slot", name=op.f("pk_documentation_sample")),
        sa.UniqueConstraint("npi", "year", "about", name=op.f("uq_documentation_sample_npi_year_about")),
        sqlite_with_rowid=False,
    )


def _make_job() -> None:
    op.create_table(
        "job",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("done_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", "period", name=op.f("pk_job")),
        sqlite_with_rowid=False,
    )


def _make_reviewer() -> None:
    op.create_table(
        "reviewer",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("npi", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.CheckConstraint("id <> ''", name=op.f("ck_reviewer_id")),
        sa.CheckConstraint("kind IN ('clinician', 'coordinator', 'simulated')", name=op.f("ck_reviewer_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviewer")),
    )


def _make_case_criterion() -> None:
    op.create_table(
        "case_criterion",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("element", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number", "owner"],
            ["authorization_case.number", "authorization_case.owner"],
            name=op.f("fk_case_criterion_case_number_owner"),
        ),
        sa.PrimaryKeyConstraint("case_number", "round", "category", "element", name=op.f("pk_case_criterion")),
        sqlite_with_rowid=False,
    )


def _make_reviewer_licence() -> None:
    op.create_table(
        "reviewer_licence",
        sa.Column("reviewer_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.CheckConstraint("number <> ''", name=op.f("ck_reviewer_licence_number")),
        sa.CheckConstraint(
            "valid_from LIKE '____-__-__' AND (valid_to IS NULL OR valid_to LIKE '____-__-__')",
            name=op.f("ck_reviewer_licence_days"),
        ),
        sa.ForeignKeyConstraint(["reviewer_id"], ["reviewer.id"], name=op.f("fk_reviewer_licence_reviewer_id")),
        sa.PrimaryKeyConstraint("reviewer_id", "state", "number", name=op.f("pk_reviewer_licence")),
    )


def _make_reviewer_specialty() -> None:
    op.create_table(
        "reviewer_specialty",
        sa.Column("reviewer_id", sa.Text(), nullable=False),
        sa.Column("specialty", sa.Text(), nullable=False),
        sa.CheckConstraint("specialty <> ''", name=op.f("ck_reviewer_specialty_specialty")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["reviewer.id"], name=op.f("fk_reviewer_specialty_reviewer_id")),
        sa.PrimaryKeyConstraint("reviewer_id", "specialty", name=op.f("pk_reviewer_specialty")),
    )


def _make_worklist_category() -> None:
    op.create_table(
        "worklist_category",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number", "owner"],
            ["authorization_case.number", "authorization_case.owner"],
            name=op.f("fk_worklist_category_case_number_owner"),
        ),
        sa.PrimaryKeyConstraint("case_number", "category", name=op.f("pk_worklist_category")),
        sqlite_with_rowid=False,
    )


def _make_worklist_item() -> None:
    op.create_table(
        "worklist_item",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("state_of_service", sa.Text(), nullable=True),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("expedited", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.Text(), nullable=False),
        sa.Column("due_at", sa.Text(), nullable=False),
        sa.Column("latest_at", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("assigned_to", sa.Text(), nullable=True),
        sa.Column("assigned_at", sa.Text(), nullable=True),
        sa.Column("alert", sa.Text(), nullable=True),
        sa.Column("second_look", sa.Boolean(), nullable=False),
        sa.CheckConstraint("alert IN ('due-soon', 'overdue', 'late')", name=op.f("ck_worklist_item_alert")),
        sa.CheckConstraint(
            "status IN ('waiting', 'information-requested', 'closed')", name=op.f("ck_worklist_item_status")
        ),
        sa.CheckConstraint("round >= 1", name=op.f("ck_worklist_item_round")),
        sa.ForeignKeyConstraint(["assigned_to"], ["reviewer.id"], name=op.f("fk_worklist_item_assigned_to")),
        sa.ForeignKeyConstraint(
            ["case_number", "owner"],
            ["authorization_case.number", "authorization_case.owner"],
            name=op.f("fk_worklist_item_case_number_owner"),
        ),
        sa.PrimaryKeyConstraint("case_number", name=op.f("pk_worklist_item")),
    )
    op.create_index(
        "ix_worklist_item_assigned",
        "worklist_item",
        ["assigned_to"],
        sqlite_where=sa.text("status != 'closed'"),
        postgresql_where=sa.text("status != 'closed'"),
    )
    op.create_index(
        "ix_worklist_item_due",
        "worklist_item",
        ["due_at"],
        sqlite_where=sa.text("status != 'closed'"),
        postgresql_where=sa.text("status != 'closed'"),
    )


def _make_worklist_specialty() -> None:
    op.create_table(
        "worklist_specialty",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("specialty", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number", "owner"],
            ["authorization_case.number", "authorization_case.owner"],
            name=op.f("fk_worklist_specialty_case_number_owner"),
        ),
        sa.PrimaryKeyConstraint("case_number", "specialty", name=op.f("pk_worklist_specialty")),
        sqlite_with_rowid=False,
    )


def _make_case_decision() -> None:
    op.create_table(
        "case_decision",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("event_number", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.Text(), nullable=False),
        sa.Column("received_at", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decider_kind", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("state_of_service", sa.Text(), nullable=True),
        sa.Column("dismissal", sa.Text(), nullable=True),
        sa.Column("expedited", sa.Boolean(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("resubmission", sa.Boolean(), nullable=False),
        sa.Column("provider_npi", sa.Text(), nullable=True),
        sa.Column("lines_affirmed", sa.Integer(), nullable=False),
        sa.Column("lines_not", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number", "event_number"],
            ["event.case_number", "event.number"],
            name=op.f("fk_case_decision_case_number_event_number"),
        ),
        sa.ForeignKeyConstraint(
            ["case_number", "owner"],
            ["authorization_case.number", "authorization_case.owner"],
            name=op.f("fk_case_decision_case_number_owner"),
        ),
        sa.PrimaryKeyConstraint("case_number", "event_number", name=op.f("pk_case_decision")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_case_decision_decided_at"), "case_decision", ["decided_at"])


def _make_letter() -> None:
    op.create_table(
        "letter",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about_event", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("document_reference", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(kind IN ('exemption-granted', 'exemption-removed') AND case_number IS NULL AND about_event IS NULL) OR "
            "(kind IN ('affirmation', 'non-affirmation', 'partial', 'dismissal', 'expedited-to-standard') "
            "AND case_number IS NOT NULL AND about_event IS NOT NULL)",
            name=op.f("ck_letter_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["case_number", "about_event"],
            ["event.case_number", "event.number"],
            name=op.f("fk_letter_case_number_about_event"),
        ),
        sa.ForeignKeyConstraint(
            ["case_number", "owner"],
            ["authorization_case.number", "authorization_case.owner"],
            name=op.f("fk_letter_case_number_owner"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_letter")),
        sa.UniqueConstraint("case_number", "kind", "about_event", name=op.f("uq_letter_case_number_kind_about_event")),
        sqlite_with_rowid=False,
    )


def _make_review_finding() -> None:
    op.create_table(
        "review_finding",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("event_number", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("element", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("rationale", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.CheckConstraint("result = 'unknown' OR evidence LIKE '[{%}]'", name=op.f("ck_review_finding_evidence")),
        sa.CheckConstraint(
            "result IN ('met', 'not met', 'unknown', 'not applicable')", name=op.f("ck_review_finding_result")
        ),
        sa.CheckConstraint("trim(rationale) <> ''", name=op.f("ck_review_finding_rationale")),
        sa.ForeignKeyConstraint(
            ["case_number", "event_number"],
            ["event.case_number", "event.number"],
            name=op.f("fk_review_finding_case_number_event_number"),
        ),
        sa.ForeignKeyConstraint(
            ["case_number", "owner"],
            ["authorization_case.number", "authorization_case.owner"],
            name=op.f("fk_review_finding_case_number_owner"),
        ),
        sa.ForeignKeyConstraint(["reviewer"], ["reviewer.id"], name=op.f("fk_review_finding_reviewer")),
        sa.PrimaryKeyConstraint("case_number", "event_number", name=op.f("pk_review_finding")),
        sqlite_with_rowid=False,
    )


def _make_tracking_number() -> None:
    op.create_table(
        "tracking_number",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("decision_event", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("affirmed", sa.Boolean(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Text(), nullable=True),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.CheckConstraint("(status = 'issued') = (number IS NOT NULL)", name=op.f("ck_tracking_number_number")),
        sa.CheckConstraint("status IN ('pending', 'issued', 'failed')", name=op.f("ck_tracking_number_status")),
        sa.ForeignKeyConstraint(
            ["case_number", "decision_event"],
            ["event.case_number", "event.number"],
            name=op.f("fk_tracking_number_case_number_decision_event"),
        ),
        sa.ForeignKeyConstraint(
            ["case_number", "owner"],
            ["authorization_case.number", "authorization_case.owner"],
            name=op.f("fk_tracking_number_case_number_owner"),
        ),
        sa.PrimaryKeyConstraint("case_number", "decision_event", name=op.f("pk_tracking_number")),
        sa.UniqueConstraint("number", name=op.f("uq_tracking_number_number")),
    )
    op.create_index(op.f("ix_tracking_number_status_changed_at"), "tracking_number", ["status", "changed_at"])
    op.create_index(op.f("ix_tracking_number_valid_to"), "tracking_number", ["valid_to"])


def _make_claim_line() -> None:
    op.create_table(
        "claim_line",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("decision_event", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("date_of_service", sa.Text(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.Text(), nullable=False),
        sa.CheckConstraint("outcome IN ('paid', 'denied')", name=op.f("ck_claim_line_outcome")),
        sa.ForeignKeyConstraint(
            ["case_number", "decision_event"],
            ["tracking_number.case_number", "tracking_number.decision_event"],
            name=op.f("fk_claim_line_case_number_decision_event"),
        ),
        sa.ForeignKeyConstraint(
            ["case_number", "owner"],
            ["authorization_case.number", "authorization_case.owner"],
            name=op.f("fk_claim_line_case_number_owner"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_line")),
        sa.UniqueConstraint("owner", "claim", "line", name=op.f("uq_claim_line_owner_claim_line")),
    )
    op.create_index(op.f("ix_claim_line_case_number_decision_event"), "claim_line", ["case_number", "decision_event"])


def _make_exemption_notice() -> None:
    op.create_table(
        "exemption_notice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("npi", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("affirmed", sa.Integer(), nullable=False),
        sa.Column("notified_at", sa.Text(), nullable=False),
        sa.Column("letter", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('granted', 'removed')", name=op.f("ck_exemption_notice_kind")),
        sa.CheckConstraint("affirmed BETWEEN 0 AND requests", name=op.f("ck_exemption_notice_affirmed")),
        sa.ForeignKeyConstraint(["letter"], ["letter.number"], name=op.f("fk_exemption_notice_letter")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exemption_notice")),
    )
    op.create_index(op.f("ix_exemption_notice_npi"), "exemption_notice", ["npi"])


def _make_letter_pdf() -> None:
    op.create_table(
        "letter_pdf",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["letter.number"], name=op.f("fk_letter_pdf_number")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_letter_pdf")),
        sqlite_with_rowid=False,
    )


def _make_tracking_line() -> None:
    op.create_table(
        "tracking_line",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("decision_event", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("affirmed", sa.Boolean(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_number", "decision_event"],
            ["tracking_number.case_number", "tracking_number.decision_event"],
            name=op.f("fk_tracking_line_case_number_decision_event"),
        ),
        sa.ForeignKeyConstraint(
            ["case_number", "owner"],
            ["authorization_case.number", "authorization_case.owner"],
            name=op.f("fk_tracking_line_case_number_owner"),
        ),
        sa.PrimaryKeyConstraint("case_number", "decision_event", "sequence", name=op.f("pk_tracking_line")),
        sqlite_with_rowid=False,
    )
