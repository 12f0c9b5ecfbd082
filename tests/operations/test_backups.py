"""A backup is the whole database at one instant; a restore is all of it or nothing."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, func, make_url, select
from sqlalchemy.orm import Session

from counseling import create_app
from counseling.config import VIETNAM, Config
from counseling.database import db, writing
from counseling.domain.refusal import Refusal
from counseling.jobs import tick
from counseling.models import Base, guards
from counseling.models.audit import AuditEntry
from counseling.models.people import StaffSession
from counseling.one_server import only_server
from counseling.queries.sending_pauses import find_pause
from counseling.routes import viewing
from counseling.sealed_stream import PIECE
from counseling.services import audit, backup_postgresql
from counseling.services.backups import restore_backup, write_backup
from counseling.services.sending import send_due
from tests.support.cast import DONG_KINH, Cast
from tests.support.outbox import FakeProvider
from tests.support.postgres import Cluster
from tests.support.reminding import at, open_hours, plan, queue, reminders, texts, yesterday
from tests.support.settings import MORNING, config_for, invented_key
from tests.support.treatment import dose, opened, ordered, somebody

CANARY = "Hoàng Thị Chim Yến"
Target = tuple[Config, Session]
OpenTarget = Callable[..., Target]


def contents(connection: Connection) -> dict[str, list[str]]:
    """Every row of every table, except what backing up and restoring themselves write."""
    found = {}
    for name, table in Base.metadata.tables.items():
        rows = connection.execute(select(table)).mappings()
        kept = [dict(row) for row in rows if not str(row.get("action", "")).startswith("backup.")]
        for row in kept:
            for column in ("ended_at", "end_reason") if name == "staff_sessions" else ():
                row.pop(column)
        found[name] = sorted(repr(row) for row in kept if name != "audit_heads")
    return found


@pytest.fixture
def story(session: Session, cast: Cast) -> dict[str, list[str]]:
    """People, orders and doses of a morning; gives all rows."""
    opened(session, cast)
    for name in (CANARY, "Lý Văn Mẫu", "Nông Văn Tab\tvà\\gạch\nchéo"):
        person = somebody(session, cast, name=name)
        dose(session, cast, person, ordered(session, cast, person))
    session.rollback()
    return contents(session.connection())


@pytest.fixture
def open_target(request: pytest.FixtureRequest, tmp_path: Path, database_url: str) -> Iterator[OpenTarget]:
    """`open_target(**settings)`: an installation on another machine, with an empty database of the same kind."""
    apps: list[Flask] = []
    sessions: list[Session] = []
    embedded = database_url.startswith("sqlite")
    cluster: Cluster | None = None if embedded else request.getfixturevalue("postgres")
    if cluster is not None:
        cluster.drop_database("restored")

    def open_it(**settings: str) -> Target:
        url = (
            f"sqlite:///{tmp_path / 'elsewhere' / 'restored.db'}"
            if cluster is None
            else cluster.create_database("restored")
        )
        config = config_for(url, tmp_path / "elsewhere", **settings)
        app = create_app(config)
        apps.append(app)
        with app.app_context():
            sessions.append(Session(db.engine))
        return config, sessions[-1]

    yield open_it
    for session in sessions:
        session.close()
    for app in apps:
        viewing.log_of(app).stop()
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def file(session: Session, config: Config, story: object, tmp_path: Path) -> Path:
    path = tmp_path / "night.backup"
    write_backup(session, config, path, MORNING)
    return path


def test_everything_comes_back_on_an_empty_machine(
    file: Path, story: dict[str, list[str]], open_target: OpenTarget
) -> None:
    config, target = open_target(DATABASE_KEY="2e" * 32)  # the machine is lost; the key of its file is, too
    restore_backup(target, config, file, replace=False, now=MORNING)
    assert contents(target.connection()) == story
    assert guards.missing(target.connection()) == []


def test_a_restored_database_goes_on_counting_where_it_was(file: Path, open_target: OpenTarget) -> None:
    config, target = open_target()
    restore_backup(target, config, file, replace=False, now=MORNING)
    with writing(target) as tx:
        audit.append(tx, audit.HOUSE, "test", "tested", "nobody", {}, MORNING)
    newest = target.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert newest is not None
    assert newest.action == "tested"


def test_everybody_is_signed_out_after_a_restore(file: Path, open_target: OpenTarget) -> None:
    config, target = open_target()
    restore_backup(target, config, file, replace=False, now=MORNING)
    rows = target.execute(select(StaffSession.ended_at, StaffSession.end_reason)).all()
    assert rows
    assert {tuple(row) for row in rows} == {(MORNING, "ended_by_administrator")}


def test_what_went_out_since_the_backup_does_not_go_out_again(
    session: Session, cast: Cast, config: Config, tmp_path: Path, open_target: OpenTarget
) -> None:
    """One text waits in the outbox, another in the plan; both go out, and then the database of that hour comes back."""
    open_hours(session)
    yesterday(session, cast, missed=2, came=8)
    plan(session, at(6))
    first_due = min(row.due_at for row in reminders(session))
    queue(session, first_due)
    write_backup(session, config, tmp_path / "morning.backup", first_due)
    queue(session, at(9))
    went = FakeProvider()
    send_due(session, went, at(9), VIETNAM)
    assert len(went.sent) == 2
    settings, target = open_target()
    restore_backup(target, settings, tmp_path / "morning.backup", replace=False, now=at(9, 5))
    again = FakeProvider()
    for minute in (6, 30, 59):
        tick(target, again, at(9, minute), VIETNAM)
    assert again.sent == []
    assert sorted(row.state for row in texts(target)) == ["unknown"]
    assert sorted(row.state for row in reminders(target)) == ["expired", "queued"]
    pause = find_pause(target, DONG_KINH, "treatment")
    assert pause is not None and pause.is_after_restore and pause.paused_by is None


def test_making_and_restoring_a_backup_are_in_the_audit(file: Path, session: Session, open_target: OpenTarget) -> None:
    config, target = open_target()
    restore_backup(target, config, file, replace=False, now=MORNING)
    made = session.scalars(select(AuditEntry).where(AuditEntry.action == "backup.written")).one()
    assert json.loads(made.details)["bytes"] == file.stat().st_size
    restored = target.scalars(select(AuditEntry).where(AuditEntry.action == "backup.restored")).one()
    assert json.loads(restored.details)["made_at"] == audit.stamp(MORNING)


def test_a_backup_holds_nothing_readable_and_is_for_its_account_only(file: Path) -> None:
    raw = file.read_bytes()
    for canary in (CANARY, "Hoàng", "audit_entries", "SQLite format", "dispenser", "CREATE TABLE"):
        assert canary.encode() not in raw
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_backup_under_load_is_one_instant(
    session: Session, config: Config, cast: Cast, tmp_path: Path, open_target: OpenTarget
) -> None:
    """Each transaction of the load writes to two chains; a backup that cut between them would show."""
    begun, ended = threading.Event(), threading.Event()

    def load() -> None:
        with Session(session.get_bind()) as own:
            while not ended.is_set():
                with writing(own) as tx:
                    audit.append(tx, "site:8", "test", "tested", "nobody", {}, MORNING)
                    audit.append(tx, "site:9", "test", "tested", "nobody", {}, MORNING)
                begun.set()

    thread = threading.Thread(target=load)
    thread.start()
    try:
        assert begun.wait(timeout=30)
        for turn in range(3):
            write_backup(session, config, tmp_path / f"{turn}.backup", MORNING)
    finally:
        ended.set()
        thread.join()
    target_config, target = open_target()
    restore_backup(target, target_config, tmp_path / "2.backup", replace=False, now=MORNING)
    in_chain = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "tested")
    counts = [target.scalar(in_chain.where(AuditEntry.chain == chain)) for chain in ("site:8", "site:9")]
    assert counts[0] == counts[1] != 0


def test_postgresql_is_not_replaced_under_somebody_who_is_writing(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_postgresql, "LOCK_WAIT", "SET LOCAL lock_timeout = '100ms'")
    config = config_for(postgresql_url, tmp_path / "instance")
    app = create_app(config)
    with app.app_context(), Session(db.engine) as session, Session(db.engine) as writer:
        write_backup(session, config, tmp_path / "b", MORNING)
        with writing(writer) as tx:
            tx.execute(select(StaffSession.id)).all()
            with pytest.raises(Refusal, match="database_busy"):
                restore_backup(session, config, tmp_path / "b", replace=True, now=MORNING)
        restore_backup(session, config, tmp_path / "b", replace=True, now=MORNING)


def test_a_database_with_records_is_replaced_only_when_told(
    file: Path, session: Session, config: Config, story: dict[str, list[str]], cast: Cast
) -> None:
    later = somebody(session, cast, name="Người đến sau")
    with pytest.raises(Refusal, match="database_not_empty"):
        restore_backup(session, config, file, replace=False, now=MORNING)
    session.rollback()
    assert str(later.ref) in str(contents(session.connection()))
    restore_backup(session, config, file, replace=True, now=MORNING)
    assert contents(session.connection()) == story


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut in the middle": lambda raw: raw[: len(raw) // 2],
    "cut by a byte": lambda raw: raw[:-1],
    "cut between pieces": lambda raw: raw[: _first_piece(raw) + PIECE + 16],
    "something after the end": lambda raw: raw + b"x",
    "a bit in the header": lambda raw: raw.replace(b'"made_at": "2026', b'"made_at": "2025', 1),
    "a bit in the first piece": lambda raw: _flipped(raw, _first_piece(raw) + 50),
    "a bit at the end": lambda raw: _flipped(raw, len(raw) - 1),
    "two pieces swapped": lambda raw: _swapped(raw),
    "only the header": lambda raw: raw[: _first_piece(raw)],
    "half a header": lambda raw: raw[:20],
}


def _first_piece(raw: bytes) -> int:
    return 8 + int.from_bytes(raw[4:8], "big")


def _flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def _swapped(raw: bytes) -> bytes:
    start, size = _first_piece(raw), PIECE + 16
    one, two = raw[start : start + size], raw[start + size : start + 2 * size]
    return raw[:start] + two + one + raw[start + 2 * size :]


@pytest.fixture
def large(session: Session, config: Config, story: object, tmp_path: Path) -> Path:
    """A backup of several pieces: with one piece, cutting and swapping between pieces would show nothing."""
    with writing(session) as tx:
        entries = [audit.Entry("tested", "nobody", {"n": number, "x": "y" * 12_000}) for number in range(300)]
        audit.append_all(tx, audit.HOUSE, "test", entries, MORNING)
    path = tmp_path / "large.backup"
    write_backup(session, config, path, MORNING)
    assert path.stat().st_size > 3 * PIECE
    return path


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_backup_changes_nothing(large: Path, session: Session, config: Config, damage: str) -> None:
    session.rollback()
    before = contents(session.connection())
    large.write_bytes(DAMAGES[damage](large.read_bytes()))
    with pytest.raises(Refusal, match="backup_damaged"):
        restore_backup(session, config, large, replace=True, now=MORNING)
    session.rollback()
    assert contents(session.connection()) == before
    assert guards.missing(session.connection()) == []
    assert [path.name for path in large.parent.glob("*.tmp*")] == []


def test_another_backup_key_is_named_as_the_reason(file: Path, open_target: OpenTarget) -> None:
    config, target = open_target(BACKUP_KEY=invented_key(9))
    with pytest.raises(Refusal, match="backup_other_key"):
        restore_backup(target, config, file, replace=True, now=MORNING)


@pytest.mark.parametrize(("raw", "code"), [(b"", "not_ours"), (b"PK\x03\x04", "not_ours"), (b"DTB1", "damaged")])
def test_what_is_no_backup_is_refused(session: Session, config: Config, tmp_path: Path, raw: bytes, code: str) -> None:
    path = tmp_path / "other"
    path.write_bytes(raw)
    with pytest.raises(Refusal, match=f"backup_{code}"):
        restore_backup(session, config, path, replace=True, now=MORNING)


def test_a_backup_never_overwrites_a_file(file: Path, session: Session, config: Config) -> None:
    before = file.read_bytes()
    with pytest.raises(Refusal, match="backup_exists"):
        write_backup(session, config, file, MORNING)
    assert file.read_bytes() == before


def test_an_old_backup_is_migrated_to_this_program(
    file: Path, open_target: OpenTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one migration there is no older backup yet; that the way leads through the migrations is what is shown."""
    from counseling.services import restored

    revisions: list[str] = []
    real = restored.upgrade_within
    monkeypatch.setattr(restored, "upgrade_within", lambda connection: (revisions.append("head"), real(connection)))
    config, target = open_target()
    restore_backup(target, config, file, replace=False, now=MORNING)
    assert revisions == ["head"]


def test_the_commands_say_it_in_one_sentence(app: Flask, session: Session, story: object, tmp_path: Path) -> None:
    session.rollback()  # a reader would keep PostgreSQL from being replaced
    runner, path = app.test_cli_runner(), str(tmp_path / "by-hand.backup")
    assert runner.invoke(args=["backup", path]).output == f"Written: {path}\n"
    for arguments, said in (
        (["backup", path], "exists already"),
        (["restore", path], "add --replace"),
        (["restore", "--replace", __file__], "not a backup"),
        (["restore", "--replace", str(tmp_path / "nowhere")], "cannot be read"),
        (["backup", str(tmp_path / "nowhere" / "b")], "cannot be written"),
    ):
        result = runner.invoke(args=arguments)
        assert result.exit_code == 1
        assert re.fullmatch(r"Error: [^\n]+\n", result.output), result.output
        assert said in result.output
    assert "sign in again" in runner.invoke(args=["restore", "--replace", path]).output


def test_nothing_is_restored_under_a_running_server(sqlite_url: str, tmp_path: Path) -> None:
    config = config_for(sqlite_url, tmp_path / "instance")
    app = create_app(config)
    with app.app_context(), Session(db.engine) as session:
        write_backup(session, config, tmp_path / "b", MORNING)
    with only_server(config.instance):
        result = app.test_cli_runner().invoke(args=["restore", "--replace", str(tmp_path / "b")])
    assert "`serve` is running" in result.output
    assert result.exit_code == 1


def test_a_file_whose_key_is_lost_can_be_replaced_by_a_backup(sqlite_url: str, tmp_path: Path) -> None:
    first = config_for(sqlite_url, tmp_path / "instance")
    app = create_app(first)
    with app.app_context(), Session(db.engine) as session:
        write_backup(session, first, tmp_path / "b", MORNING)
        db.engine.dispose()
    second = config_for(sqlite_url, tmp_path / "instance", DATABASE_KEY="3d" * 32)
    app = create_app(second)
    with app.app_context(), Session(db.engine) as session:
        with pytest.raises(Refusal, match="database_not_empty"):
            restore_backup(session, second, tmp_path / "b", replace=False, now=MORNING)
        restore_backup(session, second, tmp_path / "b", replace=True, now=MORNING)
        assert guards.missing(session.connection()) == []
    path = Path(str(make_url(sqlite_url).database))
    assert path.stat().st_mode & 0o777 == 0o600
