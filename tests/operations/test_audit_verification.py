"""Every kind of tampering with the audit is found, by the command and by the script that stands alone."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.audit_chain import GENESIS, entry_hash
from counseling.models import guards
from counseling.models.audit import AuditEntry, AuditHead
from counseling.services import audit
from counseling.services.audit_verification import Broken, export, verify
from tests.support.server import ROOT
from tests.support.settings import MORNING

CHAIN = "site:3"
Tampering = Callable[[Session], None]


@pytest.fixture
def chains(session: Session) -> None:
    """Two chains of eight entries, which somebody with the database's own rights can write to: without guards."""
    with writing(session) as tx:
        for number in range(8):
            for chain in (CHAIN, "house"):
                audit.append(tx, chain, "staff:1/session:1", "tested", f"patient:{number}", {"n": number}, MORNING)
        guards.drop_all(tx.connection())


def at(sequence: int) -> object:
    return (AuditEntry.chain == CHAIN) & (AuditEntry.sequence == sequence)


def changing(column: str, value: object) -> Tampering:
    return lambda tx: tx.execute(update(AuditEntry).where(at(4)).values({column: value}))


def redoing_its_own_hash(tx: Session) -> None:
    """A careful hand that makes the entry right in itself; the next one gives it away."""
    row = tx.scalars(select(AuditEntry).where(at(4))).one()
    said = (row.previous_hash, row.chain, row.sequence, audit.stamp(row.at), row.actor, row.action, "patient:99")
    tx.execute(update(AuditEntry).where(at(4)).values(subject="patient:99", hash=entry_hash(*said, row.details)))


def deleting(sequence: int) -> Tampering:
    return lambda tx: tx.execute(delete(AuditEntry).where(at(sequence)))


def swapping(tx: Session) -> None:
    tx.execute(update(AuditEntry).where(at(4)).values(sequence=99))
    tx.execute(update(AuditEntry).where(at(5)).values(sequence=4))
    tx.execute(update(AuditEntry).where(at(99)).values(sequence=5))


def slipping_in(tx: Session) -> None:
    for sequence in (8, 7, 6, 5):
        tx.execute(update(AuditEntry).where(at(sequence)).values(sequence=sequence + 1))
    before = tx.scalars(select(AuditEntry).where(at(4))).one()
    said = (CHAIN, 5, audit.stamp(MORNING), "staff:1/session:1", "tested", "patient:50", "{}")
    columns = ("chain", "sequence", "at", "actor", "action", "subject", "details")
    values = dict(zip(columns, said, strict=True)) | {"at": MORNING}
    digest = entry_hash(before.hash, *said)
    tx.execute(insert(AuditEntry).values(**values, previous_hash=before.hash, hash=digest))


def moving_to_another_chain(tx: Session) -> None:
    tx.execute(update(AuditEntry).where(at(4)).values(chain="site:4"))


def adding_behind_the_head(tx: Session) -> None:
    last = tx.scalars(select(AuditEntry).where(at(8))).one()
    said = (CHAIN, 9, audit.stamp(MORNING), "staff:1/session:1", "tested", "patient:50", "{}")
    columns = ("chain", "sequence", "at", "actor", "action", "subject", "details")
    values = dict(zip(columns, said, strict=True)) | {"at": MORNING}
    digest = entry_hash(last.hash, *said)
    tx.execute(insert(AuditEntry).values(**values, previous_hash=last.hash, hash=digest))


def emptying(tx: Session) -> None:
    tx.execute(delete(AuditEntry).where(AuditEntry.chain == CHAIN))


def turning_the_head_back(tx: Session) -> None:
    row = tx.scalars(select(AuditEntry).where(at(6))).one()
    tx.execute(update(AuditHead).where(AuditHead.chain == CHAIN).values(sequence=6, hash=row.hash))


# What is done, and the first sequence number of the chain at which no sound entry stands.
TAMPERINGS: dict[str, tuple[Tampering, int]] = {
    "another instant": (changing("at", MORNING.replace(microsecond=1)), 4),
    "another actor": (changing("actor", "staff:2/session:1"), 4),
    "another action": (changing("action", "tasted"), 4),
    "another subject": (changing("subject", "patient:9"), 4),
    "other details": (changing("details", '{"n":33}'), 4),
    "details of the same meaning": (changing("details", '{"n": 3}'), 4),
    "another previous hash": (changing("previous_hash", GENESIS), 4),
    "another hash": (changing("hash", "f" * 64), 4),
    "an entry and its hash": (redoing_its_own_hash, 5),
    "a middle entry removed": (deleting(4), 4),
    "the first entry removed": (deleting(1), 1),
    "the last entry removed, the head left": (deleting(8), 8),
    "two entries swapped": (swapping, 4),
    "an entry slipped in": (slipping_in, 6),
    "an entry moved to another chain": (moving_to_another_chain, 4),
    "an entry added behind the head": (adding_behind_the_head, 10),
    "all entries removed, the head left": (emptying, 1),
    "the head turned back": (turning_the_head_back, 9),
}


def by_the_script(session: Session, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "audit.jsonl"
    with path.open("w", encoding="ascii") as file:
        export(session, file)
    # -I: nothing of the project or of the virtual environment can be imported.
    command = [sys.executable, "-I", str(ROOT / "scripts/verify_audit_export.py"), str(path)]
    return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)


def test_whole_chains_hold(chains: None, session: Session, tmp_path: Path) -> None:
    assert verify(session) == (2, 16, [])
    done = by_the_script(session, tmp_path)
    assert (done.returncode, done.stdout) == (0, "All chains hold.\n")


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_found(chains: None, session: Session, tmp_path: Path, name: str) -> None:
    tamper, first_broken = TAMPERINGS[name]
    with writing(session) as tx:
        tamper(tx)
    broken = verify(session).broken
    assert Broken(CHAIN, first_broken) in broken
    assert {chain for chain, _ in broken} <= {CHAIN, "site:4"}
    done = by_the_script(session, tmp_path)
    assert done.returncode == 1
    assert f"Broken: chain {CHAIN}, entry {first_broken}\n" in done.stdout


def test_a_tail_cut_off_together_with_its_head_is_not_found_yet(chains: None, session: Session) -> None:
    """Known, and said by the command: only the daily seal, which leaves the building on paper, can show this."""
    with writing(session) as tx:
        tx.execute(delete(AuditEntry).where(AuditEntry.chain == CHAIN, AuditEntry.sequence > 6))
        turning_the_head_back(tx)
    assert verify(session).broken == []


def test_the_command_names_the_first_broken_link_and_fails(app: Flask, chains: None, session: Session) -> None:
    runner = app.test_cli_runner()
    result = runner.invoke(args=["audit", "verify"])
    assert (result.exit_code, "2 chains with 16 entries hold" in result.output) == (0, True)
    with writing(session) as tx:
        deleting(4)(tx)
    result = runner.invoke(args=["audit", "verify"])
    assert result.exit_code == 1
    assert "Broken: chain site:3, entry 4\n" in result.output


def test_an_export_is_for_its_account_only_and_overwrites_nothing(app: Flask, chains: None, tmp_path: Path) -> None:
    runner, path = app.test_cli_runner(), tmp_path / "audit.jsonl"
    assert runner.invoke(args=["audit", "export", str(path)]).exit_code == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert runner.invoke(args=["audit", "export", str(path)]).exit_code == 1


def test_a_chain_that_grows_meanwhile_does_not_look_broken(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between reading the heads and reading the entries somebody works on."""
    from counseling.services import audit_verification

    real = audit_verification.read_heads

    def read_then_grow(reading: Session) -> dict[str, tuple[int, str]]:
        heads = real(reading)
        with Session(session.get_bind()) as own, writing(own) as tx:
            audit.append(tx, CHAIN, "test", "tested", "nobody", {}, MORNING)
        return heads

    with writing(session) as tx:
        audit.append(tx, CHAIN, "test", "tested", "nobody", {}, MORNING)
    monkeypatch.setattr(audit_verification, "read_heads", read_then_grow)
    assert verify(session) == (1, 1, [])
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == 2
