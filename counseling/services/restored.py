"""What a restored database needs before anybody works on it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, exists, insert, literal, select, update

from counseling.domain.message_states import MessageState
from counseling.migrating import upgrade_within
from counseling.models.people import StaffSession
from counseling.models.phone_entries import PhoneToken
from counseling.models.text_keeping import SendingPause
from counseling.models.texts import OutboundMessage, Reminder, ReminderRule


def make_current(connection: Connection, now: datetime) -> None:
    """Pending migrations, guards, no text a second time, and nobody signed in: an old backup holds sessions that were
    ended since."""
    upgrade_within(connection)
    connection.execute(
        update(StaffSession)
        .where(StaffSession.ended_at.is_(None))
        .values(ended_at=now, end_reason="ended_by_administrator")
    )
    # Tokens of phones too: some were revoked since. The phones keep what waits and get new ones at the next sign-in.
    connection.execute(
        update(PhoneToken).where(PhoneToken.revoked_at.is_(None), PhoneToken.expires_at > now).values(expires_at=now)
    )
    _let_nothing_go_twice(connection, now)


def _let_nothing_go_twice(connection: Connection, now: datetime) -> None:
    """What the database knows of texts ends with its backup, and the phones were there all the while: texts that waited
    are unknown from now on, reminders that were due are over, and every site's others wait for a person.

    An attempt that had begun is left to the sweep, which asks its gateway.
    """
    text, reminder = OutboundMessage, Reminder
    waited = text.state.in_((MessageState.QUEUED.value, MessageState.CLAIMED.value))
    never_begun = update(text).where(waited, text.attempt_started_at.is_(None))
    connection.execute(never_begun.values(state=MessageState.UNKNOWN.value, finished_at=now))
    due = update(reminder).where(reminder.state.in_(("planned", "held")), reminder.due_at <= now)
    connection.execute(due.values(state="expired"))
    rule, pause = ReminderRule, SendingPause
    paused = exists().where(pause.site_id == rule.site_id, pause.side == rule.side, pause.ended_at.is_(None))
    sites = select(rule.site_id, rule.side, literal(now, pause.paused_at.type)).where(~paused).distinct()
    connection.execute(insert(pause).from_select(["site_id", "side", "paused_at"], sites))
