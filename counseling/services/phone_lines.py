"""A number as such, over both sides: one row however many files name it, found by a blind index like a card."""

from __future__ import annotations

from collections.abc import Collection

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
FIND_LINE = select(_lines.c.id).where(_lines.c.token.in_(bindparam("tokens", expanding=True)))
FIND_LINES = select(_lines.c.id, _lines.c.token).where(_lines.c.token.in_(bindparam("tokens", expanding=True)))
INSERT_LINE = {
    name: dialect.insert(_lines).on_conflict_do_nothing(index_elements=["token"]).returning(_lines.c.id)
    for name, dialect in {"postgresql": postgresql, "sqlite": sqlite}.items()
}


def ensure_line(tx: Session, vault: Vault, number: str) -> int:
    """The line of a number (E.164) inside the caller's transaction, made when it is new."""
    found = find_line(tx, vault, number)
    if found is not None:
        return found
    ref = new_ref()
    row = {
        "ref": ref,
        "number": vault.seal("phone_lines.number", ref, number),
        "token": line_token(vault, number),
        "key_id": vault.newest_id,
        "permanent_failures": 0,
    }
    line_id = tx.connection().execute(INSERT_LINE[tx.get_bind().dialect.name], row).scalar()
    if line_id is None:  # somebody else made it at this moment
        line_id = tx.execute(select(PhoneLine.id).where(PhoneLine.token == line_token(vault, number))).scalar_one()
    return int(line_id)


def ensure_lines(tx: Session, vault: Vault, numbers: Collection[str]) -> dict[str, int]:
    """The same for several numbers, looked up in one statement."""
    number_of = {token: number for number in numbers for token in vault.tokens(INDEXED_AS, number)}
    found = tx.connection().execute(FIND_LINES, {"tokens": list(number_of)})
    lines = {number_of[row.token]: row.id for row in found}
    return {number: lines[number] if number in lines else ensure_line(tx, vault, number) for number in set(numbers)}


def find_line(session: AnySession, vault: Vault, number: str) -> int | None:
    """The line of a number (E.164) under whichever key its index stands; None when we never had to do with it."""
    tokens = vault.tokens(INDEXED_AS, number)
    return session.connection().execute(FIND_LINE, {"tokens": tokens}).scalar()


def open_line_number(vault: Vault, ref: str, sealed: bytes) -> str:
    """The number of a line in E.164; `ref` is the line's own. Raises vault.CannotOpen."""
    return vault.open("phone_lines.number", ref, sealed) or ""


def line_token(vault: Vault, number: str) -> bytes:
    """The blind index of a number under the newest key."""
    return vault.token(INDEXED_AS, number)
