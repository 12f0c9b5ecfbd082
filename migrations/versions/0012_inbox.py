"""inbox: words of danger, who is on duty, missed calls, ready-made answers

Revision ID: 0012
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
import counseling.models.base


revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

OLD_MEANINGS = "meaning IN ('answer', 'stop', 'start', 'help', 'ask_again', 'repeated', 'other')"
MEANINGS = (
    "meaning IN ('answer', 'stop', 'start', 'help', 'ask_again', 'repeated', 'crisis', 'wrong_number',"
    " 'missed_call', 'other')"
)
SIDE = "side IN ('treatment', 'support')"


def instant(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, counseling.models.base.UtcDateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    with op.batch_alter_table("inbound_messages", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_inbound_messages_meaning"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_inbound_messages_meaning"), MEANINGS)
    _duty()
    _crises()
    op.create_table(
        "canned_answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("body", sa.String(length=320), nullable=False),
        sa.Column("set_by_id", sa.Integer(), nullable=False),
        instant("set_at"),
        instant("removed_at", nullable=True),
        sa.Column("removed_by_id", sa.Integer(), nullable=True),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.CheckConstraint(SIDE, name=op.f("ck_canned_answers_side")),
        sa.CheckConstraint(
            "(removed_at IS NULL) = (removed_by_id IS NULL)", name=op.f("ck_canned_answers_removed_by_somebody")
        ),
        sa.ForeignKeyConstraint(["removed_by_id"], ["staff.id"], name=op.f("fk_canned_answers_removed_by_id")),
        sa.ForeignKeyConstraint(["set_by_id"], ["staff.id"], name=op.f("fk_canned_answers_set_by_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_canned_answers_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_answers")),
        sa.UniqueConstraint("request_key", name=op.f("uq_canned_answers_request_key")),
    )
    op.create_index("ix_canned_answers_site_id_side", "canned_answers", ["site_id", "side"], unique=False)


def _duty() -> None:
    op.create_table(
        "duty_phones",
        sa.Column("staff_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        instant("set_at"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_duty_phones_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_duty_phones")),
        sa.UniqueConstraint("ref", name=op.f("uq_duty_phones_ref")),
    )
    op.create_table(
        "duty_shifts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.Time(), nullable=False),
        sa.Column("ends_at", sa.Time(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("wait_minutes", sa.Integer(), nullable=False),
        sa.Column("set_by_id", sa.Integer(), nullable=False),
        instant("set_at"),
        instant("ended_at", nullable=True),
        sa.Column("ended_by_id", sa.Integer(), nullable=True),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.CheckConstraint(SIDE, name=op.f("ck_duty_shifts_side")),
        sa.CheckConstraint("days BETWEEN 1 AND 127", name=op.f("ck_duty_shifts_days")),
        sa.CheckConstraint("position BETWEEN 1 AND 5", name=op.f("ck_duty_shifts_position")),
        sa.CheckConstraint("wait_minutes BETWEEN 1 AND 60", name=op.f("ck_duty_shifts_wait")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by_id IS NULL)", name=op.f("ck_duty_shifts_ended_by_somebody")),
        sa.ForeignKeyConstraint(["ended_by_id"], ["staff.id"], name=op.f("fk_duty_shifts_ended_by_id")),
        sa.ForeignKeyConstraint(["set_by_id"], ["staff.id"], name=op.f("fk_duty_shifts_set_by_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_duty_shifts_site_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_duty_shifts_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_shifts")),
        sa.UniqueConstraint("request_key", name=op.f("uq_duty_shifts_request_key")),
    )
    op.create_index("ix_duty_shifts_site_id_side", "duty_shifts", ["site_id", "side"], unique=False)


def _crises() -> None:
    op.create_table(
        "crisis_alerts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("inbound_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        instant("raised_at"),
        sa.Column("calls", sa.Integer(), nullable=False),
        instant("next_call_at"),
        instant("taken_at", nullable=True),
        sa.Column("taken_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(SIDE, name=op.f("ck_crisis_alerts_side")),
        sa.CheckConstraint("(taken_at IS NULL) = (taken_by_id IS NULL)", name=op.f("ck_crisis_alerts_taken_by_somebody")),
        sa.ForeignKeyConstraint(["inbound_id"], ["inbound_messages.id"], name=op.f("fk_crisis_alerts_inbound_id")),
        sa.ForeignKeyConstraint(["line_id"], ["phone_lines.id"], name=op.f("fk_crisis_alerts_line_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_crisis_alerts_site_id")),
        sa.ForeignKeyConstraint(["taken_by_id"], ["staff.id"], name=op.f("fk_crisis_alerts_taken_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crisis_alerts")),
        sa.UniqueConstraint("inbound_id", name=op.f("uq_crisis_alerts_inbound_id")),
        sa.UniqueConstraint("ref", name=op.f("uq_crisis_alerts_ref")),
    )
    op.create_index("ix_crisis_alerts_line_id_raised_at", "crisis_alerts", ["line_id", "raised_at"], unique=False)
    op.create_index(
        "uq_crisis_alerts_open",
        "crisis_alerts",
        ["line_id", "side", "site_id"],
        unique=True,
        sqlite_where=sa.text("taken_at IS NULL"),
        postgresql_where=sa.text("taken_at IS NULL"),
    )
    op.create_table(
        "duty_calls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        instant("called_at"),
        sa.ForeignKeyConstraint(["alert_id"], ["crisis_alerts.id"], name=op.f("fk_duty_calls_alert_id")),
        sa.ForeignKeyConstraint(["message_id"], ["outbound_messages.id"], name=op.f("fk_duty_calls_message_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_duty_calls_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_calls")),
        sa.UniqueConstraint("alert_id", "number", name=op.f("uq_duty_calls_alert_id_number")),
    )


def downgrade() -> None:
    for table in ("canned_answers", "duty_calls", "crisis_alerts", "duty_shifts", "duty_phones"):
        op.drop_table(table)
    # What was not known before is words for a person again.
    op.execute("UPDATE inbound_messages SET meaning = 'other' WHERE meaning IN ('crisis', 'wrong_number', 'missed_call')")
    with op.batch_alter_table("inbound_messages", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_inbound_messages_meaning"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_inbound_messages_meaning"), OLD_MEANINGS)
