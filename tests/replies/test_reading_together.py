"""Several numbers are read in one transaction: what that saves, and what it must not cost anybody."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.audit import AuditEntry
from counseling.models.texts import OutboundMessage
from counseling.services import inbound as reading
from counseling.services import inbound_reading
from counseling.services.audit_verification import verify
from tests.replies.story import NUMBER, OTHER_NUMBER, asked, comes_in, has_number, inbound, read
from tests.support.cast import Cast
from tests.support.files import patient_of, registered

MANY = 16


@pytest.fixture
def two_lines(session: Session, cast: Cast) -> list[int]:
    """Two people who were asked something, with the lines of their own numbers."""
    people = [
        patient_of(session, registered(session, cast, register_code=f"LS-003{n}", full_name=f"Lý Văn {name}"))
        for n, name in enumerate(("Một", "Hai"))
    ]
    lines = [has_number(session, *who) for who in zip(people, ("treatment",) * 2, (NUMBER, OTHER_NUMBER), strict=True)]
    for line, person in zip(lines, people, strict=True):
        asked(session, line, person)
    return lines


def test_a_burst_of_strangers_costs_few_statements_and_few_commits(session: Session, cast: Cast) -> None:
    for number in range(MANY):
        comes_in(session, "1", number=f"+8491300{number:04d}")
    statements, commits, engine = list[str](), list[object](), session.get_bind()
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    event.listen(engine, "commit", commits.append)
    assert read(session) == MANY
    together = reading.AT_ONCE[engine.dialect.name]
    assert len(commits) <= MANY / together + 1
    assert len(statements) <= 4 * MANY + 6 * (MANY / together) + 4  # the numbers that wait, and a chain that is new


def test_each_of_them_stands_in_the_chain_of_its_site_and_the_chain_holds(session: Session, cast: Cast) -> None:
    for number in range(6):
        comes_in(session, "1", number=f"+8491300{number:04d}")
    assert read(session) == 6
    subjects = select(AuditEntry.subject).where(AuditEntry.action == "text.read").order_by(AuditEntry.id)
    assert list(session.scalars(subjects)) == [f"text:{row.id}" for row in inbound(session)]
    assert verify(session).broken == []


def test_whoever_takes_the_same_locks_in_another_order_is_not_the_one_who_pays(
    session: Session, two_lines: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL would end one of two that wait for each other, perhaps the one behind whom somebody stands."""
    for number in (NUMBER, OTHER_NUMBER):
        comes_in(session, "1", number=number)
    engine, errors, work_on = session.get_bind(), list[BaseException](), inbound_reading._work_on
    holds_second, first_is_read = threading.Event(), threading.Event()
    is_postgresql = engine.dialect.name == "postgresql"

    def changed(tx: Session, line_id: int) -> None:
        tx.execute(update(OutboundMessage).where(OutboundMessage.line_id == line_id).values(segments=2))

    def somebody_else() -> None:
        try:
            with Session(engine, expire_on_commit=False) as own, writing(own) as tx:
                changed(tx, two_lines[1])
                holds_second.set()
                if is_postgresql:  # SQLite lets nobody else begin
                    first_is_read.wait(timeout=30)
                changed(tx, two_lines[0])
        except BaseException as error:
            errors.append(error)

    def noticed(tx: Session, row: Any, *given: Any) -> dict[str, Any]:
        if row.line_id == two_lines[1]:
            first_is_read.set()
        return work_on(tx, row, *given)

    monkeypatch.setattr(inbound_reading, "_work_on", noticed)
    session.rollback()
    other = threading.Thread(target=somebody_else)
    other.start()
    assert holds_second.wait(timeout=30)
    assert read(session) == 2
    other.join(timeout=30)
    assert errors == []
    assert [row.meaning for row in inbound(session)] == ["answer", "answer"]
    asked_both = select(OutboundMessage.answer, OutboundMessage.segments).order_by(OutboundMessage.id)
    assert [tuple(row) for row in session.execute(asked_both)] == [("will_come", 2), ("will_come", 2)]
