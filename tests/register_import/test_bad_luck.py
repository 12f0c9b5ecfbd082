"""A worker that dies, two that meet: nothing is ever half imported, and a person can go on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from counseling.domain.refusal import Refusal
from counseling.models.registers import RegisterImport, RegisterImportRow
from counseling.refs import new_request_key
from counseling.registers.columns import Field
from counseling.services.register_applying import apply_import
from counseling.services.register_checking import check_import
from counseling.services.register_imports import STALE, Abandoned, begin, discard, match_columns, upload_register
from counseling.services.register_work import run_apply, run_check
from tests.register_import.story import (
    DAT,
    HEADINGS,
    KHANH,
    REGISTER,
    TODAY,
    YESTERDAY,
    add_communes,
    applied,
    by,
    checked,
    facts_of,
    outcomes,
    sheet,
    table_sizes,
)
from tests.support.cast import CAO_LOC, DONG_KINH, Cast
from tests.support.settings import MORNING

LATER = MORNING + STALE + timedelta(seconds=1)


class PowerCut(BaseException):
    """Ends a worker where it stands, as a killed process would: nobody catches it."""


@pytest.fixture
def cut_at(session: Session) -> Iterator[list[str]]:
    """Statements that begin with one of these words are never executed: the power goes."""
    words: list[str] = []
    engine = session.get_bind()

    def cut(_: object, __: object, statement: str, *___: object) -> None:
        if words and words[0].startswith("!") and statement.startswith(words[0][1:]):
            words[0] = words[0][1:]  # the first such statement passes
        elif any(statement.startswith(word) for word in words):
            raise PowerCut

    event.listen(engine, "before_cursor_execute", cut)
    yield words
    event.remove(engine, "before_cursor_execute", cut)


def uploaded(session: Session, cast: Cast, data: bytes) -> tuple[str, int]:
    ref = upload_register(
        session, DONG_KINH, data, "so.xlsx", by=by(cast), request_key=new_request_key(), now=MORNING
    ).ref
    return ref, facts_of(session, cast, ref).id


def test_killed_while_staging_it_is_done_again_from_the_start(session: Session, cast: Cast, cut_at: list[str]) -> None:
    add_communes(session)
    ref, import_id = uploaded(session, cast, REGISTER.read_bytes())
    claim = begin(session, import_id, "checking", MORNING)
    assert claim
    cut_at.append("!INSERT INTO register_import_keys")  # the first chunk is stored, the second is cut
    with pytest.raises(PowerCut):
        check_import(session, import_id, claim, lambda: MORNING)
    cut_at.clear()
    assert facts_of(session, cast, ref).rows_done == 100
    assert begin(session, import_id, "checking", MORNING) is None  # it may still be alive
    again = begin(session, import_id, "checking", LATER)
    assert again
    assert run_check(session, import_id, claim, lambda: LATER) == "abandoned"  # the dead one wakes up
    assert run_check(session, import_id, again, lambda: LATER) is None
    facts = facts_of(session, cast, ref)
    assert facts.state == "checked" and outcomes(session, facts)["new"] == 300
    assert table_sizes(session)["patients"] == 0


@pytest.mark.parametrize("table", ["patients", "search_keys", "treatment_files", "order_parts", "audit_entries"])
def test_killed_while_applying_nothing_is_written(session: Session, cast: Cast, cut_at: list[str], table: str) -> None:
    add_communes(session)
    facts = checked(session, cast, sheet(KHANH, DAT))
    before = table_sizes(session)
    cut_at.append(f"INSERT INTO {table}")
    with pytest.raises(PowerCut):
        applied(session, cast, facts)
    cut_at.clear()
    assert table_sizes(session) == before
    assert facts_of(session, cast, facts.ref).state == "applying"
    claim = begin(session, facts.id, "checking", LATER)
    assert claim and run_check(session, facts.id, claim, lambda: LATER) is None
    applied(session, cast, facts_of(session, cast, facts.ref))
    assert table_sizes(session)["patients"] == 2


def test_an_accident_leaves_a_state_to_go_on_from(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_communes(session)
    facts = checked(session, cast, sheet(KHANH))
    claim = begin(session, facts.id, "applying", MORNING)
    assert claim
    monkeypatch.setattr("counseling.services.register_applying._Applying._write_orders", lambda self: 1 / 0)
    code = run_apply(
        session, facts.id, claim, elsewhere_until=YESTERDAY, skip_wrong=False, by=by(cast), today=TODAY, now=MORNING
    )
    facts = facts_of(session, cast, facts.ref)
    assert (code, facts.state, facts.failure) == ("unforeseen", "failed", "unforeseen")
    assert table_sizes(session)["patients"] == 0
    assert begin(session, facts.id, "checking", MORNING)


def test_two_workers_at_once_apply_it_once(session: Session, cast: Cast) -> None:
    add_communes(session)
    facts = checked(session, cast, sheet(KHANH, DAT))
    engine, barrier, results = session.get_bind(), threading.Barrier(2), []

    def work() -> None:
        with Session(engine, expire_on_commit=False) as own:
            barrier.wait()
            claim = begin(own, facts.id, "applying", MORNING)
            if claim:
                apply_import(
                    own,
                    facts.id,
                    claim,
                    elsewhere_until=YESTERDAY,
                    skip_wrong=False,
                    by=by(cast),
                    today=TODAY,
                    now=MORNING,
                )
            results.append(claim is not None)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, True]
    assert table_sizes(session)["patients"] == 2


def test_a_claim_that_was_taken_over_writes_nothing(session: Session, cast: Cast) -> None:
    add_communes(session)
    facts = checked(session, cast, sheet(KHANH))
    old = begin(session, facts.id, "applying", MORNING)
    assert old and begin(session, facts.id, "checking", LATER)
    with pytest.raises(Abandoned):
        apply_import(
            session, facts.id, old, elsewhere_until=YESTERDAY, skip_wrong=False, by=by(cast), today=TODAY, now=LATER
        )
    assert table_sizes(session)["patients"] == 0


def test_one_import_at_a_time_for_a_station(session: Session, cast: Cast) -> None:
    ref, import_id = uploaded(session, cast, sheet(KHANH))
    with pytest.raises(Refusal, match="import_unfinished"):
        uploaded(session, cast, sheet(DAT))
    upload_register(
        session, CAO_LOC, sheet(DAT), "so.xlsx", by=by(cast, "dispenser2"), request_key=new_request_key(), now=MORNING
    )
    assert begin(session, import_id, "checking", MORNING)
    with pytest.raises(Refusal, match="import_busy"):
        discard(session, ref, now=MORNING)
    discard(session, ref, now=LATER)
    uploaded(session, cast, sheet(DAT))


def test_the_same_form_sent_twice_is_one_upload(session: Session, cast: Cast) -> None:
    key = new_request_key()
    values = {"by": by(cast), "request_key": key, "now": MORNING}
    first = upload_register(session, DONG_KINH, sheet(KHANH), "so.xlsx", **values)
    assert upload_register(session, DONG_KINH, sheet(KHANH), "so.xlsx", **values) == first


@pytest.mark.parametrize("until", [TODAY, TODAY + timedelta(days=1)])
def test_no_other_register_answers_for_today(session: Session, cast: Cast, until: object) -> None:
    add_communes(session)
    facts = checked(session, cast, sheet(KHANH))
    claim = begin(session, facts.id, "applying", MORNING)
    assert claim
    code = run_apply(
        session,
        facts.id,
        claim,
        elsewhere_until=until,  # type: ignore[arg-type]
        skip_wrong=False,
        by=by(cast),
        today=TODAY,
        now=MORNING,
    )
    facts = facts_of(session, cast, facts.ref)
    assert (code, facts.state) == ("elsewhere_not_before_today", "checked")  # the rows still stand


def test_columns_matched_by_hand_are_remembered_for_the_next_file(session: Session, cast: Cast) -> None:
    add_communes(session)
    headings = (*HEADINGS[:6], "Liều tối qua", *HEADINGS[7:])
    request = {"by": by(cast), "now": MORNING}
    first = upload_register(
        session, DONG_KINH, sheet(KHANH, headings=headings), "so.xlsx", request_key=new_request_key(), **request
    )
    assert first.needs_columns
    facts = facts_of(session, cast, first.ref)
    assert begin(session, facts.id, "checking", MORNING) is None  # nobody has said yet what the columns hold
    fields = (Field.REGISTER_CODE, Field.FULL_NAME, Field.BIRTH_YEAR, Field.COMMUNE, Field.PHONE, Field.IDENTITY_NUMBER,
              Field.DOSE_MG, Field.ORDER_STARTS_ON, Field.ORDER_ENDS_ON)  # fmt: skip
    match_columns(session, first.ref, dict(enumerate(fields)), None, **request)
    claim = begin(session, facts.id, "checking", MORNING)
    assert claim and run_check(session, facts.id, claim, lambda: MORNING) is None
    applied(session, cast, facts_of(session, cast, first.ref))
    data = sheet(KHANH, DAT, headings=[heading.upper() for heading in headings])
    facts = checked(session, cast, data)
    assert outcomes(session, facts) == {"new": 1, "changed": 0, "unchanged": 1, "wrong": 0}


def test_nothing_staged_can_be_read_without_the_keys(session: Session, cast: Cast) -> None:
    """The rows as the database driver gives them; the SQLite file itself is encrypted once more."""
    add_communes(session)
    canary = ("LS-0001", "Kanari Vàng Anh", 1971, "Xã Bình Gia", "0912345678", "020071000001", 60, *KHANH[7:])
    facts = checked(session, cast, sheet(canary, with_wrong_dose(DAT)), name="Kanari.xlsx")
    stored = b""
    for table in (RegisterImport, RegisterImportRow):
        for row in session.execute(select(*table.__table__.columns)):
            stored += b"".join(bytes(value) if isinstance(value, bytes) else str(value).encode() for value in row)
    for secret in ("Kanari", "kanari", "912345678", "020071000001", "Lý Văn Đạt"):
        assert secret.encode() not in stored, secret
    facts = applied(session, cast, facts, skip_wrong=True)
    kept = session.execute(
        select(func.count(RegisterImport.file), func.count(RegisterImportRow.full_name)).where(
            RegisterImport.id == RegisterImportRow.import_id
        )
    ).one()
    assert tuple(kept) == (0, 0)


def with_wrong_dose(row: tuple[object, ...]) -> list[object]:
    return [*row[:6], "6O", *row[7:]]
