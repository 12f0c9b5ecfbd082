"""Keys are changed while people work: nothing is lost, and everybody is found at every moment."""

import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from counseling import create_app
from counseling.config import Config
from counseling.database import db, vault_of, writing
from counseling.domain.orders import Phase
from counseling.models.audit import AuditEntry
from counseling.models.contacts import OutreachContact, VisitConsent
from counseling.models.counseling import CounselingSession
from counseling.models.doses import StationVisit
from counseling.models.observations import DoseObservation
from counseling.models.orders import DoseOrder
from counseling.models.patients import Card, SearchKey, SupportFile, TreatmentFile
from counseling.models.phone_entries import WaitingVisit
from counseling.models.registers import RegisterImport, RegisterImportRow
from counseling.models.texts import InboundMessage, OutboundMessage, SimulatedText
from counseling.models.window import PatientHold
from counseling.queries.patient_search import find_people, has_keys
from counseling.refs import new_ref, new_request_key
from counseling.routes import viewing
from counseling.services import key_rotation
from counseling.services.cards import issue_card
from counseling.services.duty_roster import set_duty_phone
from counseling.services.inbound import store_inbound
from counseling.services.key_rotation import count_left, rotate_keys
from counseling.services.orders import write_dose_order
from counseling.services.patients import DosedElsewhereUntil, change_status, register_patient
from counseling.services.phone_lines import ensure_line
from counseling.services.sealed_columns import SEALED
from counseling.services.second_factor import begin as begin_second_factor
from counseling.services.support_people import register_supported
from counseling.support_rows import SupportDetails
from counseling.treatment_rows import SUPPORT, TreatmentDetails, open_card_code
from counseling.vault import CannotOpen
from tests.reversals.story import ask
from tests.support.cast import DONG_KINH, FACILITY, PASSWORD, TEAM, Cast
from tests.support.settings import MORNING, config_for, invented_key
from tests.support.treatment import TODAY, Person, by, dose
from tests.support.treatment import opened as open_day

OLD, NEW = invented_key(1), invented_key(7)
NAME, PHONE, PAPER = "Hoàng Thị Chim Yến", "+84912345678", "020190001234"
OpenWith = Callable[[str], Session]


@pytest.fixture
def open_with(config: Config, tmp_path: Path) -> Iterator[OpenWith]:
    """`open_with(keys)`: the same database as a process with other DATA_KEYS sees it."""
    apps: list[Flask] = []
    sessions: list[Session] = []

    def open_it(keys: str) -> Session:
        app = create_app(config_for(config.database_url, tmp_path / "instance", DATA_KEYS=keys))
        apps.append(app)
        with app.app_context():
            sessions.append(Session(db.engine, expire_on_commit=False))
        return sessions[-1]

    yield open_it
    for session in sessions:
        session.close()
    for app in apps:
        viewing.log_of(app).stop()
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def story(session: Session, cast: Cast) -> int:
    """A person with something in every sealed column, under the old key. Gives the patient."""
    details = TreatmentDetails(
        station_id=DONG_KINH,
        facility_id=FACILITY,
        register_code="M-0001",
        full_name=NAME,
        birth_year=1990,
        birth_on=date(1990, 5, 1),
        status_since=TODAY,
        national_code="LS-77",
        identity_number=PAPER,
        phone=PHONE,
        address="Số 1",
        alias="Yến Nhỏ",
        notes="ghi chú",
        hiv_status="negative",
    )
    who = by(cast, "dispenser")
    ref = register_patient(
        session,
        details,
        by=who,
        request_key=new_request_key(),
        today=TODAY,
        now=MORNING,
        elsewhere=DosedElsewhereUntil(TODAY - timedelta(days=1), "sổ cũ"),
    )
    patient_id = session.execute(select(TreatmentFile.patient_id).where(TreatmentFile.ref == ref)).scalar_one()
    issue_card(session, patient_id, by=who, request_key=new_request_key(), now=MORNING)
    order_id = write_dose_order(
        session,
        patient_id=patient_id,
        phase=Phase.MAINTENANCE,
        parts_tenths=(600,),
        starts_on=TODAY,
        ends_on=TODAY,
        note="dặn thêm",
        by=cast.staff["doctor"],
        actor=cast.viewer_of("doctor").actor,
        restart_examined=True,
        request_key=new_request_key(),
        now=MORNING,
        today=TODAY,
        station_id=DONG_KINH,
    )
    open_day(session, cast)
    given = dose(session, cast, Person(patient_id, ref), order_id)
    ask(session, cast, Person(patient_id, ref), given.id, note="chai rỗng")  # the dose was not drunk
    change_status(session, patient_id, status="moved", since_on=TODAY, reason="đi xa", by=who, today=TODAY, now=MORNING)
    supported = SupportDetails(site_id=DONG_KINH, community_name="Anh Chim", status_since=TODAY, notes="hẹn")
    register_supported(session, supported, by=by(cast, "counselor"), request_key=new_request_key(), now=MORNING)
    begin_second_factor(session, cast.viewer_of("dispenser"), PASSWORD, MORNING)
    set_duty_phone(session, PHONE, by=who, now=MORNING)
    with writing(session) as tx:
        add_by_hand(tx, cast, patient_id)
        add_observation(tx, cast, patient_id, given.id)
        add_texts(tx, patient_id)
        add_contacts(tx, cast, patient_id)
    return patient_id


def add_by_hand(tx: Session, cast: Cast, patient_id: int) -> None:
    """What pages of their own write elsewhere: a visit with observations, an import with a staged row."""
    vault, key, ref, row_ref = vault_of(tx), new_request_key(), new_ref(), new_ref()
    who = cast.staff["dispenser"]
    seen = vault.seal("station_visits.observations", key, "buồn ngủ")
    visit = {
        "patient_id": patient_id,
        "site_id": DONG_KINH,
        "visit_on": TODAY,
        "outcome": "refused",
        "request_key": key,
    }
    tx.execute(insert(StationVisit).values(**visit, observations=seen, recorded_by_id=who, recorded_at=MORNING))
    hold = {"patient_id": patient_id, "kind": "hold", "by_doctor": False, "set_by_id": who, "set_at": MORNING}
    hold |= {"ref": row_ref, "request_key": key, "lifted_at": MORNING, "lifted_by_id": who}
    hold |= {name: vault.seal(f"patient_holds.{name}", row_ref, "chờ bác sĩ") for name in ("words", "lifted_words")}
    tx.execute(insert(PatientHold).values(**hold))
    upload = {"ref": ref, "station_id": DONG_KINH, "state": "checked", "digest": "", "key_id": vault.newest_id}
    names = {"file_name": vault.seal("register_imports.file_name", ref, "sổ.xlsx")}
    names["file"] = vault.seal_bytes("register_imports.file", ref, b"\x00\xffPK" * 1000)
    when = {"heartbeat_at": MORNING, "uploaded_by_id": who, "uploaded_at": MORNING}
    import_id = tx.execute(
        insert(RegisterImport).values(**upload, **names, **when).returning(RegisterImport.id)
    ).scalar()
    texts = {name: vault.seal(f"treatment_files.{name}", row_ref, name) for name in SEALED[0].fields if name != "alias"}
    texts |= {"phone": vault.seal("phone_numbers.number", row_ref, PHONE), "phone_ref": row_ref}
    texts |= {"shown": vault.seal("register_import_rows.shown", ref, "{}")}
    tx.execute(insert(RegisterImportRow).values(import_id=import_id, row_number=5, outcome="new", ref=row_ref, **texts))


def add_observation(tx: Session, cast: Cast, patient_id: int, dose_id: int) -> None:
    key, who = new_request_key(), {"recorded_by_id": cast.staff["dispenser"], "recorded_at": MORNING}
    look = {"day_dose_id": dose_id, "patient_id": patient_id, "site_id": DONG_KINH, "state": "well"}
    note = vault_of(tx).seal("dose_observations.note", key, "ngồi chờ")
    tx.execute(insert(DoseObservation).values(**look, **who, note=note, request_key=key))


def add_texts(tx: Session, patient_id: int) -> None:
    """A line, a text out, a text in, and what the simulator keeps of one."""
    vault, ref, other = vault_of(tx), new_ref(), new_ref()
    line_id = ensure_line(tx, vault, PHONE)
    place = {"line_id": line_id, "side": "treatment", "site_id": DONG_KINH, "patient_id": patient_id}
    times = {"queued_at": MORNING, "send_after": MORNING, "expires_at": MORNING}
    body = vault.seal("outbound_messages.body", ref, "Nhac viec")
    tx.execute(
        insert(OutboundMessage).values(ref=ref, wording="typed", body=body, is_automatic=False, **place, **times)
    )
    answer = vault.seal("inbound_messages.body", other, "2")
    tx.execute(
        insert(InboundMessage).values(
            ref=other, event_key="event", gateway="simulator", body=answer, received_at=MORNING, **place
        )
    )
    taken = vault.seal("simulated_texts.body", ref, "Nhac viec")
    tx.execute(insert(SimulatedText).values(message_ref=ref, line_id=line_id, body=taken, taken_at=MORNING))


def add_contacts(tx: Session, cast: Cast, patient_id: int) -> None:
    vault, ref, key = vault_of(tx), new_ref(), new_request_key()
    who, same = cast.staff["counselor"], {"ref": ref, "patient_id": patient_id, "request_key": key}
    never_by = vault.seal("visit_consents.never_by", ref, "hàng xóm")
    consent = {"team_id": TEAM, "version": "v1", "place": "home", "pretext": "club", "never_by": never_by}
    tx.execute(insert(VisitConsent).values(**same, **consent, given_at=MORNING, asked_by_id=who))
    contact = {"site_id": DONG_KINH, "kind": "home", "outcome": "met_well", "contact_on": TODAY}
    note = vault.seal("outreach_contacts.note", ref, "vui")
    tx.execute(insert(OutreachContact).values(**same, **contact, note=note, recorded_by_id=who, recorded_at=MORNING))
    session_of = {"site_id": DONG_KINH, "kind": "family", "form": "one_to_one", "minutes": 30, "held_on": TODAY}
    agreed = vault.seal("counseling_sessions.agreed", ref, "tuần sau")
    tx.execute(
        insert(CounselingSession).values(**same, **session_of, agreed=agreed, counselor_id=who, recorded_at=MORNING)
    )
    unmatched = {"site_id": DONG_KINH, "code": "not_on_list", "visited_on": TODAY, "state": "waiting"}
    times = {"happened_at": MORNING, "came_at": MORNING, "ref": ref, "request_key": same["request_key"]}
    said = vault.seal("waiting_visits.said", ref, '{"outcome": "met_well"}')
    tx.execute(insert(WaitingVisit).values(**unmatched, **times, said=said))


def opened(session: Session) -> dict[str, list[bytes | None]]:
    """Everything sealed, opened. Raises CannotOpen where this process does not have the key."""
    vault, found = vault_of(session), {}
    for sealed in SEALED:
        columns = [sealed.table.c[name] for name in sealed.fields]
        rows = session.execute(select(sealed.row.label("bound"), *columns).order_by(*sealed.table.primary_key)).all()
        for name, field in sealed.fields.items():
            values = [(row.bound, getattr(row, name)) for row in rows]
            found[f"{sealed.table.name}.{name}"] = [
                None if value is None else vault.open_bytes(field, bound, value) for bound, value in values
            ]
    session.rollback()
    return found


def findings(session: Session, cast: Cast, code: str) -> list[int]:
    """How many people each way of searching finds."""
    typed = (NAME, "hoang yen", PHONE, "0912 345 678", PAPER, "LS-77", "Yến nhỏ", code)
    counts = [find_people(session, cast.viewer_of("dispenser"), text).total for text in typed]
    vault = vault_of(session)
    anh = has_keys(vault, SUPPORT, SupportFile.patient_id, "word", "chim")
    counts.append(session.execute(select(func.count()).select_from(SupportFile).where(anh)).scalar_one())
    session.rollback()
    return counts


def card_code(session: Session) -> str:
    card = session.execute(select(Card.ref, Card.code)).one()
    return open_card_code(vault_of(session), card.ref, card.code)


def test_the_story_has_something_in_every_sealed_column(session: Session, story: int) -> None:
    empty = [name for name, values in opened(session).items() if not any(values)]
    assert empty == []


def test_afterwards_the_old_key_can_be_taken_away(
    session: Session, cast: Cast, story: int, open_with: OpenWith
) -> None:
    before, code = opened(session), card_code(session)
    both = open_with(f"{NEW},{OLD}")
    outcome = rotate_keys(both, MORNING)
    assert outcome.left == 0
    assert outcome.changed > 25
    alone = open_with(NEW)
    assert opened(alone) == before
    assert findings(alone, cast, code) == [1] * 9
    with pytest.raises(CannotOpen):
        opened(open_with(OLD))


def test_a_text_that_is_reported_again_under_a_newer_key_is_known(cast: Cast, open_with: OpenWith) -> None:
    """A phone is asked for what came in while the program was down; whoever rang or wrote then did it once."""

    def came(session: Session, event_key: str, content: str) -> bool:
        text = {"event_key": event_key, "content": content, "number": PHONE, "body": "2", "received_at": MORNING}
        return store_inbound(session, gateway="smsgate", **text)  # type: ignore[arg-type]  # as the names say

    before = open_with(OLD)
    assert came(before, "e1", "one")
    before.rollback()
    after = open_with(f"{NEW},{OLD}")
    assert not came(after, "e2", "one")
    assert came(after, "e3", "another") and not came(after, "e4", "another")


def test_a_second_time_there_is_nothing_to_do(session: Session, story: int, open_with: OpenWith) -> None:
    both = open_with(f"{NEW},{OLD}")
    rotate_keys(both, MORNING)
    assert rotate_keys(both, MORNING) == key_rotation.Outcome(0, 0)
    assert len(both.scalars(select(AuditEntry).where(AuditEntry.action == "keys.rotated")).all()) == 1


@pytest.mark.parametrize("survives", [1, 6, 12])
def test_killed_at_any_transaction_it_goes_on_the_next_time(
    session: Session,
    cast: Cast,
    story: int,
    open_with: OpenWith,
    monkeypatch: pytest.MonkeyPatch,
    survives: int,
) -> None:
    before, code, both = opened(session), card_code(session), open_with(f"{NEW},{OLD}")
    real, begun = key_rotation.writing, iter(range(survives))

    def killed_after_some(tx: Session) -> Any:
        if next(begun, None) is None:
            raise KeyboardInterrupt
        return real(tx)

    monkeypatch.setattr(key_rotation, "writing", killed_after_some)
    with pytest.raises(KeyboardInterrupt):
        rotate_keys(both, MORNING)
    assert count_left(both) > 0
    assert opened(both) == before
    assert findings(both, cast, code) == [1] * 9
    monkeypatch.undo()
    assert rotate_keys(both, MORNING).left == 0
    assert opened(open_with(NEW)) == before


def test_everybody_is_found_and_changes_survive_while_it_runs(
    session: Session, cast: Cast, open_with: OpenWith
) -> None:
    """A server with both keys searches and edits all the time, in a thread of its own, while keys are rotated."""
    who = by(cast, "dispenser")
    for number in range(25):
        details = TreatmentDetails(
            station_id=DONG_KINH,
            facility_id=FACILITY,
            register_code=f"M-{number:04d}",
            full_name=f"Lý Văn {number} Mẫu",
            birth_year=1990,
            status_since=TODAY,
            phone=f"+8491234{number:04d}",
        )
        register_patient(
            session, details, by=who, request_key=new_request_key(), today=TODAY, now=MORNING, confirmed_duplicates=True
        )
    server, both = open_with(f"{NEW},{OLD}"), open_with(f"{NEW},{OLD}")
    ended, misses, edits = threading.Event(), [], []

    def work() -> None:
        vault = vault_of(server)
        files = server.execute(
            select(TreatmentFile.patient_id, TreatmentFile.ref).order_by(TreatmentFile.patient_id)
        ).all()
        turn = 0
        while not ended.is_set() or turn < 50:
            if find_people(server, cast.viewer_of("dispenser"), "ly van mau").total != 25:
                misses.append(turn)
            patient_id, ref = files[turn % 25]
            edits.append((ref, f"lần {turn}"))
            with writing(server) as tx:
                sealed = vault.seal("treatment_files.notes", ref, f"lần {turn}")
                tx.execute(update(TreatmentFile).where(TreatmentFile.patient_id == patient_id).values(notes=sealed))
            turn += 1

    thread = threading.Thread(target=work)
    thread.start()
    outcome = rotate_keys(both, MORNING)
    ended.set()
    thread.join()
    assert outcome.left == 0
    assert misses == []
    last = dict(edits)
    alone = open_with(NEW)
    for ref, notes in alone.execute(select(TreatmentFile.ref, TreatmentFile.notes)):
        assert vault_of(alone).open("treatment_files.notes", ref, notes) == last[ref]


def test_what_somebody_changes_between_reading_and_writing_is_kept(
    session: Session, story: int, open_with: OpenWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, both = open_with(f"{NEW},{OLD}"), open_with(f"{NEW},{OLD}")
    real, told = key_rotation.writing, []

    def after_an_edit(tx: Session) -> Any:
        if not told:
            told.append(True)
            with real(server) as own:
                ref = own.execute(select(TreatmentFile.ref)).scalar_one()
                sealed = vault_of(own).seal("treatment_files.notes", ref, "mới hơn")
                own.execute(update(TreatmentFile).values(notes=sealed))
        return real(tx)

    monkeypatch.setattr(key_rotation, "writing", after_an_edit)
    assert rotate_keys(both, MORNING).left == 0
    assert opened(open_with(NEW))["treatment_files.notes"] == ["mới hơn".encode()]


def test_what_cannot_be_opened_is_counted_and_stops_nothing_else(
    session: Session, cast: Cast, story: int, open_with: OpenWith
) -> None:
    with writing(session) as tx:
        tx.execute(update(DoseOrder).values(note=b"\x01" + b"lost" + b"\x00" * 40))
    both = open_with(f"{NEW},{OLD}")
    code = card_code(session)
    assert rotate_keys(both, MORNING).left == 1
    assert findings(open_with(NEW), cast, code) == [1] * 9


def test_a_file_that_does_not_open_wholly_keeps_its_search_keys(
    session: Session, story: int, open_with: OpenWith
) -> None:
    with writing(session) as tx:
        tx.execute(update(TreatmentFile).values(address=b"\x01" + b"lost" + b"\x00" * 40))
    before = set(session.scalars(select(SearchKey.token).where(SearchKey.side == "treatment")))
    both = open_with(f"{NEW},{OLD}")
    assert rotate_keys(both, MORNING).left == len(before) + 1
    assert set(both.scalars(select(SearchKey.token).where(SearchKey.side == "treatment"))) == before


def test_the_command_says_what_is_left(session: Session, story: int, config: Config, tmp_path: Path) -> None:
    session.rollback()
    app = create_app(config_for(config.database_url, tmp_path / "instance", DATA_KEYS=f"{NEW},{OLD}"))
    result = app.test_cli_runner().invoke(args=["keys", "rotate"])
    assert result.exit_code == 0
    assert "Nothing is left" in result.output
    with writing(session) as tx:
        tx.execute(update(DoseOrder).values(note=b"\x01" + b"lost" + b"\x00" * 40))
    result = app.test_cli_runner().invoke(args=["keys", "rotate"])
    assert result.exit_code == 1
    assert "1 values are left" in result.output
    with app.app_context():
        db.engine.dispose()
