"""rules that a facility's doctors approve: versions of bands and of limits; tapers of several steps

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
import counseling.models.base


revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KINDS = "kind IN ('bands', 'limits')"
NAMES = (
    "name IN ('induction_days', 'adjustment_days', 'maintenance_days', 'taper_days', 'first_day_usual',"
    " 'first_day_never', 'two_doctors', 'observation_hours')"
)
PHASES = "phase IN ('induction', 'adjustment', 'maintenance', 'taper', 'one_time')"
# What had been a constant in the program until now: tenths of a mg a day, and hours.
FIGURES = (
    ("first_day_usual", 200, "Hướng dẫn của WHO (2009), phụ lục 12"),
    ("first_day_never", 300, "Hướng dẫn của WHO (2009), phụ lục 12"),
    ("two_doctors", 3000, "Cách kiểm tra của một hệ thống bệnh viện khác (theo tài liệu trích dẫn)"),
    ("observation_hours", 3, "Theo dõi 3–4 giờ sau liều đầu (theo tài liệu trích dẫn)"),
)
LIMITS_FROM_PHASES = (
    "INSERT INTO order_limits (name, value, source, effective_from)"
    " SELECT phase || '_days', longest_days, source, '2024-12-31' FROM phase_limits WHERE phase <> 'one_time'"
    " ORDER BY phase"
)
PHASES_FROM_LIMITS = (
    "INSERT INTO phase_limits (phase, longest_days, source) SELECT replace(name, '_days', ''), value, source"
    " FROM order_limits WHERE name LIKE '%_days' AND facility_id IS NULL"
)


def upgrade() -> None:
    op.create_table(
        "rule_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("facility_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("as_shipped", sa.Boolean(), nullable=False),
        sa.Column("is_looser", sa.Boolean(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("approved_by_id", sa.Integer(), nullable=False),
        sa.Column("second_approved_by_id", sa.Integer(), nullable=True),
        sa.Column("written_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_rule_changes_kind")),
        sa.CheckConstraint(
            "second_approved_by_id IS NULL OR second_approved_by_id <> approved_by_id",
            name=op.f("ck_rule_changes_two_doctors"),
        ),
        sa.CheckConstraint(
            "NOT is_looser OR second_approved_by_id IS NOT NULL", name=op.f("ck_rule_changes_looser_by_two")
        ),
        sa.ForeignKeyConstraint(["facility_id"], ["sites.id"], name=op.f("fk_rule_changes_facility_id")),
        sa.ForeignKeyConstraint(["approved_by_id"], ["staff.id"], name=op.f("fk_rule_changes_approved_by_id")),
        sa.ForeignKeyConstraint(
            ["second_approved_by_id"], ["staff.id"], name=op.f("fk_rule_changes_second_approved_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_changes")),
        sa.UniqueConstraint("request_key", name=op.f("uq_rule_changes_request_key")),
    )
    with op.batch_alter_table("rule_changes", schema=None) as batch_op:
        batch_op.create_index("ix_rule_changes_facility_id_kind", ["facility_id", "kind"], unique=False)

    op.create_table(
        "order_limits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_until", sa.Date(), nullable=True),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("facility_id", sa.Integer(), nullable=True),
        sa.Column("change_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(NAMES, name=op.f("ck_order_limits_name")),
        sa.CheckConstraint("value IS NULL OR value >= 1", name=op.f("ck_order_limits_value")),
        sa.ForeignKeyConstraint(["approved_by_id"], ["staff.id"], name=op.f("fk_order_limits_approved_by_id")),
        sa.ForeignKeyConstraint(["change_id"], ["rule_changes.id"], name=op.f("fk_order_limits_change_id")),
        sa.ForeignKeyConstraint(["facility_id"], ["sites.id"], name=op.f("fk_order_limits_facility_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_limits")),
    )
    with op.batch_alter_table("order_limits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_order_limits_facility_id"), ["facility_id"], unique=False)

    keep_limits()
    op.drop_table("phase_limits")
    with op.batch_alter_table("gap_bands", schema=None) as batch_op:
        batch_op.add_column(sa.Column("facility_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("change_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_gap_bands_facility_id"), ["facility_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_gap_bands_facility_id"), "sites", ["facility_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_gap_bands_change_id"), "rule_changes", ["change_id"], ["id"])

    op.create_table(
        "dose_observations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day_dose_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_by_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "state IN ('well', 'drowsy', 'hard_to_wake', 'left')", name=op.f("ck_dose_observations_state")
        ),
        sa.ForeignKeyConstraint(["day_dose_id"], ["day_doses.id"], name=op.f("fk_dose_observations_day_dose_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_dose_observations_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["staff.id"], name=op.f("fk_dose_observations_recorded_by_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_dose_observations_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dose_observations")),
        sa.UniqueConstraint("request_key", name=op.f("uq_dose_observations_request_key")),
    )
    with op.batch_alter_table("dose_observations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dose_observations_day_dose_id"), ["day_dose_id"], unique=False)

    op.add_column("dose_orders", sa.Column("taper_key", sa.String(length=32), nullable=True))


def keep_limits() -> None:
    """An installation that stands already has its limits of phases; an empty one gets everything when it starts."""
    connection = op.get_bind()
    if connection.execute(sa.text("SELECT 1 FROM phase_limits")).first() is None:
        return
    connection.execute(sa.text(LIMITS_FROM_PHASES))
    row = sa.text("INSERT INTO order_limits (name, value, source, effective_from) VALUES (:n, :v, :s, '2024-12-31')")
    for name, value, source in FIGURES:
        connection.execute(row, {"n": name, "v": value, "s": source})


def downgrade() -> None:
    op.create_table(
        "phase_limits",
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("longest_days", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.CheckConstraint(PHASES, name=op.f("ck_phase_limits_phase")),
        sa.PrimaryKeyConstraint("phase", name=op.f("pk_phase_limits")),
    )
    connection = op.get_bind()
    connection.execute(sa.text(PHASES_FROM_LIMITS))
    if connection.execute(sa.text("SELECT 1 FROM phase_limits")).first() is not None:
        connection.execute(
            sa.text("INSERT INTO phase_limits (phase, longest_days, source) VALUES ('one_time', 1, :source)"),
            {"source": "một liều của một ngày"},
        )
    with op.batch_alter_table("dose_observations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dose_observations_day_dose_id"))

    op.drop_table("dose_observations")
    with op.batch_alter_table("dose_orders", schema=None) as batch_op:
        batch_op.drop_column("taper_key")
    connection.execute(sa.text("DELETE FROM gap_bands WHERE facility_id IS NOT NULL"))
    with op.batch_alter_table("gap_bands", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_gap_bands_change_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_gap_bands_facility_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_gap_bands_facility_id"))
        batch_op.drop_column("change_id")
        batch_op.drop_column("facility_id")
    op.drop_table("order_limits")
    op.drop_table("rule_changes")
