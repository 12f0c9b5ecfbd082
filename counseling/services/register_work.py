"""What a worker does with an import: check it or apply it, and leave a state behind that a person can go on from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import structlog

from counseling.database import AnySession
from counseling.domain.refusal import Refusal
from counseling.registers.reading import UnreadableRegister
from counseling.services.register_applying import apply_import
from counseling.services.register_checking import check_import
from counseling.services.register_imports import Abandoned, fail
from counseling.services.treatment_files import By

# After these the checked rows still stand, and a person can press the button again.
STILL_CHECKED = ("import_has_wrong_rows", "import_has_nothing", "elsewhere_not_before_today")


def run_check(session: AnySession, import_id: int, claim: str, clock: Callable[[], datetime]) -> str | None:
    """Check a claimed import; the code of what went wrong, None when it is checked (or another one's by now)."""
    return _run(session, import_id, claim, lambda: check_import(session, import_id, claim, clock))


def run_apply(
    session: AnySession,
    import_id: int,
    claim: str,
    *,
    elsewhere_until: date,
    skip_wrong: bool,
    by: By,
    today: date,
    now: datetime,
) -> str | None:
    """Apply a claimed import; the code of what went wrong, None when it is applied."""
    return _run(
        session,
        import_id,
        claim,
        lambda: apply_import(
            session,
            import_id,
            claim,
            elsewhere_until=elsewhere_until,
            skip_wrong=skip_wrong,
            by=by,
            today=today,
            now=now,
        ),
    )


def _run(session: AnySession, import_id: int, claim: str, work: Callable[[], None]) -> str | None:
    try:
        work()
    except Abandoned:
        return "abandoned"
    except (Refusal, UnreadableRegister) as answer:
        state = "checked" if answer.code in STILL_CHECKED else "failed"
        fail(session, import_id, claim, answer.code, state)
        return answer.code
    except Exception as error:
        # Only the kind of error: its message may carry what stood in the file.
        structlog.get_logger().error("import failed", import_id=import_id, error_type=type(error).__name__)
        session.rollback()
        fail(session, import_id, claim, "unforeseen", "failed")
        return "unforeseen"
    return None
