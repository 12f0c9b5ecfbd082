"""A number as such, over both sides: one row however many files name it, found by a blind index like a card."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from counseling.database import AnySession
from counseling.models.texts import PhoneLine
from counseling.refs import new_ref
from counseling.vault import Vault

INDEXED_AS = "line:phone"  # of neither side, so that a copy of the table joins no line with a file's search keys

# Built once, and run by the connection itself: a gateway that was away brings hundreds of texts a second.
_lines = PhoneLine.__table__
FIND_LINES = select(_lines.c.id, _lines.c.token).where(_lines.c.token.in_(bindparam("tokens", expanding=True)))
INSERT_LINE = {
    name: dialect.insert(_lines).on_conflict_do_nothing(index_elements=["token"]).returning(_lines.c.id, _lines.c.token)
    for name, dialect in {"postgresql": postgresql, "sqlite": sqlite}.items()
}


def ensure_line(tx: Session, vault: Vault, number: str) -> int:
    """The line of a number (E.164) inside the caller's transaction, made when it is new."""
    return ensure_lines(tx, vault, [number])[number]


def ensure_lines(tx: Session, vault: Vault, numbers: Collection[str]) -> dict[str, int]:
    """The same for several numbers, in a few statements however many they are."""
    lines = find_lines(tx, vault, numbers)
    new = sorted(set(numbers) - lines.keys())  # in one order, so that two never wait for each other
    if new:
        rows = {number: _row_of(vault, number) for number in new}
        made = tx.connection().execute(INSERT_LINE[tx.get_bind().dialect.name], list(rows.values()))
        ids = {row.token: row.id for row in made}
        lines |= {number: ids[row["token"]] for number, row in rows.items() if row["token"] in ids}
    others = set(numbers) - lines.keys()  # somebody else made them at this moment
    return lines | find_lines(tx, vault, others) if others else lines


def _row_of(vault: Vault, number: str) -> dict[str, Any]:
    ref = new_ref()
    return {
        "ref": ref,
        "number": vault.seal("phone_lines.number", ref, number),
        "token": vault.token(INDEXED_AS, number),
        "key_id": vault.newest_id,
        "permanent_failures": 0,
    }


def find_lines(session: AnySession, vault: Vault, numbers: Collection[str]) -> dict[str, int]:
    """Those of these numbers (E.164) with which we had to do, under whichever key their index stands."""
    number_of = {token: number for number in numbers for token in vault.tokens(INDEXED_AS, number)}
    found = session.connection().execute(FIND_LINES, {"tokens": list(number_of)})
    return {number_of[row.token]: row.id for row in found}


def find_line(session: AnySession, vault: Vault, number: str) -> int | None:
    """The line of one number (E.164); None when we never had to do with it."""
    return find_lines(session, vault, [number]).get(number)


def open_line_number(vault: Vault, ref: str, sealed: bytes) -> str:
    """The number of a line in E.164; `ref` is the line's own. Raises vault.CannotOpen."""
    return vault.open("phone_lines.number", ref, sealed) or ""


def line_token(vault: Vault, number: str) -> bytes:
    """The blind index of a number under the newest key."""
    return vault.token(INDEXED_AS, number)
