"""Aftercare at the place of residence: opened with somebody who stands by, moved on by every sign of life."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import AnySession, violated, writing
from counseling.domain.aftercare import RHYTHMS, check_in_after, ensure_first_check_in
from counseling.domain.refusal import Refusal
from counseling.domain.reminder_kinds import ASKING_HOW_THEY_ARE
from counseling.domain.unsent import Unsent
from counseling.models.counseling import AFTERCARE_ENDS, AftercareFile, CounselingSession
from counseling.models.patients import SupportFile
from counseling.models.texts import OutboundMessage, Reminder
from counseling.queries.aftercare import list_supporters
from counseling.services.support_files import ensure_supported, lock_of_point
from counseling.services.text_cancelling import cancel_texts_of_file, cancel_texts_of_kinds
from counseling.services.treatment_files import By, note_change
from counseling.treatment_rows import SUPPORT

ONE_OPEN = ("uq_aftercare_files_open", "aftercare_files.patient_id")  # as either database calls it


def open_aftercare(
    session: AnySession,
    *,
    patient_id: int,
    site_id: int,
    supporter_id: int | None,
    rhythm: str,
    first_on: date,
    by: By,
    request_key: str,
    today: date,
    now: datetime,
) -> int:
    """Open somebody's aftercare file at this point; gives its id, for a repeated key the first one's.

    Refuses rhythm_unknown, check_in_in_past, check_in_too_late, not_at_this_point, support_ended,
    aftercare_open_already and supporter_not_here.
    """
    if rhythm not in RHYTHMS:
        raise Refusal("rhythm_unknown")
    ensure_first_check_in(first_on, today)
    row: dict[str, object] = {
        "patient_id": patient_id,
        "site_id": site_id,
        "supporter_id": supporter_id,
        "rhythm": rhythm,
    }
    row |= {"next_check_in_on": first_on, "opened_on": today, "opened_by_id": by.staff_id, "request_key": request_key}
    try:
        with writing(session) as tx:
            status = lock_of_point(tx, patient_id, site_id)
            first = _find_opened(tx, request_key)
            if first is not None:
                return first
            ensure_supported(status)
            _ensure_stands_by(tx, patient_id, site_id, supporter_id)
            file_id = tx.execute(insert(AftercareFile).values(**row).returning(AftercareFile.id)).scalar_one()
            details: dict[str, object] = {"aftercare": file_id, "supporter": supporter_id, "rhythm": rhythm}
            note_change(tx, site_id, by, "aftercare.opened", patient_id, details, now)
            return file_id
    except IntegrityError as error:
        first = _find_opened(session, request_key)
        if first is not None:
            return first
        if any(name in violated(error) for name in ONE_OPEN):
            raise Refusal("aftercare_open_already") from None
        raise


def end_aftercare(
    session: AnySession, *, patient_id: int, site_id: int, reason: str, by: By, today: date, now: datetime
) -> bool:
    """End the open file and the texts that would ask how the person is; False when none is open. Of somebody who has
    died nothing that is planned stays. Refuses reason_unknown.
    """
    if reason not in AFTERCARE_ENDS:
        raise Refusal("reason_unknown")
    with writing(session) as tx:
        tx.execute(select(SupportFile.patient_id).where(SupportFile.patient_id == patient_id).with_for_update())
        return end_open_file(tx, patient_id, site_id, reason, by, today, now)


def end_open_file(tx: Session, patient_id: int, site_id: int, reason: str, by: By, today: date, now: datetime) -> bool:
    """The same inside the caller's transaction, who holds the person's file."""
    ended = (
        update(AftercareFile)
        .where(
            AftercareFile.patient_id == patient_id,
            AftercareFile.site_id == site_id,
            AftercareFile.ended_on.is_(None),
        )
        .values(ended_on=today, end_reason=reason, ended_by_id=by.staff_id)
    )
    file_id = tx.execute(ended.returning(AftercareFile.id)).scalar()
    if file_id is None:
        return False
    if reason == "died":
        cancel_texts_of_file(tx, patient_id, SUPPORT, Unsent.AFTERCARE_ENDED, now)
    else:
        cancel_texts_of_kinds(tx, patient_id, SUPPORT, ASKING_HOW_THEY_ARE, Unsent.AFTERCARE_ENDED, now)
    note_change(tx, site_id, by, "aftercare.ended", patient_id, {"aftercare": file_id, "reason": reason}, now)
    return True


def note_check_in(tx: Session, patient_id: int, on: date) -> None:
    """Somebody was met, or has answered, on a day: ask next one rhythm after it. Nobody in aftercare: nothing to do.

    Inside the caller's transaction. An entry of an earlier day never brings a later check-in forward; one of before
    aftercare began moves nothing, however late it comes.
    """
    found = _open_file(tx, patient_id, on)
    if found is not None:
        _ask_on(tx, found[0], max(found[2], check_in_after(found[1], on)))


def take_back_check_in(tx: Session, patient_id: int, on: date, still_met_on: date | None) -> None:
    """The contact of that day was a mistake: whoever is asked next because of it is due since then, or one rhythm after
    the last sign of life that stands all the same: `still_met_on` of the contacts, a talk, an answer to how they are.
    Several days of a long month have one day of the next."""
    found = _open_file(tx, patient_id, on)
    if found is not None and found[2] == check_in_after(found[1], on):
        signs = [day for day in (still_met_on, *_talked_or_answered_on(tx, patient_id)) if day is not None]
        _ask_on(tx, found[0], max([on, *(check_in_after(found[1], day) for day in signs)]))


def _talked_or_answered_on(tx: Session, patient_id: int) -> tuple[date | None, date | None]:
    """The day of the last talk, and the day of the last question that was answered, at most a few days earlier."""
    talked = select(func.max(CounselingSession.held_on)).where(CounselingSession.patient_id == patient_id)
    answered = (
        select(func.max(Reminder.on_date))
        .join(OutboundMessage, OutboundMessage.reminder_id == Reminder.id)
        .where(Reminder.patient_id == patient_id, Reminder.side == SUPPORT, Reminder.kind.in_(ASKING_HOW_THEY_ARE))
        .where(OutboundMessage.answered_at.is_not(None))
    )
    row = tx.execute(select(talked.scalar_subquery(), answered.scalar_subquery())).one()
    return row[0], row[1]


def _open_file(tx: Session, patient_id: int, on: date) -> tuple[int, str, date] | None:
    query = select(AftercareFile.id, AftercareFile.rhythm, AftercareFile.next_check_in_on).where(
        AftercareFile.patient_id == patient_id, AftercareFile.ended_on.is_(None), AftercareFile.opened_on <= on
    )
    row = tx.execute(query.with_for_update()).first()
    return None if row is None else (row.id, row.rhythm, row.next_check_in_on)


def _ask_on(tx: Session, file_id: int, day: date) -> None:
    tx.execute(update(AftercareFile).where(AftercareFile.id == file_id).values(next_check_in_on=day))


def _ensure_stands_by(tx: Session, patient_id: int, site_id: int, supporter_id: int | None) -> None:
    """Somebody of the point, or of the person's own team; None: not found yet."""
    team_id = tx.execute(select(SupportFile.team_id).where(SupportFile.patient_id == patient_id)).scalar_one()
    if supporter_id is not None and supporter_id not in [one.id for one in list_supporters(tx, site_id, team_id)]:
        raise Refusal("supporter_not_here")


def _find_opened(session: AnySession, request_key: str) -> int | None:
    query = select(AftercareFile.id).where(AftercareFile.request_key == request_key)
    return session.execute(query).scalar_one_or_none()
