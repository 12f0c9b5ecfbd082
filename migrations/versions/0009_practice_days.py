"""who has practised

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
import counseling.models.base


revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COUNTED = ("doses", "not_given", "stops", "spills", "reversals", "late_doses", "orders", "holds")


def upgrade() -> None:
    op.create_table(
        "practice_days",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("started_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTED),
        sa.CheckConstraint(" AND ".join(f"{name} >= 0" for name in COUNTED), name=op.f("ck_practice_days_counts")),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_practice_days_ends_after_start")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_practice_days_site_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_practice_days_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_days")),
        sa.UniqueConstraint("ref", name=op.f("uq_practice_days_ref")),
    )
    with op.batch_alter_table("practice_days", schema=None) as batch_op:
        batch_op.create_index("ix_practice_days_site_id_ended_at", ["site_id", "ended_at"], unique=False)
        batch_op.create_index("ix_practice_days_staff_id_ended_at", ["staff_id", "ended_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("practice_days", schema=None) as batch_op:
        batch_op.drop_index("ix_practice_days_staff_id_ended_at")
        batch_op.drop_index("ix_practice_days_site_id_ended_at")

    op.drop_table("practice_days")
