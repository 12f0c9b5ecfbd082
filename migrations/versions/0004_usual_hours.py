"""usual hours: when each person usually comes to the window

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "usual_hours",
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("minute_of_day", sa.Integer(), nullable=False),
        sa.Column("counted_on", sa.Date(), nullable=False),
        sa.CheckConstraint("minute_of_day BETWEEN 0 AND 1439", name=op.f("ck_usual_hours_minute_of_day")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_usual_hours_patient_id")),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("pk_usual_hours")),
    )


def downgrade() -> None:
    op.drop_table("usual_hours")
