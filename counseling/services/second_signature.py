"""Signing by password: one's own once more before something that counts, or a second person's on the same screen."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.models.people import Staff
from counseling.services import passwords
from counseling.services.sign_in_brakes import bucket_names, count_try, forgive


def ensure_own_signature(session: AnySession, staff_id: int, password: str, device_id: int, now: datetime) -> None:
    """Whoever is signed in types their password again. Refusals: own_signature_missing, own_signature_wrong,
    too_many_tries (wait_seconds). Call it before the transaction that needs the signature.
    """
    if not password:
        raise Refusal("own_signature_missing")
    username = session.execute(select(Staff.username).where(Staff.id == staff_id)).scalar_one()
    try:
        signer_id(session, username=username, password=password, device_id=device_id, now=now)
    except Refusal as refusal:
        raise Refusal("own_signature_wrong") if refusal.code == "second_signature_wrong" else refusal from None


def signer_id(session: AnySession, *, username: str, password: str, device_id: int, now: datetime) -> int:
    """Who it is, by password; call it before the transaction that needs the signature, for hashing is slow.

    Opens no session. Tries are counted like those of signing in, so that this is no way around the brake on guessing.
    Refusals: second_signature_wrong (also for a disabled account), too_many_tries (wait_seconds).
    """
    name = username.strip().casefold()
    with writing(session) as tx:
        query = select(Staff.id, Staff.password_hash, Staff.disabled_at).where(Staff.username == name)
        staff = tx.execute(query).first()
        buckets = bucket_names(tx, name, staff.id if staff else None, device_id, is_known=False, address="")
        counted = count_try(tx, buckets, now)
    is_right = passwords.matches(staff.password_hash if staff else None, password)
    if staff is None or not is_right or staff.disabled_at is not None:
        raise Refusal("second_signature_wrong")
    with writing(session) as tx:
        forgive(tx, counted)
    staff_id: int = staff.id
    return staff_id
