"""What somebody has agreed to, and what is known of their numbers. The caller has checked the scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from counseling.database import AnySession, vault_of
from counseling.domain.number_confirmation import is_due, is_good
from counseling.domain.text_purposes import PURPOSES
from counseling.models.contacts import VisitConsent
from counseling.models.patients import PhoneNumber
from counseling.models.people import Staff
from counseling.models.places import Area, OutreachTeam
from counseling.models.text_keeping import SmsConsentPurpose
from counseling.models.texts import OutboundMessage, PhoneLine, SmsConsent
from counseling.queries.file_parts import PhoneLine as ShownNumber
from counseling.queries.reachable import (
    MOST_PERMANENT_FAILURES,
    UNREACHED_AFTER,
    is_read_by_others,
    is_stopped_elsewhere,
)
from counseling.treatment_rows import open_phone


@dataclass(frozen=True)
class TextsAgreed:
    """`withdrawn_at` None: it stands. `how`: of domain/text_purposes.HOWS, None: asked before this was noted."""

    version: str
    language: str
    purposes: list[str]
    how: str | None
    pronoun: str
    given_at: datetime
    asked_by: str
    withdrawn_at: datetime | None


@dataclass(frozen=True)
class VisitsAgreed:
    """What the treatment team may read again. The chosen name is not among it: it belongs to the other side."""

    team: str
    commune: str
    place: str
    pretext: str
    never_by: str | None
    version: str
    given_at: datetime
    asked_by: str
    withdrawn_at: datetime | None


@dataclass(frozen=True)
class NumberLine:
    """One number. `sent`: how far the last two digits came, as a state of the outbox; None while none were sent.

    `is_good`: compared, not too long ago; `is_due`: to be compared again now. `wrong_at`: somebody else answered there.
    `is_shared`: as was said at the desk; `is_read_by_others`: also where a second file has the number, which the page
    does not say: the person looks at it, too. `is_stopped_elsewhere`: by NGUNG from another number of theirs.
    """

    ref: str
    shown: str
    check_digits: str | None
    asked_at: datetime | None
    confirmed_at: datetime | None
    is_shared: bool
    is_read_by_others: bool
    calls_only: bool
    is_stopped: bool
    is_stopped_elsewhere: bool
    sent: str | None
    fails: bool
    is_unreached: bool
    wrong_at: datetime | None
    is_good: bool
    is_due: bool


@dataclass(frozen=True)
class TeamChoice:
    id: int
    name: str
    commune: str


def find_texts_agreed(session: AnySession, patient_id: int, side: str) -> TextsAgreed | None:
    """The latest agreement to be texted about a file, also one that was taken back."""
    row = session.execute(
        select(SmsConsent, Staff.display_name)
        .join(Staff, Staff.id == SmsConsent.asked_by_id)
        .where(SmsConsent.patient_id == patient_id, SmsConsent.side == side)
        .order_by(SmsConsent.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    consent, asked_by = row
    covered = list_purposes(session, consent.id)
    return TextsAgreed(
        version=consent.version,
        language=consent.language,
        purposes=[purpose for purpose in PURPOSES[side] if purpose in covered],
        how=consent.asked_how,
        pronoun=consent.pronoun,
        given_at=consent.given_at,
        asked_by=asked_by,
        withdrawn_at=consent.withdrawn_at,
    )


def list_purposes(session: AnySession, consent_id: int) -> list[str]:
    """What an agreement covers, in the order of the alphabet."""
    query = select(SmsConsentPurpose.purpose).where(SmsConsentPurpose.consent_id == consent_id)
    return sorted(session.execute(query).scalars())


def find_visits_agreed(session: AnySession, patient_id: int) -> VisitsAgreed | None:
    """The latest agreement to be looked in on, also one that was taken back."""
    row = session.execute(
        select(VisitConsent, OutreachTeam.name, Area.name, Staff.display_name)
        .join(OutreachTeam, OutreachTeam.id == VisitConsent.team_id)
        .join(Area, Area.id == OutreachTeam.area_id)
        .join(Staff, Staff.id == VisitConsent.asked_by_id)
        .where(VisitConsent.patient_id == patient_id)
        .order_by(VisitConsent.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    consent, team, commune, asked_by = row
    return VisitsAgreed(
        team=team,
        commune=commune,
        place=consent.place,
        pretext=consent.pretext,
        never_by=vault_of(session).open("visit_consents.never_by", consent.ref, consent.never_by),
        version=consent.version,
        given_at=consent.given_at,
        asked_by=asked_by,
        withdrawn_at=consent.withdrawn_at,
    )


def list_numbers(session: AnySession, patient_id: int, side: str, now: datetime) -> list[NumberLine]:
    """The numbers that a file has now, in the order in which they were added."""
    own = PhoneNumber.patient_id == patient_id, PhoneNumber.side == side, PhoneNumber.removed_at.is_(None)
    rows = session.execute(
        select(
            PhoneNumber,
            PhoneLine.opted_out_at,
            PhoneLine.permanent_failures,
            PhoneLine.temporary_failures,
            is_read_by_others(),
            is_stopped_elsewhere(),
        )
        .outerjoin(PhoneLine, PhoneLine.id == PhoneNumber.line_id)
        .where(*own)
        .order_by(PhoneNumber.id)
    ).all()
    vault, sent = vault_of(session), _sent(session, patient_id, side)
    return [
        NumberLine(
            ref=number.ref,
            shown=ShownNumber(number.ref, open_phone(vault, number.ref, number.number)).shown,
            check_digits=number.check_digits,
            asked_at=number.asked_at,
            confirmed_at=number.confirmed_at,
            is_shared=number.is_shared,
            is_read_by_others=read_by_others,
            calls_only=number.calls_only,
            is_stopped=stopped_at is not None,
            is_stopped_elsewhere=bool(stopped_elsewhere),
            sent=sent.get(number.line_id) if number.check_digits else None,
            fails=(failures or 0) >= MOST_PERMANENT_FAILURES,
            is_unreached=(not_reached or 0) >= UNREACHED_AFTER,
            wrong_at=number.wrong_at,
            is_good=is_good(number.confirmed_at, now),
            is_due=is_due(number.confirmed_at, now) or (not_reached or 0) >= UNREACHED_AFTER,
        )
        for number, stopped_at, failures, not_reached, read_by_others, stopped_elsewhere in rows
    ]


def list_open_teams(session: AnySession) -> list[TeamChoice]:
    """Every team that somebody may agree to, by commune and name."""
    rows = session.execute(
        select(OutreachTeam.id, OutreachTeam.name, Area.name)
        .join(Area, Area.id == OutreachTeam.area_id)
        .where(OutreachTeam.closed_on.is_(None))
        .order_by(Area.name, OutreachTeam.name, OutreachTeam.id)
    )
    return [TeamChoice(*row) for row in rows]


def _sent(session: AnySession, patient_id: int, side: str) -> dict[int | None, str]:
    """The state of the last text with digits about this file, by line."""
    text = OutboundMessage
    last = select(func.max(text.id)).where(text.patient_id == patient_id, text.side == side, text.wording == "number")
    rows = session.execute(select(text.line_id, text.state).where(text.id.in_(last.group_by(text.line_id))))
    return dict(rows.all())
