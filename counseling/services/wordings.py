"""A province writes other words for a text, or brings older ones back. A version is written once; the newest holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, insert, select
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.domain.text_wordings import Wording
from counseling.models.places import Area
from counseling.models.wordings import TextWording
from counseling.queries.wordings import list_place_names
from counseling.services import audit
from counseling.services.treatment_files import By
from counseling.sms.wording_rules import check_wording

AS_SHIPPED = 0  # the version that is no row


@dataclass(frozen=True)
class WhichText:
    """A text of a province. `seen`: the version that was on the page, 0 where it was the shipped one."""

    province_id: int
    key: str
    seen: int


def write_wording(
    session: AnySession, which: WhichText, typed: str, *, by: By, request_key: str, now: datetime
) -> None:
    """Put other words in force for every site of the province, from the next text on.

    Raises Refusal: the codes of sms.wording_rules.check_wording, and wording_changed_meanwhile, wording_unchanged,
    request_key_taken.
    """
    words = check_wording(which.key, typed, list_place_names(session, which.province_id))
    with writing(session) as tx:
        newest = _lock(tx, which, request_key)
        if newest is not None:
            _write(tx, which, newest, words, None, by, request_key, now)


def bring_back(session: AnySession, which: WhichText, version: int, *, by: By, request_key: str, now: datetime) -> None:
    """Put an older version in force again, as a new one; version 0: the shipped words.

    It is checked like any other: what the guard refuses since then does not come back.
    Raises Refusal: no_such_version, and those of `write_wording`.
    """
    with writing(session) as tx:
        newest = _lock(tx, which, request_key)
        if newest is None:
            return
        words = None
        if version != AS_SHIPPED:
            older = _find(tx, which, version)
            names = list_place_names(tx, which.province_id)
            words = None if older.body is None else check_wording(which.key, older.marked or older.body, names)
        copy_of = AS_SHIPPED if words is None else version
        _write(tx, which, newest, words, copy_of, by, request_key, now)


@dataclass(frozen=True)
class _Newest:
    version: int
    words: Wording | None


def _lock(tx: Session, which: WhichText, request_key: str) -> _Newest | None:
    """One change after the other in a province. None: this very form has been through."""
    tx.execute(select(Area.id).where(Area.id == which.province_id).with_for_update()).one()
    made = tx.execute(select(TextWording).where(TextWording.request_key == request_key)).scalar_one_or_none()
    if made is not None:
        if (made.area_id, made.key) != (which.province_id, which.key):
            raise Refusal("request_key_taken")
        return None
    own = TextWording.area_id == which.province_id, TextWording.key == which.key
    newest = tx.execute(select(TextWording).where(*own).order_by(TextWording.version.desc()).limit(1)).scalar()
    version = newest.version if newest else AS_SHIPPED
    if version != which.seen:
        raise Refusal("wording_changed_meanwhile")
    return _Newest(version, Wording(newest.body, newest.marked) if newest and newest.body is not None else None)


def _find(tx: Session, which: WhichText, version: int) -> Row[str | None, str | None]:
    own = TextWording.area_id == which.province_id, TextWording.key == which.key, TextWording.version == version
    row = tx.execute(select(TextWording.body, TextWording.marked).where(*own)).first()
    if row is None:
        raise Refusal("no_such_version")
    return row


def _write(
    tx: Session, which: WhichText, newest: _Newest, words: Wording | None, copy_of: int | None, by: By,
    request_key: str, now: datetime,
) -> None:  # fmt: skip
    if words == newest.words:
        raise Refusal("wording_unchanged")
    version = newest.version + 1
    row = insert(TextWording).values(
        area_id=which.province_id,
        key=which.key,
        version=version,
        body=words.body if words else None,
        marked=words.marked if words else None,
        copy_of=copy_of,
        written_by_id=by.staff_id,
        written_at=now,
        request_key=request_key,
    )
    wording_id = tx.execute(row.returning(TextWording.id)).scalar_one()
    facts = {"province": which.province_id, "key": which.key, "version": version, "copy_of": copy_of}
    audit.append(tx, audit.HOUSE, by.actor, "wording.written", f"wording:{wording_id}", facts, now)
