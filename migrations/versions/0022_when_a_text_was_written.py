"""when a text that came late was written

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

import counseling.models.base

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    instant = counseling.models.base.UtcDateTime(timezone=True)
    with op.batch_alter_table("inbound_messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("written_at", instant, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("inbound_messages", schema=None) as batch_op:
        batch_op.drop_column("written_at")
