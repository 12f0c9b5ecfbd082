"""The brake on guessing as rows: a try is counted before the password is looked at, so that no race gives free ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Update, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from counseling.database import AnySession, vault_of
from counseling.domain.refusal import Refusal
from counseling.domain.throttle import FORGET_AFTER, Bucket, after_failure, may_try
from counseling.models.people import SignInBrake


@dataclass(frozen=True)
class Counted:
    """What a try added to its buckets, by their names; the account's comes first."""

    before: Mapping[str, Bucket]
    after: Mapping[str, Bucket]


def bucket_names(
    session: AnySession, username: str, staff_id: int | None, device_id: int | None, *, is_known: bool, address: str
) -> list[str]:
    """The buckets that a try falls into.

    Somebody on a device from which they have signed in before has one of their own, so strangers who hammer the
    account, or other accounts on that device, do not shut them out. All others share the account's bucket and the
    device's; a browser that never signed anybody in counts by its network address.
    """
    if is_known:
        return [_bucket_key(session, f"account {staff_id} on device {device_id}")]
    device = f"address {address}" if device_id is None else f"device {device_id}"
    return [_bucket_key(session, f"account {username}"), _bucket_key(session, device)]


def second_factor_bucket(session: AnySession, staff_id: int) -> list[str]:
    """One bucket for all codes of a person, wherever they are tried: another browser gives no further tries."""
    return [_bucket_key(session, f"second factor of {staff_id}")]


def ensure_may_try(session: AnySession, names: list[str], now: datetime) -> None:
    """Refuse with too_many_tries (wait_seconds) whoever has to wait; reads only."""
    rows = session.connection().execute(_FIND, {"names": names})
    _refuse_waiting([Bucket(*row) for row in rows], now)


def count_try(tx: Session, names: list[str], now: datetime) -> Counted:
    """Count the try as failed. Refuses with too_many_tries (wait_seconds) and then counts nothing."""
    _forget_old(tx, now)
    before = _lock(tx, names, now)
    _refuse_waiting(before.values(), now)
    after = {name: after_failure(before[name], now) for name in names}
    for name, bucket in after.items():
        tx.execute(_update(name).values(last_failure_at=now, **_columns(bucket)))
    return Counted(before, after)


def forgive(tx: Session, counted: Counted) -> None:
    """The password was right: the account's count ends, the device's goes back to what it was before this try.

    A device's count is not wiped: else somebody could guess at colleagues and sign in themselves in between.
    """
    account, *devices = counted.after
    tx.execute(delete(SignInBrake).where(SignInBrake.bucket == account))
    for name in devices:
        # Only as this try left it: what others failed at meanwhile stays.
        as_left = _update(name).where(SignInBrake.failures == counted.after[name].failures)
        tx.execute(as_left.values(**_columns(counted.before[name])))


def _refuse_waiting(buckets: Iterable[Bucket], now: datetime) -> None:
    waits = [b.blocked_until - now for b in buckets if b.blocked_until and not may_try(b, now)]
    if waits:
        raise Refusal("too_many_tries", wait_seconds=max(1, round(max(waits).total_seconds())))


def _lock(tx: Session, names: list[str], now: datetime) -> dict[str, Bucket]:
    """Rows are made first, so that two first tries at the same moment wait for each other."""
    dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    found: dict[str, Bucket] = {}
    for name in sorted(names):
        empty = dialect.insert(SignInBrake).values(bucket=name, last_failure_at=now, **_columns(Bucket(0, now, None)))
        tx.execute(empty.on_conflict_do_nothing())
        row = tx.execute(select(*_fields()).where(SignInBrake.bucket == name).with_for_update()).one()
        found[name] = Bucket(*row)
    return found


def _forget_old(tx: Session, now: datetime) -> None:
    old = select(SignInBrake.bucket).where(SignInBrake.last_failure_at < now - FORGET_AFTER)
    tx.execute(delete(SignInBrake).where(SignInBrake.bucket.in_(old.with_for_update(skip_locked=True))))


def _bucket_key(session: AnySession, name: str) -> str:
    return vault_of(session).token("sign-in brake", name).hex()


def _update(name: str) -> Update:
    return update(SignInBrake).where(SignInBrake.bucket == name)


def _fields() -> tuple[InstrumentedAttribute[Any], ...]:
    return SignInBrake.failures, SignInBrake.window_started_at, SignInBrake.blocked_until


# Built once: whoever hammers is turned away for as little work as that takes.
_FIND = select(*_fields()).where(SignInBrake.bucket.in_(bindparam("names", expanding=True)))


def _columns(bucket: Bucket) -> dict[str, Any]:
    values = (bucket.failures, bucket.window_started_at, bucket.blocked_until)
    return dict(zip((field.key for field in _fields()), values, strict=True))
