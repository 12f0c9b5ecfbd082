"""one whole round: texts, contacts, sessions, aftercare

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
import counseling.models.base


revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "phone_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("token", sa.LargeBinary(length=16), nullable=False),
        sa.Column("key_id", sa.LargeBinary(length=4), nullable=False),
        sa.Column("opted_out_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("permanent_failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_lines")),
        sa.UniqueConstraint("ref", name=op.f("uq_phone_lines_ref")),
        sa.UniqueConstraint("token", name=op.f("uq_phone_lines_token")),
    )
    op.create_table(
        "worker_beats",
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("beat_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker_beats")),
    )
    op.create_table(
        "simulated_phones",
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("is_off", sa.Boolean(), nullable=False),
        sa.Column("held_by_other", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["phone_lines.id"], name=op.f("fk_simulated_phones_line_id")),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_simulated_phones")),
    )
    op.create_table(
        "simulated_texts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_ref", sa.String(length=32), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("taken_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("shown_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["line_id"], ["phone_lines.id"], name=op.f("fk_simulated_texts_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_simulated_texts")),
        sa.UniqueConstraint("message_ref", name=op.f("uq_simulated_texts_message_ref")),
    )
    with op.batch_alter_table("simulated_texts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_simulated_texts_line_id"), ["line_id"], unique=False)

    op.create_table(
        "sms_consents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("version", sa.String(length=12), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("pronoun", sa.String(length=12), nullable=False),
        sa.Column("given_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_how", sa.String(length=12), nullable=True),
        sa.Column("withdrawn_by_id", sa.Integer(), nullable=True),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.CheckConstraint("side IN ('treatment', 'support')", name=op.f("ck_sms_consents_side")),
        sa.CheckConstraint("withdrawn_how IN ('desk', 'text')", name=op.f("ck_sms_consents_withdrawn_how")),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_how IS NULL)", name=op.f("ck_sms_consents_withdrawn_somehow")
        ),
        sa.ForeignKeyConstraint(["asked_by_id"], ["staff.id"], name=op.f("fk_sms_consents_asked_by_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_sms_consents_patient_id")),
        sa.ForeignKeyConstraint(["withdrawn_by_id"], ["staff.id"], name=op.f("fk_sms_consents_withdrawn_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_consents")),
        sa.UniqueConstraint("request_key", name=op.f("uq_sms_consents_request_key")),
    )
    with op.batch_alter_table("sms_consents", schema=None) as batch_op:
        batch_op.create_index(
            "uq_sms_consents_standing",
            ["patient_id", "side"],
            unique=True,
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        )

    op.create_table(
        "aftercare_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("supporter_id", sa.Integer(), nullable=True),
        sa.Column("rhythm", sa.String(length=12), nullable=False),
        sa.Column("next_check_in_on", sa.Date(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.String(length=16), nullable=True),
        sa.Column("ended_by_id", sa.Integer(), nullable=True),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "end_reason IN ('completed', 'moved', 'in_treatment', 'own_wish', 'died')",
            name=op.f("ck_aftercare_files_end_reason"),
        ),
        sa.CheckConstraint("rhythm IN ('weekly', 'fortnightly', 'monthly')", name=op.f("ck_aftercare_files_rhythm")),
        sa.CheckConstraint(
            "(ended_on IS NULL) = (end_reason IS NULL)", name=op.f("ck_aftercare_files_ended_for_a_reason")
        ),
        sa.ForeignKeyConstraint(["ended_by_id"], ["staff.id"], name=op.f("fk_aftercare_files_ended_by_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["staff.id"], name=op.f("fk_aftercare_files_opened_by_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_aftercare_files_patient_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_aftercare_files_site_id")),
        sa.ForeignKeyConstraint(["supporter_id"], ["staff.id"], name=op.f("fk_aftercare_files_supporter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aftercare_files")),
        sa.UniqueConstraint("request_key", name=op.f("uq_aftercare_files_request_key")),
    )
    with op.batch_alter_table("aftercare_files", schema=None) as batch_op:
        batch_op.create_index(
            "ix_aftercare_files_site_id_next_check_in_on", ["site_id", "next_check_in_on"], unique=False
        )
        batch_op.create_index(
            "uq_aftercare_files_open",
            ["patient_id"],
            unique=True,
            sqlite_where=sa.text("ended_on IS NULL"),
            postgresql_where=sa.text("ended_on IS NULL"),
        )

    op.create_table(
        "appointments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("booked_by_id", sa.Integer(), nullable=False),
        sa.Column("booked_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("changed_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.CheckConstraint("state IN ('booked', 'kept', 'missed', 'cancelled')", name=op.f("ck_appointments_state")),
        sa.ForeignKeyConstraint(["booked_by_id"], ["staff.id"], name=op.f("fk_appointments_booked_by_id")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["staff.id"], name=op.f("fk_appointments_changed_by_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_appointments_patient_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_appointments_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
        sa.UniqueConstraint("ref", name=op.f("uq_appointments_ref")),
        sa.UniqueConstraint("request_key", name=op.f("uq_appointments_request_key")),
    )
    with op.batch_alter_table("appointments", schema=None) as batch_op:
        batch_op.create_index("ix_appointments_patient_id", ["patient_id"], unique=False)
        batch_op.create_index("ix_appointments_site_id_starts_at", ["site_id", "starts_at"], unique=False)

    op.create_table(
        "counseling_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("sex", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("form", sa.String(length=12), nullable=False),
        sa.Column("topics", sa.String(length=120), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("agreed", sa.LargeBinary(), nullable=True),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("counselor_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "form IN ('one_to_one', 'group', 'club', 'home', 'phone')", name=op.f("ck_counseling_sessions_form")
        ),
        sa.CheckConstraint(
            "kind IN ('choosing', 'adherence', 'relapse_prevention', 'psychosocial', 'family', 'vocational')",
            name=op.f("ck_counseling_sessions_kind"),
        ),
        sa.CheckConstraint("sex IN ('male', 'female', 'unknown')", name=op.f("ck_counseling_sessions_sex")),
        sa.CheckConstraint("minutes BETWEEN 1 AND 480", name=op.f("ck_counseling_sessions_minutes")),
        sa.ForeignKeyConstraint(["counselor_id"], ["staff.id"], name=op.f("fk_counseling_sessions_counselor_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_counseling_sessions_patient_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_counseling_sessions_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counseling_sessions")),
        sa.UniqueConstraint("ref", name=op.f("uq_counseling_sessions_ref")),
        sa.UniqueConstraint("request_key", name=op.f("uq_counseling_sessions_request_key")),
    )
    with op.batch_alter_table("counseling_sessions", schema=None) as batch_op:
        batch_op.create_index("ix_counseling_sessions_patient_id_held_on", ["patient_id", "held_on"], unique=False)
        batch_op.create_index("ix_counseling_sessions_site_id_held_on", ["site_id", "held_on"], unique=False)

    op.create_table(
        "reminder_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("not_before", sa.Time(), nullable=False),
        sa.Column("not_after", sa.Time(), nullable=False),
        sa.Column("changed_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('missed_yesterday', 'appointment', 'check_in')", name=op.f("ck_reminder_rules_kind")
        ),
        sa.CheckConstraint("side IN ('treatment', 'support')", name=op.f("ck_reminder_rules_side")),
        sa.CheckConstraint("not_before < not_after", name=op.f("ck_reminder_rules_hours")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_reminder_rules_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_rules")),
        sa.UniqueConstraint("site_id", "side", "kind", name=op.f("uq_reminder_rules_site_id_side_kind")),
    )
    op.create_table(
        "reminders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=True),
        sa.Column("due_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("planned_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('missed_yesterday', 'appointment', 'check_in')", name=op.f("ck_reminders_kind")),
        sa.CheckConstraint("side IN ('treatment', 'support')", name=op.f("ck_reminders_side")),
        sa.CheckConstraint(
            "state IN ('planned', 'held', 'queued', 'cleared', 'refused', 'expired', 'cancelled')",
            name=op.f("ck_reminders_state"),
        ),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointments.id"], name=op.f("fk_reminders_appointment_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_reminders_patient_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_reminders_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
        sa.UniqueConstraint(
            "patient_id", "side", "kind", "rule_version", "on_date", "slot", name="uq_reminders_occurrence"
        ),
    )
    with op.batch_alter_table("reminders", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reminders_appointment_id"), ["appointment_id"], unique=False)
        batch_op.create_index("ix_reminders_site_id_on_date", ["site_id", "on_date"], unique=False)
        batch_op.create_index("ix_reminders_state_due_at", ["state", "due_at"], unique=False)

    op.create_table(
        "visit_consents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=12), nullable=False),
        sa.Column("place", sa.String(length=12), nullable=False),
        sa.Column("pretext", sa.String(length=24), nullable=False),
        sa.Column("never_by", sa.LargeBinary(), nullable=True),
        sa.Column("given_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by_id", sa.Integer(), nullable=True),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.CheckConstraint("place IN ('home', 'point', 'elsewhere')", name=op.f("ck_visit_consents_place")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["staff.id"], name=op.f("fk_visit_consents_asked_by_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_visit_consents_patient_id")),
        sa.ForeignKeyConstraint(["team_id"], ["outreach_teams.id"], name=op.f("fk_visit_consents_team_id")),
        sa.ForeignKeyConstraint(["withdrawn_by_id"], ["staff.id"], name=op.f("fk_visit_consents_withdrawn_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_consents")),
        sa.UniqueConstraint("ref", name=op.f("uq_visit_consents_ref")),
        sa.UniqueConstraint("request_key", name=op.f("uq_visit_consents_request_key")),
    )
    with op.batch_alter_table("visit_consents", schema=None) as batch_op:
        batch_op.create_index(
            "uq_visit_consents_standing",
            ["patient_id"],
            unique=True,
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        )

    op.create_table(
        "outbound_messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("reminder_id", sa.Integer(), nullable=True),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("wording", sa.String(length=24), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("is_automatic", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("queued_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("send_after", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempt_started_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("finished_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("gateway", sa.String(length=16), nullable=True),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("counted_on", sa.Date(), nullable=True),
        sa.Column("count_slot", sa.Integer(), nullable=True),
        sa.Column("answer_hour", sa.String(length=16), nullable=True),
        sa.Column("question", sa.String(length=24), nullable=True),
        sa.Column("question_until", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=24), nullable=True),
        sa.Column("answered_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("written_by_id", sa.Integer(), nullable=True),
        sa.Column("request_key", sa.String(length=32), nullable=True),
        sa.CheckConstraint("side IN ('treatment', 'support')", name=op.f("ck_outbound_messages_side")),
        sa.CheckConstraint(
            "state IN ('queued', 'claimed', 'accepted', 'delivered', 'failed', 'unknown', 'cleared', 'expired', 'refused', 'cancelled')",
            name=op.f("ck_outbound_messages_state"),
        ),
        sa.CheckConstraint(
            "(counted_on IS NULL) = (count_slot IS NULL)", name=op.f("ck_outbound_messages_counted_whole")
        ),
        sa.CheckConstraint("count_slot BETWEEN 1 AND 3", name=op.f("ck_outbound_messages_daily_cap")),
        sa.ForeignKeyConstraint(["line_id"], ["phone_lines.id"], name=op.f("fk_outbound_messages_line_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_outbound_messages_patient_id")),
        sa.ForeignKeyConstraint(["reminder_id"], ["reminders.id"], name=op.f("fk_outbound_messages_reminder_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_outbound_messages_site_id")),
        sa.ForeignKeyConstraint(["written_by_id"], ["staff.id"], name=op.f("fk_outbound_messages_written_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbound_messages")),
        sa.UniqueConstraint("line_id", "answer_hour", name="uq_outbound_messages_answer_hour"),
        sa.UniqueConstraint("patient_id", "counted_on", "count_slot", name="uq_outbound_messages_daily_cap"),
        sa.UniqueConstraint("ref", name=op.f("uq_outbound_messages_ref")),
        sa.UniqueConstraint("reminder_id", name=op.f("uq_outbound_messages_reminder_id")),
        sa.UniqueConstraint("request_key", name=op.f("uq_outbound_messages_request_key")),
    )
    with op.batch_alter_table("outbound_messages", schema=None) as batch_op:
        batch_op.create_index("ix_outbound_messages_line_id_id", ["line_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbound_messages_patient_id"), ["patient_id"], unique=False)
        batch_op.create_index("ix_outbound_messages_site_id_queued_at", ["site_id", "queued_at"], unique=False)
        batch_op.create_index("ix_outbound_messages_state_send_after", ["state", "send_after"], unique=False)

    op.create_table(
        "outreach_contacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("topics", sa.String(length=120), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("contact_on", sa.Date(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("corrects_id", sa.Integer(), nullable=True),
        sa.Column("recorded_by_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("request_key", sa.String(length=32), nullable=False),
        sa.CheckConstraint("kind IN ('home', 'point', 'phone', 'elsewhere')", name=op.f("ck_outreach_contacts_kind")),
        sa.CheckConstraint(
            "outcome <> 'withdrawn' OR corrects_id IS NOT NULL",
            name=op.f("ck_outreach_contacts_withdrawn_names_its_entry"),
        ),
        sa.CheckConstraint(
            "outcome IN ('met_well', 'met_needs_help', 'not_met', 'withdrawn')",
            name=op.f("ck_outreach_contacts_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["corrects_id"], ["outreach_contacts.id"], name=op.f("fk_outreach_contacts_corrects_id")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_outreach_contacts_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["staff.id"], name=op.f("fk_outreach_contacts_recorded_by_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_outreach_contacts_site_id")),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_outreach_contacts_task_id")),
        sa.ForeignKeyConstraint(["team_id"], ["outreach_teams.id"], name=op.f("fk_outreach_contacts_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outreach_contacts")),
        sa.UniqueConstraint("corrects_id", name=op.f("uq_outreach_contacts_corrects_id")),
        sa.UniqueConstraint("ref", name=op.f("uq_outreach_contacts_ref")),
        sa.UniqueConstraint("request_key", name=op.f("uq_outreach_contacts_request_key")),
    )
    with op.batch_alter_table("outreach_contacts", schema=None) as batch_op:
        batch_op.create_index("ix_outreach_contacts_patient_id_contact_on", ["patient_id", "contact_on"], unique=False)
        batch_op.create_index("ix_outreach_contacts_site_id_contact_on", ["site_id", "contact_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_outreach_contacts_task_id"), ["task_id"], unique=False)
        batch_op.create_index("ix_outreach_contacts_team_id_contact_on", ["team_id", "contact_on"], unique=False)

    op.create_table(
        "delivery_receipts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_key", sa.String(length=120), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("reported", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("received_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["outbound_messages.id"], name=op.f("fk_delivery_receipts_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_receipts")),
        sa.UniqueConstraint("event_key", name=op.f("uq_delivery_receipts_event_key")),
    )
    with op.batch_alter_table("delivery_receipts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delivery_receipts_message_id"), ["message_id"], unique=False)

    op.create_table(
        "inbound_messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("event_key", sa.String(length=120), nullable=False),
        sa.Column("gateway", sa.String(length=16), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", counseling.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("read_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("meaning", sa.String(length=12), nullable=True),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("side", sa.String(length=12), nullable=True),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("question_id", sa.Integer(), nullable=True),
        sa.Column("answer", sa.String(length=24), nullable=True),
        sa.Column("handled_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("handled_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "meaning IN ('answer', 'stop', 'start', 'help', 'ask_again', 'repeated', 'other')",
            name=op.f("ck_inbound_messages_meaning"),
        ),
        sa.CheckConstraint("side IN ('treatment', 'support')", name=op.f("ck_inbound_messages_side")),
        sa.ForeignKeyConstraint(["handled_by_id"], ["staff.id"], name=op.f("fk_inbound_messages_handled_by_id")),
        sa.ForeignKeyConstraint(["line_id"], ["phone_lines.id"], name=op.f("fk_inbound_messages_line_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_inbound_messages_patient_id")),
        sa.ForeignKeyConstraint(
            ["question_id"], ["outbound_messages.id"], name=op.f("fk_inbound_messages_question_id")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_inbound_messages_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_messages")),
        sa.UniqueConstraint("event_key", name=op.f("uq_inbound_messages_event_key")),
        sa.UniqueConstraint("ref", name=op.f("uq_inbound_messages_ref")),
    )
    with op.batch_alter_table("inbound_messages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inbound_messages_line_id"), ["line_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_inbound_messages_patient_id"), ["patient_id"], unique=False)
        batch_op.create_index("ix_inbound_messages_read_at", ["read_at"], unique=False)
        batch_op.create_index("ix_inbound_messages_site_id_side", ["site_id", "side", "handled_at"], unique=False)

    with op.batch_alter_table("adherence_summaries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.execute(
        "UPDATE adherence_summaries SET is_active = false WHERE patient_id IN"
        " (SELECT patient_id FROM treatment_files WHERE status <> 'active')"
    )
    with op.batch_alter_table("adherence_summaries", schema=None) as batch_op:
        batch_op.create_index(
            "ix_adherence_summaries_is_active_covered_through", ["is_active", "covered_through"], unique=False
        )

    with op.batch_alter_table("phone_numbers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("line_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("check_digits", sa.String(length=2), nullable=True))
        batch_op.add_column(sa.Column("asked_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("confirmed_at", counseling.models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("confirmed_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("is_shared", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("calls_only", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.create_index(batch_op.f("ix_phone_numbers_line_id"), ["line_id"], unique=False)
        batch_op.create_check_constraint(
            batch_op.f("ck_phone_numbers_confirmed_has_a_line"), "confirmed_at IS NULL OR line_id IS NOT NULL"
        )
        batch_op.create_foreign_key(batch_op.f("fk_phone_numbers_line_id"), "phone_lines", ["line_id"], ["id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_phone_numbers_confirmed_by_id"), "staff", ["confirmed_by_id"], ["id"]
        )

    with op.batch_alter_table("sites", schema=None) as batch_op:
        batch_op.add_column(sa.Column("answers_strangers", sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table("support_files", schema=None) as batch_op:
        batch_op.add_column(sa.Column("last_contact_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("last_outcome", sa.String(length=16), nullable=True))
    with op.batch_alter_table("support_files", schema=None) as batch_op:
        silent_since = sa.Computed("coalesce(last_contact_on, status_since)", persisted=True)
        batch_op.add_column(sa.Column("silent_since", sa.Date(), silent_since, nullable=False))
        batch_op.create_index("ix_support_files_status_silent_since", ["status", "silent_since"], unique=False)

    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("team_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("visible_from", counseling.models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("outcome", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("handed_to_id", sa.Integer(), nullable=True))
        batch_op.create_index("ix_tasks_team_id_closed_at", ["team_id", "closed_at"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_tasks_handed_to_id"), ["handed_to_id"])
        batch_op.create_foreign_key(batch_op.f("fk_tasks_handed_to_id"), "tasks", ["handed_to_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_tasks_team_id"), "outreach_teams", ["team_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_tasks_team_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_tasks_handed_to_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_tasks_handed_to_id"), type_="unique")
        batch_op.drop_index("ix_tasks_team_id_closed_at")
        batch_op.drop_column("handed_to_id")
        batch_op.drop_column("outcome")
        batch_op.drop_column("visible_from")
        batch_op.drop_column("team_id")

    with op.batch_alter_table("support_files", schema=None) as batch_op:
        batch_op.drop_index("ix_support_files_status_silent_since")
        batch_op.drop_column("silent_since")
    with op.batch_alter_table("support_files", schema=None) as batch_op:
        batch_op.drop_column("last_outcome")
        batch_op.drop_column("last_contact_on")

    with op.batch_alter_table("sites", schema=None) as batch_op:
        batch_op.drop_column("answers_strangers")

    with op.batch_alter_table("phone_numbers", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_phone_numbers_confirmed_has_a_line"), type_="check")
        batch_op.drop_constraint(batch_op.f("fk_phone_numbers_confirmed_by_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_phone_numbers_line_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_phone_numbers_line_id"))
        batch_op.drop_column("calls_only")
        batch_op.drop_column("is_shared")
        batch_op.drop_column("confirmed_by_id")
        batch_op.drop_column("confirmed_at")
        batch_op.drop_column("asked_at")
        batch_op.drop_column("check_digits")
        batch_op.drop_column("line_id")

    with op.batch_alter_table("adherence_summaries", schema=None) as batch_op:
        batch_op.drop_index("ix_adherence_summaries_is_active_covered_through")
        batch_op.drop_column("is_active")

    with op.batch_alter_table("inbound_messages", schema=None) as batch_op:
        batch_op.drop_index("ix_inbound_messages_site_id_side")
        batch_op.drop_index("ix_inbound_messages_read_at")
        batch_op.drop_index(batch_op.f("ix_inbound_messages_patient_id"))
        batch_op.drop_index(batch_op.f("ix_inbound_messages_line_id"))

    op.drop_table("inbound_messages")
    with op.batch_alter_table("delivery_receipts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_delivery_receipts_message_id"))

    op.drop_table("delivery_receipts")
    with op.batch_alter_table("outreach_contacts", schema=None) as batch_op:
        batch_op.drop_index("ix_outreach_contacts_team_id_contact_on")
        batch_op.drop_index(batch_op.f("ix_outreach_contacts_task_id"))
        batch_op.drop_index("ix_outreach_contacts_site_id_contact_on")
        batch_op.drop_index("ix_outreach_contacts_patient_id_contact_on")

    op.drop_table("outreach_contacts")
    with op.batch_alter_table("outbound_messages", schema=None) as batch_op:
        batch_op.drop_index("ix_outbound_messages_state_send_after")
        batch_op.drop_index("ix_outbound_messages_site_id_queued_at")
        batch_op.drop_index(batch_op.f("ix_outbound_messages_patient_id"))
        batch_op.drop_index("ix_outbound_messages_line_id_id")

    op.drop_table("outbound_messages")
    with op.batch_alter_table("visit_consents", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_visit_consents_standing",
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        )

    op.drop_table("visit_consents")
    with op.batch_alter_table("reminders", schema=None) as batch_op:
        batch_op.drop_index("ix_reminders_state_due_at")
        batch_op.drop_index("ix_reminders_site_id_on_date")
        batch_op.drop_index(batch_op.f("ix_reminders_appointment_id"))

    op.drop_table("reminders")
    op.drop_table("reminder_rules")
    with op.batch_alter_table("counseling_sessions", schema=None) as batch_op:
        batch_op.drop_index("ix_counseling_sessions_site_id_held_on")
        batch_op.drop_index("ix_counseling_sessions_patient_id_held_on")

    op.drop_table("counseling_sessions")
    with op.batch_alter_table("appointments", schema=None) as batch_op:
        batch_op.drop_index("ix_appointments_site_id_starts_at")
        batch_op.drop_index("ix_appointments_patient_id")

    op.drop_table("appointments")
    with op.batch_alter_table("aftercare_files", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_aftercare_files_open",
            sqlite_where=sa.text("ended_on IS NULL"),
            postgresql_where=sa.text("ended_on IS NULL"),
        )
        batch_op.drop_index("ix_aftercare_files_site_id_next_check_in_on")

    op.drop_table("aftercare_files")
    with op.batch_alter_table("sms_consents", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sms_consents_standing",
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        )

    op.drop_table("sms_consents")
    with op.batch_alter_table("simulated_texts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_simulated_texts_line_id"))

    op.drop_table("simulated_texts")
    op.drop_table("simulated_phones")
    op.drop_table("worker_beats")
    op.drop_table("phone_lines")
