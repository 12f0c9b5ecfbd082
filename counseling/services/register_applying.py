"""Applying a checked import: one short transaction of set-based statements over what was staged.

All that is slow (reading, sealing, hashing) was done by the check; here rows are copied inside the database.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.adherence import EMPTY, Adherence
from counseling.domain.refusal import Refusal
from counseling.models import Base
from counseling.models.doses import AdherenceSummary, DosedElsewhere
from counseling.models.orders import DoseOrder, Drug, OrderPart
from counseling.models.patients import FileStatusChange, Patient, PhoneNumber, SearchKey, TreatmentFile
from counseling.models.places import Site
from counseling.models.registers import RegisterImport
from counseling.queries.known_people import FILE
from counseling.services import adherence, audit
from counseling.services.register_copying import clear_copied, room_for_pages
from counseling.services.register_imports import still_ours
from counseling.services.register_staging import STAGED_KEYS, STAGED_ROWS
from counseling.services.register_world import ensure_same_world
from counseling.services.treatment_files import By
from counseling.treatment_rows import TREATMENT

S, K = STAGED_ROWS.c, STAGED_KEYS.c
A_DAY = timedelta(days=1)
EARLIEST = date(2008, 1, 1)  # methadone came to Việt Nam in 2008
_COPIED = (
    "ref", "register_code", "national_code", "full_name", "birth_year", "birth_on", "sex", "identity_number",
    "area_id", "address", "hiv_status", "notes", "treatment_began_on",
)  # fmt: skip
_CHANGEABLE = tuple(name for name in _COPIED if name not in ("ref", "birth_on"))


def ensure_elsewhere_day(until: date, today: date) -> None:
    """Another register can answer for days up to yesterday: today's dose is given here, or recorded as a guest's."""
    if not EARLIEST <= until < today:
        raise Refusal("elsewhere_not_before_today", until=until, yesterday=today - A_DAY)


def apply_import(
    session: AnySession,
    import_id: int,
    claim: str,
    *,
    elsewhere_until: date,
    skip_wrong: bool,
    by: By,
    today: date,
    now: datetime,
) -> None:
    """Write everything that was staged, or nothing. The import must be claimed for "applying".

    Raises Abandoned, and Refusal: elsewhere_not_before_today, import_has_wrong_rows (unless `skip_wrong`),
    import_has_nothing, world_changed (a code was taken, a file or an order was changed since the check).
    """
    ensure_elsewhere_day(elsewhere_until, today)
    try:
        with writing(session) as tx, room_for_pages(tx):
            # Locks the import: a second claim waits here and then finds it applied.
            still_ours(tx, import_id, claim, dosed_elsewhere_until=elsewhere_until)
            _Applying(tx, import_id, elsewhere_until, by, today, now).run(skip_wrong)
    except IntegrityError as error:
        # A code taken, an order or a dose written in between: the database has refused what the check had allowed.
        raise Refusal("world_changed") from error
    clear_copied(session, import_id)


class _Applying:
    """The statements of one transaction; each one writes one table from what was staged."""

    def __init__(self, tx: Session, import_id: int, elsewhere_until: date, by: By, today: date, now: datetime) -> None:
        self.tx, self.by, self.today, self.now = tx, by, today, now
        self.until = elsewhere_until
        self.row = tx.execute(
            select(
                RegisterImport.id,
                RegisterImport.ref,
                RegisterImport.station_id,
                RegisterImport.key_id,
                RegisterImport.digest,
                RegisterImport.seen_patient_id,
                Site.treated_by_id,
            )
            .join(Site, Site.id == RegisterImport.station_id)
            .where(RegisterImport.id == import_id)
        ).one()
        mine = S.import_id == import_id
        self.new = and_(mine, S.outcome == "new", or_(S.is_likely.is_(False), S.is_confirmed))
        self.changed = and_(mine, S.outcome == "changed")
        self.written = or_(self.new, self.changed)

    def run(self, skip_wrong: bool) -> None:
        counts = self._counts()
        if counts["wrong"] and not skip_wrong:
            raise Refusal("import_has_wrong_rows", wrong=counts["wrong"])
        if not counts["new"] and not counts["changed"] and not counts["unchanged"]:
            raise Refusal("import_has_nothing")
        self._lock_people()
        ensure_same_world(self.tx, self.row, self.changed)
        self._give_ids()
        self._write_keys()
        self._add_people()
        self._change_files()
        self._write_numbers()
        self._write_orders()
        self._finish(counts)

    def _counts(self) -> dict[str, int]:
        mine = S.import_id == self.row.id
        wanted = {
            "new": self.new,
            "changed": self.changed,
            "orders": and_(self.written, S.order_key.is_not(None)),
            "skipped": and_(mine, S.outcome == "new", ~self.new),
            **{name: and_(mine, S.outcome == name) for name in ("unchanged", "repeated", "wrong")},
        }
        sums = [func.coalesce(func.sum(case((where, 1), else_=0)), 0).label(name) for name, where in wanted.items()]
        found = self.tx.execute(select(*sums).where(S.import_id == self.row.id)).one()
        return {name: int(getattr(found, name)) for name in wanted}

    def _lock_people(self) -> None:
        """The first locks of everything that changes a person's orders; in the order of ids, so that nobody crosses."""
        people = select(S.patient_id).where(self.changed)
        query = select(AdherenceSummary.patient_id).where(AdherenceSummary.patient_id.in_(people))
        self.tx.execute(query.order_by(AdherenceSummary.patient_id).with_for_update()).all()

    def _add_people(self) -> None:
        at, who = _at(self.now), literal(self.by.staff_id)
        self._copy(
            TreatmentFile,
            self.new,
            patient_id=S.patient_id,
            station_id=literal(self.row.station_id),
            facility_id=literal(self.row.treated_by_id or self.row.station_id),
            language=literal("vi"),
            status=literal("active"),
            status_since=_day(self.today),
            registered_at=at,
            registered_by_id=who,
            import_id=literal(self.row.id),
            **{name: S[name] for name in _COPIED},
        )
        status = {"side": literal(TREATMENT), "status": literal("active"), "since_on": _day(self.today)}
        recorded = {"recorded_by_id": who, "recorded_at": at}
        self._copy(FileStatusChange, self.new, patient_id=S.patient_id, **status, **recorded)
        # Who began later than that day was not dosed elsewhere before.
        was = or_(S.treatment_began_on.is_(None), S.treatment_began_on <= _day(self.until))
        self._add_summaries(and_(self.new, was), EMPTY.with_day(self.until, complete=True))
        self._add_summaries(and_(self.new, ~was), EMPTY)
        days = {"first_on": _day(self.until), "last_on": _day(self.until)}
        source = literal(f"register_import:{self.row.ref}")
        self._copy(DosedElsewhere, and_(self.new, was), patient_id=S.patient_id, source=source, **days, **recorded)

    def _give_ids(self) -> None:
        if self.tx.get_bind().dialect.name == "postgresql":
            next_id: ColumnElement[Any] = func.nextval(text("pg_get_serial_sequence('patients', 'id')"))
        else:
            # Nobody else writes while this transaction does; gaps in the numbers mean nothing.
            next_id = select(func.coalesce(func.max(Patient.id), 0)).scalar_subquery() + S.row_number
        self.tx.execute(update(STAGED_ROWS).where(self.new).values(patient_id=next_id))
        self._copy(Patient, self.new, id=S.patient_id, created_at=_at(self.now))

    def _add_summaries(self, where: ColumnElement[bool], summary: Adherence) -> None:
        table = AdherenceSummary.__table__.c
        columns = {name: literal(value, table[name].type) for name, value in adherence.columns(summary).items()}
        self._copy(AdherenceSummary, where, patient_id=S.patient_id, is_active=literal(True), **columns)

    def _change_files(self) -> None:
        kept: dict[str, ColumnElement[Any]] = {name: func.coalesce(S[name], FILE.c[name]) for name in _CHANGEABLE}
        kept["birth_on"] = case((S.clears_birth_on, null()), else_=func.coalesce(S.birth_on, FILE.c.birth_on))
        where = and_(FILE.c.patient_id == S.patient_id, self.changed, S.seen_stamp.is_not(None))
        self.tx.execute(update(FILE).where(where).values(kept))

    def _write_numbers(self) -> None:
        old = select(S.replaces_phone_id).where(self.changed, S.replaces_phone_id.is_not(None))
        self.tx.execute(update(PhoneNumber).where(PhoneNumber.id.in_(old)).values(removed_at=self.now))
        self._copy(
            PhoneNumber,
            and_(self.written, S.phone.is_not(None)),
            ref=S.phone_ref,
            patient_id=S.patient_id,
            side=literal(TREATMENT),
            number=S.phone,
            added_at=_at(self.now),
        )

    def _write_keys(self) -> None:
        redone = select(S.patient_id).where(self.changed, S.redoes_keys)
        self.tx.execute(delete(SearchKey).where(SearchKey.side == TREATMENT, SearchKey.patient_id.in_(redone)))
        columns: dict[str, ColumnElement[Any]] = {
            "token": K.token,
            "side": literal(TREATMENT),
            "kind": K.kind,
            "patient_id": S.patient_id,
            "key_id": literal(self.row.key_id, SearchKey.__table__.c.key_id.type),
        }
        staged = STAGED_KEYS.join(STAGED_ROWS, and_(S.import_id == K.import_id, S.row_number == K.row_number))
        # In the order of the index: 120,000 random places cost three times the time.
        rows = select(*columns.values()).select_from(staged).where(self.written).order_by(K.token)
        self.tx.execute(insert(SearchKey).from_select(list(columns), rows))

    def _write_orders(self) -> None:
        self._lower_orders()
        drug_id = self.tx.execute(select(Drug.id).order_by(Drug.id).limit(1)).scalar_one()
        ordered = and_(self.written, S.order_key.is_not(None))
        self._copy(
            DoseOrder,
            ordered,
            patient_id=S.patient_id,
            drug_id=literal(drug_id),
            phase=literal("maintenance"),
            starts_on=S.order_starts_on,
            ends_on=S.order_ends_on,
            last_on=S.order_ends_on,
            origin=literal("register_import"),
            written_by_id=literal(self.by.staff_id),
            written_at=_at(self.now),
            request_key=S.order_key,
        )
        rows = (
            select(DoseOrder.id, literal(1), S.order_tenths)
            .join(STAGED_ROWS, S.order_key == DoseOrder.request_key)
            .where(ordered)
        )
        self.tx.execute(insert(OrderPart).from_select(["order_id", "part", "mg_tenths"], rows))

    def _lower_orders(self) -> None:
        """Let an imported order end before the one that follows it; the database refuses where doses stand later."""
        lowered = self.tx.execute(
            select(S.lowers_order_id, S.order_starts_on).where(self.changed, S.lowers_order_id.is_not(None))
        ).all()
        if not lowered:
            return
        orders = Base.metadata.tables["dose_orders"]
        statement = (
            update(orders)
            .where(orders.c.id == bindparam("order_id"))
            .values(last_on=bindparam("until"), stopped_by_id=self.by.staff_id, stopped_at=self.now)
        )
        values = [{"order_id": order_id, "until": starts_on - A_DAY} for order_id, starts_on in lowered]
        self.tx.connection().execute(statement, values)

    def _finish(self, counts: Mapping[str, int]) -> None:
        done = {
            "state": "applied",
            "file": None,
            "claim": None,
            "applied_at": self.now,
            "applied_by_id": self.by.staff_id,
            "heartbeat_at": self.now,
            "counts": json.dumps(counts),
        }
        self.tx.execute(update(RegisterImport).where(RegisterImport.id == self.row.id).values(**done))
        edited = self.tx.execute(select(S.patient_id, S.fields).where(self.changed).order_by(S.patient_id))
        details = {
            **counts,
            "file": self.row.digest,
            "elsewhere_until": self.until,
            "fields": {str(patient_id): fields.split(",") for patient_id, fields in edited},
        }
        chain = audit.site_chain(self.row.station_id)
        subject = f"register_import:{self.row.id}"
        audit.append(self.tx, chain, self.by.actor, "register.imported", subject, details, self.now)

    def _copy(self, model: Any, where: ColumnElement[bool], **columns: ColumnElement[Any]) -> None:
        rows = select(*columns.values()).select_from(STAGED_ROWS).where(where).order_by(S.row_number)
        self.tx.execute(insert(model).from_select(list(columns), rows, include_defaults=False))


def _at(instant: datetime) -> ColumnElement[Any]:
    return literal(instant, Patient.__table__.c.created_at.type)


def _day(day: date) -> ColumnElement[Any]:
    return literal(day, S.order_starts_on.type)
