"""reversals of mistaken doses, and doses entered from paper

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
import counseling.models.base


revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

REASON = "reason IN ('wrong_person', 'not_drunk', 'wrong_amount', 'wrong_day', 'other')"
UNIQUE_DOSE = "uq_dose_void_requests_day_dose_id"


def upgrade() -> None:
    # No request has been written before this revision: nothing did so. The table may change its shape.
    with op.batch_alter_table("dose_void_requests", schema=None) as batch_op:
        batch_op.add_column(sa.Column("site_id", sa.Integer(), nullable=False))
        batch_op.add_column(sa.Column("number", sa.Integer(), nullable=False))
        batch_op.add_column(sa.Column("note", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("request_key", sa.String(length=32), nullable=False))
        batch_op.alter_column("reason", existing_type=sa.String(length=300), type_=sa.String(length=16))
        batch_op.drop_constraint(UNIQUE_DOSE, type_="unique")
        batch_op.create_unique_constraint("uq_dose_void_requests_dose_number", ["day_dose_id", "number"])
        batch_op.create_unique_constraint(batch_op.f("uq_dose_void_requests_request_key"), ["request_key"])
        batch_op.create_check_constraint(batch_op.f("ck_dose_void_requests_reason"), REASON)
        batch_op.create_check_constraint(batch_op.f("ck_dose_void_requests_number"), "number >= 1")
        batch_op.create_foreign_key(batch_op.f("fk_dose_void_requests_site_id"), "sites", ["site_id"], ["id"])
        batch_op.create_index(batch_op.f("ix_dose_void_requests_site_id"), ["site_id"], unique=False)
    op.create_table(
        "dose_void_withdrawals",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("withdrawn_by_id", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["dose_void_requests.id"], name=op.f("fk_dose_void_withdrawals_request_id")
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by_id"], ["staff.id"], name=op.f("fk_dose_void_withdrawals_withdrawn_by_id")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_dose_void_withdrawals")),
    )
    op.create_table(
        "late_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("day_on", sa.Date(), nullable=False),
        sa.Column("paper", sa.String(length=160), nullable=False),
        sa.Column("writer_id", sa.Integer(), nullable=True),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("not_given", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["staff.id"], name=op.f("fk_late_entries_recorded_by_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_late_entries_site_id")),
        sa.ForeignKeyConstraint(["writer_id"], ["staff.id"], name=op.f("fk_late_entries_writer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_entries")),
        sa.UniqueConstraint("request_key", name=op.f("uq_late_entries_request_key")),
    )
    with op.batch_alter_table("late_entries", schema=None) as batch_op:
        batch_op.create_index("ix_late_entries_site_id_day_on", ["site_id", "day_on"], unique=False)

    op.add_column("dose_incidents", sa.Column("paper", sa.String(length=160), nullable=True))


def downgrade() -> None:
    op.drop_column("dose_incidents", "paper")
    with op.batch_alter_table("late_entries", schema=None) as batch_op:
        batch_op.drop_index("ix_late_entries_site_id_day_on")

    op.drop_table("late_entries")
    op.drop_table("dose_void_withdrawals")
    with op.batch_alter_table("dose_void_requests", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dose_void_requests_site_id"))
        batch_op.drop_constraint(batch_op.f("fk_dose_void_requests_site_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("ck_dose_void_requests_number"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_dose_void_requests_reason"), type_="check")
        batch_op.drop_constraint(batch_op.f("uq_dose_void_requests_request_key"), type_="unique")
        batch_op.drop_constraint("uq_dose_void_requests_dose_number", type_="unique")
        batch_op.create_unique_constraint(UNIQUE_DOSE, ["day_dose_id"])
        batch_op.alter_column("reason", existing_type=sa.String(length=16), type_=sa.String(length=300))
        batch_op.drop_column("request_key")
        batch_op.drop_column("note")
        batch_op.drop_column("number")
        batch_op.drop_column("site_id")
