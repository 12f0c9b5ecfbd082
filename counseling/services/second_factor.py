"""Codes from somebody's phone (TOTP) and ten recovery codes on paper, beside the password."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime

import pyotp
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, writing
from counseling.domain import second_factor as rules
from counseling.domain.refusal import Refusal
from counseling.models.hands import RecoveryCode, StaffTotp
from counseling.permissions import Viewer
from counseling.queries.viewers import hash_token
from counseling.refs import new_ref
from counseling.services import audit
from counseling.services.second_signature import ensure_own_signature
from counseling.services.sign_in_brakes import count_try, forgive, second_factor_bucket

FIELD = "staff_totp.secret"


def begin(session: AnySession, viewer: Viewer, password: str, now: datetime) -> None:
    """Make a new secret that waits for its first code; one that waits already goes.

    Refuses with second_factor_on (turn it off first), own_signature_missing, own_signature_wrong, too_many_tries:
    whoever finds an unlocked screen must not bind their own phone to it.
    """
    ensure_own_signature(session, viewer.staff_id, password, viewer.device_id, now)
    ref, secret = new_ref(), pyotp.random_base32()
    with writing(session) as tx:
        if _confirmed(tx, viewer.staff_id):
            raise Refusal("second_factor_on")
        forget(tx, viewer.staff_id)
        sealed = vault_of(tx).seal(FIELD, ref, secret)
        tx.execute(insert(StaffTotp).values(staff_id=viewer.staff_id, ref=ref, secret=sealed, made_at=now))
        audit.append(tx, audit.HOUSE, viewer.actor, "totp.begun", f"staff:{viewer.staff_id}", {}, now)


def confirm(session: AnySession, viewer: Viewer, code: str, now: datetime) -> list[str]:
    """The first right code turns it on. Gives the recovery codes: they exist only here, then as hashes.

    Refuses with second_factor_missing, second_factor_wrong, second_factor_not_begun, second_factor_on, too_many_tries.
    """
    _ensure_typed(code)
    with writing(session) as tx:
        counted = count_try(tx, second_factor_bucket(tx, viewer.staff_id), now)
        if _confirmed(tx, viewer.staff_id):
            raise Refusal("second_factor_on")
        is_right = _take_totp(tx, viewer.staff_id, rules.typed(code), now)
        if is_right:
            forgive(tx, counted)
            turned_on = update(StaffTotp).where(StaffTotp.staff_id == viewer.staff_id)
            tx.execute(turned_on.values(confirmed_at=now))
            codes = _make_codes(tx, viewer.staff_id, now)
            audit.append(tx, audit.HOUSE, viewer.actor, "totp.on", f"staff:{viewer.staff_id}", {}, now)
    if not is_right:
        raise Refusal("second_factor_wrong")
    return codes


def setup_address(name: str, secret: str) -> str:
    """What a phone reads from the drawing: an otpauth address with the account's name."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Điểm Tựa"))


def turn_off(session: AnySession, viewer: Viewer, password: str, code: str, now: datetime) -> None:
    """Forget secret and recovery codes. Refusals: those of the own signature and of `ensure_second_factor`.

    The password alone would be no second factor: whoever has it could bring a phone of their own. Who has lost phone
    and paper gets a new password from an administrator, which forgets both.
    """
    ensure_own_signature(session, viewer.staff_id, password, viewer.device_id, now)
    ensure_second_factor(session, viewer, code, now)
    with writing(session) as tx:
        forget(tx, viewer.staff_id)
        audit.append(tx, audit.HOUSE, viewer.actor, "totp.off", f"staff:{viewer.staff_id}", {}, now)


def ensure_second_factor(session: AnySession, viewer: Viewer, code: str, now: datetime) -> None:
    """A code of the phone, or a recovery code, which is then used up. Whatever asks for a second factor asks here.

    Refuses with second_factor_missing, second_factor_not_set_up, second_factor_wrong, too_many_tries (wait_seconds).
    """
    _ensure_typed(code)
    text = rules.typed(code)
    with writing(session) as tx:
        if not _confirmed(tx, viewer.staff_id):
            raise Refusal("second_factor_not_set_up")
        counted = count_try(tx, second_factor_bucket(tx, viewer.staff_id), now)
        take = _take_totp if rules.is_totp(text) else _take_recovery
        is_right = take(tx, viewer.staff_id, text, now)
        if is_right:
            forgive(tx, counted)
            how = "totp.code_used" if rules.is_totp(text) else "totp.recovery_code_used"
            audit.append(tx, audit.HOUSE, viewer.actor, how, f"staff:{viewer.staff_id}", {}, now)
    if not is_right:
        raise Refusal("second_factor_wrong")


def _ensure_typed(code: str) -> None:
    if not rules.typed(code):
        raise Refusal("second_factor_missing")


def _confirmed(tx: Session, staff_id: int) -> bool:
    """Holds the row until the transaction ends: of two who act on it one comes second."""
    row = select(StaffTotp.confirmed_at).where(StaffTotp.staff_id == staff_id).with_for_update()
    return tx.execute(row).scalar() is not None


def _take_totp(tx: Session, staff_id: int, code: str, now: datetime) -> bool:
    query = select(StaffTotp.ref, StaffTotp.secret, StaffTotp.last_step).where(StaffTotp.staff_id == staff_id)
    row = tx.execute(query.with_for_update()).first()
    if row is None:
        raise Refusal("second_factor_not_begun")
    totp = pyotp.TOTP(vault_of(tx).open(FIELD, row.ref, row.secret) or "")
    for step in rules.steps_to_try(now.timestamp(), row.last_step):
        if hmac.compare_digest(str(totp.generate_otp(step)).encode(), code.encode()):
            tx.execute(update(StaffTotp).where(StaffTotp.staff_id == staff_id).values(last_step=step))
            return True
    return False


def _take_recovery(tx: Session, staff_id: int, code: str, now: datetime) -> bool:
    mine = RecoveryCode.staff_id == staff_id, RecoveryCode.code_hash == hash_token(code)
    used = update(RecoveryCode).where(*mine, RecoveryCode.used_at.is_(None)).values(used_at=now)
    return tx.execute(used.returning(RecoveryCode.id)).first() is not None


def _make_codes(tx: Session, staff_id: int, now: datetime) -> list[str]:
    letters = range(rules.RECOVERY_LENGTH)
    codes = ["".join(secrets.choice(rules.RECOVERY_LETTERS) for _ in letters) for _ in range(rules.RECOVERY_CODES)]
    tx.execute(
        insert(RecoveryCode), [{"staff_id": staff_id, "code_hash": hash_token(c), "made_at": now} for c in codes]
    )
    return codes


def forget(tx: Session, staff_id: int) -> None:
    """Inside a transaction that says why in the audit."""
    tx.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    tx.execute(delete(StaffTotp).where(StaffTotp.staff_id == staff_id))
