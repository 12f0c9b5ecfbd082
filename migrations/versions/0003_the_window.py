"""the window: cups that are poured, spills, holds and alerts

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
import counseling.models.base


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "patient_holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("by_doctor", sa.Boolean(), nullable=False),
        sa.Column("set_by_id", sa.Integer(), nullable=False),
        sa.Column("set_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.Column("lifted_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("lifted_by_id", sa.Integer(), nullable=True),
        sa.Column("lifted_words", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("kind IN ('hold', 'alert')", name=op.f("ck_patient_holds_kind")),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lifted_by_id IS NULL)", name=op.f("ck_patient_holds_lifted_by_somebody")
        ),
        sa.ForeignKeyConstraint(["lifted_by_id"], ["staff.id"], name=op.f("fk_patient_holds_lifted_by_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_patient_holds_patient_id")),
        sa.ForeignKeyConstraint(["set_by_id"], ["staff.id"], name=op.f("fk_patient_holds_set_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_holds")),
        sa.UniqueConstraint("ref", name=op.f("uq_patient_holds_ref")),
        sa.UniqueConstraint("request_key", name=op.f("uq_patient_holds_request_key")),
    )
    with op.batch_alter_table("patient_holds", schema=None) as batch_op:
        batch_op.create_index("ix_patient_holds_patient_id_lifted_at", ["patient_id", "lifted_at"], unique=False)

    op.create_table(
        "alert_readings",
        sa.Column("hold_id", sa.Integer(), nullable=False),
        sa.Column("read_on", sa.Date(), nullable=False),
        sa.Column("read_by_id", sa.Integer(), nullable=False),
        sa.Column("read_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["hold_id"], ["patient_holds.id"], name=op.f("fk_alert_readings_hold_id")),
        sa.ForeignKeyConstraint(["read_by_id"], ["staff.id"], name=op.f("fk_alert_readings_read_by_id")),
        sa.PrimaryKeyConstraint("hold_id", "read_on", name=op.f("pk_alert_readings")),
    )
    op.create_table(
        "dose_pours",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("dose_on", sa.Date(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("mg_tenths", sa.Integer(), nullable=False),
        sa.Column("gap_check", sa.String(length=12), nullable=True),
        sa.Column("poured_by_id", sa.Integer(), nullable=False),
        sa.Column("poured_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.Column("ended_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=12), nullable=True),
        sa.Column("day_dose_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(day_dose_id IS NOT NULL) = (ended_by IS NOT NULL AND ended_by = 'swallowed')",
            name=op.f("ck_dose_pours_swallowed_names_its_dose"),
        ),
        sa.CheckConstraint("ended_by IN ('swallowed', 'spilled')", name=op.f("ck_dose_pours_ended_by")),
        sa.CheckConstraint("gap_check IS NULL OR gap_check = 'alert'", name=op.f("ck_dose_pours_gap_check")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_dose_pours_ended_somehow")),
        sa.ForeignKeyConstraint(["day_dose_id"], ["day_doses.id"], name=op.f("fk_dose_pours_day_dose_id")),
        sa.ForeignKeyConstraint(
            ["order_id", "part", "mg_tenths"],
            ["order_parts.order_id", "order_parts.part", "order_parts.mg_tenths"],
            name="fk_dose_pours_order_part",
        ),
        sa.ForeignKeyConstraint(
            ["order_id", "patient_id"], ["dose_orders.id", "dose_orders.patient_id"], name="fk_dose_pours_own_order"
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_dose_pours_patient_id")),
        sa.ForeignKeyConstraint(["poured_by_id"], ["staff.id"], name=op.f("fk_dose_pours_poured_by_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_dose_pours_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dose_pours")),
        sa.UniqueConstraint("day_dose_id", name=op.f("uq_dose_pours_day_dose_id")),
        sa.UniqueConstraint("request_key", name=op.f("uq_dose_pours_request_key")),
    )
    with op.batch_alter_table("dose_pours", schema=None) as batch_op:
        batch_op.create_index("ix_dose_pours_site_id_dose_on", ["site_id", "dose_on"], unique=False)
        batch_op.create_index(
            "uq_dose_pours_open",
            ["patient_id", "dose_on"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "spills",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("spilled_on", sa.Date(), nullable=False),
        sa.Column("mg_tenths", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("pour_id", sa.Integer(), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "reason IN ('refused', 'withheld', 'overturned', 'wrong_amount', 'left', 'order_changed', 'stopped')",
            name=op.f("ck_spills_reason"),
        ),
        sa.CheckConstraint("mg_tenths > 0", name=op.f("ck_spills_mg_tenths")),
        sa.ForeignKeyConstraint(["pour_id"], ["dose_pours.id"], name=op.f("fk_spills_pour_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["staff.id"], name=op.f("fk_spills_recorded_by_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_spills_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spills")),
        sa.UniqueConstraint("pour_id", name=op.f("uq_spills_pour_id")),
        sa.UniqueConstraint("request_key", name=op.f("uq_spills_request_key")),
    )
    with op.batch_alter_table("spills", schema=None) as batch_op:
        batch_op.create_index("ix_spills_site_id_spilled_on", ["site_id", "spilled_on"], unique=False)

    with op.batch_alter_table("station_visits", schema=None) as batch_op:
        batch_op.add_column(sa.Column("minutes_after", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("station_visits", schema=None) as batch_op:
        batch_op.drop_column("minutes_after")
    with op.batch_alter_table("spills", schema=None) as batch_op:
        batch_op.drop_index("ix_spills_site_id_spilled_on")

    op.drop_table("spills")
    with op.batch_alter_table("dose_pours", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_dose_pours_open", sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL")
        )
        batch_op.drop_index("ix_dose_pours_site_id_dose_on")

    op.drop_table("dose_pours")
    op.drop_table("alert_readings")
    with op.batch_alter_table("patient_holds", schema=None) as batch_op:
        batch_op.drop_index("ix_patient_holds_patient_id_lifted_at")

    op.drop_table("patient_holds")
