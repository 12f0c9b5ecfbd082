"""What the treatment side knows of one round, planted so that it can be recognised wherever it comes out again.

To the files' own marks this adds a station, a facility, texts, a visit without a dose, an agreement to be looked in on,
and tasks of both sides about the very people whom the support side knows.
"""

from __future__ import annotations

import random
from datetime import timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import db, vault_of, writing
from counseling.models.doses import StationVisit
from counseling.models.patients import TreatmentFile
from counseling.models.people import Staff
from counseling.models.places import Site
from counseling.models.tasks import Task
from counseling.models.texts import InboundMessage, OutboundMessage, PhoneLine
from counseling.refs import new_ref, new_request_key
from counseling.services.crossing import ask_to_call_back
from counseling.services.tasks import open_task
from counseling.services.treatment_files import By
from counseling.services.visit_consents import VisitTerms, give_visit_consent
from tests.access.asking import Doorbell
from tests.access.world import TODAY, File, World
from tests.support.cast import DONG_KINH, FACILITY, TEAM, TEAM2
from tests.support.settings import MORNING

STATION, FACILITY_NAME = "Zqstationalone", "Zqfacilityalone"
SENT, RECEIVED, SEEN, NEVER_BY = "Zqsenttext", "Zqreceivedtext", "Zqobservation", "Zqneverby"
LAST_DAY = "20/11/2026"  # covered through: the day before the world's own dose
TWO_DAYS_AGO = MORNING - timedelta(days=2)


def plant(door: Doorbell) -> dict[str, str]:
    """Add it all to the door's world; gives mark → what it betrays, for all that no support desk may see."""
    world = door.world
    with door.app.app_context():
        engine = db.engine
    with Session(engine, expire_on_commit=False) as session:
        _rename_places(session, world)
        for name, team in (("both", TEAM), ("cao_loc", TEAM2)):
            _hand_over(session, world.files[name], team)
        _text(session, world.files["both"])
        _send_away(session, world.files["both"])
    own = {
        mark: f"{what} of {file.name}"
        for file in world.files.values()
        if file.side == "treatment"
        for mark, what in file.marks.items()
    }
    places = {STATION: "station", FACILITY_NAME: "facility"}
    return (
        own
        | places
        | {SENT: "text sent", RECEIVED: "text received", SEEN: "observation", NEVER_BY: "who must not come"}
    )


def _rename_places(session: Session, world: World) -> None:
    """Whoever is in treatment and known to a team drinks at a station that counsels nobody."""
    with writing(session) as tx:
        tx.execute(update(Site).where(Site.id == FACILITY).values(name=f"Cơ sở {FACILITY_NAME}"))
        area = select(Site.area_id).where(Site.id == FACILITY).scalar_subquery()
        new = insert(Site).values(
            code="ZQ", name=f"Trạm {STATION}", area_id=area, dispenses=True, treated_by_id=FACILITY
        )
        station_id = tx.execute(new.returning(Site.id)).scalar_one()
        known = [world.files[name].patient_id for name in ("both", "cao_loc")]
        tx.execute(update(TreatmentFile).where(TreatmentFile.patient_id.in_(known)).values(station_id=station_id))


def _hand_over(session: Session, file: File, team: int) -> None:
    """Agreed two days ago, asked for a call, and handed over: the team's request has appeared since; and a new one."""
    staff_id = session.execute(select(Staff.id).where(Staff.username == "dispenser2")).scalar_one()
    terms = VisitTerms(
        team_id=team, community_name="Anh Ba", place="home", pretext="acquaintance", never_by=NEVER_BY, version="v1"
    )
    give_visit_consent(
        session, file.patient_id, terms, by=By(staff_id, "test"), request_key=new_request_key(),
        today=TWO_DAYS_AGO.date(), now=TWO_DAYS_AGO,
    )  # fmt: skip
    with writing(session) as tx:
        ask_to_call_back(
            tx, file.patient_id, "treatment", file.site_id, today=TWO_DAYS_AGO.date(), now=TWO_DAYS_AGO, zone=VIETNAM,
            dice=random.Random(1),
        )  # fmt: skip
        open_task(
            tx, side="treatment", kind="see_soon", patient_id=file.patient_id, site_id=file.site_id, due_on=TODAY,
            dedupe_key=f"see_soon:{file.patient_id}:{TODAY}", opened_by_id=staff_id, at=MORNING,
        )  # fmt: skip
        handed = select(Task.handed_to_id).where(Task.patient_id == file.patient_id, Task.handed_to_id.is_not(None))
        assert tx.execute(handed).scalar_one(), "nothing has crossed over: this world proves nothing"


def _text(session: Session, file: File) -> None:
    """A text of the treatment side in both directions, at a site whose counselors read texts too."""
    line_id = session.execute(select(PhoneLine.id).limit(1)).scalar_one()
    for table, words, more in (
        (OutboundMessage, SENT, {"wording": "missed_yesterday", "is_automatic": True, "state": "delivered",
                                 "queued_at": MORNING, "send_after": MORNING, "attempts": 1, "segments": 1,
                                 "expires_at": MORNING + timedelta(hours=4)}),
        (InboundMessage, RECEIVED, {"event_key": new_ref(), "gateway": "simulator", "meaning": "other",
                                    "received_at": MORNING, "read_at": MORNING}),
    ):  # fmt: skip
        ref = new_ref()
        body = vault_of(session).seal(f"{table.__tablename__}.body", ref, words)
        row = {"ref": ref, "side": "treatment", "site_id": DONG_KINH, "line_id": line_id, "patient_id": file.patient_id}
        with writing(session) as tx:
            tx.execute(insert(table).values(**row, body=body, **more))


def _send_away(session: Session, file: File) -> None:
    key = new_request_key()
    observed = vault_of(session).seal("station_visits.observations", key, SEEN)
    visit = {"patient_id": file.patient_id, "site_id": file.site_id, "visit_on": TODAY, "outcome": "withheld"}
    by = {"recorded_by_id": 1, "recorded_at": MORNING, "request_key": key}
    with writing(session) as tx:
        tx.execute(insert(StationVisit).values(**visit, **by, observations=observed))
