"""What has waited says what is true and wanted by the time it goes, in the words that the phone may show by then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.message_states import FailureReason
from counseling.models.patients import PhoneNumber
from counseling.models.people import Staff
from counseling.models.places import Area, SiteHoursException
from counseling.models.texts import OutboundMessage
from counseling.models.wordings import TextWording
from counseling.refs import new_request_key
from counseling.services import rewording
from counseling.services.sending import send_due
from counseling.services.sweeping import sweep
from counseling.sms.gateway import AttemptedText, SmsOutcomeUnknown, SmsRejected
from tests.support.cast import DONG_KINH, Cast
from tests.support.outbox import FakeProvider
from tests.support.reminding import (
    TODAY,
    TOMORROW,
    ZONE,
    at,
    bodies,
    booked,
    choose,
    expected,
    open_hours,
    outcomes,
    plan,
    queue,
    reach,
    texts,
    turn,
    yesterday,
)
from tests.support.settings import MORNING

SIX, NINE, EVENING, LATER = at(6), at(9), at(19, 44), at(19, 47)


def other_hours(session: Session, day: date, opens_at: time, closes_at: time) -> None:
    row = {"site_id": DONG_KINH, "on_date": day, "opens_at": opens_at, "closes_at": closes_at, "reason": "bão"}
    with writing(session) as tx:
        tx.execute(insert(SiteHoursException).values(**row, is_shut=False))


def known_of_numbers(session: Session, patient_id: int, **said: object) -> None:
    with writing(session) as tx:
        tx.execute(update(PhoneNumber).where(PhoneNumber.patient_id == patient_id).values(**said))


def province_says(session: Session, key: str, body: str) -> None:
    """The newest version of a text in the only province of the cast."""
    province, writer = select(Area.id).where(Area.kind == "province").limit(1), select(Staff.id).limit(1)
    with writing(session) as tx:
        own = {"area_id": tx.execute(province).scalar_one(), "written_by_id": tx.execute(writer).scalar_one()}
        words = {"key": key, "version": 1, "body": body, "written_at": MORNING, "request_key": new_request_key()}
        tx.execute(insert(TextWording).values(**own, **words))


def sent(session: Session, now: datetime, gateway: FakeProvider | None = None) -> list[str]:
    """What the phones show after a run."""
    gateway = gateway or FakeProvider()
    send_due(session, gateway, now, ZONE)
    return [text.body for text in gateway.sent]


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    said, engine = list[str](), session.get_bind()

    def note(*given: Any) -> None:
        said.append(given[2])

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def evening(session: Session, cast: Cast) -> int:
    """Somebody whose evening text waits, made while tomorrow was as always."""
    open_hours(session)
    turn(session, cast, "missed_yesterday", is_on=False)
    turn(session, cast, "evening_before")
    person, _ = expected(session, cast)
    reach(session, cast, person.id, pronoun="chi")
    plan(session, at(8))
    assert queue(session, EVENING) == 1
    assert "tu 6h30 den 10h30" in bodies(session)[0]
    return person.id


@pytest.fixture
def appointed(session: Session, cast: Cast) -> int:
    """Somebody who has asked for plainer words, with a text that waits on a phone that is theirs alone."""
    person, _ = booked(session, cast, at(8, day=TOMORROW))
    choose(session, cast, person, "support", pretext="health")
    plan(session, SIX)
    assert queue(session, at(17)) == 1
    assert bodies(session)[0].startswith("Suc khoe: ")
    return person


def test_what_has_not_changed_goes_as_it_was_sealed(session: Session, evening: int) -> None:
    before = texts(session)[0].body
    assert sent(session, EVENING) == bodies(session)
    assert texts(session)[0].body == before


def test_hours_that_moved_after_a_text_was_made_are_the_ones_that_it_names(session: Session, evening: int) -> None:
    other_hours(session, TOMORROW, time(13), time(16))
    said = "Nhac viec: ngay mai van nhu thuong le, tu 13h den 16h. Tra loi 1 = da ro, 2 = nho goi lai."
    assert sent(session, EVENING) == [said]
    assert bodies(session) == [said], "and the row says what the phone shows"


def test_a_phone_that_others_read_by_now_shows_nothing_plainer_than_any(session: Session, appointed: int) -> None:
    known_of_numbers(session, appointed, is_shared=True)
    assert [words.split(":")[0] for words in sent(session, at(17))] == ["Nhac lich"]


def test_a_choice_made_since_is_heeded_and_its_segments_are_counted(
    session: Session, cast: Cast, appointed: int
) -> None:
    choose(session, cast, appointed, "support", pretext="club", has_marks=True)
    assert [words.split(":")[0] for words in sent(session, at(17))] == ["Đội bóng"]
    assert texts(session)[0].segments == 2


def test_words_that_the_province_has_written_since_are_said(session: Session, evening: int) -> None:
    words = "Nhac viec: mai tu {opens} den {closes}. Tra loi 1 = da ro, 2 = nho goi lai."
    province_says(session, "evening_before", words)
    assert sent(session, EVENING) == ["Nhac viec: mai tu 6h30 den 10h30. Tra loi 1 = da ro, 2 = nho goi lai."]


def test_the_first_text_addresses_nobody_on_a_phone_that_turned_out_to_be_shared(session: Session, cast: Cast) -> None:
    open_hours(session)
    (person,) = yesterday(session, cast)
    choose(session, cast, person.id, pronoun="chi")
    known_of_numbers(session, person.id, compared_at=None)
    plan(session, SIX)
    queue(session, NINE)
    assert "nhu chi da dong y" in bodies(session)[0]
    known_of_numbers(session, person.id, is_shared=True)
    assert [words.partition(" da dong y")[0][-7:] for words in sent(session, NINE)] == ["anh/chi"]


def test_nobody_is_told_to_come_before_an_hour_that_is_over(session: Session, cast: Cast) -> None:
    """A storm shuts the window at half past eight; the text was made at seven, and nine is too late."""
    open_hours(session)
    yesterday(session, cast)
    plan(session, SIX)
    queue(session, NINE)
    assert "truoc 10h30" in bodies(session)[0]
    other_hours(session, TODAY, time(6, 30), time(8, 30))
    assert sent(session, NINE) == []
    assert [(row.state, row.reason) for row in texts(session)] == [("expired", None)]
    assert outcomes(session) == [("expired", None)]


def test_hours_that_are_over_when_a_reminder_is_due_are_not_called_unknown(session: Session, cast: Cast) -> None:
    open_hours(session)
    yesterday(session, cast)
    plan(session, SIX)
    other_hours(session, TODAY, time(6, 30), time(7))
    assert queue(session, NINE) == 0
    assert outcomes(session) == [("expired", None)]


def test_words_that_do_not_fit_any_more_end_the_text_and_stand_in_nobodys_way(
    session: Session, cast: Cast, evening: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked(session, cast, at(8, day=TOMORROW))
    plan(session, at(8))
    queue(session, EVENING)
    make = rewording.WORDS_OF

    def too_long(*given: Any) -> Any:
        return rewording.Words({"opens": "6h30" * 40, "closes": "10h30"}, EVENING)

    monkeypatch.setattr(rewording, "WORDS_OF", {**make, "evening_before": too_long})
    assert [words.split(":")[0] for words in sent(session, EVENING)] == ["Nhac lich"]
    assert {row.wording: (row.state, row.reason) for row in texts(session)} == {
        "evening_before": ("refused", "wording"),
        "appointment": ("accepted", None),
    }
    assert ("refused", "wording") in outcomes(session)


def test_what_a_person_typed_is_said_as_they_typed_it(session: Session, cast: Cast, evening: int) -> None:
    with writing(session) as tx:
        typed = {"wording": "typed", "is_automatic": False, "reminder_id": None}
        tx.execute(update(OutboundMessage).values(**typed, written_by_id=cast.staff["dispenser"]))
    before = bodies(session)
    other_hours(session, TOMORROW, time(13), time(16))
    assert sent(session, EVENING) == before


class Asked(FakeProvider):
    """Knows a text by its words, as one does that keeps no reference of ours."""

    def __init__(self) -> None:
        super().__init__(repeat_safe=False)

    def resolve_unknown(self, message: AttemptedText) -> bool | None:
        return message.body in [text.body for text in self.sent]


def test_a_gateway_is_asked_about_the_words_that_it_was_handed(session: Session, evening: int) -> None:
    """What was refused is worded anew at the next attempt, and only the last one's words may be with the provider."""
    gateway = Asked()
    gateway.before = SmsRejected(FailureReason.TEMPORARY, permanent=False)
    assert sent(session, EVENING, gateway) == [] and len(gateway.handed_over) == 1
    other_hours(session, TOMORROW, time(13), time(16))
    gateway.before, gateway.after = None, SmsOutcomeUnknown()
    assert ["tu 13h den 16h" in words for words in sent(session, LATER, gateway)] == [True]
    assert texts(session)[0].state == "unknown"
    sweep(session, gateway, LATER + timedelta(minutes=2), ZONE)
    assert texts(session)[0].state == "accepted"


def test_what_was_lost_on_its_way_is_said_anew_under_the_same_reference(session: Session, evening: int) -> None:
    """The gateway says that it has not got it; whatever arrives there, it takes one text of a reference."""
    gateway = FakeProvider()
    gateway.before = SmsOutcomeUnknown()
    assert sent(session, EVENING, gateway) == [] and len(gateway.handed_over) == 1
    sweep(session, gateway, LATER, ZONE)
    assert (texts(session)[0].state, texts(session)[0].pinned_gateway) == ("queued", "fake")
    other_hours(session, TOMORROW, time(13), time(16))
    gateway.before = None
    assert ["tu 13h den 16h" in words for words in sent(session, LATER, gateway)] == [True]
    assert len(gateway.handed_over) == 2 and len(set(gateway.handed_over)) == 1


@pytest.mark.parametrize("moved", [False, True])
def test_wording_many_anew_costs_few_statements(session: Session, cast: Cast, moved: bool) -> None:
    """So many for a batch, and none for each of its texts: half of the people ask for marks."""
    open_hours(session)
    turn(session, cast, "missed_yesterday", is_on=False)
    turn(session, cast, "evening_before")
    for number in range(6):
        person, _ = expected(session, cast)
        reach(session, cast, person.id)
        choose(session, cast, person.id, has_marks=number % 2 == 0)
    plan(session, at(8))
    assert queue(session, EVENING) == 6
    if moved:
        other_hours(session, TOMORROW, time(13), time(16))
    rows, words = texts(session), bodies(session)
    cost: Mapping[int, int] = {many: statements_for(session, rows[:many], words) for many in (2, 6)}
    assert cost[2] == cost[6] <= 3 + 2 * 3 + moved  # reminders, wordings, spellings; hours in either spelling; sealing


def statements_for(session: Session, rows: list[Any], words: list[str]) -> int:
    session.rollback()
    with statements(session) as said, writing(session) as tx:
        rewording.reword(tx, list(zip(rows, words, strict=False)), EVENING, ZONE)
    return sum(not one.lstrip().upper().startswith(("BEGIN", "COMMIT")) for one in said)
