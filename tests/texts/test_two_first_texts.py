"""Two files with one number: its owner is told once how to stop, also where both texts are due in one batch."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.patients import PhoneNumber
from counseling.queries.first_texts import FIRST
from counseling.services.message_attempts import WAIT
from counseling.services.sending import send_due
from tests.support.cast import Cast
from tests.support.outbox import FakeProvider, queued, states
from tests.support.reminding import A_DAY, ZONE, at, reach
from tests.support.treatment import somebody


def test_of_two_first_texts_for_one_number_one_goes(session: Session, cast: Cast) -> None:
    people = [somebody(session, cast).id for _ in range(2)]
    lines = [reach(session, cast, person) for person in people]
    with writing(session) as tx:
        tx.execute(update(PhoneNumber).values(line_id=lines[0], compared_at=None))
    for person in people:
        queued(session, lines[0], patient_id=person, wording=FIRST, now=at(8), expires_at=at(8) + A_DAY)
    gateway = FakeProvider()
    gateway.abilities = replace(gateway.abilities, calls_at_once=8)
    send_due(session, gateway, at(9), ZONE)
    assert len(gateway.sent) == 1 and sorted(states(session)) == ["accepted", "queued"]
    send_due(session, gateway, at(9) + WAIT, ZONE)
    assert len(gateway.sent) == 1 and sorted(states(session)) == ["accepted", "cleared"]
