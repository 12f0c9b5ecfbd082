"""Doctors of a facility approve the rules that hold there, or change them. A set is signed whole and never edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.band_sets import compare, ensure_whole, keep_known_sources
from counseling.domain.missed_doses import GapBand
from counseling.domain.order_limits import LimitName, OrderLimit, ensure_limits, looser_than, values_of
from counseling.domain.refusal import Refusal
from counseling.models.orders import GapBandRow, OrderLimitRow, RuleChange
from counseling.models.places import Site
from counseling.queries.bands import list_bands, list_limits
from counseling.services import audit
from counseling.services.order_rules import ensure_second_doctor

A_DAY = timedelta(days=1)
BANDS, LIMITS = "bands", "limits"
TABLES: Mapping[str, type[GapBandRow] | type[OrderLimitRow]] = {BANDS: GapBandRow, LIMITS: OrderLimitRow}


@dataclass(frozen=True, kw_only=True)
class Signing:
    """Who signs for which facility, and what they had before their eyes.

    `by` and `second_id` have just proved who they are. `seen`: the newest change of this kind on the screen, 0 for
    none. `from_today`: what is written counts today already; else from tomorrow.
    """

    facility_id: int
    by: int
    actor: str
    seen: int
    request_key: str
    now: datetime
    today: date
    second_id: int | None = None
    from_today: bool = False

    @property
    def effective_from(self) -> date:
        return self.today if self.from_today else self.today + A_DAY


def approve_rules(session: AnySession, kind: str, signing: Signing) -> int:
    """Sign the shipped rows as they are: the same rules, from today on the facility's own. Gives the change's id.

    Refusals: rules_changed_meanwhile, rules_approved_already, request_key_taken.
    """
    with writing(session) as tx:
        return _lock(tx, kind, signing) or _approve(tx, kind, signing)


def change_bands(session: AnySession, bands: Sequence[GapBand], signing: Signing) -> int:
    """Put another set of bands in force; what it leaves as it was keeps its source. Gives the change's id.

    Refusals: the codes of domain.band_sets, and looser_needs_second_doctor, rules_unchanged, second_doctor_is_the_same,
    second_doctor_not_a_doctor, rules_changed_meanwhile, request_key_taken.
    """
    ensure_whole(bands)
    with writing(session) as tx:
        earlier = _lock(tx, BANDS, signing)
        if earlier is not None:
            return earlier
        standing = list_bands(tx, signing.effective_from, signing.facility_id)
        _ensure_other(_band_contents(bands), _band_contents(standing))
        looser = compare(bands).looser
        _ensure_signed(tx, signing, looser=bool(looser), gap=min(looser, default=None))
        rows = _band_contents(keep_known_sources(bands, standing), with_source=True)
        return _write(tx, BANDS, rows, signing, as_shipped=False, is_looser=bool(looser))


def change_limits(session: AnySession, values: Mapping[LimitName, int | None], source: str, signing: Signing) -> int:
    """Put other limits in force; what is left as it was keeps its source. Gives the change's id.

    Refusals: the codes of domain.order_limits, and the others of `change_bands`.
    """
    ensure_limits(values)
    with writing(session) as tx:
        earlier = _lock(tx, LIMITS, signing)
        if earlier is not None:
            return earlier
        standing = list_limits(tx, signing.effective_from, signing.facility_id)
        known = {limit.name: limit for limit in standing}
        _ensure_other([values[name] for name in LimitName], list(values_of(standing).values()))
        looser = looser_than(values)
        _ensure_signed(tx, signing, looser=bool(looser), name=next(iter(looser), None))
        rows = [
            {
                "name": name.value,
                "value": values[name],
                "source": known[name].source if name in known and known[name].value == values[name] else source,
            }
            for name in LimitName
        ]
        return _write(tx, LIMITS, rows, signing, as_shipped=False, is_looser=bool(looser))


def _lock(tx: Session, kind: str, signing: Signing) -> int | None:
    """One signature after the other at a facility; gives the change that this very form has made before."""
    tx.execute(select(Site.id).where(Site.id == signing.facility_id).with_for_update()).one()
    repeated = tx.execute(select(RuleChange).where(RuleChange.request_key == signing.request_key)).scalar_one_or_none()
    if repeated is not None:
        if (repeated.facility_id, repeated.kind) != (signing.facility_id, kind):
            raise Refusal("request_key_taken")
        return repeated.id
    newest = select(func.max(RuleChange.id)).where(
        RuleChange.facility_id == signing.facility_id, RuleChange.kind == kind
    )
    if (tx.execute(newest).scalar() or 0) != signing.seen:
        raise Refusal("rules_changed_meanwhile")
    return None


def _approve(tx: Session, kind: str, signing: Signing) -> int:
    if signing.seen:  # a facility's own set, in force or from tomorrow, has been signed
        raise Refusal("rules_approved_already")
    rows = (
        _band_contents(list_bands(tx, signing.today, signing.facility_id), with_source=True)
        if kind == BANDS
        else _limit_contents(list_limits(tx, signing.today, signing.facility_id))
    )
    return _write(tx, kind, rows, signing, as_shipped=True, is_looser=False)


def _ensure_other(new: object, standing: object) -> None:
    if new == standing:
        raise Refusal("rules_unchanged")


def _ensure_signed(tx: Session, signing: Signing, *, looser: bool, **where: object) -> None:
    if looser and signing.second_id is None:
        raise Refusal("looser_needs_second_doctor", **where)
    ensure_second_doctor(tx, signing.second_id, signing.by)


def _write(
    tx: Session, kind: str, rows: Sequence[dict[str, Any]], signing: Signing, *, as_shipped: bool, is_looser: bool
) -> int:
    since = signing.today if as_shipped else signing.effective_from
    change = insert(RuleChange).values(
        facility_id=signing.facility_id,
        kind=kind,
        as_shipped=as_shipped,
        is_looser=is_looser,
        effective_from=since,
        approved_by_id=signing.by,
        second_approved_by_id=signing.second_id,
        written_at=signing.now,
        request_key=signing.request_key,
    )
    change_id: int = tx.execute(change.returning(RuleChange.id)).scalar_one()
    table = TABLES[kind]
    # A set of tomorrow that is replaced today ends before its first day: it never held.
    standing = or_(table.effective_until.is_(None), table.effective_until >= since)
    tx.execute(
        update(table).where(table.facility_id == signing.facility_id, standing).values(effective_until=since - A_DAY)
    )
    signed = {
        "effective_from": since,
        "facility_id": signing.facility_id,
        "change_id": change_id,
        "approved_by_id": signing.by,
        "approved_on": signing.today,
    }
    tx.execute(insert(table), [{**row, **signed} for row in rows])
    _tell(tx, kind, change_id, signing, {"as_shipped": as_shipped, "looser": is_looser, "since": since})
    return change_id


def _tell(tx: Session, kind: str, change_id: int, signing: Signing, details: dict[str, object]) -> None:
    """Into the chain of the facility and of every station that follows it: their open lists are then read again."""
    followers = select(Site.id).where(or_(Site.id == signing.facility_id, Site.treated_by_id == signing.facility_id))
    facts = {"kind": kind, "facility": signing.facility_id, "second_doctor": signing.second_id, **details}
    for site_id in tx.execute(followers.order_by(Site.id)).scalars().all():
        chain = audit.site_chain(site_id)
        audit.append(tx, chain, signing.actor, "rules.signed", f"rules:{change_id}", facts, signing.now)


def _band_contents(bands: Sequence[GapBand], *, with_source: bool = False) -> list[dict[str, Any]]:
    return [
        {"from_days": band.from_days, "to_days": band.to_days, "response": band.response.value}
        | ({"source": band.source} if with_source else {})
        for band in sorted(bands, key=lambda band: band.from_days)
    ]


def _limit_contents(limits: Sequence[OrderLimit]) -> list[dict[str, Any]]:
    return [{"name": limit.name.value, "value": limit.value, "source": limit.source} for limit in limits]
