"""a visit's sign of danger calls whoever is on duty, as words of danger in a text do

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

ONE_ORIGIN = (
    "CASE WHEN inbound_id IS NULL THEN 0 ELSE 1 END + CASE WHEN contact_id IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN waiting_visit_id IS NULL THEN 0 ELSE 1 END = 1"
)


def upgrade() -> None:
    with op.batch_alter_table("crisis_alerts", schema=None) as batch_op:
        batch_op.alter_column("inbound_id", existing_type=sa.Integer(), nullable=True)
        batch_op.alter_column("line_id", existing_type=sa.Integer(), nullable=True)
        for column, table in (("contact_id", "outreach_contacts"), ("waiting_visit_id", "waiting_visits")):
            batch_op.add_column(sa.Column(column, sa.Integer(), nullable=True))
            batch_op.create_foreign_key(batch_op.f(f"fk_crisis_alerts_{column}"), table, [column], ["id"])
            batch_op.create_unique_constraint(batch_op.f(f"uq_crisis_alerts_{column}"), [column])
        batch_op.create_check_constraint(batch_op.f("ck_crisis_alerts_one_origin"), ONE_ORIGIN)
        batch_op.create_check_constraint(
            batch_op.f("ck_crisis_alerts_text_of_a_line"), "(inbound_id IS NULL) = (line_id IS NULL)"
        )


def downgrade() -> None:
    # The table before knows only texts. What is over stands in the audit; what nobody has taken on must not be lost.
    standing = "SELECT COUNT(*) FROM crisis_alerts WHERE inbound_id IS NULL AND taken_at IS NULL"
    if op.get_bind().execute(sa.text(standing)).scalar():
        raise RuntimeError("A visit's sign of danger waits for somebody: take it on first (the line above every page)")
    op.execute("DELETE FROM duty_calls WHERE alert_id IN (SELECT id FROM crisis_alerts WHERE inbound_id IS NULL)")
    op.execute("DELETE FROM crisis_alerts WHERE inbound_id IS NULL")
    with op.batch_alter_table("crisis_alerts", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_crisis_alerts_text_of_a_line"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_crisis_alerts_one_origin"), type_="check")
        for column in ("waiting_visit_id", "contact_id"):
            batch_op.drop_constraint(batch_op.f(f"uq_crisis_alerts_{column}"), type_="unique")
            batch_op.drop_constraint(batch_op.f(f"fk_crisis_alerts_{column}"), type_="foreignkey")
            batch_op.drop_column(column)
        batch_op.alter_column("line_id", existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column("inbound_id", existing_type=sa.Integer(), nullable=False)
