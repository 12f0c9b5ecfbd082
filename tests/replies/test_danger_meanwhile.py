"""Words of danger that came in while somebody dealt with older texts: unread, so nobody has taken them on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.models.duty import CrisisAlert
from counseling.models.people import StaffRole
from counseling.models.places import Site
from counseling.permissions import Viewer
from counseling.queries.duty import reads_texts
from counseling.queries.just_before import find_line_now
from counseling.refs import new_request_key
from counseling.services.crises import take_on
from counseling.services.inbox import answer_text, mark_handled, stop_texts
from counseling.services.sites import SiteDetails, change_site
from counseling.services.staff_accounts import disable_staff
from counseling.services.staff_roles import end_role
from counseling.services.treatment_files import By
from tests.replies.story import REPLIED_AT, asked, has_number, texted
from tests.support.cast import CAO_LOC, DONG_KINH, Cast
from tests.support.files import by, patient_of, supported
from tests.support.treatment import somebody

NOW = REPLIED_AT
A_MINUTE = timedelta(minutes=1)
DANGER = "em muốn chết"


def alerts(session: Session) -> list[Row[Any]]:
    session.rollback()
    return list(session.execute(select(*CrisisAlert.__table__.columns).order_by(CrisisAlert.id)))


def deals_with(session: Session, cast: Cast, text_id: int, how: str, now: datetime) -> None:
    """Somebody of the desk does something about a conversation, from a page that ends with this text."""
    who = by(cast, "dispenser")
    if how == "answers":
        answer_text(session, text_id, "Vang, em ghi lai roi.", by=who, request_key=new_request_key(), now=now)
    else:
        {"looks": mark_handled, "stops": stop_texts}[how](session, text_id, by=who, now=now)


@pytest.mark.parametrize("how", ["answers", "looks", "stops"])
def test_whoever_deals_with_an_older_text_has_not_taken_on_the_newer(
    session: Session, cast: Cast, treated: int, line: int, how: str
) -> None:
    shown = texted(session, "alo")
    danger = texted(session, DANGER, at=NOW + A_MINUTE)
    deals_with(session, cast, shown.id, how, NOW + 2 * A_MINUTE)
    (alert,) = alerts(session)
    assert (alert.inbound_id, alert.taken_at) == (danger.id, None)
    deals_with(session, cast, danger.id, "looks", NOW + 3 * A_MINUTE)
    assert alerts(session)[0].taken_by_id == cast.staff["dispenser"]


def test_danger_that_came_on_top_of_danger_calls_anew(session: Session, cast: Cast, treated: int, line: int) -> None:
    shown = texted(session, DANGER)
    newer = texted(session, DANGER, at=NOW + A_MINUTE)
    assert len(alerts(session)) == 1
    deals_with(session, cast, shown.id, "answers", NOW + 2 * A_MINUTE)
    first, second = alerts(session)
    assert first.taken_at is not None and second.taken_at is None
    assert (second.inbound_id, second.next_call_at) == (newer.id, NOW + 12 * A_MINUTE), "they are with them just now"


def test_nothing_goes_there_by_itself_until_somebody_has_taken_it_on(
    session: Session, cast: Cast, treated: int, line: int
) -> None:
    """Two hours after "em muốn chết", with nobody there, no text asks about the daily task."""
    danger = texted(session, DANGER)
    later = NOW + 120 * A_MINUTE
    assert find_line_now(session, line, DONG_KINH, "treatment", later).is_in_conversation
    deals_with(session, cast, danger.id, "looks", NOW + 61 * A_MINUTE)
    assert not find_line_now(session, line, DONG_KINH, "treatment", later).is_in_conversation


def test_whoever_answers_another_person_of_the_number_has_not_read_it(
    session: Session, cast: Cast, treated: int, line: int
) -> None:
    """Two share a phone: words after an answered question have no name, and stand in a conversation of their own."""
    has_number(session, somebody(session, cast).id)
    asked(session, line, treated)
    assert texted(session, DANGER).patient_id == treated
    texted(session, "1", at=NOW + A_MINUTE)
    nameless = texted(session, "vâng", at=NOW + 2 * A_MINUTE)
    assert nameless.patient_id is None
    deals_with(session, cast, nameless.id, "looks", NOW + 3 * A_MINUTE)
    assert [alert.taken_at for alert in alerts(session)] == [None]


def readers(session: Session) -> list[Row[Any]]:
    """The desks that read the point of Cao Lộc."""
    found = list(session.execute(select(StaffRole.id, StaffRole.staff_id).where(reads_texts("support", CAO_LOC))))
    session.rollback()
    return found


@pytest.fixture
def the_last(session: Session, cast: Cast) -> Row[Any]:
    """The only one left who reads the point where danger stands."""
    has_number(session, patient_of(session, supported(session, cast, site_id=CAO_LOC)), "support")
    first, *others = readers(session)
    with writing(session) as tx:
        tx.execute(update(StaffRole).where(StaffRole.id.in_([one.id for one in others])).values(ended_at=NOW))
    texted(session, DANGER)
    return first


def closed(session: Session) -> SiteDetails:
    row = session.execute(select(Site.__table__).where(Site.id == CAO_LOC)).one()._asdict()
    names = {field.name for field in fields(SiteDetails)} & row.keys()
    return SiteDetails(**{name: row[name] for name in names} | {"closed_on": NOW.date()})


Leave = Callable[[Session, Viewer, Row[Any]], None]
LEAVING: dict[str, Leave] = {
    "role": lambda session, admin, last: end_role(session, admin, last.id, NOW),
    "account": lambda session, admin, last: disable_staff(session, admin, last.staff_id, NOW),
    "place": lambda session, admin, last: change_site(session, admin, CAO_LOC, closed(session), NOW.date(), NOW),
}


@pytest.mark.parametrize("what", LEAVING)
def test_nobody_is_left_alone_in_danger_by_who_leaves(
    session: Session, cast: Cast, the_last: Row[Any], what: str
) -> None:
    """What comes in later goes to whoever reads; what stands already is on the pages of this place alone."""
    admin = cast.viewer_of("admin")
    with pytest.raises(Refusal, match="danger_waits"):
        LEAVING[what](session, admin, the_last)
    assert [one.id for one in readers(session)] == [the_last.id]
    alert_id = session.execute(select(CrisisAlert.id)).scalar_one()
    take_on(session, alert_id, by=By(the_last.staff_id, "role:1"), now=NOW)
    LEAVING[what](session, admin, the_last)


def test_where_another_reads_whoever_wants_may_leave(session: Session, cast: Cast, the_last: Row[Any]) -> None:
    with writing(session) as tx:
        other = {"staff_id": cast.staff["dispenser"], "kind": "counselor", "side": "support", "site_id": CAO_LOC}
        tx.execute(insert(StaffRole).values(**other, given_at=NOW))
    end_role(session, cast.viewer_of("admin"), the_last.id, NOW)
    assert the_last.id not in [one.id for one in readers(session)]
