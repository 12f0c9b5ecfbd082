"""a channel may be set to 500 segments a second

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

SLOWER, FASTER = 6_000, 30_000
NAME = "ck_sms_channels_pace"
channels = sa.table("sms_channels", sa.column("segments_per_minute", sa.Integer()))
pace = channels.c.segments_per_minute


def upgrade() -> None:
    _limit_to(FASTER)


def downgrade() -> None:
    op.execute(channels.update().where(pace > SLOWER).values(segments_per_minute=SLOWER))
    _limit_to(SLOWER)


def _limit_to(most: int) -> None:
    with op.batch_alter_table("sms_channels", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f(NAME), type_="check")
        batch_op.create_check_constraint(batch_op.f(NAME), f"segments_per_minute BETWEEN 1 AND {most}")
