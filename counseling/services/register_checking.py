"""The check of an import: every row read, compared and staged, in short transactions, without effect yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import func, insert, select

from counseling.clock import station_day
from counseling.config import VIETNAM
from counseling.database import AnySession, vault_of, writing
from counseling.domain.amounts import BadAmount, ensure_pourable, ml_hundredths
from counseling.domain.order_limits import LimitName, values_of
from counseling.domain.refusal import Refusal
from counseling.models.orders import Drug
from counseling.models.patients import Patient
from counseling.models.places import Area, FormerCommune, FormerSiteName, Site
from counseling.models.registers import RegisterImport
from counseling.queries.bands import list_limits
from counseling.queries.known_people import KeyHolder, list_key_holders, list_known_people
from counseling.registers.columns import Field, Proposal
from counseling.registers.communes import CommuneFinder, current_names, former_names
from counseling.registers.comparing import RowRefused, change_of, ensure_same_person, order_of
from counseling.registers.former_communes import list_former_communes
from counseling.registers.known_people import KnownPeople, KnownPerson
from counseling.registers.register_row import RegisterRow, RowFault
from counseling.registers.row_reader import column_letter
from counseling.registers.rows import read_rows
from counseling.registers.station_names import may_be_station
from counseling.services.register_imports import clear_staged, open_sheet, read_mapping, still_ours
from counseling.services.register_staging import STAGED_KEYS, STAGED_ROWS, CheckedRow, Likely, Stager
from counseling.treatment_rows import TREATMENT, search_value, token_kind
from counseling.vault import Vault

CHUNK = 100
_PAPERS = ("identity", "national_code")


def check_import(session: AnySession, import_id: int, claim: str, clock: Callable[[], datetime]) -> None:
    """Read, compare and stage all rows, then set the import to "checked". Repeatable from the start.

    `clock` gives the present instant for the heartbeat. Raises Abandoned, Refusal, UnreadableRegister.
    """
    clear_staged(session, import_id, claim)
    row = session.execute(select(RegisterImport).where(RegisterImport.id == import_id)).scalar_one()
    proposal, sheet = read_mapping(row.mapping or "{}"), open_sheet(session, row)
    likely_rows = sum(1 for line in sheet.rows if line.number >= proposal.first_data_row)
    _beat(session, import_id, claim, clock(), rows_total=likely_rows, rows_done=0)
    world = World(session, row.station_id, proposal, station_day(clock(), VIETNAM))
    stager = Stager(world.vault, import_id, row.ref)
    # What was read stays as it was read: nothing may keep a transaction open while the rows are worked through.
    session.rollback()
    _begin_staging(session, import_id, claim, world)
    done = 0
    rows = read_rows(sheet, proposal, world.communes)
    while chunk := list(islice(rows, CHUNK)):
        staged = [stager.stage(checked, world.area_names) for checked in world.check(session, chunk)]
        done += len(staged)
        _stage(session, import_id, claim, staged, done, clock())
    _finish(session, import_id, claim, done, clock())


class World:
    """What the rows are compared with, read once: the station, its people, communes, limits."""

    def __init__(self, session: AnySession, station_id: int, proposal: Proposal, today: date) -> None:
        self.vault: Vault = vault_of(session)
        self.newest_patient_id = session.execute(select(func.coalesce(func.max(Patient.id), 0))).scalar_one()
        station = session.execute(select(Site).where(Site.id == station_id)).scalar_one()
        self.facility_id = station.treated_by_id or station.id
        self._station_id, self._pour_step = station_id, station.pour_step_hundredths
        columns = sorted(proposal.columns.items(), reverse=True)  # of two columns of one meaning the first is named
        self._letters = {field: column_letter(column) for column, field in columns}
        self._station_names = _names_of(session, (station_id, self.facility_id))
        self._strength = session.execute(select(Drug.strength).order_by(Drug.id).limit(1)).scalar_one()
        self._longest = values_of(list_limits(session, today, station_id))[LimitName.MAINTENANCE_DAYS]
        areas = session.execute(select(Area.id, Area.code, Area.name, Area.kind)).all()
        self._area_ids = {area.code: area.id for area in areas}
        self._area_codes = {area.code: area.name for area in areas}
        self.area_names = {area.id: area.name for area in areas}
        self.communes = _communes(session, areas)
        self._people = KnownPeople(list_known_people(session, station_id))
        self._meant: dict[int, int] = {}
        self._row_tokens: dict[int, list[tuple[str, list[bytes]]]] = {}  # of the rows in hand

    def check(self, session: AnySession, rows: list[RegisterRow]) -> list[CheckedRow]:
        """Compare some rows, in the file's order."""
        found = [self._people.find(row) for row in rows]
        unknown = [row for row, (known, _) in zip(rows, found, strict=True) if known is None and not row.faults]
        holders = self._holders(session, unknown)
        session.rollback()
        return [self._checked(row, known, other, holders) for row, (known, other) in zip(rows, found, strict=True)]

    def _checked(
        self,
        row: RegisterRow,
        known: KnownPerson | None,
        other: KnownPerson | None,
        holders: Mapping[bytes, list[KeyHolder]],
    ) -> CheckedRow:
        checked = CheckedRow(row, "wrong", self._with_names(row.faults), self._with_names(row.warnings), known)
        checked.area_id = self._area_ids.get(row.area_code) if row.area_code else None
        faults = [*checked.faults, *self._own_faults(row, known)]
        if not faults:
            try:
                self._compare(checked, row, known, other, holders)
            except RowRefused as refused:
                faults.append(self._fault(row, refused.field, refused.code, refused.value))
        if faults:
            checked.outcome, checked.faults = "wrong", faults
            return checked
        checked.warnings = [*checked.warnings, *self._own_warnings(row, checked)]
        return checked

    def _compare(
        self,
        checked: CheckedRow,
        row: RegisterRow,
        known: KnownPerson | None,
        other: KnownPerson | None,
        holders: Mapping[bytes, list[KeyHolder]],
    ) -> None:
        if row.same_as_row is not None:
            checked.outcome = "repeated"
            return
        if known is None:
            checked.order = order_of(row)
            checked.likely = self._likely(row, holders)
            checked.outcome = "new"
            return
        first = self._meant.setdefault(known.patient_id, row.row_number)
        if first != row.row_number:
            raise RowRefused("register_code", "person_twice", str(first))
        ensure_same_person(row, known, other)
        checked.order = order_of(row)
        checked.change = change_of(row, known, checked.area_id)
        checked.outcome = "changed" if checked.change.shown else "unchanged"

    def _own_faults(self, row: RegisterRow, known: KnownPerson | None) -> Iterator[RowFault]:
        has_fault = any(fault.field == Field.REGISTER_CODE for fault in row.faults)
        if row.register_code is None and known is None and not has_fault:
            yield self._fault(row, Field.REGISTER_CODE, "register_code_missing")
        if row.station_text and not may_be_station(row.station_text, self._station_names):
            yield self._fault(row, Field.STATION, "another_station", row.station_text)

    def _own_warnings(self, row: RegisterRow, checked: CheckedRow) -> Iterator[RowFault]:
        plan = checked.order
        if plan is None:
            return
        if self._longest is not None and (plan.ends_on - plan.starts_on).days + 1 > self._longest:
            yield self._fault(row, Field.ORDER_ENDS_ON, "order_too_long", str(self._longest))
        try:
            ensure_pourable(ml_hundredths(plan.tenths, self._strength), self._pour_step)
        except (BadAmount, Refusal):
            yield self._fault(row, Field.DOSE_MG, "dose_not_pourable")

    def _holders(self, session: AnySession, rows: Iterable[RegisterRow]) -> Mapping[bytes, list[KeyHolder]]:
        self._row_tokens = {
            row.row_number: [(kind, self._tokens(kind, value)) for kind, value in _values(row)] for row in rows
        }
        tokens = {token for pairs in self._row_tokens.values() for _, found in pairs for token in found}
        return list_key_holders(session, tokens) if tokens else {}

    def _likely(self, row: RegisterRow, holders: Mapping[bytes, list[KeyHolder]]) -> list[Likely]:
        found: dict[int, Likely] = {}
        for kind, tokens in self._row_tokens.get(row.row_number, ()):
            for holder in (holder for token in tokens for holder in holders.get(token, ())):
                if kind in _PAPERS:
                    field = Field.IDENTITY_NUMBER if kind == "identity" else Field.NATIONAL_CODE
                    raise RowRefused(field, "person_elsewhere", holder.station_name)
                if kind != "name" or holder.birth_year == row.birth_year:
                    code = holder.register_code if holder.station_id == self._station_id else None
                    found.setdefault(holder.patient_id, Likely(code, holder.station_name))
        return list(found.values())

    def _tokens(self, kind: str, value: str) -> list[bytes]:
        return self.vault.tokens(token_kind(TREATMENT, kind), search_value(kind, value))

    def _fault(self, row: RegisterRow, field: str, code: str, value: str = "") -> RowFault:
        return RowFault(row.row_number, self._letters.get(Field(field), ""), str(field), code, value)

    def _with_names(self, faults: Iterable[RowFault]) -> list[RowFault]:
        """Commune codes to choose from become names that a person can write into the file."""
        names = self._area_codes
        return [replace(fault, choices=tuple(names.get(code, code) for code in fault.choices)) for fault in faults]


def _values(row: RegisterRow) -> Iterator[tuple[str, str]]:
    pairs = (
        ("identity", row.identity_number),
        ("national_code", row.national_code),
        ("phone", row.phone),
        ("name", row.full_name),
    )
    return ((kind, value) for kind, value in pairs if value)


def _names_of(session: AnySession, site_ids: Iterable[int]) -> list[str]:
    wanted = tuple(site_ids)
    sites = session.execute(select(Site.name, Site.code).where(Site.id.in_(wanted))).all()
    former = session.execute(select(FormerSiteName.name).where(FormerSiteName.site_id.in_(wanted))).scalars()
    return [*(text for site in sites for text in site), *former]


def _communes(session: AnySession, areas: Iterable[Any]) -> CommuneFinder:
    """Names of today from the installation's areas; former ones from its table, else from the shipped list."""
    communes = [(area.name, area.code) for area in areas if area.kind in ("commune", "ward", "special_zone")]
    codes = {code for _, code in communes}
    query = select(FormerCommune.former_name, FormerCommune.former_district, Area.code)
    rows = session.execute(query.join(Area, Area.id == FormerCommune.area_id))
    former: list[tuple[str, str, str]] = [(name, district, code) for name, district, code in rows]
    shipped = [(one.former_name, one.former_district, one.commune_code) for one in list_former_communes()]
    return CommuneFinder(current_names(communes), former_names(former or [one for one in shipped if one[2] in codes]))


def _begin_staging(session: AnySession, import_id: int, claim: str, world: World) -> None:
    with writing(session) as tx:
        still_ours(tx, import_id, claim, key_id=world.vault.newest_id, seen_patient_id=world.newest_patient_id)


def _stage(
    session: AnySession,
    import_id: int,
    claim: str,
    staged: list[tuple[dict[str, Any], list[dict[str, Any]]]],
    done: int,
    now: datetime,
) -> None:
    with writing(session) as tx:
        still_ours(tx, import_id, claim, rows_done=done, heartbeat_at=now)
        tx.execute(insert(STAGED_ROWS), [row for row, _ in staged])
        keys = [key for _, keys in staged for key in keys]
        if keys:
            tx.execute(insert(STAGED_KEYS), keys)


def _finish(session: AnySession, import_id: int, claim: str, done: int, now: datetime) -> None:
    with writing(session) as tx:
        values = {"rows_total": done, "rows_done": done, "heartbeat_at": now}
        still_ours(tx, import_id, claim, state="checked", **values)


def _beat(session: AnySession, import_id: int, claim: str, now: datetime, **values: object) -> None:
    with writing(session) as tx:
        still_ours(tx, import_id, claim, heartbeat_at=now, **values)
