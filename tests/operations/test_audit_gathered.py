"""Entries of the audit that are written together at the end of a block."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.audit import AuditEntry
from counseling.services import audit
from counseling.services.audit_verification import verify
from tests.support.settings import MORNING


def entries(session: Session) -> list[tuple[str, str, str]]:
    session.rollback()
    found = select(AuditEntry.chain, AuditEntry.actor, AuditEntry.subject).order_by(AuditEntry.id)
    return [tuple(row) for row in session.execute(found)]  # type: ignore[misc]  # three columns, three strings


def test_what_is_gathered_stands_in_its_chains_in_the_order_in_which_it_came(session: Session) -> None:
    before = len(entries(session))
    with writing(session) as tx, audit.gathered(tx):
        for number, chain in enumerate(("site:2", "site:1", "site:2")):
            audit.append(tx, chain, f"actor:{number}", "something.done", f"thing:{number}", {}, MORNING)
        audit.append_all(tx, "site:1", "actor:9", [audit.Entry("something.done", "thing:9", {})], MORNING)
    assert entries(session)[before:] == [
        ("site:1", "actor:1", "thing:1"),
        ("site:1", "actor:9", "thing:9"),
        ("site:2", "actor:0", "thing:0"),
        ("site:2", "actor:2", "thing:2"),
    ]
    assert verify(session).broken == []


def test_of_a_block_that_fails_nothing_is_written_and_the_next_transaction_gathers_nothing(session: Session) -> None:
    before = len(entries(session))
    with pytest.raises(RuntimeError), writing(session) as tx, audit.gathered(tx):
        audit.append(tx, "site:1", "actor:1", "something.done", "thing:1", {}, MORNING)
        raise RuntimeError
    with writing(session) as tx:
        audit.append(tx, "site:1", "actor:2", "something.done", "thing:2", {}, MORNING)
    assert entries(session)[before:] == [("site:1", "actor:2", "thing:2")]
    assert verify(session).broken == []
