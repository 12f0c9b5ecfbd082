"""Doses that a sheet of paper tells of, entered afterwards: "all given except …", a whole sheet in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.late_entry import ensure_enterable, why_not
from counseling.domain.missed_doses import GapBand
from counseling.domain.refusal import Refusal
from counseling.models.doses import AdherenceSummary, DayDose, LateEntry
from counseling.models.people import Staff
from counseling.models.window import DosePour
from counseling.queries.bands import list_bands
from counseling.queries.paper_days import PaperRow, list_paper_days
from counseling.refs import new_request_key
from counseling.services import adherence, audit

LONGEST_SHEET, LONGEST_WRITER, LONGEST_PAPER = 60, 80, 160


@dataclass(frozen=True)
class Paper:
    """Which sheet and page, and who wrote it: somebody of the station, or a name that was typed."""

    sheet: str
    writer_id: int | None = None
    writer_name: str = ""


@dataclass(frozen=True)
class SeenPart:
    """One line of the summary that was read before the tap. The order decides; this has to agree with it."""

    patient_id: int
    order_id: int
    part: int


@dataclass(frozen=True)
class Entered:
    """`left_out`: (patient, code of the rule) of lines that could no longer be recorded; empty for a repeat."""

    id: int
    given: int
    people: int
    left_out: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Late:
    """One dose that is about to be entered."""

    row: PaperRow
    order_id: int
    part: int
    mg_tenths: int
    gap: int | None


def enter_sheet(
    session: AnySession,
    seen: Sequence[SeenPart],
    *,
    not_given: Collection[int],
    site_id: int,
    day: date,
    paper: Paper,
    by: int,
    actor: str,
    request_key: str,
    today: date,
    now: datetime,
    zone: ZoneInfo,
) -> Entered:
    """Enter every dose of a sheet that the rules still allow; the others are left out, with the reason.

    Commits doses, summaries and one audit entry together; the day's state stays as it is. A repeat of `request_key`
    gives the first result. Refusals: late_entry_in_future, late_entry_too_old, paper_missing, writer_missing,
    nothing_to_enter, request_key_taken.
    """
    ensure_enterable(day, today)
    named = name_paper(session, paper)
    try:
        with writing(session) as tx:
            lock_people(tx, {line.patient_id for line in seen})
            earlier = entered_before(tx, request_key, site_id)
            if earlier is not None:
                return earlier
            if not seen:
                raise Refusal("nothing_to_enter")
            rows = {row.patient_id: row for row in list_paper_days(tx, site_id, day, zone)}
            lates, left_out = _sorted_out(rows, seen, list_bands(tx, day, site_id))
            entry: dict[str, Any] = {
                "not_given": len(set(not_given)),
                "left_out": len(left_out),
                "writer_id": paper.writer_id,
            }
            entry |= {"recorded_by_id": by, "recorded_at": now, "request_key": request_key}
            return enter_doses(
                tx, lates, entry, site_id=site_id, day=day, paper=named, actor=actor, left_out=left_out,
                not_given=not_given,
            )  # fmt: skip
    except IntegrityError:
        # Two forms with one key and nobody in common: neither lock held the other back.
        first = entered_before(session, request_key, site_id)
        if first is None:
            raise
        return first


def name_paper(session: AnySession, paper: Paper) -> str:
    """What each dose keeps: sheet and writer. Refuses paper_missing and writer_missing."""
    sheet, writer = paper.sheet.strip()[:LONGEST_SHEET], paper.writer_name.strip()[:LONGEST_WRITER]
    if not sheet:
        raise Refusal("paper_missing")
    if paper.writer_id is not None:
        query = select(Staff.display_name).where(Staff.id == paper.writer_id)
        writer = session.execute(query).scalar_one_or_none() or ""
    if not writer:
        raise Refusal("writer_missing")
    return f"{sheet} · {writer}"[:LONGEST_PAPER]


def lock_people(tx: Session, patient_ids: Collection[int]) -> None:
    """The first lock of whatever changes somebody's days; in the order of ids, so that two sheets never cross."""
    query = select(AdherenceSummary.patient_id).where(AdherenceSummary.patient_id.in_(patient_ids))
    tx.execute(query.order_by(AdherenceSummary.patient_id).with_for_update()).all()


def entered_before(reader: AnySession, request_key: str, site_id: int) -> Entered | None:
    query = select(LateEntry.id, LateEntry.given, LateEntry.people, LateEntry.site_id)
    row = reader.execute(query.where(LateEntry.request_key == request_key)).first()
    if row is not None and row.site_id != site_id:
        raise Refusal("request_key_taken")
    return None if row is None else Entered(row.id, row.given, row.people)


def enter_doses(
    tx: Session,
    lates: Sequence[Late],
    entry: dict[str, Any],
    *,
    site_id: int,
    day: date,
    paper: str,
    actor: str,
    left_out: Sequence[tuple[int, str]] = (),
    not_given: Collection[int] = (),
) -> Entered:
    """Add the sheet, its doses and what they cover, inside the caller's transaction, which has locked the people."""
    people = len({late.row.patient_id for late in lates})
    values = {**entry, "site_id": site_id, "day_on": day, "paper": paper, "given": len(lates), "people": people}
    entry_id: int = tx.execute(insert(LateEntry).values(**values).returning(LateEntry.id)).scalar_one()
    who = {"recorded_by_id": entry["recorded_by_id"], "recorded_at": entry["recorded_at"], "site_id": site_id}
    doses = [_dose(late, day, paper) | who for late in lates]
    ids: list[int] = []
    if doses:
        added = insert(DayDose).returning(DayDose.id, sort_by_parameter_order=True)
        ids = list(tx.execute(added, doses).scalars())
        _empty_cups(tx, ids, doses, entry["recorded_at"])
    _cover(tx, lates, day)
    details: dict[str, object] = {
        "on": day,
        "given": len(lates),
        "people": people,
        "not_given": sorted(set(not_given)),
        "left_out": Counter(code for _, code in left_out),
        "doses": [
            [dose_id, dose["patient_id"], dose["order_id"], dose["part"], dose["mg_tenths"], dose["attempt"]]
            for dose_id, dose in zip(ids, doses, strict=True)
        ],
    }
    chain, subject = audit.site_chain(site_id), f"late_entry:{entry_id}"
    audit.append(tx, chain, actor, "doses.entered_late", subject, details, entry["recorded_at"])
    return Entered(entry_id, len(lates), people, tuple(left_out))


def _sorted_out(
    rows: dict[int, PaperRow], seen: Sequence[SeenPart], bands: Sequence[GapBand]
) -> tuple[list[Late], list[tuple[int, str]]]:
    """What can be entered, in the order of the sheet, and what cannot any more."""
    lates: dict[tuple[int, int], Late] = {}
    left_out: list[tuple[int, str]] = []
    for line in dict.fromkeys(seen):
        row = rows.get(line.patient_id)
        code = "no_order" if row is None else why_not(row.facts, bands)
        if row is None or code is not None or row.facts.order is None:
            left_out.append((line.patient_id, code or "no_order"))
            continue
        mg_tenths = dict(row.facts.missing_parts()).get(line.part)
        if row.facts.order.id != line.order_id:
            left_out.append((line.patient_id, "order_changed"))
        elif mg_tenths is None:
            left_out.append((line.patient_id, "already_dosed"))
        else:
            is_first = all(patient_id != line.patient_id for patient_id, _ in lates)
            gap = row.facts.gap if is_first else 0
            lates[line.patient_id, line.part] = Late(row, line.order_id, line.part, mg_tenths, gap)
    return list(lates.values()), left_out


def _dose(late: Late, day: date, paper: str) -> dict[str, Any]:
    attempt = late.row.attempts(late.part) + 1
    return {
        "patient_id": late.row.patient_id,
        "dose_on": day,
        "part": late.part,
        "attempt": attempt,
        "voided_attempt": attempt - 1 or None,
        "kind": "observed",
        "order_id": late.order_id,
        "mg_tenths": late.mg_tenths,
        "gap_days": late.gap,
        "source": "late_entry",
        "paper": paper,
        "request_key": new_request_key(),
    }


def _empty_cups(tx: Session, ids: Sequence[int], doses: Sequence[dict[str, Any]], now: datetime) -> None:
    """A cup that stood poured when the power went was the dose on the paper."""
    drunk = {
        (dose["patient_id"], dose["part"], dose["mg_tenths"]): dose_id for dose_id, dose in zip(ids, doses, strict=True)
    }
    people = {patient_id for patient_id, _, _ in drunk}
    standing = select(DosePour.id, DosePour.patient_id, DosePour.part, DosePour.mg_tenths).where(
        DosePour.patient_id.in_(people), DosePour.dose_on == doses[0]["dose_on"], DosePour.ended_at.is_(None)
    )
    for cup in tx.execute(standing).all():
        dose_id = drunk.get((cup.patient_id, cup.part, cup.mg_tenths))
        if dose_id is not None:
            ended = {"ended_at": now, "ended_by": "swallowed", "day_dose_id": dose_id}
            tx.execute(update(DosePour).where(DosePour.id == cup.id).values(**ended))


def _cover(tx: Session, lates: Sequence[Late], day: date) -> None:
    parts: dict[int, set[int]] = {}
    for late in lates:
        parts.setdefault(late.row.patient_id, set(late.row.facts.given)).add(late.part)
    for late in {late.row.patient_id: late for late in lates}.values():
        order = late.row.facts.order
        whole = {part for part, _ in order.parts} if order else set()
        complete = whole <= parts[late.row.patient_id]
        adherence.save_summary(tx, late.row.patient_id, late.row.summary.with_day(day, complete=complete))
