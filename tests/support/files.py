"""People registered through the real services, for stories that need files on either side."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.models.patients import SupportFile, TreatmentFile
from counseling.refs import new_request_key
from counseling.services.patients import register_patient
from counseling.services.support_people import register_supported
from counseling.services.treatment_files import By
from counseling.support_rows import SupportDetails
from counseling.treatment_rows import TreatmentDetails
from tests.support.cast import DONG_KINH, FACILITY, Cast
from tests.support.settings import MORNING

TODAY = MORNING.date()


def by(cast: Cast, username: str) -> By:
    viewer = cast.viewer_of(username)
    return By(viewer.staff_id, viewer.actor)


def details(**changes: Any) -> TreatmentDetails:
    """Somebody at Đông Kinh, changed as the story needs."""
    plain: dict[str, Any] = {
        "station_id": DONG_KINH,
        "facility_id": FACILITY,
        "register_code": "LS-0012",
        "full_name": "Nguyễn Văn Đức",
        "birth_year": 1985,
        "status_since": TODAY,
    }
    return TreatmentDetails(**{**plain, **changes})


def registered(session: Session, cast: Cast, **changes: Any) -> str:
    """Register somebody and return the file's reference; duplicates are taken as confirmed."""
    others = {name: changes.pop(name) for name in ("request_key", "elsewhere") if name in changes}
    return register_patient(
        session,
        details(**changes),
        by=by(cast, "dispenser"),
        request_key=others.pop("request_key", new_request_key()),
        today=TODAY,
        now=MORNING,
        confirmed_duplicates=True,
        **others,
    )


def supported(session: Session, cast: Cast, **changes: Any) -> str:
    """Register somebody at the counseling point of Đông Kinh and return the support file's reference."""
    plain: dict[str, Any] = {"site_id": DONG_KINH, "community_name": "Anh Ba sửa xe", "status_since": TODAY}
    return register_supported(
        session,
        SupportDetails(**{**plain, **changes}),
        by=by(cast, "counselor"),
        request_key=new_request_key(),
        now=MORNING,
    )


def patient_of(session: Session, ref: str) -> int:
    """The inner id behind a reference of either side."""
    for file in (TreatmentFile, SupportFile):
        found = session.execute(select(file.patient_id).where(file.ref == ref)).scalar()
        if found is not None:
            session.rollback()
            return int(found)
    raise LookupError(ref)


def day(text: str) -> date:
    return date.fromisoformat(text)
