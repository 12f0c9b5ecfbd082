"""which reminders a person has let go, and until when the simulator may show a text

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

import counseling.models.base

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    instant = counseling.models.base.UtcDateTime(timezone=True)
    with op.batch_alter_table("reminders", schema=None) as batch_op:
        batch_op.add_column(sa.Column("released_at", instant, nullable=True))
    with op.batch_alter_table("simulated_texts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("dies_at", instant, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("simulated_texts", schema=None) as batch_op:
        batch_op.drop_column("dies_at")
    with op.batch_alter_table("reminders", schema=None) as batch_op:
        batch_op.drop_column("released_at")
