"""Re-encrypting everything under the newest key while people work: small transactions, each of them complete.

Killed at any moment and begun again it goes on where it was: what is under the newest key already is not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Row,
    and_,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from counseling.database import AnySession, vault_of, writing
from counseling.models.patients import Card, SearchKey
from counseling.models.texts import PhoneLine
from counseling.services import audit
from counseling.services.either_file import redo_keys
from counseling.services.phone_lines import line_token, open_line_number
from counseling.services.sealed_columns import SEALED, SealedTable
from counseling.treatment_rows import TREATMENT, open_card_code, token_kind
from counseling.vault import HEAD_BYTES, KEY_ID_BYTES, CannotOpen, Vault

FILES_AT_ONCE = 10  # search keys of so many files in one transaction
MOST_PASSES = 5


@dataclass(frozen=True)
class Outcome:
    """`changed` values are under the newest key now; `left` are under an older one, or cannot be opened at all."""

    changed: int
    left: int


def rotate_keys(session: AnySession, now: datetime) -> Outcome:
    """Bring every sealed field and every search key under the newest key. Many transactions; safe to repeat."""
    vault, changed = vault_of(session), 0
    for _ in range(MOST_PASSES):  # a field that somebody else has just changed is looked at again
        moved = _one_pass(session, vault)
        changed += moved
        if not moved:
            break
    left = count_left(session)
    if changed:
        details = {"key": vault.newest_id.hex(), "changed": changed, "left": left}
        with writing(session) as tx:
            audit.append(tx, audit.HOUSE, "command:keys", "keys.rotated", "database", details, now)
    return Outcome(changed, left)


def count_left(session: AnySession) -> int:
    """Values that are not under the newest key."""
    newest = vault_of(session).newest_id
    counts = [
        select(func.count()).select_from(sealed.table).where(_is_older(sealed.table.c[name], newest))
        for sealed in SEALED
        for name in sealed.fields
    ]
    counts += [select(func.count()).where(model.key_id != newest) for model in (SearchKey, Card, PhoneLine)]
    session.rollback()
    return sum(session.execute(count).scalar_one() for count in counts)


def _one_pass(session: AnySession, vault: Vault) -> int:
    moved = sum(_rotate_table(session, vault, sealed) for sealed in SEALED)
    return moved + _redo_cards(session, vault) + _redo_lines(session, vault) + _redo_files(session, vault)


def _rotate_table(session: AnySession, vault: Vault, sealed: SealedTable) -> int:
    moved = 0
    for rows in _batches(session, vault, sealed):
        changes = [change for row in rows for change in _changes(vault, sealed, row)]
        if not changes:
            continue
        with writing(session) as tx:
            # The old value in the WHERE: what somebody has changed since it was read keeps their change.
            moved += sum(len(tx.execute(_move(sealed, key, name, old, new)).all()) for key, name, old, new in changes)
    return moved


def _batches(session: AnySession, vault: Vault, sealed: SealedTable) -> Iterator[Sequence[Row[*tuple[Any, ...]]]]:
    """Rows with something under an older key, in the order of their keys; each read is a transaction of its own."""
    keys = list(sealed.table.primary_key.columns)
    columns = [sealed.table.c[name] for name in sealed.fields]
    older = or_(*(_is_older(column, vault.newest_id) for column in columns))
    query = select(*keys, sealed.row.label("bound_to"), *columns).where(older).order_by(*keys).limit(sealed.batch)
    after: tuple[Any, ...] = ()
    while True:
        session.rollback()
        beyond = query.where(tuple_(*keys) > tuple_(*(literal(value) for value in after))) if after else query
        rows = session.execute(beyond).all()
        if not rows:
            return
        yield rows
        after = tuple(rows[-1][: len(keys)])


def _changes(
    vault: Vault, sealed: SealedTable, row: Row[*tuple[Any, ...]]
) -> Iterator[tuple[tuple[Any, ...], str, bytes, bytes]]:
    width = len(sealed.table.primary_key.columns)
    for name, field in sealed.fields.items():
        old = getattr(row, name)
        if vault.is_newest(old):
            continue
        try:
            plain = vault.open_bytes(field, row.bound_to, old)
        except CannotOpen:  # counted at the end; the others go on
            continue
        yield tuple(row[:width]), name, old, vault.seal_bytes(field, row.bound_to, plain)


def _move(sealed: SealedTable, key: tuple[Any, ...], name: str, old: bytes, new: bytes) -> Any:
    own = and_(*(column == value for column, value in zip(sealed.table.primary_key.columns, key, strict=True)))
    column = sealed.table.c[name]
    return update(sealed.table).where(own, column == old).values({name: new}).returning(literal(1))


def _is_older(column: ColumnElement[Any], newest: bytes) -> ColumnElement[bool]:
    found = func.substr(column, HEAD_BYTES - KEY_ID_BYTES + 1, KEY_ID_BYTES, type_=LargeBinary())
    return and_(column.is_not(None), found != literal(newest, LargeBinary()))


def _redo_cards(session: AnySession, vault: Vault) -> int:
    def token(ref: str, code: bytes) -> bytes:
        return vault.token(token_kind(TREATMENT, "card"), open_card_code(vault, ref, code))

    return _redo_tokens(session, vault, Card, Card.code, token)


def _redo_lines(session: AnySession, vault: Vault) -> int:
    def token(ref: str, number: bytes) -> bytes:
        return line_token(vault, open_line_number(vault, ref, number))

    return _redo_tokens(session, vault, PhoneLine, PhoneLine.number, token)


def _redo_tokens(
    session: AnySession,
    vault: Vault,
    model: type[Card] | type[PhoneLine],
    sealed: InstrumentedAttribute[bytes],
    token_of: Callable[[str, bytes], bytes],
) -> int:
    """Indexes that stand in the row itself: `token_of` makes one of the row's `ref` and sealed value."""
    session.rollback()
    older = select(model.id, model.ref, sealed.label("sealed")).where(model.key_id != vault.newest_id)
    rows = session.execute(older.order_by(model.id)).all()
    moved = 0
    for start in range(0, len(rows), FILES_AT_ONCE):
        changes = list(_new_tokens(token_of, rows[start : start + FILES_AT_ONCE]))
        with writing(session) as tx:
            for row_id, token in changes:
                tx.execute(update(model).where(model.id == row_id).values(token=token, key_id=vault.newest_id))
        moved += len(changes)
    return moved


def _new_tokens(
    token_of: Callable[[str, bytes], bytes], rows: Sequence[Row[*tuple[Any, ...]]]
) -> Iterator[tuple[int, bytes]]:
    for row in rows:
        try:
            yield row.id, token_of(row.ref, row.sealed)
        except CannotOpen:  # counted at the end
            continue


def _redo_files(session: AnySession, vault: Vault) -> int:
    """Search keys of whole files: those of a file change in one transaction, so every search finds the person."""
    session.rollback()
    older = select(SearchKey.side, SearchKey.patient_id).where(SearchKey.key_id != vault.newest_id).distinct()
    files = session.execute(older.order_by(SearchKey.side, SearchKey.patient_id)).all()
    moved = 0
    for start in range(0, len(files), FILES_AT_ONCE):
        with writing(session) as tx:
            moved += sum(_redo_file(tx, vault, side, owner) for side, owner in files[start : start + FILES_AT_ONCE])
    return moved


def _redo_file(tx: Session, vault: Vault, side: str, patient_id: int) -> int:
    try:
        with tx.begin_nested():  # a number that does not open must not leave the file without its keys
            redo_keys(tx, vault, patient_id, side)
    except CannotOpen:
        return 0
    return 1
