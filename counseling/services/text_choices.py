"""Somebody says how they want to be texted about one of their files: written over, because only what holds matters."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.reminder_kinds import KINDS_OF
from counseling.domain.text_choices import Choices, ensure_choices
from counseling.domain.unsent import Unsent
from counseling.models.text_choices import DeclinedReminder, TextChoice
from counseling.queries.text_choices import find_choices
from counseling.services.either_file import hold_file, note_done
from counseling.services.first_texts import say_how_to_stop
from counseling.services.own_hours import move_to_own_hours
from counseling.services.reminder_rows import Moment
from counseling.services.sms_consents import PRONOUNS
from counseling.services.text_cancelling import cancel_texts_of_file, cancel_texts_of_kinds
from counseling.services.treatment_files import By
from counseling.sms.wording_marks import PRETEXTS


def write_choices(
    session: AnySession,
    patient_id: int,
    side: str,
    choices: Choices,
    *,
    by: By,
    now: datetime,
    zone: ZoneInfo,
    dice: Random,
) -> bool:
    """Keep what somebody chose at the desk; False where nothing is new (a form sent twice).

    What they do not want any more is taken back at once, and what is planned goes by the hours they chose. Refuses what
    domain/text_choices names.
    """
    ensure_choices(choices, KINDS_OF[side], PRONOUNS, tuple(PRETEXTS))
    with writing(session) as tx:
        file = hold_file(tx, patient_id, side)
        before = find_choices(tx, patient_id, side)
        if before == choices:
            return False
        _write(tx, patient_id, side, choices, by, now)
        _write_declined(tx, patient_id, side, choices.declined, now)
        if choices.calls_only:
            cancel_texts_of_file(tx, patient_id, side, Unsent.CALLS_ONLY, now)
        elif choices.declined - before.declined:
            unwanted = sorted(choices.declined - before.declined)
            cancel_texts_of_kinds(tx, patient_id, side, unwanted, Unsent.OWN_CHOICE, now)
        if choices.hours != before.hours:
            move_to_own_hours(tx, patient_id, side, choices.hours, Moment(now, zone), dice)
        if before.calls_only:
            say_how_to_stop(tx, file, now)
        note_done(tx, file, by, "texts_chosen", _codes(choices), now)
        return True


def _codes(choices: Choices) -> dict[str, object]:
    return {
        "declined": sorted(choices.declined),
        "pretext": choices.pretext,
        "marks": choices.has_marks,
        "calls_only": choices.calls_only,
        "own_hours": choices.hours.hour is not None or choices.hours.quiet_from is not None,
    }


def _write(tx: Session, patient_id: int, side: str, choices: Choices, by: By, now: datetime) -> None:
    values = {
        "hour": choices.hours.hour,
        "pronoun": choices.pronoun,
        "pretext": choices.pretext,
        "has_marks": choices.has_marks,
        "calls_only": choices.calls_only,
        "quiet_from": choices.hours.quiet_from,
        "quiet_until": choices.hours.quiet_until,
        "changed_at": now,
        "changed_by_id": by.staff_id,
    }
    dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    made = dialect.insert(TextChoice).values(patient_id=patient_id, side=side, **values)
    tx.execute(made.on_conflict_do_update(index_elements=["patient_id", "side"], set_=values))


def _write_declined(tx: Session, patient_id: int, side: str, declined: Collection[str], now: datetime) -> None:
    """A kind that was declined before keeps its date."""
    own = DeclinedReminder.patient_id == patient_id, DeclinedReminder.side == side
    tx.execute(delete(DeclinedReminder).where(*own, DeclinedReminder.kind.not_in(declined)))
    known = set(tx.execute(select(DeclinedReminder.kind).where(*own)).scalars())
    rows = [
        {"patient_id": patient_id, "side": side, "kind": kind, "declined_at": now}
        for kind in sorted(set(declined) - known)
    ]
    if rows:
        tx.execute(insert(DeclinedReminder), rows)
