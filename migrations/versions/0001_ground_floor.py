"""ground floor

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
import counseling.models.base


revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


VOIDED = ["patient_id", "dose_on", "part", "voided_attempt"]
VOID = ["patient_id", "dose_on", "part", "attempt"]
AFTER_VOID = "fk_day_doses_after_void"
NEVER_OVERLAP = """
    ALTER TABLE dose_orders ADD CONSTRAINT dose_orders_never_overlap EXCLUDE USING gist
    (patient_id WITH =, daterange(starts_on, last_on + 1, '[)') WITH &&) WHERE (phase <> 'one_time')
"""


def on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def after_void() -> list[sa.ForeignKeyConstraint]:
    """Doses and voids refer to each other: SQLite takes that inline only, PostgreSQL only once both tables stand."""
    inline = sa.ForeignKeyConstraint(VOIDED, [f"dose_voids.{name}" for name in VOID], name=AFTER_VOID)
    return [] if on_postgresql() else [inline]


def upgrade() -> None:
    op.create_table(
        "areas",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('province', 'drawn', 'commune', 'ward', 'special_zone')", name=op.f("ck_areas_kind")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["areas.id"], name=op.f("fk_areas_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_areas")),
        sa.UniqueConstraint("code", name=op.f("uq_areas_code")),
    )
    op.create_index(op.f("ix_areas_parent_id"), "areas", ["parent_id"], unique=False)
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chain", sa.String(length=24), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=60), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
        sa.UniqueConstraint("chain", "sequence", name=op.f("uq_audit_entries_chain_sequence")),
    )
    op.create_table(
        "audit_heads",
        sa.Column("chain", sa.String(length=24), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "devices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("first_seen_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_devices_token_hash")),
    )
    op.create_table(
        "drugs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("form", sa.String(length=60), nullable=False),
        sa.Column("strength", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drugs")),
        sa.UniqueConstraint("code", name=op.f("uq_drugs_code")),
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("digest_salt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("created_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "patients",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patients")),
    )
    op.create_table(
        "phase_limits",
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("longest_days", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "phase IN ('induction', 'adjustment', 'maintenance', 'taper', 'one_time')",
            name=op.f("ck_phase_limits_phase"),
        ),
        sa.PrimaryKeyConstraint("phase", name=op.f("pk_phase_limits")),
    )
    op.create_table(
        "sign_in_brakes",
        sa.Column("bucket", sa.String(length=80), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("window_started_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_failure_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_sign_in_brakes")),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=40), nullable=False),
        sa.Column("display_name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("created_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("username", name=op.f("uq_staff_username")),
    )
    op.create_table(
        "adherence_summaries",
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("anchor_on", sa.Date(), nullable=True),
        sa.Column("covered", sa.LargeBinary(), nullable=False),
        sa.Column("complete", sa.LargeBinary(), nullable=False),
        sa.Column("covered_through", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_adherence_summaries_patient_id")),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("pk_adherence_summaries")),
    )
    op.create_table(
        "cards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column("token", sa.LargeBinary(length=16), nullable=False),
        sa.Column("key_id", sa.LargeBinary(length=4), nullable=False),
        sa.Column("issued_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("issued_by_id", sa.Integer(), nullable=False),
        sa.Column("revoked_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("revoked_by_id", sa.Integer(), nullable=True),
        sa.Column("revoke_reason", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["issued_by_id"], ["staff.id"], name=op.f("fk_cards_issued_by_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_cards_patient_id")),
        sa.ForeignKeyConstraint(["revoked_by_id"], ["staff.id"], name=op.f("fk_cards_revoked_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cards")),
        sa.UniqueConstraint("ref", name=op.f("uq_cards_ref")),
        sa.UniqueConstraint("token", name=op.f("uq_cards_token")),
    )
    op.create_index(op.f("ix_cards_patient_id"), "cards", ["patient_id"], unique=False)
    op.create_table(
        "dose_orders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("drug_id", sa.Integer(), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("gap_reviewed_through", sa.Date(), nullable=True),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("written_by_id", sa.Integer(), nullable=False),
        sa.Column("second_doctor_id", sa.Integer(), nullable=True),
        sa.Column("written_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.Column("stopped_by_id", sa.Integer(), nullable=True),
        sa.Column("stopped_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("origin IN ('doctor', 'register_import')", name=op.f("ck_dose_orders_origin")),
        sa.CheckConstraint(
            "phase IN ('induction', 'adjustment', 'maintenance', 'taper', 'one_time')",
            name=op.f("ck_dose_orders_phase"),
        ),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_dose_orders_ends_after_it_starts")),
        sa.CheckConstraint("last_on <= ends_on", name=op.f("ck_dose_orders_last_day_within")),
        sa.CheckConstraint(
            "second_doctor_id IS NULL OR second_doctor_id <> written_by_id", name=op.f("ck_dose_orders_two_doctors")
        ),
        sa.ForeignKeyConstraint(["drug_id"], ["drugs.id"], name=op.f("fk_dose_orders_drug_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_dose_orders_patient_id")),
        sa.ForeignKeyConstraint(["second_doctor_id"], ["staff.id"], name=op.f("fk_dose_orders_second_doctor_id")),
        sa.ForeignKeyConstraint(["stopped_by_id"], ["staff.id"], name=op.f("fk_dose_orders_stopped_by_id")),
        sa.ForeignKeyConstraint(["written_by_id"], ["staff.id"], name=op.f("fk_dose_orders_written_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dose_orders")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_dose_orders_id_patient_id")),
        sa.UniqueConstraint("request_key", name=op.f("uq_dose_orders_request_key")),
    )
    op.create_index("ix_dose_orders_patient_id_last_on", "dose_orders", ["patient_id", "last_on"], unique=False)
    op.create_table(
        "dosed_elsewhere",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=160), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("last_on >= first_on", name=op.f("ck_dosed_elsewhere_days")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_dosed_elsewhere_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["staff.id"], name=op.f("fk_dosed_elsewhere_recorded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dosed_elsewhere")),
    )
    op.create_index(op.f("ix_dosed_elsewhere_patient_id"), "dosed_elsewhere", ["patient_id"], unique=False)
    op.create_table(
        "file_status_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("since_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_by_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("side IN ('treatment', 'support')", name=op.f("ck_file_status_changes_side")),
        sa.CheckConstraint(
            "status IN ('active', 'discharged', 'moved', 'died')", name=op.f("ck_file_status_changes_status")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_file_status_changes_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["staff.id"], name=op.f("fk_file_status_changes_recorded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_status_changes")),
    )
    op.create_index(op.f("ix_file_status_changes_patient_id"), "file_status_changes", ["patient_id"], unique=False)
    op.create_table(
        "former_communes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("former_name", sa.String(length=120), nullable=False),
        sa.Column("former_district", sa.String(length=120), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_former_communes_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_communes")),
        sa.UniqueConstraint(
            "former_name",
            "former_district",
            "area_id",
            name=op.f("uq_former_communes_former_name_former_district_area_id"),
        ),
    )
    op.create_index(op.f("ix_former_communes_area_id"), "former_communes", ["area_id"], unique=False)
    op.create_table(
        "gap_bands",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("from_days", sa.Integer(), nullable=False),
        sa.Column("to_days", sa.Integer(), nullable=True),
        sa.Column("response", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_until", sa.Date(), nullable=True),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "response IN ('dose', 'check', 'suspend', 'end', 'consider_ending')", name=op.f("ck_gap_bands_response")
        ),
        sa.CheckConstraint(
            "from_days >= 1 AND (to_days IS NULL OR to_days >= from_days)", name=op.f("ck_gap_bands_days")
        ),
        sa.ForeignKeyConstraint(["approved_by_id"], ["staff.id"], name=op.f("fk_gap_bands_approved_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gap_bands")),
    )
    op.create_table(
        "phone_numbers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("removed_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("side IN ('treatment', 'support')", name=op.f("ck_phone_numbers_side")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_phone_numbers_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_numbers")),
        sa.UniqueConstraint("ref", name=op.f("uq_phone_numbers_ref")),
    )
    op.create_index(op.f("ix_phone_numbers_patient_id"), "phone_numbers", ["patient_id"], unique=False)
    op.create_table(
        "search_keys",
        sa.Column("token", sa.LargeBinary(length=16), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.LargeBinary(length=4), nullable=False),
        sa.CheckConstraint(
            "kind IN ('name', 'word', 'phone', 'identity', 'national_code', 'alias')", name=op.f("ck_search_keys_kind")
        ),
        sa.CheckConstraint("side IN ('treatment', 'support')", name=op.f("ck_search_keys_side")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_search_keys_patient_id")),
        sa.PrimaryKeyConstraint("token", "side", "kind", "patient_id", name=op.f("pk_search_keys")),
    )
    op.create_index("ix_search_keys_patient_id_side", "search_keys", ["patient_id", "side"], unique=False)
    op.create_table(
        "sites",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("treats", sa.Boolean(), nullable=False),
        sa.Column("dispenses", sa.Boolean(), nullable=False),
        sa.Column("counsels", sa.Boolean(), nullable=False),
        sa.Column("treated_by_id", sa.Integer(), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("pour_step_hundredths", sa.Integer(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.CheckConstraint("pour_step_hundredths > 0", name=op.f("ck_sites_pour_step")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_sites_area_id")),
        sa.ForeignKeyConstraint(["treated_by_id"], ["sites.id"], name=op.f("fk_sites_treated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sites")),
        sa.UniqueConstraint("code", name=op.f("uq_sites_code")),
    )
    op.create_index(op.f("ix_sites_area_id"), "sites", ["area_id"], unique=False)
    op.create_index(op.f("ix_sites_treated_by_id"), "sites", ["treated_by_id"], unique=False)
    op.create_table(
        "former_site_names",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("used_until", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_former_site_names_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_site_names")),
    )
    op.create_index(op.f("ix_former_site_names_site_id"), "former_site_names", ["site_id"], unique=False)
    op.create_table(
        "order_parts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("mg_tenths", sa.Integer(), nullable=False),
        sa.CheckConstraint("mg_tenths > 0", name=op.f("ck_order_parts_mg_tenths")),
        sa.CheckConstraint("part BETWEEN 1 AND 14", name=op.f("ck_order_parts_part")),
        sa.ForeignKeyConstraint(["order_id"], ["dose_orders.id"], name=op.f("fk_order_parts_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_parts")),
        sa.UniqueConstraint("order_id", "part", "mg_tenths", name=op.f("uq_order_parts_order_id_part_mg_tenths")),
    )
    op.create_table(
        "outreach_teams",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_outreach_teams_area_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_outreach_teams_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outreach_teams")),
        sa.UniqueConstraint("code", name=op.f("uq_outreach_teams_code")),
    )
    op.create_index(op.f("ix_outreach_teams_area_id"), "outreach_teams", ["area_id"], unique=False)
    op.create_index(op.f("ix_outreach_teams_site_id"), "outreach_teams", ["site_id"], unique=False)
    op.create_table(
        "register_imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("failure", sa.String(length=40), nullable=True),
        sa.Column("file", sa.LargeBinary(), nullable=True),
        sa.Column("file_name", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=True),
        sa.Column("claim", sa.String(length=32), nullable=True),
        sa.Column("key_id", sa.LargeBinary(length=4), nullable=True),
        sa.Column("seen_patient_id", sa.Integer(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=True),
        sa.Column("dosed_elsewhere_until", sa.Date(), nullable=True),
        sa.Column("rows_total", sa.Integer(), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("heartbeat_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("uploaded_by_id", sa.Integer(), nullable=False),
        sa.Column("uploaded_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("applied_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("applied_by_id", sa.Integer(), nullable=True),
        sa.Column("request_key", sa.String(length=32), nullable=True),
        sa.CheckConstraint(
            "state IN ('uploaded', 'checking', 'checked', 'applying', 'applied', 'failed', 'discarded')",
            name=op.f("ck_register_imports_state"),
        ),
        sa.ForeignKeyConstraint(["applied_by_id"], ["staff.id"], name=op.f("fk_register_imports_applied_by_id")),
        sa.ForeignKeyConstraint(["station_id"], ["sites.id"], name=op.f("fk_register_imports_station_id")),
        sa.ForeignKeyConstraint(["uploaded_by_id"], ["staff.id"], name=op.f("fk_register_imports_uploaded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_imports")),
        sa.UniqueConstraint("ref", name=op.f("uq_register_imports_ref")),
        sa.UniqueConstraint("request_key", name=op.f("uq_register_imports_request_key")),
    )
    op.create_index(op.f("ix_register_imports_station_id"), "register_imports", ["station_id"], unique=False)
    op.create_index(
        "uq_register_imports_unfinished",
        "register_imports",
        ["station_id"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('applied', 'discarded')"),
        postgresql_where=sa.text("state NOT IN ('applied', 'discarded')"),
    )
    op.create_table(
        "register_import_rows",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("row_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("has_warnings", sa.Boolean(), nullable=False),
        sa.Column("is_likely", sa.Boolean(), nullable=False),
        sa.Column("is_confirmed", sa.Boolean(), nullable=False),
        sa.Column("shown", sa.LargeBinary(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("fields", sa.String(length=300), nullable=False),
        sa.Column("seen_stamp", sa.String(length=32), nullable=True),
        sa.Column("ref", sa.String(length=16), nullable=True),
        sa.Column("register_code", sa.String(length=40), nullable=True),
        sa.Column("national_code", sa.LargeBinary(), nullable=True),
        sa.Column("full_name", sa.LargeBinary(), nullable=True),
        sa.Column("birth_year", sa.Integer(), nullable=True),
        sa.Column("birth_on", sa.LargeBinary(), nullable=True),
        sa.Column("clears_birth_on", sa.Boolean(), nullable=False),
        sa.Column("sex", sa.String(length=8), nullable=True),
        sa.Column("identity_number", sa.LargeBinary(), nullable=True),
        sa.Column("area_id", sa.Integer(), nullable=True),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("hiv_status", sa.LargeBinary(), nullable=True),
        sa.Column("notes", sa.LargeBinary(), nullable=True),
        sa.Column("treatment_began_on", sa.Date(), nullable=True),
        sa.Column("phone_ref", sa.String(length=16), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("replaces_phone_id", sa.Integer(), nullable=True),
        sa.Column("redoes_keys", sa.Boolean(), nullable=False),
        sa.Column("order_key", sa.String(length=32), nullable=True),
        sa.Column("order_tenths", sa.Integer(), nullable=True),
        sa.Column("order_starts_on", sa.Date(), nullable=True),
        sa.Column("order_ends_on", sa.Date(), nullable=True),
        sa.Column("seen_order_id", sa.Integer(), nullable=True),
        sa.Column("lowers_order_id", sa.Integer(), nullable=True),
        sa.Column("lowers_from", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('new', 'changed', 'unchanged', 'repeated', 'wrong')",
            name=op.f("ck_register_import_rows_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["register_imports.id"], name=op.f("fk_register_import_rows_import_id")
        ),
        sa.PrimaryKeyConstraint("import_id", "row_number", name=op.f("pk_register_import_rows")),
    )
    op.create_index(
        "ix_register_import_rows_import_id_outcome", "register_import_rows", ["import_id", "outcome"], unique=False
    )
    op.create_index(
        "ix_register_import_rows_import_id_patient_id",
        "register_import_rows",
        ["import_id", "patient_id"],
        unique=False,
    )
    op.create_table(
        "register_import_keys",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("row_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("token", sa.LargeBinary(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["register_imports.id"], name=op.f("fk_register_import_keys_import_id")
        ),
        sa.PrimaryKeyConstraint("import_id", "row_number", "kind", "token", name=op.f("pk_register_import_keys")),
    )
    op.create_table(
        "remembered_columns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("signature", sa.String(length=64), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("remembered_by_id", sa.Integer(), nullable=False),
        sa.Column("remembered_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["remembered_by_id"], ["staff.id"], name=op.f("fk_remembered_columns_remembered_by_id")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_remembered_columns_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remembered_columns")),
        sa.UniqueConstraint("site_id", "signature", name=op.f("uq_remembered_columns_site_id_signature")),
    )
    op.create_table(
        "site_hours",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("opens_at", sa.Time(), nullable=False),
        sa.Column("closes_at", sa.Time(), nullable=False),
        sa.CheckConstraint("opens_at < closes_at", name=op.f("ck_site_hours_opens_before_it_closes")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_site_hours_weekday")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_site_hours_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_hours")),
        sa.UniqueConstraint("site_id", "weekday", "opens_at", name=op.f("uq_site_hours_site_id_weekday_opens_at")),
    )
    op.create_table(
        "site_hours_exceptions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("is_shut", sa.Boolean(), nullable=False),
        sa.Column("opens_at", sa.Time(), nullable=True),
        sa.Column("closes_at", sa.Time(), nullable=True),
        sa.Column("reason", sa.String(length=160), nullable=False),
        sa.CheckConstraint(
            "is_shut OR (opens_at IS NOT NULL AND opens_at < closes_at)",
            name=op.f("ck_site_hours_exceptions_shut_or_hours"),
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_site_hours_exceptions_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_hours_exceptions")),
        sa.UniqueConstraint("site_id", "on_date", name=op.f("uq_site_hours_exceptions_site_id_on_date")),
    )
    op.create_table(
        "station_days",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("day_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("opened_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("closed_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('opened', 'recording', 'on_paper', 'closed')", name=op.f("ck_station_days_state")
        ),
        sa.ForeignKeyConstraint(["closed_by_id"], ["staff.id"], name=op.f("fk_station_days_closed_by_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["staff.id"], name=op.f("fk_station_days_opened_by_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_station_days_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_station_days")),
        sa.UniqueConstraint("site_id", "day_on", name=op.f("uq_station_days_site_id_day_on")),
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("dedupe_key", sa.String(length=80), nullable=False),
        sa.Column("opened_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=True),
        sa.Column("closed_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("side IN ('treatment', 'support')", name=op.f("ck_tasks_side")),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by_id IS NULL)", name=op.f("ck_tasks_closed_by_somebody")),
        sa.ForeignKeyConstraint(["closed_by_id"], ["staff.id"], name=op.f("fk_tasks_closed_by_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["staff.id"], name=op.f("fk_tasks_opened_by_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_tasks_patient_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_tasks_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_tasks_dedupe_key")),
    )
    op.create_index(op.f("ix_tasks_patient_id"), "tasks", ["patient_id"], unique=False)
    op.create_index("ix_tasks_site_id_closed_at", "tasks", ["site_id", "closed_at"], unique=False)
    op.create_table(
        "day_doses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("dose_on", sa.Date(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("voided_attempt", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("mg_tenths", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("gap_days", sa.Integer(), nullable=True),
        sa.Column("gap_check", sa.String(length=12), nullable=True),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("paper", sa.String(length=160), nullable=True),
        sa.Column("recorded_by_id", sa.Integer(), nullable=False),
        sa.Column("witness_id", sa.Integer(), nullable=True),
        sa.Column("recorded_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "(kind = 'replacement' AND part >= 11 AND replaces_id IS NOT NULL) OR (kind <> 'replacement' AND part BETWEEN 1 AND 4 AND replaces_id IS NULL)",
            name=op.f("ck_day_doses_replacement_names_its_dose"),
        ),
        sa.CheckConstraint("gap_check IS NULL OR gap_check = 'alert'", name=op.f("ck_day_doses_gap_check")),
        sa.CheckConstraint("kind IN ('observed', 'take_home', 'replacement')", name=op.f("ck_day_doses_kind")),
        sa.CheckConstraint("source IN ('window', 'late_entry', 'provisional')", name=op.f("ck_day_doses_source")),
        sa.CheckConstraint(
            "(attempt = 1 AND voided_attempt IS NULL) OR (attempt > 1 AND voided_attempt IS NOT NULL AND voided_attempt = attempt - 1)",
            name=op.f("ck_day_doses_attempt_follows_void"),
        ),
        sa.CheckConstraint("attempt >= 1", name=op.f("ck_day_doses_attempt")),
        sa.CheckConstraint(
            "witness_id IS NULL OR witness_id <> recorded_by_id", name=op.f("ck_day_doses_witness_is_another")
        ),
        sa.ForeignKeyConstraint(
            ["order_id", "part", "mg_tenths"],
            ["order_parts.order_id", "order_parts.part", "order_parts.mg_tenths"],
            name="fk_day_doses_order_part",
        ),
        sa.ForeignKeyConstraint(
            ["order_id", "patient_id"], ["dose_orders.id", "dose_orders.patient_id"], name="fk_day_doses_own_order"
        ),
        *after_void(),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_day_doses_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["staff.id"], name=op.f("fk_day_doses_recorded_by_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["day_doses.id"], name=op.f("fk_day_doses_replaces_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_day_doses_site_id")),
        sa.ForeignKeyConstraint(["witness_id"], ["staff.id"], name=op.f("fk_day_doses_witness_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_day_doses")),
        sa.UniqueConstraint("patient_id", "dose_on", "part", "attempt", name="uq_day_doses_patient_day_part_attempt"),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_day_doses_replaces_id")),
        sa.UniqueConstraint("request_key", name=op.f("uq_day_doses_request_key")),
    )
    op.create_index("ix_day_doses_order_id", "day_doses", ["order_id"], unique=False)
    op.create_index("ix_day_doses_site_id_dose_on", "day_doses", ["site_id", "dose_on"], unique=False)
    op.create_table(
        "staff_roles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("area_id", sa.Integer(), nullable=True),
        sa.Column("given_by_id", sa.Integer(), nullable=True),
        sa.Column("given_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind IN ('dispenser', 'doctor') AND side = 'treatment' AND site_id IS NOT NULL AND team_id IS NULL AND area_id IS NULL) OR (kind = 'counselor' AND side = 'support' AND site_id IS NOT NULL AND team_id IS NULL AND area_id IS NULL) OR (kind = 'volunteer' AND side = 'support' AND team_id IS NOT NULL AND site_id IS NULL AND area_id IS NULL) OR (kind = 'supervisor' AND side IN ('treatment', 'support') AND area_id IS NOT NULL AND site_id IS NULL AND team_id IS NULL) OR (kind = 'administrator' AND side = 'house' AND site_id IS NULL AND team_id IS NULL AND area_id IS NULL)",
            name=op.f("ck_staff_roles_place_fits_kind"),
        ),
        sa.CheckConstraint(
            "kind IN ('dispenser', 'doctor', 'counselor', 'volunteer', 'supervisor', 'administrator')",
            name=op.f("ck_staff_roles_kind"),
        ),
        sa.CheckConstraint("side IN ('treatment', 'support', 'house')", name=op.f("ck_staff_roles_side")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_staff_roles_area_id")),
        sa.ForeignKeyConstraint(["given_by_id"], ["staff.id"], name=op.f("fk_staff_roles_given_by_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_staff_roles_site_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_roles_staff_id")),
        sa.ForeignKeyConstraint(["team_id"], ["outreach_teams.id"], name=op.f("fk_staff_roles_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_roles")),
    )
    op.create_index(op.f("ix_staff_roles_staff_id"), "staff_roles", ["staff_id"], unique=False)
    op.create_table(
        "support_files",
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("community_name", sa.LargeBinary(), nullable=False),
        sa.Column("birth_year", sa.Integer(), nullable=True),
        sa.Column("sex", sa.String(length=8), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=True),
        sa.Column("hamlet", sa.String(length=120), nullable=True),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("can_read", sa.Boolean(), nullable=True),
        sa.Column("notes", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("status_since", sa.Date(), nullable=False),
        sa.Column("registered_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("registered_by_id", sa.Integer(), nullable=False),
        sa.Column("request_key", sa.String(length=32), nullable=True),
        sa.CheckConstraint("sex IN ('male', 'female', 'unknown')", name=op.f("ck_support_files_sex")),
        sa.CheckConstraint("status IN ('active', 'discharged', 'moved', 'died')", name=op.f("ck_support_files_status")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_support_files_area_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_support_files_patient_id")),
        sa.ForeignKeyConstraint(["registered_by_id"], ["staff.id"], name=op.f("fk_support_files_registered_by_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_support_files_site_id")),
        sa.ForeignKeyConstraint(["team_id"], ["outreach_teams.id"], name=op.f("fk_support_files_team_id")),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("pk_support_files")),
        sa.UniqueConstraint("ref", name=op.f("uq_support_files_ref")),
        sa.UniqueConstraint("request_key", name=op.f("uq_support_files_request_key")),
    )
    op.create_index("ix_support_files_site_id_status", "support_files", ["site_id", "status"], unique=False)
    op.create_index("ix_support_files_team_id_status", "support_files", ["team_id", "status"], unique=False)
    op.create_table(
        "treatment_files",
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("facility_id", sa.Integer(), nullable=False),
        sa.Column("register_code", sa.String(length=40), nullable=False),
        sa.Column("national_code", sa.LargeBinary(), nullable=True),
        sa.Column("full_name", sa.LargeBinary(), nullable=False),
        sa.Column("alias", sa.LargeBinary(), nullable=True),
        sa.Column("birth_year", sa.Integer(), nullable=False),
        sa.Column("birth_on", sa.LargeBinary(), nullable=True),
        sa.Column("sex", sa.String(length=8), nullable=False),
        sa.Column("identity_number", sa.LargeBinary(), nullable=True),
        sa.Column("area_id", sa.Integer(), nullable=True),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("can_read", sa.Boolean(), nullable=True),
        sa.Column("hiv_status", sa.LargeBinary(), nullable=False),
        sa.Column("notes", sa.LargeBinary(), nullable=True),
        sa.Column("treatment_began_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("status_since", sa.Date(), nullable=False),
        sa.Column("registered_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("registered_by_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("request_key", sa.String(length=32), nullable=True),
        sa.CheckConstraint("sex IN ('male', 'female', 'unknown')", name=op.f("ck_treatment_files_sex")),
        sa.CheckConstraint(
            "status IN ('active', 'discharged', 'moved', 'died')", name=op.f("ck_treatment_files_status")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_treatment_files_area_id")),
        sa.ForeignKeyConstraint(["facility_id"], ["sites.id"], name=op.f("fk_treatment_files_facility_id")),
        sa.ForeignKeyConstraint(["import_id"], ["register_imports.id"], name=op.f("fk_treatment_files_import_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_treatment_files_patient_id")),
        sa.ForeignKeyConstraint(["registered_by_id"], ["staff.id"], name=op.f("fk_treatment_files_registered_by_id")),
        sa.ForeignKeyConstraint(["station_id"], ["sites.id"], name=op.f("fk_treatment_files_station_id")),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("pk_treatment_files")),
        sa.UniqueConstraint("ref", name=op.f("uq_treatment_files_ref")),
        sa.UniqueConstraint("request_key", name=op.f("uq_treatment_files_request_key")),
        sa.UniqueConstraint("station_id", "register_code", name=op.f("uq_treatment_files_station_id_register_code")),
    )
    op.create_index("ix_treatment_files_facility_id_status", "treatment_files", ["facility_id", "status"], unique=False)
    op.create_index("ix_treatment_files_station_id_status", "treatment_files", ["station_id", "status"], unique=False)
    op.create_table(
        "dose_incidents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("dose_on", sa.Date(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("mg_tenths", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("collided_with_id", sa.Integer(), nullable=True),
        sa.Column("given_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["collided_with_id"], ["day_doses.id"], name=op.f("fk_dose_incidents_collided_with_id")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_dose_incidents_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["staff.id"], name=op.f("fk_dose_incidents_recorded_by_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_dose_incidents_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dose_incidents")),
        sa.UniqueConstraint("request_key", name=op.f("uq_dose_incidents_request_key")),
    )
    op.create_index(op.f("ix_dose_incidents_patient_id"), "dose_incidents", ["patient_id"], unique=False)
    op.create_index(op.f("ix_dose_incidents_site_id"), "dose_incidents", ["site_id"], unique=False)
    op.create_table(
        "dose_void_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day_dose_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("requested_by_id", sa.Integer(), nullable=False),
        sa.Column("requested_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["day_dose_id"], ["day_doses.id"], name=op.f("fk_dose_void_requests_day_dose_id")),
        sa.ForeignKeyConstraint(["requested_by_id"], ["staff.id"], name=op.f("fk_dose_void_requests_requested_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dose_void_requests")),
        sa.UniqueConstraint("day_dose_id", name=op.f("uq_dose_void_requests_day_dose_id")),
        sa.UniqueConstraint(
            "id", "day_dose_id", "requested_by_id", name=op.f("uq_dose_void_requests_id_day_dose_id_requested_by_id")
        ),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=True),
        sa.Column("started_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_by_id", sa.Integer(), nullable=True),
        sa.Column("end_reason", sa.String(length=24), nullable=True),
        sa.CheckConstraint(
            "end_reason IN ('signed_out', 'idle', 'too_old', 'ended_by_administrator', 'password_changed')",
            name=op.f("ck_staff_sessions_end_reason"),
        ),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_staff_sessions_device_id")),
        sa.ForeignKeyConstraint(["ended_by_id"], ["staff.id"], name=op.f("fk_staff_sessions_ended_by_id")),
        sa.ForeignKeyConstraint(["role_id"], ["staff_roles.id"], name=op.f("fk_staff_sessions_role_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_sessions_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_sessions_token_hash")),
    )
    op.create_index(op.f("ix_staff_sessions_device_id"), "staff_sessions", ["device_id"], unique=False)
    op.create_index(op.f("ix_staff_sessions_staff_id"), "staff_sessions", ["staff_id"], unique=False)
    op.create_table(
        "station_visits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("visit_on", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("day_dose_id", sa.Integer(), nullable=True),
        sa.Column("observations", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_by_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "(outcome = 'vomited') = (day_dose_id IS NOT NULL)", name=op.f("ck_station_visits_vomited_names_its_dose")
        ),
        sa.CheckConstraint(
            "outcome IN ('refused', 'withheld', 'vomited', 'stopped')", name=op.f("ck_station_visits_outcome")
        ),
        sa.ForeignKeyConstraint(["day_dose_id"], ["day_doses.id"], name=op.f("fk_station_visits_day_dose_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_station_visits_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["staff.id"], name=op.f("fk_station_visits_recorded_by_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_station_visits_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_station_visits")),
        sa.UniqueConstraint("request_key", name=op.f("uq_station_visits_request_key")),
    )
    op.create_index("ix_station_visits_patient_id_visit_on", "station_visits", ["patient_id", "visit_on"], unique=False)
    op.create_index("ix_station_visits_site_id_visit_on", "station_visits", ["site_id", "visit_on"], unique=False)
    op.create_table(
        "dose_voids",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("day_dose_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("dose_on", sa.Date(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("requested_by_id", sa.Integer(), nullable=False),
        sa.Column("confirmed_by_id", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("confirmed_by_id <> requested_by_id", name=op.f("ck_dose_voids_two_people")),
        sa.ForeignKeyConstraint(["confirmed_by_id"], ["staff.id"], name=op.f("fk_dose_voids_confirmed_by_id")),
        sa.ForeignKeyConstraint(["day_dose_id"], ["day_doses.id"], name=op.f("fk_dose_voids_day_dose_id")),
        sa.ForeignKeyConstraint(
            ["patient_id", "dose_on", "part", "attempt"],
            ["day_doses.patient_id", "day_doses.dose_on", "day_doses.part", "day_doses.attempt"],
            name="fk_dose_voids_dose",
        ),
        sa.ForeignKeyConstraint(
            ["request_id", "day_dose_id", "requested_by_id"],
            ["dose_void_requests.id", "dose_void_requests.day_dose_id", "dose_void_requests.requested_by_id"],
            name="fk_dose_voids_request",
        ),
        sa.ForeignKeyConstraint(["requested_by_id"], ["staff.id"], name=op.f("fk_dose_voids_requested_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dose_voids")),
        sa.UniqueConstraint("day_dose_id", name=op.f("uq_dose_voids_day_dose_id")),
        sa.UniqueConstraint("patient_id", "dose_on", "part", "attempt", name="uq_dose_voids_patient_day_part_attempt"),
        sa.UniqueConstraint("request_id", name=op.f("uq_dose_voids_request_id")),
    )
    if on_postgresql():
        op.create_foreign_key(AFTER_VOID, "day_doses", "dose_voids", VOIDED, VOID)
        op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        op.execute(NEVER_OVERLAP)


def downgrade() -> None:
    if on_postgresql():
        op.drop_constraint(AFTER_VOID, "day_doses", type_="foreignkey")
    op.drop_table("dose_voids")
    op.drop_table("station_visits")
    op.drop_table("staff_sessions")
    op.drop_table("dose_void_requests")
    op.drop_table("dose_incidents")
    op.drop_table("treatment_files")
    op.drop_table("support_files")
    op.drop_table("staff_roles")
    op.drop_table("day_doses")
    op.drop_table("tasks")
    op.drop_table("station_days")
    op.drop_table("site_hours_exceptions")
    op.drop_table("site_hours")
    op.drop_table("remembered_columns")
    op.drop_table("register_import_keys")
    op.drop_table("register_import_rows")
    op.drop_table("register_imports")
    op.drop_table("outreach_teams")
    op.drop_table("order_parts")
    op.drop_table("former_site_names")
    op.drop_table("sites")
    op.drop_table("search_keys")
    op.drop_table("phone_numbers")
    op.drop_table("gap_bands")
    op.drop_table("former_communes")
    op.drop_table("file_status_changes")
    op.drop_table("dosed_elsewhere")
    op.drop_table("dose_orders")
    op.drop_table("cards")
    op.drop_table("adherence_summaries")
    op.drop_table("staff")
    op.drop_table("sign_in_brakes")
    op.drop_table("phase_limits")
    op.drop_table("patients")
    op.drop_table("installation")
    op.drop_table("drugs")
    op.drop_table("devices")
    op.drop_table("audit_heads")
    op.drop_table("audit_entries")
    op.drop_table("areas")
