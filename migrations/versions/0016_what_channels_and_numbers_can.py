"""what a channel can do; numbers that never get a text, and those that nothing reaches

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

import counseling.models.base

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

CHANNEL = ("is_one_way", "is_without_receipts")


def upgrade() -> None:
    with op.batch_alter_table("sms_channels", schema=None) as batch_op:
        for name in CHANNEL:
            batch_op.add_column(sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table("phone_lines", schema=None) as batch_op:
        batch_op.add_column(sa.Column("denied_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("temporary_failures", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    # Whoever must not be texted would be: the table before knows no such list.
    if op.get_bind().execute(sa.text("SELECT COUNT(*) FROM phone_lines WHERE denied_at IS NOT NULL")).scalar():
        raise RuntimeError("There are numbers that never get a text: take them off the list first (Đường gửi tin)")
    with op.batch_alter_table("phone_lines", schema=None) as batch_op:
        batch_op.drop_column("temporary_failures")
        batch_op.drop_column("denied_at")
    with op.batch_alter_table("sms_channels", schema=None) as batch_op:
        for name in CHANNEL[::-1]:
            batch_op.drop_column(name)
