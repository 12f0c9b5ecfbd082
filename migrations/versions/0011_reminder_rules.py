"""reminder rules of a site, and how each person wants to be texted

Revision ID: 0011
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
import counseling.models.base


revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KINDS_BEFORE = ("missed_yesterday", "appointment", "check_in")
KINDS = (
    *KINDS_BEFORE, "dose_today", "evening_before", "weekend", "order_ending", "weekly", "appointment_today",
    "second_text",
)  # fmt: skip
SIDES = "side IN ('treatment', 'support')"


def one_of(kinds: tuple[str, ...]) -> str:
    return "kind IN ({})".format(", ".join(f"'{kind}'" for kind in kinds))


def upgrade() -> None:
    instant = counseling.models.base.UtcDateTime(timezone=True)
    with op.batch_alter_table("reminder_rules", schema=None) as batch_op:
        batch_op.add_column(sa.Column("changed_by_id", sa.Integer(), nullable=True))
        for name in ("silence_days", "unseen_days", "most_open_tasks"):
            batch_op.add_column(sa.Column(name, sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_reminder_rules_changed_by_id"), "staff", ["changed_by_id"], ["id"])
        batch_op.create_check_constraint(
            batch_op.f("ck_reminder_rules_silence"),
            "silence_days >= 1 AND unseen_days >= 1 AND most_open_tasks >= 0",
        )
    _allow(KINDS)
    op.create_table(
        "text_choices",
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=True),
        sa.Column("pronoun", sa.String(length=12), nullable=True),
        sa.Column("pretext", sa.String(length=16), nullable=False),
        sa.Column("has_marks", sa.Boolean(), nullable=False),
        sa.Column("calls_only", sa.Boolean(), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.Column("changed_at", instant, nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(SIDES, name=op.f("ck_text_choices_side")),
        sa.CheckConstraint("hour BETWEEN 7 AND 19", name=op.f("ck_text_choices_hour")),
        sa.CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name=op.f("ck_text_choices_quiet_whole")),
        sa.CheckConstraint("quiet_from < quiet_until", name=op.f("ck_text_choices_quiet_hours")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["staff.id"], name=op.f("fk_text_choices_changed_by_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_text_choices_patient_id")),
        sa.PrimaryKeyConstraint("patient_id", "side", name=op.f("pk_text_choices")),
    )
    op.create_table(
        "declined_reminders",
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("declined_at", instant, nullable=False),
        sa.CheckConstraint(SIDES, name=op.f("ck_declined_reminders_side")),
        sa.CheckConstraint(one_of(KINDS), name=op.f("ck_declined_reminders_kind")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_declined_reminders_patient_id")),
        sa.PrimaryKeyConstraint("patient_id", "side", "kind", name=op.f("pk_declined_reminders")),
    )


def downgrade() -> None:
    op.drop_table("declined_reminders")
    op.drop_table("text_choices")
    connection = op.get_bind()
    newer = f"NOT {one_of(KINDS_BEFORE)}"
    connection.execute(
        sa.text(
            f"UPDATE outbound_messages SET reminder_id = NULL WHERE reminder_id IN (SELECT id FROM reminders WHERE {newer})"
        )
    )
    for table in ("reminders", "reminder_rules"):
        connection.execute(sa.text(f"DELETE FROM {table} WHERE {newer}"))
    _allow(KINDS_BEFORE)
    with op.batch_alter_table("reminder_rules", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_reminder_rules_silence"), type_="check")
        batch_op.drop_constraint(batch_op.f("fk_reminder_rules_changed_by_id"), type_="foreignkey")
        for name in ("most_open_tasks", "unseen_days", "silence_days", "changed_by_id"):
            batch_op.drop_column(name)


def _allow(kinds: tuple[str, ...]) -> None:
    for table in ("reminder_rules", "reminders"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(batch_op.f(f"ck_{table}_kind"), type_="check")
            batch_op.create_check_constraint(batch_op.f(f"ck_{table}_kind"), one_of(kinds))
