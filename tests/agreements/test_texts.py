"""Agreement to be texted: asked once, taken back at the desk; a number stopped by a text gets nothing more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.domain.text_purposes import EVERY_PURPOSE
from counseling.models.audit import AuditEntry
from counseling.models.patients import PhoneNumber, TreatmentFile
from counseling.models.texts import SmsConsent
from counseling.queries.left_without import why_not_texted
from counseling.queries.reachable import find_line, is_own_number
from counseling.refs import new_request_key
from counseling.services.phones import remove_phone
from counseling.services.sms_consents import (
    Asked,
    choose_purposes,
    give_consent,
    start_texts_of_line,
    stop_texts_of_line,
    withdraw_consent,
)
from tests.agreements.story import (
    ASKS,
    WORDS,
    line_row,
    numbered,
    person,
    phone_of,
    planned,
    queued,
    reached,
    states,
)
from tests.support.cast import DONG_KINH, Cast, sign_in
from tests.support.files import by
from tests.support.reminding import reach
from tests.support.settings import MORNING
from tests.support.treatment import somebody

LATER = MORNING + timedelta(hours=1)


def consents(session: Session) -> list[SmsConsent]:
    session.rollback()
    return list(session.scalars(select(SmsConsent).order_by(SmsConsent.id).execution_options(populate_existing=True)))


def stop(session: Session, line_id: int) -> bool:
    with writing(session) as tx:
        return stop_texts_of_line(tx, line_id, LATER)


def start(session: Session, line_id: int) -> bool:
    with writing(session) as tx:
        return start_texts_of_line(tx, line_id, LATER)


@pytest.mark.parametrize("side", ["treatment", "support"])
def test_an_agreement_says_who_asked_with_which_words_and_in_which_language(
    session: Session, cast: Cast, side: str
) -> None:
    patient_id, who = person(session, cast, side), by(cast, ASKS[side])
    asked = Asked(version="v7", language="nut", purposes=EVERY_PURPOSE, pronoun="co")
    give_consent(session, patient_id, side, asked, by=who, request_key=new_request_key(), now=MORNING)
    (row,) = consents(session)
    assert (row.patient_id, row.side, row.version, row.language, row.pronoun) == (patient_id, side, "v7", "nut", "co")
    assert (row.given_at, row.asked_by_id, row.withdrawn_at) == (MORNING, who.staff_id, None)
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    noun = "patient" if side == "treatment" else "supported"
    assert (entry.chain, entry.action) == (f"site:{DONG_KINH}", f"{noun}.texts_agreed")
    assert entry.actor == who.actor


def test_asked_again_the_first_words_stand(session: Session, cast: Cast) -> None:
    patient_id, who, key = person(session, cast), by(cast, "dispenser"), new_request_key()
    later, latest = replace(WORDS, version="v2"), replace(WORDS, version="v3")
    for words, used in ((WORDS, key), (later, key), (latest, new_request_key())):
        give_consent(session, patient_id, "treatment", words, by=who, request_key=used, now=MORNING)
    assert [row.version for row in consents(session)] == [WORDS.version]


def test_the_key_of_anothers_page_gives_no_agreement(session: Session, cast: Cast) -> None:
    one, other, key = person(session, cast), person(session, cast, "support"), new_request_key()
    give_consent(session, one, "treatment", WORDS, by=by(cast, "dispenser"), request_key=key, now=MORNING)
    with pytest.raises(Refusal, match="consent_key_used"):
        give_consent(session, other, "support", WORDS, by=by(cast, "counselor"), request_key=key, now=MORNING)
    assert len(consents(session)) == 1


def test_taken_back_at_the_desk_it_ends_at_once_with_everything_that_waits(session: Session, cast: Cast) -> None:
    patient_id = person(session, cast)
    line_id = reached(session, cast, patient_id)
    planned(session, patient_id)
    queued(session, patient_id, line_id)
    planned(session, patient_id, slot=3, state="cleared")
    withdraw_consent(session, patient_id, "treatment", by=by(cast, "dispenser"), now=LATER)
    (row,) = consents(session)
    assert (row.withdrawn_at, row.withdrawn_how, row.withdrawn_by_id) == (LATER, "desk", cast.staff["dispenser"])
    assert states(session) == (["cancelled", "cancelled", "cleared"], ["cancelled"])
    withdraw_consent(session, patient_id, "treatment", by=by(cast, "doctor"), now=LATER + timedelta(hours=1))
    assert consents(session)[0].withdrawn_at == LATER


def test_taken_back_on_one_side_the_other_side_goes_on(session: Session, cast: Cast) -> None:
    treated, met = person(session, cast), person(session, cast, "support")
    line_id = reached(session, cast, treated)
    assert reached(session, cast, met, "support") == line_id
    planned(session, treated)
    planned(session, met, "support")
    withdraw_consent(session, treated, "treatment", by=by(cast, "dispenser"), now=LATER)
    assert states(session)[0] == ["cancelled", "planned"]
    assert line_row(session, line_id).opted_out_at is None


def test_given_anew_after_it_was_taken_back_both_are_on_record(session: Session, cast: Cast) -> None:
    patient_id, who = person(session, cast), by(cast, "dispenser")
    reached(session, cast, patient_id)
    withdraw_consent(session, patient_id, "treatment", by=who, now=LATER)
    give_consent(session, patient_id, "treatment", WORDS, by=who, request_key=new_request_key(), now=LATER)
    assert [row.withdrawn_at for row in consents(session)] == [LATER, None]


def test_a_number_that_texts_stop_gets_nothing_more_on_either_side(session: Session, cast: Cast) -> None:
    treated, met = person(session, cast), person(session, cast, "support")
    line_id = reached(session, cast, treated)
    reached(session, cast, met, "support")
    for patient_id, side in ((treated, "treatment"), (met, "support")):
        planned(session, patient_id, side)
        queued(session, patient_id, line_id, side)
    assert stop(session, line_id)
    assert line_row(session, line_id).opted_out_at == LATER
    assert states(session) == (["cancelled"] * 4, ["cancelled"] * 2)
    assert [row.withdrawn_at for row in consents(session)] == [None, None], "the agreement stays on record"


def test_whoever_stops_on_one_phone_is_not_texted_on_their_other(app: Flask, session: Session, cast: Cast) -> None:
    patient_id = person(session, cast)
    first = reached(session, cast, patient_id)
    own = find_line(session, patient_id, "treatment", "missed_yesterday", LATER)
    assert own == first
    second = reach(session, cast, patient_id)
    assert stop(session, second)
    assert find_line(session, patient_id, "treatment", "missed_yesterday", LATER) is None
    assert not is_own_number(session, patient_id, "treatment", first, LATER)
    assert why_not_texted(session, [patient_id], "treatment", "missed_yesterday", LATER.date()) == {
        patient_id: "stopped"
    }
    client = app.test_client()
    sign_in(client, "dispenser")
    ref = session.execute(select(TreatmentFile.ref).where(TreatmentFile.patient_id == patient_id)).scalar_one()
    assert "đã nhắn NGUNG từ số khác" in client.get(f"/patients/{ref}/agreements").text
    with writing(session) as tx:
        tx.execute(update(PhoneNumber).where(PhoneNumber.line_id == second).values(calls_only=True))
    assert find_line(session, patient_id, "treatment", "missed_yesterday", LATER) == first


def test_stop_leaves_others_and_answers_as_they_are(session: Session, cast: Cast) -> None:
    patient_id, other = person(session, cast), person(session, cast, "support", "+84987654321")
    line_id, others = reached(session, cast, patient_id), reached(session, cast, other, "support")
    planned(session, other, "support")
    queued(session, other, others, "support")
    queued(session, patient_id, line_id, wording="stopped")
    assert stop(session, line_id)
    assert states(session) == (["planned", "queued"], ["queued", "queued"])


def test_stop_reaches_what_waits_for_a_number_that_left_its_file(session: Session, cast: Cast) -> None:
    """A register that is read in takes numbers off without asking who is being texted."""
    patient_id = person(session, cast)
    line_id = reached(session, cast, patient_id)
    queued(session, patient_id, line_id)
    with writing(session) as tx:
        tx.execute(update(PhoneNumber).values(removed_at=MORNING))
    assert stop(session, line_id)
    assert states(session) == (["cancelled"], ["cancelled"])


def test_what_has_gone_out_already_stays_as_it_was(session: Session, cast: Cast) -> None:
    patient_id = person(session, cast)
    line_id = reached(session, cast, patient_id)
    queued(session, patient_id, line_id, state="delivered")
    assert stop(session, line_id)
    assert states(session) == (["queued"], ["delivered"])


def test_stop_twice_keeps_the_first_moment_and_start_is_recorded(session: Session, cast: Cast) -> None:
    line_id = reached(session, cast, person(session, cast))
    assert stop(session, line_id)
    assert not stop(session, line_id)
    assert start(session, line_id)
    assert not start(session, line_id)
    assert line_row(session, line_id).opted_out_at is None
    entries = session.execute(
        select(AuditEntry.chain, AuditEntry.action).where(AuditEntry.subject == f"line:{line_id}")
    ).all()
    chain = f"site:{DONG_KINH}"
    assert [tuple(entry) for entry in entries] == [(chain, "line.stopped"), (chain, "line.started")]


def test_a_strangers_number_can_stop_too(session: Session, cast: Cast) -> None:
    line_id = reached(session, cast, person(session, cast))
    phone = numbered(session, patient_id := consents(session)[0].patient_id)
    remove_phone(session, patient_id, phone.phone_ref, by=by(cast, "dispenser"), now=MORNING)
    assert stop(session, line_id)
    chain = select(AuditEntry.chain).where(AuditEntry.action == "line.stopped")
    assert session.execute(chain).scalar_one() == "house"


@pytest.mark.parametrize("wording", ["missed_yesterday", "typed"])
def test_a_number_that_is_taken_off_gets_no_text_that_waits(session: Session, cast: Cast, wording: str) -> None:
    patient_id = person(session, cast)
    line_id = reached(session, cast, patient_id)
    queued(session, patient_id, line_id, wording=wording, is_automatic=wording != "typed")
    remove_phone(session, patient_id, phone_of(session, patient_id).ref, by=by(cast, "dispenser"), now=LATER)
    assert states(session) == (["cancelled"], ["cancelled"])


def test_who_is_asked_anew_and_wants_another_way_of_being_addressed_is_heard(session: Session, cast: Cast) -> None:
    """The same purposes, and other words, which were read aloud: that is another agreement."""
    somebody_id = somebody(session, cast).id
    who = by(cast, "dispenser")
    give_consent(session, somebody_id, "treatment", WORDS, by=who, request_key=new_request_key(), now=MORNING)
    for times, asked in (
        (1, WORDS),
        (2, replace(WORDS, pronoun="bac", version="v2")),
        (2, replace(WORDS, pronoun="bac", version="v2")),
    ):
        choose_purposes(session, somebody_id, "treatment", asked, by=who, request_key=new_request_key(), now=MORNING)
        rows = session.scalars(select(SmsConsent).order_by(SmsConsent.id)).all()
        assert (len(rows), rows[-1].pronoun, rows[-1].version) == (times, asked.pronoun, asked.version)
        session.rollback()
