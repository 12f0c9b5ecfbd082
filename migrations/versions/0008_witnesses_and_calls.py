"""a witness per dose, and calls to the doctor

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
import counseling.models.base


revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "witness_duties",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("since_on", sa.Date(), nullable=False),
        sa.Column("since_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("until_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "until_at IS NULL OR until_at >= since_at", name=op.f("ck_witness_duties_ends_after_it_began")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_witness_duties_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_witness_duties")),
    )
    with op.batch_alter_table("witness_duties", schema=None) as batch_op:
        batch_op.create_index("ix_witness_duties_site_id_since_at", ["site_id", "since_at"], unique=False)
        batch_op.create_index(
            "uq_witness_duties_open",
            ["site_id"],
            unique=True,
            sqlite_where=sa.text("until_at IS NULL"),
            postgresql_where=sa.text("until_at IS NULL"),
        )

    op.create_table(
        "dose_witnesses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day_dose_id", sa.Integer(), nullable=False),
        sa.Column("witness_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=True),
        sa.Column("witnessed_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["day_dose_id"], ["day_doses.id"], name=op.f("fk_dose_witnesses_day_dose_id")),
        sa.ForeignKeyConstraint(["session_id"], ["staff_sessions.id"], name=op.f("fk_dose_witnesses_session_id")),
        sa.ForeignKeyConstraint(["witness_id"], ["staff.id"], name=op.f("fk_dose_witnesses_witness_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dose_witnesses")),
        sa.UniqueConstraint("day_dose_id", name=op.f("uq_dose_witnesses_day_dose_id")),
    )
    with op.batch_alter_table("dose_witnesses", schema=None) as batch_op:
        batch_op.create_index("ix_dose_witnesses_request_key", ["request_key"], unique=False)

    op.create_table(
        "doctor_calls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=True),
        sa.Column("is_reached", sa.Boolean(), nullable=False),
        sa.Column("called_by_id", sa.Integer(), nullable=False),
        sa.Column("called_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["called_by_id"], ["staff.id"], name=op.f("fk_doctor_calls_called_by_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_doctor_calls_patient_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_doctor_calls_site_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["station_visits.id"], name=op.f("fk_doctor_calls_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doctor_calls")),
        sa.UniqueConstraint("request_key", name=op.f("uq_doctor_calls_request_key")),
    )
    with op.batch_alter_table("doctor_calls", schema=None) as batch_op:
        batch_op.create_index("ix_doctor_calls_patient_id_called_at", ["patient_id", "called_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_doctor_calls_visit_id"), ["visit_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("doctor_calls", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_doctor_calls_visit_id"))
        batch_op.drop_index("ix_doctor_calls_patient_id_called_at")

    op.drop_table("doctor_calls")
    with op.batch_alter_table("dose_witnesses", schema=None) as batch_op:
        batch_op.drop_index("ix_dose_witnesses_request_key")

    op.drop_table("dose_witnesses")
    with op.batch_alter_table("witness_duties", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_witness_duties_open", sqlite_where=sa.text("until_at IS NULL"), postgresql_where=sa.text("until_at IS NULL")
        )
        batch_op.drop_index("ix_witness_duties_site_id_since_at")

    op.drop_table("witness_duties")
