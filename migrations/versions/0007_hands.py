"""hands: devices of a station, PINs, second factors, locked sessions

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
import counseling.models.base


revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OLD_REASONS = "end_reason IN ('signed_out', 'idle', 'too_old', 'ended_by_administrator', 'password_changed')"
REASONS = (
    "end_reason IN ('signed_out', 'idle', 'too_old', 'ended_by_administrator', 'password_changed', 'handed_over',"
    " 'device_revoked')"
)
ENROLLED = "(site_id IS NULL) = (enrolled_at IS NULL) AND (site_id IS NULL) = (enrolled_by_id IS NULL)"
REVOKED = "(revoked_at IS NULL) = (revoked_by_id IS NULL) AND (revoked_at IS NULL OR site_id IS NOT NULL)"


def upgrade() -> None:
    with op.batch_alter_table("devices", schema=None) as batch_op:
        batch_op.add_column(sa.Column("site_id", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("enrolled_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(sa.Column("enrolled_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("revoked_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("revoked_by_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_devices_site_id"), "sites", ["site_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_devices_enrolled_by_id"), "staff", ["enrolled_by_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_devices_revoked_by_id"), "staff", ["revoked_by_id"], ["id"])
        batch_op.create_check_constraint(batch_op.f("ck_devices_enrolled_whole"), ENROLLED)
        batch_op.create_check_constraint(batch_op.f("ck_devices_revoked_whole"), REVOKED)
        batch_op.create_index(batch_op.f("ix_devices_site_id"), ["site_id"], unique=False)
    with op.batch_alter_table("staff_sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("locked_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.drop_constraint(batch_op.f("ck_staff_sessions_end_reason"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_staff_sessions_end_reason"), REASONS)
    op.create_table(
        "staff_pins",
        sa.Column("staff_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("pin_hash", sa.String(length=200), nullable=False),
        sa.Column("set_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_pins_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_pins")),
    )
    op.create_table(
        "device_pins",
        sa.Column("device_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("staff_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("password_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("wrong_tries", sa.Integer(), nullable=False),
        sa.CheckConstraint("wrong_tries BETWEEN 0 AND 5", name=op.f("ck_device_pins_wrong_tries")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_device_pins_device_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_device_pins_staff_id")),
        sa.PrimaryKeyConstraint("device_id", "staff_id", name=op.f("pk_device_pins")),
    )
    op.create_index(op.f("ix_device_pins_staff_id"), "device_pins", ["staff_id"], unique=False)
    op.create_table(
        "staff_totp",
        sa.Column("staff_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_totp_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_totp")),
        sa.UniqueConstraint("ref", name=op.f("uq_staff_totp_ref")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_recovery_codes_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_recovery_codes_code_hash")),
    )
    op.create_index(op.f("ix_recovery_codes_staff_id"), "recovery_codes", ["staff_id"], unique=False)


def downgrade() -> None:
    op.drop_table("recovery_codes")
    op.drop_table("staff_totp")
    op.drop_table("device_pins")
    op.drop_table("staff_pins")
    # The older revision has no such words: whoever was handed over or whose device was revoked had left.
    op.execute(
        "UPDATE staff_sessions SET end_reason = 'signed_out' WHERE end_reason IN ('handed_over', 'device_revoked')"
    )
    # Nor does it know of a lock: what is locked must not lie open because of it.
    op.execute(
        "UPDATE staff_sessions SET ended_at = locked_at, end_reason = 'idle'"
        " WHERE locked_at IS NOT NULL AND ended_at IS NULL"
    )
    with op.batch_alter_table("staff_sessions", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_staff_sessions_end_reason"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_staff_sessions_end_reason"), OLD_REASONS)
        batch_op.drop_column("locked_at")
    with op.batch_alter_table("devices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_devices_site_id"))
        batch_op.drop_constraint(batch_op.f("ck_devices_revoked_whole"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_devices_enrolled_whole"), type_="check")
        batch_op.drop_constraint(batch_op.f("fk_devices_revoked_by_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_devices_enrolled_by_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_devices_site_id"), type_="foreignkey")
        batch_op.drop_column("revoked_by_id")
        batch_op.drop_column("revoked_at")
        batch_op.drop_column("enrolled_by_id")
        batch_op.drop_column("enrolled_at")
        batch_op.drop_column("site_id")
