"""how many numbers in a row a channel could not reach; since when texts may wait on the phone only

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

import counseling.models.base

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

FAILING = "ck_sms_channels_failing"


def upgrade() -> None:
    instant = counseling.models.base.UtcDateTime(timezone=True)
    with op.batch_alter_table("sms_channels", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unreported_since", instant, nullable=True))
        batch_op.add_column(sa.Column("failing_numbers", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("failing_since", instant, nullable=True))
        batch_op.create_check_constraint(batch_op.f(FAILING), "(failing_numbers > 0) = (failing_since IS NOT NULL)")


def downgrade() -> None:
    with op.batch_alter_table("sms_channels", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f(FAILING), type_="check")
        for name in ("failing_since", "failing_numbers", "unreported_since"):
            batch_op.drop_column(name)
