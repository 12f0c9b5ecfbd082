"""Tokens of phones: of one person at one desk, for 90 days, ended by whoever may end them, at once."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import writing
from counseling.domain.phone_entries import TOKEN_LASTS
from counseling.domain.refusal import Refusal
from counseling.models.people import StaffSession
from counseling.models.phone_entries import PhoneToken
from counseling.queries.phones import list_phones, list_quiet_phones
from counseling.services.phone_entries import Report, take_entry
from counseling.services.phone_tokens import find_token, issue_token, revoke_of, revoke_own
from counseling.services.staff_accounts import disable_staff
from tests.outbox.story import ARRIVAL, SAVED, a_letter, contacts, entries, hand_in, token_of, waiting
from tests.outreach.story import someone
from tests.support.cast import Cast
from tests.support.phone import visit
from tests.support.races import at_the_same_second
from tests.support.settings import MORNING

DAY = timedelta(days=1)


def test_a_token_lasts_ninety_days_and_its_hash_is_all_that_is_kept(session: Session, cast: Cast) -> None:
    made = issue_token(session, cast.viewer_of("volunteer"), MORNING)
    assert made.expires_at == MORNING + TOKEN_LASTS and timedelta(days=90) == TOKEN_LASTS
    assert made.token not in repr(made)
    held = find_token(session, made.token, MORNING + TOKEN_LASTS - DAY)
    assert held is not None and held.is_good
    late = find_token(session, made.token, MORNING + TOKEN_LASTS)
    assert late is not None and (late.is_good, late.is_revoked) == (False, False)
    assert find_token(session, made.token + "x", MORNING) is None


@pytest.mark.parametrize("who", ["dispenser", "doctor", "supervisor", "community", "admin"])
def test_a_desk_that_logs_no_contacts_gets_none(session: Session, cast: Cast, who: str) -> None:
    with pytest.raises(Refusal, match="may_not_log"):
        issue_token(session, cast.viewer_of(who), MORNING)


def test_a_phone_keeps_its_last_tokens_and_none_of_them_is_called_revoked(session: Session, cast: Cast) -> None:
    viewer = cast.viewer_of("volunteer")
    made = [issue_token(session, viewer, MORNING + timedelta(minutes=number)) for number in range(5)]
    held = [find_token(session, one.token, ARRIVAL) for one in made]
    assert [one.is_good for one in held if one] == [False, False, True, True, True]
    assert not any(one.is_revoked for one in held if one)


def test_its_owner_and_an_administrator_end_a_token_and_nobody_else(session: Session, cast: Cast) -> None:
    held = token_of(session, cast)
    for who in ("volunteer2", "counselor", "admin"):
        with pytest.raises(Refusal, match="no_such_token"):
            revoke_own(session, cast.viewer_of(who), held.id, ARRIVAL)
    with pytest.raises(Refusal, match="not_administrator"):
        revoke_of(session, cast.viewer_of("counselor"), cast.staff["volunteer"], held.id, ARRIVAL)
    with pytest.raises(Refusal, match="no_such_token"):
        revoke_of(session, cast.viewer_of("admin"), cast.staff["volunteer2"], held.id, ARRIVAL)
    assert len(list_phones(session, cast.staff["volunteer"], ARRIVAL)) == 1
    revoke_own(session, cast.viewer_of("volunteer"), held.id, ARRIVAL)
    assert list_phones(session, cast.staff["volunteer"], ARRIVAL) == []
    other = token_of(session, cast, "volunteer2")
    revoke_of(session, cast.viewer_of("admin"), cast.staff["volunteer2"], other.id, ARRIVAL)
    with pytest.raises(Refusal, match="token_ended"):
        hand_in(session, cast, visit("x"), held=other)


def test_a_lost_phone_is_signed_out_with_all_that_its_owner_has_on_it(session: Session, cast: Cast) -> None:
    """It may hold an earlier token, and its open session would fetch it a new one."""
    older, newer = token_of(session, cast), token_of(session, cast)
    other = token_of(session, cast, "volunteer2")  # of a colleague who uses the same phone
    revoke_own(session, cast.viewer_of("volunteer"), newer.id, ARRIVAL)
    for held in (older, newer):
        with pytest.raises(Refusal, match="token_ended"):
            hand_in(session, cast, visit("x"), held=held)
    with pytest.raises(Refusal, match="may_not_log"):
        issue_token(session, cast.viewer_of("volunteer"), ARRIVAL)
    assert hand_in(session, cast, visit("x"), held=other, who="volunteer2") == "quarantined"
    assert issue_token(session, cast.viewer_of("volunteer2"), ARRIVAL)


def test_after_somebody_is_disabled_nothing_more_comes_from_their_phone(session: Session, cast: Cast) -> None:
    """Of entries in flight at that moment each is either there before it, or refused."""
    person, held = someone(session, cast), token_of(session, cast)
    letters = [a_letter(session, cast, visit(person.ref)) for _ in range(12)]
    gate, taken = threading.Event(), []

    def send(own: Session, mine: list[object]) -> None:
        for letter in mine:
            try:
                taken.append(take_entry(own, held, letter, Report(), zone=VIETNAM, now=ARRIVAL))  # type: ignore[arg-type]
            except Refusal as refusal:
                taken.append(refusal.code)
            if len(taken) > 3:
                gate.set()

    def disable(own: Session) -> int:
        gate.wait(timeout=30)
        disable_staff(own, cast.viewer_of("admin"), cast.staff["volunteer"], ARRIVAL)
        return own.execute(
            select(func.count()).select_from(PhoneToken).where(PhoneToken.revoked_at.is_(None))
        ).scalar_one()

    outcomes = at_the_same_second(
        session.get_bind(),  # type: ignore[arg-type]
        lambda own: send(own, letters[:6]),
        lambda own: send(own, letters[6:]),
        disable,
    )
    assert outcomes[2] == 0, outcomes
    assert set(taken) <= {"stored", "token_ended"} and len(taken) == 12
    assert len(contacts(session)) == taken.count("stored") == len(entries(session))
    with pytest.raises(Refusal, match="token_ended"):
        hand_in(session, cast, visit(person.ref), held=held)


def test_the_same_entry_twice_in_the_same_second_is_one(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    tokens = [token_of(session, cast), token_of(session, cast)]
    for number in range(5):
        said = visit(person.ref if number % 2 else "nobodyknows")
        letter = a_letter(session, cast, said, id=str(uuid.uuid4()))
        outcomes = at_the_same_second(
            session.get_bind(),  # type: ignore[arg-type]
            *(lambda own, held=held, letter=letter: take_entry(own, held, letter, Report(), zone=VIETNAM, now=ARRIVAL)
              for held in (tokens[0], tokens[1], tokens[0])),
        )  # fmt: skip
        expected = ["already", "already", "stored"] if number % 2 else ["quarantined"] * 3
        assert sorted(map(str, outcomes)) == expected, outcomes
    assert (len(contacts(session)), len(waiting(session)), len(entries(session))) == (2, 3, 5)


def test_a_phone_that_is_long_without_a_signal_is_seen_by_its_point_and_area(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    held = token_of(session, cast)
    report = Report(sent_at=ARRIVAL, waiting=3, waiting_since=SAVED - 4 * DAY)
    hand_in(session, cast, visit(person.ref), held=held, report=report)
    for who in ("counselor", "community"):
        (phone,) = list_quiet_phones(session, cast.viewer_of(who), ARRIVAL)
        assert (phone.who, phone.waiting, phone.waiting_since, phone.skew_minutes) == (
            "Người mẫu volunteer", 3, SAVED - 4 * DAY, None,
        )  # fmt: skip
    for who, desk in (("nurse", 1), ("volunteer", 0), ("supervisor", 0), ("admin", 0)):
        assert list_quiet_phones(session, cast.viewer_of(who, desk), ARRIVAL) == []
    emptied = Report(sent_at=ARRIVAL + timedelta(hours=2), waiting=0)
    hand_in(session, cast, visit(person.ref), held=held, report=emptied)
    (phone,) = list_quiet_phones(session, cast.viewer_of("counselor"), ARRIVAL)
    assert (phone.waiting_since, phone.skew_minutes) == (None, 120)


def test_a_phone_of_which_nothing_was_heard_for_long_is_seen_though_nothing_waited(
    session: Session, cast: Cast
) -> None:
    """It last said that nothing waits, weeks ago: what lies on it now nobody knows."""
    person, counselor = someone(session, cast), cast.viewer_of("counselor")
    hand_in(session, cast, visit(person.ref), report=Report(sent_at=ARRIVAL, waiting=0))
    assert list_quiet_phones(session, counselor, ARRIVAL + 3 * DAY) == []
    (phone,) = list_quiet_phones(session, counselor, ARRIVAL + 21 * DAY)
    assert (phone.who, phone.quiet_since, phone.waiting_since) == ("Người mẫu volunteer", ARRIVAL, None)
    assert list_quiet_phones(session, cast.viewer_of("volunteer"), ARRIVAL + 21 * DAY) == []


def test_a_phone_that_never_handed_anything_in_counts_from_when_it_was_made_ready(session: Session, cast: Cast) -> None:
    counselor = cast.viewer_of("counselor")
    token_of(session, cast)
    assert list_quiet_phones(session, counselor, MORNING + 3 * DAY) == []
    (phone,) = list_quiet_phones(session, counselor, MORNING + 4 * DAY)
    assert phone.quiet_since == MORNING


def test_whoever_only_reads_the_list_was_heard(session: Session, cast: Cast) -> None:
    """A week without a visit is no phone without a signal: it asked for its list this morning."""
    token_of(session, cast)
    row = {"token_hash": b"s" * 32, "staff_id": cast.staff["volunteer"], "device_id": cast.device}
    times = {"started_at": MORNING, "last_seen_at": MORNING + 6 * DAY, "ends_at": MORNING + 9 * DAY}
    with writing(session) as tx:
        tx.execute(insert(StaffSession).values(**row, **times))
    assert list_quiet_phones(session, cast.viewer_of("counselor"), MORNING + 7 * DAY) == []
    (phone,) = list_quiet_phones(session, cast.viewer_of("counselor"), MORNING + 10 * DAY)
    assert phone.quiet_since == MORNING + 6 * DAY
