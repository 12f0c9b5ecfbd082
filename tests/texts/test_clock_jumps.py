"""The clock jumps in a morning and comes back: nothing goes twice, stale or at night, and no more than three a day."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.domain.sending_hours import is_quiet
from counseling.models.texts import MOST_AUTOMATIC_A_DAY, OutboundMessage, SimulatedText
from tests.support.cast import Cast
from tests.support.reminding import TODAY, TOMORROW, ZONE, at, booked, in_aftercare, open_hours, turn, yesterday
from tests.texts.test_ticking import Hands

SIZES = [timedelta(seconds=1), timedelta(hours=11), timedelta(days=400)]


@pytest.mark.parametrize("jump", [*SIZES, *(-size for size in SIZES)], ids=str)
def test_whatever_the_clock_does_the_promises_hold(session: Session, cast: Cast, jump: timedelta) -> None:
    open_hours(session)
    yesterday(session, cast, missed=2, came=7)
    booked(session, cast, at(8, day=TOMORROW))
    in_aftercare(session, cast, TODAY)
    turn(session, cast, "evening_before")
    hands, half_an_hour = Hands(session), timedelta(minutes=30)
    for there_and_back in (at(7, 30), at(9)):
        hands.run(there_and_back - half_an_hour, there_and_back, every=half_an_hour / 3)
        hands.run(there_and_back + jump, there_and_back + jump + half_an_hour, every=half_an_hour / 3)
    hands.run(at(9, 30), at(21), every=3 * half_an_hour)

    session.rollback()
    text = OutboundMessage
    gone = session.execute(
        select(text.reminder_id, text.patient_id, text.expires_at, SimulatedText.taken_at)
        .join(text, text.ref == SimulatedText.message_ref)
        .where(text.is_automatic)
    ).all()
    assert len(gone) >= (1 if jump > timedelta(hours=1) else 4), "what a jump has ended is not said; the rest is"
    assert max(Counter(row.reminder_id for row in gone).values()) == 1
    assert all(row.taken_at < row.expires_at for row in gone)
    assert not [row for row in gone if is_quiet(row.taken_at, ZONE)]
    days = Counter((row.patient_id, row.taken_at.astimezone(ZONE).date()) for row in gone)
    assert max(days.values()) <= MOST_AUTOMATIC_A_DAY
