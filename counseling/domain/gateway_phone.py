"""What is looked at on the gateway's phone: whoever holds it holds a list of patients."""

from datetime import datetime, timedelta

CHECK_AGAIN_AFTER = timedelta(days=90)
ITEMS = (
    "dedicated", "locked", "previews_off", "auto_delete", "no_zalo", "neutral_name", "unlabelled", "kept_away",
    "plugged_in", "second_sim",
)  # fmt: skip


def is_due(checked_at: datetime | None, now: datetime) -> bool:
    return checked_at is None or checked_at <= now - CHECK_AGAIN_AFTER
