"""Sites: added, changed, renamed with the former name kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.models.places import Area, FormerSiteName, Site
from counseling.permissions import Viewer
from counseling.services import audit
from counseling.services.administration import actor_of, ensure_administrator
from counseling.services.crises import leaving_nobody_in_danger
from counseling.services.place_names import ensure_code, ensure_name
from counseling.services.witness_duties import set_duty


@dataclass(frozen=True)
class SiteDetails:
    """What an administrator says about a site. `pour_step_hundredths` of a ml; None is a measure without steps.

    `asks_for_witness`: each dose given here from now on waits for a second signature (services/witness_duties.py).
    """

    name: str
    area_id: int
    treats: bool
    dispenses: bool
    counsels: bool
    treated_by_id: int | None
    phone: str | None
    pour_step_hundredths: int | None
    opened_on: date | None
    closed_on: date | None
    asks_for_witness: bool = False


def add_site(session: AnySession, by: Viewer | None, code: str, details: SiteDetails, now: datetime) -> int:
    """Add a site; returns its id. Refuses with code_not_right, code_taken or a code of `change_site`."""
    values = _values(details) | {"code": ensure_code(code)}
    with writing(session) as tx:
        ensure_administrator(tx, by)
        _ensure_sound(tx, None, details)
        if tx.execute(select(Site.id).where(Site.code == values["code"])).first():
            raise Refusal("code_taken")
        try:
            site_id: int = tx.execute(insert(Site).values(**values).returning(Site.id)).scalar_one()
        except IntegrityError:  # two administrators at the same moment
            raise Refusal("code_taken") from None
        set_duty(tx, site_id, details.asks_for_witness, now)
        audit.append(tx, audit.site_chain(site_id), actor_of(by), "site.added", f"site:{site_id}", {}, now)
    return site_id


def change_site(
    session: AnySession, by: Viewer | None, site_id: int, details: SiteDetails, today: date, now: datetime
) -> None:
    """Change a site; a name that goes is kept with the day it was last used.

    Refuses with no_such_site, name_missing, name_too_long, no_such_area, area_is_no_commune, without_function,
    treated_by_needed, treated_by_itself, treated_by_does_not_treat, closed_before_opened, witness_without_doses or
    danger_waits.
    """
    values = _values(details)
    with writing(session) as tx, leaving_nobody_in_danger(tx):
        ensure_administrator(tx, by)
        locked = select(Site).where(Site.id == site_id).with_for_update().execution_options(populate_existing=True)
        before = tx.execute(locked).scalar()
        if before is None:
            raise Refusal("no_such_site")
        _ensure_sound(tx, site_id, details)
        changed = sorted(name for name, value in values.items() if getattr(before, name) != value)
        if set_duty(tx, site_id, details.asks_for_witness, now):
            changed.append("asks_for_witness")
        if not changed:
            return
        if "name" in changed:
            tx.execute(insert(FormerSiteName).values(site_id=site_id, name=before.name, used_until=today))
        tx.execute(update(Site).where(Site.id == site_id).values(**values))
        facts = {"changed": changed}
        audit.append(tx, audit.site_chain(site_id), actor_of(by), "site.changed", f"site:{site_id}", facts, now)


def _values(details: SiteDetails) -> dict[str, object]:
    columns = {name: value for name, value in asdict(details).items() if name != "asks_for_witness"}
    return columns | {"name": ensure_name(details.name), "phone": (details.phone or "").strip() or None}


def _ensure_sound(tx: Session, site_id: int | None, details: SiteDetails) -> None:
    kind = tx.execute(select(Area.kind).where(Area.id == details.area_id)).scalar()
    if kind is None:
        raise Refusal("no_such_area")
    if kind in ("province", "drawn"):
        raise Refusal("area_is_no_commune")
    if not (details.treats or details.dispenses or details.counsels):
        raise Refusal("without_function")
    if details.asks_for_witness and not details.dispenses:
        raise Refusal("witness_without_doses")
    if details.opened_on and details.closed_on and details.closed_on < details.opened_on:
        raise Refusal("closed_before_opened")
    _ensure_treated(tx, site_id, details)


def _ensure_treated(tx: Session, site_id: int | None, details: SiteDetails) -> None:
    # A station without a facility would have patients for whom nobody may write an order.
    if details.treated_by_id is None:
        if details.dispenses and not details.treats:
            raise Refusal("treated_by_needed")
        return
    if details.treated_by_id == site_id:
        raise Refusal("treated_by_itself")
    if not tx.execute(select(Site.treats).where(Site.id == details.treated_by_id)).scalar():
        raise Refusal("treated_by_does_not_treat")
