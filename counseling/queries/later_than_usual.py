"""Who is usually at the window by now and was not seen today, while today's dose can still be taken there.

Said to the station alone: for everybody else "not seen yet" is nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, exists, func, or_, select

from counseling.database import AnySession, vault_of
from counseling.domain.missed_doses import GapBand, band_for, gap_days
from counseling.domain.station_days import DayState, may_record
from counseling.domain.usual_hours import hour_after, latest_usual_minute
from counseling.models.doses import AdherenceSummary, DayDose, DoseVoid, StationVisit
from counseling.models.orders import DoseOrder
from counseling.models.patients import PhoneNumber, TreatmentFile
from counseling.models.texts import InboundMessage, PhoneLine
from counseling.models.usual_hours import UsualHour
from counseling.models.window import DosePour, PatientHold
from counseling.permissions import Viewer
from counseling.queries.file_parts import PhoneLine as ShownNumber
from counseling.queries.opening_hours import hours_on
from counseling.queries.reachable import has_agreed_to_texts, is_read_by_others, may_be_texted
from counseling.queries.today import find_day_state
from counseling.scopes import texts_visible_to, treatment_files_visible_to
from counseling.treatment_rows import TREATMENT, open_phone


@dataclass(frozen=True)
class LaterThanUsual:
    """`numbers`: those that this person lets us ring. `conversation`: reference of their last text, where one can
    answer; None where nothing may be sent, or nothing ever came."""

    patient_id: int
    ref: str
    name: str
    birth_year: int
    register_code: str
    before_hour: int
    numbers: tuple[ShownNumber, ...]
    conversation: str | None


def list_later_than_usual(
    session: AnySession, viewer: Viewer, site_id: int, today: date, now: time, bands: Sequence[GapBand]
) -> list[LaterThanUsual]:
    """In the order of their usual hours; nobody once the station is shut, or while it writes on paper."""
    here = {"site_id": site_id, "today": today, "minute": latest_usual_minute(now)}
    expected = session.connection().execute(_expected_by(viewer), here)
    rows = [row for row in expected if not _stops(row, today, bands)]
    if not rows or not _can_still_come(session, site_id, today, now):
        return []
    ids = [row.patient_id for row in rows]
    numbers, conversations = _numbers(session, ids), _conversations(session, viewer, ids, today)
    vault = vault_of(session)
    return [
        LaterThanUsual(
            row.patient_id,
            row.ref,
            vault.open("treatment_files.full_name", row.ref, row.full_name) or "",
            row.birth_year,
            row.register_code,
            hour_after(row.minute_of_day),
            tuple(numbers.get(row.patient_id, ())),
            conversations.get(row.patient_id),
        )
        for row in rows
    ]


_seen = and_(StationVisit.patient_id == TreatmentFile.patient_id, StationVisit.visit_on == bindparam("today"))
_dosed = and_(
    DayDose.patient_id == TreatmentFile.patient_id,
    DayDose.dose_on == bindparam("today"),
    ~exists().where(DoseVoid.day_dose_id == DayDose.id),
)
_held = and_(
    PatientHold.patient_id == TreatmentFile.patient_id, PatientHold.kind == "hold", PatientHold.lifted_at.is_(None)
)
_at_the_window = and_(
    DosePour.patient_id == TreatmentFile.patient_id,
    DosePour.dose_on == bindparam("today"),
    DosePour.ended_at.is_(None),
)
EXPECTED = (
    select(
        TreatmentFile.patient_id,
        TreatmentFile.ref,
        TreatmentFile.full_name,
        TreatmentFile.birth_year,
        TreatmentFile.register_code,
        UsualHour.minute_of_day,
        AdherenceSummary.covered_through,
        DoseOrder.gap_reviewed_through,
    )
    .join(UsualHour, UsualHour.patient_id == TreatmentFile.patient_id)
    .join(AdherenceSummary, AdherenceSummary.patient_id == TreatmentFile.patient_id)
    .join(
        DoseOrder,
        and_(
            DoseOrder.patient_id == TreatmentFile.patient_id,
            DoseOrder.phase != "one_time",
            DoseOrder.starts_on <= bindparam("today"),
            DoseOrder.last_on >= bindparam("today"),
        ),
    )
    .where(
        TreatmentFile.station_id == bindparam("site_id"),
        TreatmentFile.status == "active",
        UsualHour.minute_of_day <= bindparam("minute"),
        ~exists().where(_seen),
        ~exists().where(_dosed),
        ~exists().where(_held),
        ~exists().where(_at_the_window),
    )
    .order_by(UsualHour.minute_of_day, TreatmentFile.register_code)
)


@lru_cache(maxsize=1_000)
def _expected_by(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    """Built once per signed-in desk: every window asks for it three times a minute."""
    return EXPECTED.where(treatment_files_visible_to(viewer))


def _can_still_come(session: AnySession, site_id: int, today: date, now: time) -> bool:
    """Where nobody has said the hours, the state of the day decides alone."""
    state = find_day_state(session, site_id, today)
    if not may_record(DayState(state) if state else None):
        return False
    hours = hours_on(session, site_id, [today])[today]
    return not hours or now < hours[-1].closes_at


def _stops(row: Row[*tuple[Any, ...]], today: date, bands: Sequence[GapBand]) -> bool:
    """No dose waits for whoever must see the doctor first; they stand on the lists of their own."""
    band = band_for(gap_days(row.covered_through, today, row.gap_reviewed_through), bands)
    return band is not None and band.response.stops


def _numbers(session: AnySession, ids: Sequence[int]) -> dict[int, list[ShownNumber]]:
    """Numbers compared at the desk that nobody else answers, of people who agreed to be reached on them.

    That is an agreement to texts that stands, or "only ring, do not text" said of the number.
    """
    vault, found = vault_of(session), dict[int, list[ShownNumber]]()
    rows = session.execute(
        select(PhoneNumber.patient_id, PhoneNumber.ref, PhoneNumber.number)
        .join(PhoneLine, PhoneLine.id == PhoneNumber.line_id)
        .where(
            PhoneNumber.patient_id.in_(ids),
            PhoneNumber.side == TREATMENT,
            PhoneNumber.confirmed_at.is_not(None),
            PhoneNumber.removed_at.is_(None),
            ~is_read_by_others(),
            or_(
                PhoneNumber.calls_only,
                and_(PhoneLine.opted_out_at.is_(None), has_agreed_to_texts(PhoneNumber.patient_id, TREATMENT)),
            ),
        )
        .order_by(PhoneNumber.confirmed_at.desc(), PhoneNumber.id)
    )
    for patient_id, ref, number in rows:
        found.setdefault(patient_id, []).append(ShownNumber(ref, open_phone(vault, ref, number)))
    return found


def _conversations(session: AnySession, viewer: Viewer, ids: Sequence[int], today: date) -> dict[int, str]:
    text = InboundMessage
    latest = (
        select(func.max(text.id))
        .join(PhoneLine, PhoneLine.id == text.line_id)
        .where(text.patient_id.in_(ids), texts_visible_to(viewer, text), text.read_at.is_not(None))
        .where(PhoneLine.opted_out_at.is_(None))
        .group_by(text.patient_id)
    )
    query = select(text.patient_id, text.ref).where(text.id.in_(latest))
    may_be = may_be_texted(text.patient_id, TREATMENT, None, today)  # type: ignore[arg-type]  # not null here
    rows = session.execute(query.where(may_be))
    return {patient_id: ref for patient_id, ref in rows if patient_id is not None}
