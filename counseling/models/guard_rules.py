"""Which tables are written once, and the conditions on which the database refuses: what models/guards.py sets up."""

from __future__ import annotations

# Table -> sealed columns that a rotation of keys may rewrite. Everything else in these tables is written once.
APPEND_ONLY: dict[str, tuple[str, ...]] = {
    "day_doses": (),
    "dose_voids": (),
    "dose_void_requests": ("note",),
    "dose_void_withdrawals": (),
    "late_entries": (),
    "dose_incidents": (),
    "station_visits": ("observations",),
    "dose_observations": ("note",),
    "dosed_elsewhere": (),
    "order_parts": (),
    "rule_changes": (),
    "file_status_changes": ("reason",),
    "audit_entries": (),
    "outreach_contacts": ("note",),
    "counseling_sessions": ("agreed",),
    "delivery_receipts": (),
    "spills": (),
    "alert_readings": (),
    "dose_witnesses": (),
    "doctor_calls": (),
    "practice_days": (),
    "text_wordings": (),
    "sms_consent_purposes": (),
    "text_blankings": (),
    "gateway_phone_checks": (),
    "duty_calls": (),
    "phone_entries": (),
    "contact_details": (),
}
RULE_ROW = "id, source, effective_from, approved_by_id, approved_on, facility_id, change_id"
RULE_TABLES = ("gap_bands", "order_limits")
COLUMNS: dict[str, str] = {
    "dose_void_requests": "id, day_dose_id, site_id, number, reason, requested_by_id, requested_at, request_key",
    "station_visits": (
        "id, patient_id, site_id, visit_on, outcome, reason, day_dose_id, minutes_after, recorded_by_id,"
        " recorded_at, request_key"
    ),
    "dose_observations": "id, day_dose_id, patient_id, site_id, state, recorded_by_id, recorded_at, request_key",
    "file_status_changes": "id, patient_id, side, status, since_on, recorded_by_id, recorded_at",
    "outreach_contacts": (
        "id, ref, patient_id, site_id, team_id, kind, outcome, topics, next_on, contact_on, task_id, corrects_id,"
        " recorded_by_id, recorded_at, request_key"
    ),
    "counseling_sessions": (
        "id, ref, site_id, patient_id, sex, kind, form, topics, minutes, held_on, counselor_id, recorded_at,"
        " request_key"
    ),
    "dose_orders": (
        "id, patient_id, drug_id, phase, starts_on, ends_on, gap_reviewed_through, origin, written_by_id,"
        " second_doctor_id, written_at, request_key"
    ),
    "dose_pours": (
        "id, patient_id, site_id, dose_on, order_id, part, mg_tenths, gap_check, poured_by_id, poured_at, request_key"
    ),
    "patient_holds": "id, ref, patient_id, kind, by_doctor, set_by_id, set_at, request_key",
    "witness_duties": "id, site_id, since_on, since_at",
    "sending_pauses": "id, site_id, side, paused_at, paused_by_id",
    "duty_shifts": (
        "id, site_id, side, staff_id, days, starts_at, ends_at, position, wait_minutes, set_by_id, set_at, request_key"
    ),
    "crisis_alerts": "id, ref, inbound_id, line_id, contact_id, waiting_visit_id, side, site_id, raised_at",
    "canned_answers": "id, site_id, side, body, set_by_id, set_at, request_key",
    "gap_bands": f"from_days, to_days, response, {RULE_ROW}",
    "order_limits": f"name, value, {RULE_ROW}",
}
# Tables that had another shape in an older revision: their guards stand from the revision that brings this column.
SHAPED_BY: dict[str, str] = {"dose_void_requests": "number"}
# INSERT OR REPLACE deletes without firing a delete trigger unless recursive_triggers is on; these stop it anyway.
NEVER_REPLACED: dict[str, tuple[str, ...]] = {
    "day_doses": ("id", "request_key", "patient_id, dose_on, part, attempt"),
    "dose_voids": ("id", "day_dose_id", "patient_id, dose_on, part, attempt"),
    "dose_void_requests": ("id", "request_key", "day_dose_id, number"),
    "dose_void_withdrawals": ("request_id",),
    "late_entries": ("id", "request_key"),
    "dose_incidents": ("id", "request_key"),
    "station_visits": ("id", "request_key"),
    "dose_observations": ("id", "request_key"),
    "dosed_elsewhere": ("id",),
    "order_parts": ("id", "order_id, part, mg_tenths"),
    "rule_changes": ("id", "request_key"),
    "gap_bands": ("id",),
    "order_limits": ("id",),
    "file_status_changes": ("id",),
    "audit_entries": ("id", "chain, sequence"),
    "outreach_contacts": ("id", "request_key", "ref"),
    "contact_details": ("contact_id",),
    "phone_entries": ("id", "entry_id"),
    "counseling_sessions": ("id", "request_key", "ref"),
    "delivery_receipts": ("id", "event_key"),
    "dose_orders": ("id", "request_key"),
    "dose_pours": ("id", "request_key"),
    "spills": ("id", "request_key", "pour_id"),
    "patient_holds": ("id", "ref", "request_key"),
    "practice_days": ("id", "ref"),
    "text_wordings": ("id", "request_key", "area_id, key, version"),
    "sms_consent_purposes": ("consent_id, purpose",),
    "text_blankings": ("id",),
    "gateway_phone_checks": ("id", "request_key, item"),
    "sending_pauses": ("id",),
    "alert_readings": ("hold_id, read_on",),
    "witness_duties": ("id",),
    "dose_witnesses": ("id", "day_dose_id"),
    "doctor_calls": ("id", "request_key"),
    "duty_calls": ("id", "alert_id, number"),
    "duty_shifts": ("id", "request_key"),
    "crisis_alerts": ("id", "ref", "inbound_id", "contact_id", "waiting_visit_id"),
    "canned_answers": ("id", "request_key"),
}

OVERLAP = """
    NEW.phase <> 'one_time' AND EXISTS (
        SELECT 1 FROM dose_orders o WHERE o.patient_id = NEW.patient_id AND o.phase <> 'one_time' AND o.id <> NEW.id
        AND o.starts_on <= NEW.last_on AND o.last_on >= NEW.starts_on
        AND o.last_on >= o.starts_on)"""  # an order emptied before it began overlaps nothing
OUTSIDE_ORDER = """
    NOT EXISTS (SELECT 1 FROM dose_orders o WHERE o.id = NEW.order_id
        AND NEW.dose_on BETWEEN o.starts_on AND o.last_on)"""
# Else part 2 of a new split order could follow part 1 of the old one: more than either doctor wrote.
TWO_ORDERS = """
    NEW.part < 11 AND EXISTS (SELECT 1 FROM day_doses d WHERE d.patient_id = NEW.patient_id
        AND d.dose_on = NEW.dose_on AND d.part < 11 AND d.order_id <> NEW.order_id
        AND NOT EXISTS (SELECT 1 FROM dose_voids v WHERE v.day_dose_id = d.id))"""
STRAY_REPLACEMENT = """
    NEW.kind = 'replacement' AND NOT EXISTS (SELECT 1 FROM day_doses d
        JOIN station_visits s ON s.day_dose_id = d.id AND s.outcome = 'vomited'
        JOIN dose_orders o ON o.id = NEW.order_id AND o.phase = 'one_time'
        WHERE d.id = NEW.replaces_id AND d.patient_id = NEW.patient_id AND d.dose_on = NEW.dose_on)"""
VOID_OF_ANOTHER = """
    NOT EXISTS (SELECT 1 FROM day_doses d WHERE d.id = NEW.day_dose_id AND d.patient_id = NEW.patient_id
        AND d.dose_on = NEW.dose_on AND d.part = NEW.part AND d.attempt = NEW.attempt)"""
# A version that was in force stays what it was: it can only be closed, and not be opened again.
VERSION_RAISED = (
    "OLD.effective_until IS NOT NULL AND (NEW.effective_until IS NULL OR NEW.effective_until > OLD.effective_until)"
)
# A withdrawal is never undone, so what is seen here stays true: no lock is needed to hold one request at a time.
REQUEST_BESIDE_ANOTHER = """
    NEW.number > 1 AND NOT EXISTS (SELECT 1 FROM dose_void_withdrawals w
        JOIN dose_void_requests r ON r.id = w.request_id
        WHERE r.day_dose_id = NEW.day_dose_id AND r.number = NEW.number - 1)"""
WITHDRAWN = "EXISTS (SELECT 1 FROM dose_void_withdrawals w WHERE w.request_id = NEW.request_id)"
SIGNED = "EXISTS (SELECT 1 FROM dose_voids v WHERE v.request_id = NEW.request_id)"
PAPER_WITHOUT_NAME = "NEW.source = 'late_entry' AND NEW.paper IS NULL"
LAST_DAY_RAISED = "NEW.last_on > OLD.last_on"
DOSE_AFTER_LAST_DAY = """
    EXISTS (SELECT 1 FROM day_doses d WHERE d.order_id = NEW.id AND d.dose_on > NEW.last_on
        AND NOT EXISTS (SELECT 1 FROM dose_voids v WHERE v.day_dose_id = d.id))"""

POUR_ENDED_TWICE = "OLD.ended_at IS NOT NULL"
DOSE_OF_ANOTHER_POUR = """
    NEW.day_dose_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM day_doses d WHERE d.id = NEW.day_dose_id
        AND d.patient_id = NEW.patient_id AND d.dose_on = NEW.dose_on AND d.part = NEW.part
        AND d.mg_tenths = NEW.mg_tenths)"""
# A hold of the same second; what was given on paper was given all the same.
DOSE_ON_HOLD = """
    NEW.source = 'window' AND EXISTS (SELECT 1 FROM patient_holds h WHERE h.patient_id = NEW.patient_id
        AND h.kind = 'hold' AND h.lifted_at IS NULL)"""
LIFTED_TWICE = "OLD.lifted_at IS NOT NULL"
# Nobody is the second pair of eyes of what they have given themselves.
OWN_DOSE_WITNESSED = """
    EXISTS (SELECT 1 FROM day_doses d WHERE d.id = NEW.day_dose_id AND d.recorded_by_id = NEW.witness_id)"""
VOIDED_DOSE_WITNESSED = "EXISTS (SELECT 1 FROM dose_voids v WHERE v.day_dose_id = NEW.day_dose_id)"
DUTY_ENDED_TWICE = "OLD.until_at IS NOT NULL"
PAUSE_ENDED_TWICE = "OLD.ended_at IS NOT NULL"
SHIFT_ENDED_TWICE = "OLD.ended_at IS NOT NULL"
TAKEN_TWICE = "OLD.taken_at IS NOT NULL"
REMOVED_TWICE = "OLD.removed_at IS NOT NULL"
# Whoever has taken a crisis on is not followed by calls to others.
CALLED_AFTER_TAKEN = "EXISTS (SELECT 1 FROM crisis_alerts a WHERE a.id = NEW.alert_id AND a.taken_at IS NOT NULL)"
CALL_ABOUT_ANOTHER = """
    NEW.visit_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM station_visits s WHERE s.id = NEW.visit_id
        AND s.patient_id = NEW.patient_id AND s.site_id = NEW.site_id)"""
