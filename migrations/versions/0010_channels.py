"""channels of texts, and missed calls beside texts

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
import counseling.models.base


revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def instant(name: str, nullable: bool = True) -> sa.Column:
    return sa.Column(name, counseling.models.base.UtcDateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "sms_channels",
        sa.Column("gateway", sa.String(length=16), nullable=False),
        sa.Column("segments_per_minute", sa.Integer(), nullable=True),
        sa.Column("error_streak", sa.Integer(), nullable=False),
        instant("failed_at"),
        instant("rests_until"),
        instant("stopped_at"),
        sa.Column("stopped_why", sa.String(length=24), nullable=True),
        *(instant(name) for name in ("taken_at", "heard_at", "attach_asked_at", "attached_at", "missed_since")),
        sa.CheckConstraint(
            "(stopped_at IS NULL) = (stopped_why IS NULL)", name=op.f("ck_sms_channels_stopped_for_a_reason")
        ),
        sa.CheckConstraint("segments_per_minute BETWEEN 1 AND 6000", name=op.f("ck_sms_channels_pace")),
        sa.CheckConstraint("error_streak >= 0", name=op.f("ck_sms_channels_streak")),
        sa.PrimaryKeyConstraint("gateway", name=op.f("pk_sms_channels")),
    )
    op.create_table(
        "sms_routes",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("gateway", sa.String(length=16), nullable=False),
        sa.Column("fallback", sa.String(length=16), nullable=True),
        sa.CheckConstraint("kind IN ('reminders', 'answers')", name=op.f("ck_sms_routes_kind")),
        sa.CheckConstraint("fallback <> gateway", name=op.f("ck_sms_routes_another_one")),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_sms_routes")),
    )
    op.create_table(
        "sms_tests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("gateway", sa.String(length=16), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        instant("asked_at", nullable=False),
        instant("attempt_started_at"),
        instant("taken_at"),
        sa.Column("fault", sa.String(length=24), nullable=True),
        sa.Column("reported", sa.String(length=12), nullable=True),
        instant("reported_at"),
        instant("replied_at"),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.CheckConstraint("reported IN ('delivered', 'failed')", name=op.f("ck_sms_tests_reported")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["staff.id"], name=op.f("fk_sms_tests_asked_by_id")),
        sa.ForeignKeyConstraint(["line_id"], ["phone_lines.id"], name=op.f("fk_sms_tests_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_tests")),
        sa.UniqueConstraint("ref", name=op.f("uq_sms_tests_ref")),
        sa.UniqueConstraint("request_key", name=op.f("uq_sms_tests_request_key")),
    )
    with op.batch_alter_table("sms_tests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sms_tests_line_id"), ["line_id"], unique=False)

    op.add_column("outbound_messages", sa.Column("pinned_gateway", sa.String(length=16), nullable=True))
    with op.batch_alter_table("inbound_messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("content_token", sa.LargeBinary(length=16), nullable=True))
        batch_op.add_column(sa.Column("kind", sa.String(length=12), server_default="text", nullable=False))
        batch_op.create_unique_constraint(batch_op.f("uq_inbound_messages_content_token"), ["content_token"])
        batch_op.create_check_constraint(batch_op.f("ck_inbound_messages_kind"), "kind IN ('text', 'missed_call')")


def downgrade() -> None:
    with op.batch_alter_table("inbound_messages", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_inbound_messages_kind"), type_="check")
        batch_op.drop_constraint(batch_op.f("uq_inbound_messages_content_token"), type_="unique")
        batch_op.drop_column("kind")
        batch_op.drop_column("content_token")
    op.drop_column("outbound_messages", "pinned_gateway")
    op.drop_table("sms_tests")
    op.drop_table("sms_routes")
    op.drop_table("sms_channels")
