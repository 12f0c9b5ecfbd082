"""Agreement of somebody in treatment to be looked in on by one team, under a name that the two of them chose.

The team reads that name in a support file like any other. It is made here where the person has none, and nothing of
the treatment file is copied into it; where there is one it is used, and nobody on the treatment side is told which.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session, aliased

from counseling.database import AnySession, vault_of, writing
from counseling.domain.being_visited import ensure_other_name, ensure_terms
from counseling.domain.refusal import Refusal
from counseling.models.contacts import VisitConsent
from counseling.models.counseling import AftercareFile
from counseling.models.patients import SupportFile
from counseling.models.places import OutreachTeam
from counseling.models.tasks import Task
from counseling.refs import new_ref
from counseling.services import audit
from counseling.services.support_people import add_support_file
from counseling.services.tasks import close_task
from counseling.services.treatment_files import By, lock_file
from counseling.support_rows import SupportDetails
from counseling.treatment_rows import open_text

# In the point's chain: who wrote it stands in the station's, and here it would tell where the person goes.
ACTOR = "rule:visit_consent"
Entry = tuple[int, str, str, dict[str, object]]  # site, actor, action, details
LookIn = aliased(Task)


@dataclass(frozen=True, kw_only=True)
class VisitTerms:
    """What the person said. `never_by`: who must not come, read by the treatment team when it chooses a team."""

    team_id: int
    community_name: str
    place: str
    pretext: str
    never_by: str | None
    version: str
    hamlet: str | None = None  # as far as the person wants the team to know: a list of hamlets with gaps would tell


def give_visit_consent(
    session: AnySession,
    patient_id: int,
    terms: VisitTerms,
    *,
    by: By,
    request_key: str,
    today: date,
    now: datetime,
) -> None:
    """Somebody agrees to be looked in on; the same `request_key` again changes nothing.

    Raises Refusal: visits_agreed (another agreement stands), team_closed, name_is_known, name_missing, place_unknown,
    pretext_unknown, consent_key_used.
    """
    ensure_terms(terms.place, terms.pretext)
    with writing(session) as tx:
        file = lock_file(tx, patient_id)
        if _is_given(tx, patient_id, request_key):
            return
        if find_visit_consent(tx, patient_id) is not None:
            raise Refusal("visits_agreed")
        _ensure_name(tx, file, terms.community_name)
        team = _open_team(tx, terms.team_id)
        consent_id = _add_consent(tx, patient_id, terms, by, request_key, now)
        agreed = (file.station_id, by.actor, "patient.visits_agreed", {"consent": consent_id, "version": terms.version})
        _note(tx, patient_id, [agreed, *_ensure_support_file(tx, patient_id, team, terms, by, today, now)], now)


def withdraw_visit_consent(session: AnySession, patient_id: int, *, by: By, now: datetime) -> None:
    """Somebody takes it back: at once, with what was handed on. Who has not agreed stays as they are.

    The support file stays, since it may be the counseling point's by now. But a file that an agreement made
    leaves the team's list, unless the point has opened aftercare in it.
    """
    with writing(session) as tx:
        file = lock_file(tx, patient_id)
        ended = {"withdrawn_at": now, "withdrawn_by_id": by.staff_id}
        standing = VisitConsent.patient_id == patient_id, VisitConsent.withdrawn_at.is_(None)
        # Whoever undoes a visit holds this file while they look whether the agreement stands.
        tx.execute(select(SupportFile.patient_id).where(SupportFile.patient_id == patient_id).with_for_update())
        # Then the agreement: whoever hands something on at this moment has it locked, and then their task is found.
        withdrawn = update(VisitConsent).where(*standing).values(**ended)
        consent = tx.execute(withdrawn.returning(VisitConsent.id, VisitConsent.team_id)).first()
        if consent is None:
            return
        entries: list[Entry] = [(file.station_id, by.actor, "patient.visits_withdrawn", {"consent": consent.id})]
        entries += _close_handed_on(tx, patient_id, by, now)
        entries += _leave_team(tx, patient_id, consent)
        _note(tx, patient_id, entries, now)


def find_visit_consent(session: AnySession, patient_id: int) -> int | None:
    """The standing agreement."""
    own = VisitConsent.patient_id == patient_id, VisitConsent.withdrawn_at.is_(None)
    return session.execute(select(VisitConsent.id).where(*own)).scalar_one_or_none()


def _is_given(tx: Session, patient_id: int, request_key: str) -> bool:
    owner = tx.execute(select(VisitConsent.patient_id).where(VisitConsent.request_key == request_key)).scalar()
    if owner is not None and owner != patient_id:
        raise Refusal("consent_key_used")
    return owner is not None


def _ensure_name(tx: Session, file: Row[*tuple[Any, ...]], chosen: str) -> None:
    vault = vault_of(tx)
    ensure_other_name(
        chosen, [open_text(vault, file.ref, name, getattr(file, name)) for name in ("full_name", "alias")]
    )


def _open_team(tx: Session, team_id: int) -> Row[int, int, int]:
    team = tx.execute(
        select(OutreachTeam.id, OutreachTeam.site_id, OutreachTeam.area_id).where(
            OutreachTeam.id == team_id, OutreachTeam.closed_on.is_(None)
        )
    ).first()
    if team is None:
        raise Refusal("team_closed")
    return team


def _add_consent(tx: Session, patient_id: int, terms: VisitTerms, by: By, request_key: str, now: datetime) -> int:
    ref = new_ref()
    row = insert(VisitConsent).values(
        ref=ref,
        patient_id=patient_id,
        team_id=terms.team_id,
        version=terms.version,
        place=terms.place,
        pretext=terms.pretext,
        never_by=vault_of(tx).seal("visit_consents.never_by", ref, terms.never_by or None),
        given_at=now,
        asked_by_id=by.staff_id,
        request_key=request_key,
    )
    return tx.execute(row.returning(VisitConsent.id)).scalar_one()


def _ensure_support_file(
    tx: Session, patient_id: int, team: Row[int, int, int], terms: VisitTerms, by: By, today: date, now: datetime
) -> list[Entry]:
    own = SupportFile.patient_id == patient_id
    file = tx.execute(select(SupportFile.site_id, SupportFile.team_id).where(own).with_for_update()).first()
    if file is None:
        details = SupportDetails(
            site_id=team.site_id,
            team_id=team.id,
            area_id=team.area_id,
            hamlet=terms.hamlet,
            community_name=terms.community_name,
            status_since=today,
        )
        add_support_file(tx, patient_id, details, by=by, request_key=None, now=now)
        return [(team.site_id, ACTOR, "supported.registered", {})]
    if file.team_id is not None:
        return []
    tx.execute(update(SupportFile).where(own).values(team_id=team.id))
    return [(file.site_id, ACTOR, "supported.team_set", {"team": team.id})]


def _close_handed_on(tx: Session, patient_id: int, by: By, now: datetime) -> list[Entry]:
    handed = (
        select(LookIn.id, LookIn.site_id)
        .join(Task, Task.handed_to_id == LookIn.id)
        .where(LookIn.patient_id == patient_id, LookIn.closed_at.is_(None))
        .order_by(LookIn.id)
    )
    closed = [task for task in tx.execute(handed).all() if close_task(tx, task.id, by_id=by.staff_id, at=now)]
    return [(task.site_id, ACTOR, "task.closed", {"task": task.id}) for task in closed]


def _leave_team(tx: Session, patient_id: int, consent: Row[int, int]) -> list[Entry]:
    """A file that no form of the point has made was made by an agreement, this one or an earlier one."""
    in_aftercare = select(AftercareFile.id).where(
        AftercareFile.patient_id == patient_id, AftercareFile.ended_on.is_(None)
    )
    made_by_it = (
        SupportFile.patient_id == patient_id,
        SupportFile.team_id == consent.team_id,
        SupportFile.request_key.is_(None),
        ~in_aftercare.exists(),
    )
    left = update(SupportFile).where(*made_by_it).values(team_id=None).returning(SupportFile.site_id)
    site_id = tx.execute(left).scalar()
    return [] if site_id is None else [(site_id, ACTOR, "supported.team_ended", {"team": consent.team_id})]


def _note(tx: Session, patient_id: int, entries: list[Entry], now: datetime) -> None:
    """Each entry in its own site's chain, the chains always in one order; the last thing of a transaction."""
    for site_id, actor, action, details in sorted(entries, key=lambda entry: audit.site_chain(entry[0])):
        audit.append(tx, audit.site_chain(site_id), actor, action, f"patient:{patient_id}", details, now)
