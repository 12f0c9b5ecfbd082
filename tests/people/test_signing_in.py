import unicodedata
from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.models.audit import AuditEntry
from counseling.models.people import Device, Staff, StaffRole, StaffSession
from counseling.queries.viewers import find_viewer, hash_token
from counseling.services import passwords
from counseling.services.signing_in import sign_in, sign_out
from tests.people.accounts import attempt, enter
from tests.support.cast import PASSWORD, Cast, cheap_hash
from tests.support.settings import MORNING

MINUTE = timedelta(minutes=1)


def test_whoever_knows_the_password_sits_at_their_only_desk(session: Session, cast: Cast) -> None:
    opened = enter(session, " Dispenser ")
    found = find_viewer(session, opened.token, MORNING)
    assert found is not None
    assert (found[0].staff_id, found[0].role_id) == (cast.staff["dispenser"], cast.roles["dispenser"][0])


def test_the_real_verifier_lets_the_real_password_in_and_renews_an_old_hash(session: Session, cast: Cast) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash(PASSWORD)
    with writing(session) as tx:
        tx.execute(update(Staff).where(Staff.username == "dispenser").values(password_hash=old))
    sign_in(session, attempt("dispenser"), MORNING)
    kept = session.execute(select(Staff.password_hash).where(Staff.id == cast.staff["dispenser"])).scalar_one()
    assert kept != old
    assert "m=19456,t=2,p=1" in kept
    assert passwords.matches(kept, PASSWORD)


def test_somebody_with_two_desks_sits_at_none_until_they_choose(session: Session, cast: Cast) -> None:
    assert enter(session, "nurse").role_id is None
    assert enter(session, "province").role_id is None


def test_the_database_holds_no_token_in_clear(session: Session, cast: Cast) -> None:
    opened = enter(session, "dispenser")
    kept = session.execute(select(StaffSession.token_hash, Device.token_hash).join(Device)).all()
    assert (hash_token(opened.token), hash_token(opened.device_token)) in [(bytes(a), bytes(b)) for a, b in kept]
    everything = b"".join(bytes(part) for row in kept for part in row)
    entries = "".join(session.execute(select(AuditEntry.details)).scalars())
    for secret in (opened.token, opened.device_token):
        assert secret.encode() not in everything
        assert secret not in entries


@pytest.mark.parametrize("name", ["dispenser", "nobody-at-all", "", "đường dây"])
def test_wrong_name_and_wrong_password_are_refused_alike(session: Session, cast: Cast, name: str) -> None:
    with pytest.raises(Refusal) as refused:
        enter(session, name, "not the password")
    assert refused.value.code == "wrong_credentials"


def test_a_name_that_nobody_has_costs_one_verification_like_any_other(session: Session, cast: Cast) -> None:
    asked: list[str | None] = []

    def matches(password_hash: str | None, _: str) -> bool:
        asked.append(password_hash)
        return False

    for name in ("dispenser", "nobody-at-all"):
        with pytest.raises(Refusal):
            sign_in(session, attempt(name), MORNING, matches=matches)
    assert asked == [cheap_hash(), None]


def test_verifying_nobody_works_as_hard_as_verifying_somebody() -> None:
    assert not passwords.is_outdated(passwords.NOBODY)
    assert not passwords.matches(None, PASSWORD)


def test_a_disabled_account_is_refused_with_the_same_words(session: Session, cast: Cast) -> None:
    with writing(session) as tx:
        tx.execute(update(Staff).where(Staff.username == "dispenser").values(disabled_at=MORNING))
    with pytest.raises(Refusal) as refused:
        enter(session, "dispenser")
    assert refused.value.code == "wrong_credentials"


def test_a_session_ends_after_a_quarter_of_an_hour_without_a_sign_of_life(session: Session, cast: Cast) -> None:
    token = enter(session, "dispenser").token
    assert find_viewer(session, token, MORNING + 14 * MINUTE) is not None
    assert find_viewer(session, token, MORNING + 15 * MINUTE) is None


def test_a_session_ends_after_twelve_hours_however_busy_it_was(session: Session, cast: Cast) -> None:
    token = enter(session, "dispenser").token
    late = MORNING + timedelta(hours=12)
    with writing(session) as tx:
        tx.execute(update(StaffSession).values(last_seen_at=late - MINUTE))
    assert find_viewer(session, token, late - MINUTE) is not None
    assert find_viewer(session, token, late) is None


def test_a_role_that_ends_takes_the_desk_away_at_once(session: Session, cast: Cast) -> None:
    token = enter(session, "dispenser").token
    with writing(session) as tx:
        tx.execute(update(StaffRole).where(StaffRole.id == cast.roles["dispenser"][0]).values(ended_at=MORNING))
    found = find_viewer(session, token, MORNING)
    assert found is not None
    assert (found[0].role_id, found[0].kind) == (None, None)


def test_signing_out_ends_the_session_and_says_so(session: Session, cast: Cast) -> None:
    token = enter(session, "dispenser").token
    found = find_viewer(session, token, MORNING)
    assert found is not None
    sign_out(session, found[0], MORNING)
    assert find_viewer(session, token, MORNING) is None
    row = session.execute(select(StaffSession).where(StaffSession.id == found[0].session_id)).scalar_one()
    assert (row.ended_at, row.end_reason) == (MORNING.astimezone(row.ended_at.tzinfo), "signed_out")


def test_a_known_browser_keeps_its_device_and_a_strange_cookie_gets_a_new_one(session: Session, cast: Cast) -> None:
    first = enter(session, "dispenser").device_token
    assert enter(session, "dispenser", device=first).device_token == first
    assert enter(session, "dispenser", device="made up by somebody").device_token not in (first, "made up by somebody")
    assert session.execute(select(func.count(Device.id))).scalar_one() == 3  # with the cast's own


def test_a_password_with_marks_matches_however_the_keyboard_sends_them() -> None:
    kept = passwords.hash_password("đường về nhà")
    assert passwords.matches(kept, unicodedata.normalize("NFD", "đường về nhà"))
    assert not passwords.matches(kept, "duong ve nha")


def test_an_account_disabled_while_the_password_is_worked_out_gets_no_session(session: Session, cast: Cast) -> None:
    def disabled_meanwhile(_: str | None, __: str) -> bool:
        with writing(session) as tx:
            tx.execute(update(Staff).values(disabled_at=MORNING))
        return True

    before = open_sessions(session)
    with pytest.raises(Refusal):
        sign_in(session, attempt("dispenser"), MORNING, matches=disabled_meanwhile)
    assert open_sessions(session) == before


def open_sessions(session: Session, at: datetime = MORNING) -> int:
    return session.execute(select(func.count(StaffSession.id)).where(StaffSession.ends_at > at)).scalar_one()
