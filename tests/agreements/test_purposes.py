"""Each purpose is agreed to for itself; what was not said yes to is not sent; another choice is another agreement."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.models.text_keeping import SmsConsentPurpose
from counseling.models.texts import SmsConsent
from counseling.queries.agreements import find_texts_agreed
from counseling.queries.reachable import find_line, has_agreed
from counseling.refs import new_request_key
from counseling.services.phone_confirmation import confirm_by_call
from counseling.services.sms_consents import Asked, choose_purposes, give_consent
from tests.agreements.story import numbered, person, planned, queued, reached, states
from tests.support.cast import Cast
from tests.support.files import by
from tests.support.settings import MORNING

LATER = MORNING + timedelta(hours=1)
MISSED = "missed_yesterday"


def asked(*purposes: str) -> Asked:
    return Asked(version="v2", language="vi", purposes=frozenset(purposes), how="interpreted")


def choose(session: Session, cast: Cast, patient_id: int, words: Asked, key: str | None = None) -> None:
    who = by(cast, "dispenser")
    choose_purposes(session, patient_id, "treatment", words, by=who, request_key=key or new_request_key(), now=LATER)


def test_only_what_was_said_yes_to_is_sent(session: Session, cast: Cast) -> None:
    patient_id = person(session, cast)
    confirm_by_call(session, numbered(session, patient_id), by=by(cast, "dispenser"), now=MORNING)
    give_consent(
        session, patient_id, "treatment", asked("daily", "appointment"), by=by(cast, "dispenser"),
        request_key=new_request_key(), now=MORNING,
    )  # fmt: skip
    assert not has_agreed(session, patient_id, "treatment", MISSED)
    assert has_agreed(session, patient_id, "treatment", None)
    assert find_line(session, patient_id, "treatment", MISSED, LATER) is None
    agreed = find_texts_agreed(session, patient_id, "treatment")
    assert agreed is not None
    assert (agreed.purposes, agreed.how) == (["daily"], "interpreted"), "what is the other side's is not asked here"


def test_without_any_purpose_nothing_is_agreed(session: Session, cast: Cast) -> None:
    patient_id, who = person(session, cast), by(cast, "dispenser")
    for words in (asked(), asked("appointment"), asked("everything")):
        with pytest.raises(Refusal, match="no_purpose"):
            give_consent(session, patient_id, "treatment", words, by=who, request_key=new_request_key(), now=MORNING)
    assert find_texts_agreed(session, patient_id, "treatment") is None


def test_another_choice_ends_what_waits_for_what_was_left_out(session: Session, cast: Cast) -> None:
    patient_id = person(session, cast)
    line_id = reached(session, cast, patient_id)
    planned(session, patient_id)
    queued(session, patient_id, line_id)
    key = new_request_key()
    choose(session, cast, patient_id, asked("missed"))
    assert states(session) == (["planned", "queued"], ["queued"]), "what is still wanted goes on"
    choose(session, cast, patient_id, asked("daily"), key)
    choose(session, cast, patient_id, asked("daily"), key)
    choose(session, cast, patient_id, asked("daily"))
    assert states(session) == (["cancelled", "cancelled"], ["cancelled"])
    rows = session.scalars(select(SmsConsent).order_by(SmsConsent.id)).all()
    assert [row.withdrawn_at is None for row in rows] == [False, False, True]
    session.rollback()


def test_who_has_not_agreed_has_nothing_to_choose(session: Session, cast: Cast) -> None:
    with pytest.raises(Refusal, match="not_agreed"):
        choose(session, cast, person(session, cast), asked("daily"))


def test_purposes_are_written_once(session: Session, cast: Cast) -> None:
    reached(session, cast, person(session, cast))
    with pytest.raises(DBAPIError, match="sms_consent_purposes_never"), writing(session) as tx:
        tx.execute(delete(SmsConsentPurpose))
    assert replace(asked("daily"), how="aloud").how == "aloud"
