"""Staff answer in their own words: what may be said, to whom, once, and what is handled by it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.domain.message_states import MessageState
from counseling.domain.refusal import Refusal
from counseling.models.audit import AuditEntry
from counseling.models.texts import OutboundMessage, PhoneLine
from counseling.refs import new_request_key
from counseling.services.inbox import DIES_AFTER, answer_text, check_answer, mark_handled, stop_texts
from counseling.services.message_moves import lock_message, move
from tests.replies.story import NUMBER, OTHER_NUMBER, REPLIED_AT, asked, has_number, inbound, outbound, texted
from tests.support.cast import DONG_KINH, Cast, post, sign_in
from tests.support.files import by, patient_of, registered, supported

NOW = REPLIED_AT + timedelta(minutes=5)


@pytest.fixture
def text(session: Session, treated: int) -> int:
    """Something that a patient has texted; its id."""
    has_number(session, treated)
    return int(texted(session, "tối nay gọi em").id)


def answer(session: Session, cast: Cast, text: int, body: str, **changes: Any) -> None:
    who: dict[str, Any] = {"by": by(cast, "dispenser"), "request_key": new_request_key(), "now": NOW}
    answer_text(session, text, body, **(who | changes))


def refused(session: Session, cast: Cast, text: int, body: str = "Vâng ạ", **changes: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        answer(session, cast, text, body, **changes)
    assert outbound(session, "typed") == []
    assert inbound(session)[0].handled_at is None
    return caught.value


def test_an_answer_is_queued_as_words_of_a_person(session: Session, cast: Cast, treated: int, text: int) -> None:
    answer(session, cast, text, "  Vâng, 19h em gọi.\n")
    sent = outbound(session)[0]
    assert (sent.is_automatic, sent.wording, sent.state, sent.answer_hour) == (False, "typed", "queued", None)
    assert (sent.patient_id, sent.side, sent.site_id) == (treated, "treatment", DONG_KINH)
    assert (sent.written_by_id, sent.expires_at, sent.segments) == (cast.staff["dispenser"], NOW + DIES_AFTER, 1)
    assert vault_of(session).open("outbound_messages.body", sent.ref, sent.body) == "Vâng, 19h em gọi."


def test_whoever_answers_has_handled_what_they_read(session: Session, cast: Cast, text: int) -> None:
    later = texted(session, "mà thôi khỏi ạ", at=REPLIED_AT + timedelta(minutes=1))
    answer(session, cast, text, "Vâng ạ")
    first, second = inbound(session)
    assert (first.handled_at, first.handled_by_id) == (NOW, cast.staff["dispenser"])
    assert (second.id, second.handled_at) == (later.id, None)


def test_an_answer_sent_twice_goes_out_once(session: Session, cast: Cast, text: int) -> None:
    key = new_request_key()
    for _ in range(2):
        answer(session, cast, text, "Vâng ạ", request_key=key)
    assert len(outbound(session)) == 1


def test_a_key_of_another_conversation_is_refused(session: Session, cast: Cast, text: int) -> None:
    key = new_request_key()
    stranger = texted(session, "xin hỏi", number=OTHER_NUMBER)
    answer(session, cast, stranger.id, "Vâng ạ", request_key=key, by=by(cast, "counselor"))
    with pytest.raises(Refusal, match="answer_key_used"):
        answer(session, cast, text, "Vâng ạ", request_key=key)


@pytest.mark.parametrize("body", ["", " ", "\n\t"])
def test_nothing_is_no_answer(session: Session, cast: Cast, text: int, body: str) -> None:
    assert refused(session, cast, text, body).code == "answer_empty"


@pytest.mark.parametrize(("body", "segments"), [("x" * 613, 5), ("đ" * 269, 5), ("x" * 2_000, 14), ("👍" * 400, 13)])
def test_what_costs_too_much_is_refused_with_its_price(
    session: Session, cast: Cast, text: int, body: str, segments: int
) -> None:
    refusal = refused(session, cast, text, body)
    assert (refusal.code, refusal.facts) == ("answer_too_long", {"segments": segments, "most": 4})


def test_segments_are_counted_as_they_are_paid(session: Session, cast: Cast, text: int) -> None:
    for body in ("x" * 160, "x" * 161, "ạ" * 70, "ạ" * 71, "e\u0302\u0323" * 70):
        answer(session, cast, text, body)
    assert [sent.segments for sent in outbound(session)] == [1, 2, 1, 2, 1]


@pytest.mark.parametrize(
    ("body", "phrase"),
    [
        ("Mai anh nhớ uống methadone", "methadon"),
        ("mai den tram y te lay thuoc", "lấy thuốc"),
        ("Mời anh đến Trạm Y tế phường Đông Kinh", "trạm y tế"),
        ("chao anh NGUYEN VAN DUC", "Nguyễn Văn Đức"),
        ("mai gap o nha van hoa Dong Kinh", "Đông Kinh"),
        ("mai gặp ở Cao Lộc nhé", "Cao Lộc"),
    ],
)
def test_what_would_tell_a_stranger_is_refused(session: Session, cast: Cast, text: int, body: str, phrase: str) -> None:
    refusal = refused(session, cast, text, body)
    assert (refusal.code, refusal.facts) == ("wording_says", {"phrase": phrase})


def test_the_support_side_learns_no_full_name_by_trying_names(session: Session, cast: Cast, treated: int) -> None:
    """A guard that knew the treatment file would tell a counselor which name it refuses."""
    met = patient_of(session, supported(session, cast))
    has_number(session, met, "support", OTHER_NUMBER)
    row = texted(session, "alo", number=OTHER_NUMBER)
    answer(session, cast, row.id, "chào anh Nguyễn Văn Đức", by=by(cast, "counselor"))
    assert len(outbound(session)) == 1


@pytest.mark.parametrize("is_written_down", [True, False])
def test_of_a_number_that_several_have_nobody_is_named(
    session: Session, cast: Cast, treated: int, is_written_down: bool
) -> None:
    """At whichever station they are; and the refusal does not say which name it knows."""
    other = registered(session, cast, full_name="Lò Thị Khác", register_code="LS-9913")
    has_number(session, treated)
    has_number(session, patient_of(session, other), confirmed=not is_written_down)
    row = texted(session, "cho em hỏi chút")
    assert row.patient_id is None
    for body in ("Chào Nguyễn Văn Đức, mai gặp nhé", "chao LO THI KHAC", "chi Lo Thi Khac oi"):
        refusal = refused(session, cast, row.id, body)
        assert (refusal.code, refusal.facts) == ("wording_names", {})
    with pytest.raises(Refusal, match="wording_names"):
        check_answer(session, row.id, "chi Lo Thi Khac oi")
    answer(session, cast, row.id, "Chào anh Đức, mai gặp nhé")
    assert len(outbound(session)) == 1


def test_whoever_else_has_the_number_is_not_named_in_an_answer_to_one_of_them(
    session: Session, cast: Cast, treated: int
) -> None:
    line_id = has_number(session, treated)
    other = registered(session, cast, full_name="Lò Thị Khác", register_code="LS-9913")
    has_number(session, patient_of(session, other))
    asked(session, line_id, treated)
    row = texted(session, "tối nay gọi em")
    assert row.patient_id == treated
    assert refused(session, cast, row.id, "chị Lò Thị Khác có nhà không").code == "wording_names"
    assert refused(session, cast, row.id, "chào NGUYEN VAN DUC").facts == {"phrase": "Nguyễn Văn Đức"}


def test_the_page_says_that_somebody_is_named_and_not_who(
    app: Flask, session: Session, cast: Cast, treated: int
) -> None:
    has_number(session, treated)
    other = registered(session, cast, full_name="Lò Thị Khác", register_code="LS-9913")
    has_number(session, patient_of(session, other))
    row, client = texted(session, "cho em hỏi chút"), app.test_client()
    sign_in(client, "dispenser")
    page = f"/messages/{row.ref}/"
    shown = post(client, f"{page}check", page, body="chao LO THI KHAC").text
    assert "Bỏ tên đầy đủ: người khác có thể đọc tin này." in shown
    assert "Lò Thị Khác" not in shown


def test_a_number_that_was_stopped_is_not_texted(session: Session, cast: Cast, treated: int) -> None:
    has_number(session, treated)
    stop = texted(session, "NGUNG")
    assert refused(session, cast, stop.id).code == "line_stopped"


def test_a_number_that_does_not_exist_is_not_texted(session: Session, cast: Cast, text: int) -> None:
    with writing(session) as tx:
        tx.execute(update(PhoneLine).values(permanent_failures=2))
    assert refused(session, cast, text).code == "line_fails"


def test_a_sender_with_a_name_is_not_answered(session: Session, cast: Cast) -> None:
    row = texted(session, "Quý khách còn 5 GB", number="VIETTEL")
    assert refused(session, cast, row.id, by=by(cast, "counselor")).code == "not_a_phone"


def test_whoever_wants_no_more_texts_and_says_so_in_other_words_is_stopped_by_hand(
    session: Session, cast: Cast, text: int
) -> None:
    """As if they had written the word: number-wide, what waits is taken back, and only they can begin again."""
    line_id = inbound(session)[0].line_id
    waiting = asked(session, line_id, inbound(session)[0].patient_id, "appointment", state="queued")
    for _ in range(2):
        stop_texts(session, text, by=by(cast, "dispenser"), now=NOW)
    assert session.execute(select(PhoneLine.opted_out_at).where(PhoneLine.id == line_id)).scalar_one() == NOW
    assert [(one.state, one.reason) for one in outbound(session) if one.id == waiting] == [("cancelled", "opted_out")]
    assert inbound(session)[0].handled_by_id == cast.staff["dispenser"]
    entries = session.execute(select(AuditEntry.actor).where(AuditEntry.action == "text.stopped_by_hand"))
    assert entries.scalars().first() == cast.viewer_of("dispenser").actor
    texted(session, "BAT DAU", at=NOW + timedelta(minutes=1))
    assert session.execute(select(PhoneLine.opted_out_at).where(PhoneLine.id == line_id)).scalar_one() is None


def test_handled_means_up_to_what_was_read_and_the_first_hand_stands(session: Session, cast: Cast, text: int) -> None:
    texted(session, "alo", at=REPLIED_AT + timedelta(minutes=1))
    mark_handled(session, text, by=by(cast, "dispenser"), now=NOW)
    mark_handled(session, text, by=by(cast, "doctor"), now=NOW + timedelta(hours=1))
    first, second = inbound(session)
    assert (first.handled_at, first.handled_by_id, second.handled_at) == (NOW, cast.staff["dispenser"], None)
    noted = select(AuditEntry.actor, AuditEntry.details).where(AuditEntry.action == "text.handled")
    assert [tuple(entry) for entry in session.execute(noted)] == [(by(cast, "dispenser").actor, '{"texts":1}')]


def test_only_texts_of_this_conversation_are_handled(session: Session, cast: Cast, text: int) -> None:
    stranger = texted(session, "xin hỏi", number=OTHER_NUMBER)
    mark_handled(session, stranger.id, by=by(cast, "counselor"), now=NOW)
    assert [row.handled_at for row in inbound(session)] == [None, NOW]


def test_an_answer_stands_in_the_chain_without_its_words(session: Session, cast: Cast, text: int) -> None:
    answer(session, cast, text, "Vâng ạ")
    entry = session.execute(select(AuditEntry).where(AuditEntry.action == "text.answered")).scalar_one()
    message_id = session.execute(select(OutboundMessage.id)).scalar_one()
    assert (entry.chain, entry.subject, entry.actor) == (
        f"site:{DONG_KINH}",
        f"text:{text}",
        by(cast, "dispenser").actor,
    )
    assert entry.details == f'{{"message":{message_id},"segments":1}}'
    assert NUMBER not in entry.details


@pytest.mark.parametrize("to", ["expired", "refused", "failed"])
def test_whoever_is_not_answered_in_the_end_waits_again(session: Session, cast: Cast, text: int, to: str) -> None:
    """Words that never arrived have answered nobody; without this nobody at the site would learn of it."""
    answer(session, cast, text, "Vâng ạ")
    assert inbound(session)[0].handled_at == NOW
    later = texted(session, "alo", at=NOW + timedelta(minutes=1)).id
    mark_handled(session, later, by=by(cast, "dispenser2"), now=NOW + timedelta(minutes=2))
    with writing(session) as tx:
        row = lock_message(tx, OutboundMessage.wording == "typed")
        assert row is not None
        if to == "failed":
            tx.execute(update(OutboundMessage).where(OutboundMessage.id == row.id).values(state="claimed"))
            row = lock_message(tx, OutboundMessage.wording == "typed")
            assert row is not None
        move(tx, row, MessageState(to), NOW + DIES_AFTER)
    first, last = inbound(session)
    assert (first.handled_at, last.handled_at, last.handled_by_id) == (NOW, None, None), "the conversation, once"


def test_what_is_taken_back_or_arrives_makes_nobody_wait_again(session: Session, cast: Cast, text: int) -> None:
    answer(session, cast, text, "Vâng ạ")
    with writing(session) as tx:
        row = lock_message(tx, OutboundMessage.wording == "typed")
        assert row is not None
        move(tx, row, MessageState.CANCELLED, NOW)
    assert inbound(session)[0].handled_at == NOW
