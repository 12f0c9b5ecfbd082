"""what a channel can do

Revision ID: 0017
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0015"
branch_labels = None
depends_on = None

CHANNEL = ("is_one_way", "is_without_receipts")


def upgrade() -> None:
    with op.batch_alter_table("sms_channels", schema=None) as batch_op:
        for name in CHANNEL:
            batch_op.add_column(sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("sms_channels", schema=None) as batch_op:
        for name in CHANNEL[::-1]:
            batch_op.drop_column(name)
