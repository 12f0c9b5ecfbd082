"""on which numbers somebody has seen a text that says how to stop

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

import counseling.models.base

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("phone_numbers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("compared_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True))
    # Nobody has kept who compared digits and who rang after all; to all of these digits went out.
    op.execute(
        "UPDATE phone_numbers SET compared_at = confirmed_at WHERE asked_at IS NOT NULL AND EXISTS (SELECT 1"
        " FROM outbound_messages AS m WHERE m.line_id = phone_numbers.line_id AND m.wording = 'number'"
        " AND m.state IN ('accepted', 'delivered', 'unknown'))"
    )


def downgrade() -> None:
    with op.batch_alter_table("phone_numbers", schema=None) as batch_op:
        batch_op.drop_column("compared_at")
