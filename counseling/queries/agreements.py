"""What somebody has agreed to, and what is known of their numbers. The caller has checked the scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from counseling.database import AnySession, vault_of
from counseling.models.contacts import VisitConsent
from counseling.models.patients import PhoneNumber
from counseling.models.people import Staff
from counseling.models.places import Area, OutreachTeam
from counseling.models.texts import OutboundMessage, PhoneLine, SmsConsent
from counseling.queries.file_parts import PhoneLine as ShownNumber
from counseling.treatment_rows import open_phone


@dataclass(frozen=True)
class TextsAgreed:
    """`withdrawn_at` None: it stands."""

    version: str
    language: str
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
    """One number. `sent`: how far the last two digits came, as a state of the outbox; None while none were sent."""

    ref: str
    shown: str
    check_digits: str | None
    asked_at: datetime | None
    confirmed_at: datetime | None
    is_shared: bool
    calls_only: bool
    is_stopped: bool
    sent: str | None


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
    return TextsAgreed(consent.version, consent.language, consent.given_at, asked_by, consent.withdrawn_at)


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


def list_numbers(session: AnySession, patient_id: int, side: str) -> list[NumberLine]:
    """The numbers that a file has now, in the order in which they were added."""
    own = PhoneNumber.patient_id == patient_id, PhoneNumber.side == side, PhoneNumber.removed_at.is_(None)
    rows = session.execute(
        select(PhoneNumber, PhoneLine.opted_out_at)
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
            calls_only=number.calls_only,
            is_stopped=stopped_at is not None,
            sent=sent.get(number.line_id) if number.check_digits else None,
        )
        for number, stopped_at in rows
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
