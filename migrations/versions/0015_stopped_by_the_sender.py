"""a site's texts may be stopped by the sender itself

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sending_pauses", schema=None) as batch_op:
        batch_op.alter_column("paused_by_id", existing_type=sa.Integer(), nullable=True)


def downgrade() -> None:
    # The table before knows only people. What is over stands in the audit; what still holds texts back must not be lost.
    standing = "SELECT COUNT(*) FROM sending_pauses WHERE paused_by_id IS NULL AND ended_at IS NULL"
    if op.get_bind().execute(sa.text(standing)).scalar():
        raise RuntimeError("The sender has stopped a site's texts: let them go again first (Tin nhắn, Tin sắp gửi)")
    op.execute("DELETE FROM sending_pauses WHERE paused_by_id IS NULL")
    with op.batch_alter_table("sending_pauses", schema=None) as batch_op:
        batch_op.alter_column("paused_by_id", existing_type=sa.Integer(), nullable=False)
