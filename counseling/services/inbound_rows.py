"""Rows of incoming texts while they are read: the oldest that wait, locked, and what is noted at them.

The statements are built once: a gateway that was away hands over hundreds of texts a second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, exists, func, select, update
from sqlalchemy.orm import Session

from counseling.models.texts import InboundMessage, PhoneLine

_waiting, _line = InboundMessage.__table__.c, PhoneLine.__table__.c
_WAITS = (
    select(
        *(_waiting.id, _waiting.ref, _waiting.kind, _waiting.line_id, _waiting.body),
        *(_waiting.received_at, _waiting.written_at),
        *(_line.ref.label("line_ref"), _line.number, _line.opted_out_at),
    )
    .join_from(InboundMessage.__table__, PhoneLine.__table__, _line.id == _waiting.line_id)
    .where(_waiting.read_at.is_(None))
    .with_for_update(of=InboundMessage.__table__)
)
# In the order in which they were written: a gateway that was away hands them over in any.
_written = func.coalesce(_waiting.written_at, _waiting.received_at)
_OLDEST = _WAITS.where(_waiting.line_id == bindparam("of_line")).order_by(_written, _waiting.id).limit(1)
_of_lines = InboundMessage.__table__.alias("of_lines").c
_in_order = (
    select(
        _of_lines.id,
        func.row_number()
        .over(
            partition_by=_of_lines.line_id,
            order_by=(func.coalesce(_of_lines.written_at, _of_lines.received_at), _of_lines.id),
        )
        .label("n"),
    )
    .where(_of_lines.line_id.in_(bindparam("of_lines", expanding=True)), _of_lines.read_at.is_(None))
    .subquery()
)
_OLDEST_OF_EACH = _WAITS.where(_waiting.id.in_(select(_in_order.c.id).where(_in_order.c.n == 1))).order_by(_waiting.id)
_NOTED = ("read_at", "meaning", "answer", "question_id", "patient_id", "side", "site_id", "handled_at")
_NOTE = (
    update(InboundMessage.__table__)  # type: ignore[arg-type]  # Core table behind the mapped class
    .where(_waiting.id == bindparam("of_text"))
    .values({name: bindparam(name) for name in _NOTED})
)


_STOPPED_SINCE = (
    select(_waiting.id)
    .where(_waiting.line_id == bindparam("of_line"), _waiting.meaning == "stop", _written > bindparam("at"))
    .limit(1)
)


# By whoever read their words, or by what their provider told: not at the moment at which one of their texts was read.
_by_text = InboundMessage.__table__.alias("by_text").c
_STOPPED_OTHERWISE = select(_line.id).where(
    _line.id == bindparam("of_line"),
    _line.opted_out_at > bindparam("at"),
    ~exists().where(_by_text.line_id == _line.id, _by_text.meaning == "stop", _by_text.read_at == _line.opted_out_at),
)


def was_stopped_since(tx: Session, line_id: int, at: datetime) -> bool:
    """Whether somebody has written from this number, later than `at`, that they want no more texts; or has said so in
    another way."""
    asked, connection = {"of_line": line_id, "at": at}, tx.connection()
    return any(connection.execute(how, asked).first() is not None for how in (_STOPPED_SINCE, _STOPPED_OTHERWISE))


def lock_oldest(tx: Session, line_id: int) -> Row[*tuple[Any, ...]] | None:
    """A number's oldest text that waits, locked until the transaction ends; None when none waits.

    Two that work on one number both want it: the second waits, and then finds it read.
    """
    return tx.connection().execute(_OLDEST, {"of_line": line_id}).first()


def lock_oldest_of(tx: Session, line_ids: Sequence[int]) -> Sequence[Row[*tuple[Any, ...]]]:
    """The same for each of these numbers, locked in one order.

    One that another reader has had meanwhile is left out; what waits behind it is for a later look.
    """
    return tx.connection().execute(_OLDEST_OF_EACH, {"of_lines": list(line_ids)}).all()


def note_all(tx: Session, noted: Sequence[Mapping[str, Any]]) -> None:
    """Write down what was made of texts that this transaction has locked: of each `of_text` and the columns."""
    if noted:
        tx.connection().execute(_NOTE, noted)
