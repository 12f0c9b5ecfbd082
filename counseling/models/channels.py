"""Channels of texts: which gateway carries what, how each is, and the test texts that show its whole way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from counseling.domain.channels import FASTEST
from counseling.models.base import Base, one_of

ROUTE_KINDS = ("reminders", "answers")


class SmsChannel(Base):
    """How one gateway is. All of it stands here and nothing in a process's memory: whoever sends next reads it."""

    __tablename__ = "sms_channels"
    __table_args__ = (
        CheckConstraint("(stopped_at IS NULL) = (stopped_why IS NULL)", name="stopped_for_a_reason"),
        CheckConstraint(f"segments_per_minute BETWEEN 1 AND {FASTEST}", name="pace"),
        CheckConstraint("error_streak >= 0", name="streak"),
        CheckConstraint("(failing_numbers > 0) = (failing_since IS NOT NULL)", name="failing"),
    )

    gateway: Mapped[str] = mapped_column(String(16), primary_key=True)
    segments_per_minute: Mapped[int | None]  # None: the gateway's own pace
    error_streak: Mapped[int] = mapped_column(default=0)  # texts in a row that it did not take, or did not answer to
    failed_at: Mapped[datetime | None]  # when it last did not
    rests_until: Mapped[datetime | None]  # left alone until then
    stopped_at: Mapped[datetime | None]  # until an administrator starts it again
    stopped_why: Mapped[str | None] = mapped_column(String(24))  # sms.gateway.Fault, or "by_hand"
    taken_at: Mapped[datetime | None]  # when it last took a text
    heard_at: Mapped[datetime | None]  # when it last reported anything to us
    attach_asked_at: Mapped[datetime | None]  # an administrator wants it told where to report to
    attached_at: Mapped[datetime | None]
    # What its adapter says of it, kept for who knows no adapter: pages, and whoever wonders about silence.
    is_one_way: Mapped[bool] = mapped_column(default=False)
    is_without_receipts: Mapped[bool] = mapped_column(default=False)
    missed_since: Mapped[datetime | None]  # what came in since then may have been lost: to be sent to us again
    unreported_since: Mapped[datetime | None]  # it would not: what came in is on the phone, and somebody has to look
    # Different numbers, one after another, of which it took a text that never left it; none since one did.
    failing_numbers: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]


class SmsRoute(Base):
    """Which channel carries one kind of texts, and which one takes what the first provably has not."""

    __tablename__ = "sms_routes"
    __table_args__ = (
        CheckConstraint(one_of("kind", ROUTE_KINDS), name="kind"),
        CheckConstraint("fallback <> gateway", name="another_one"),
    )

    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    gateway: Mapped[str] = mapped_column(String(16))
    fallback: Mapped[str | None] = mapped_column(String(16))


class SmsTest(Base):
    """A text that an administrator has sent to a number of their own; attempted once, whatever comes of it."""

    __tablename__ = "sms_tests"
    __table_args__ = (CheckConstraint(one_of("reported", ("delivered", "failed")), name="reported"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(32), unique=True)
    gateway: Mapped[str] = mapped_column(String(16))
    line_id: Mapped[int] = mapped_column(ForeignKey("phone_lines.id"), index=True)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime]
    attempt_started_at: Mapped[datetime | None]
    taken_at: Mapped[datetime | None]
    fault: Mapped[str | None] = mapped_column(String(24))  # why it was not taken
    reported: Mapped[str | None] = mapped_column(String(12))
    reported_at: Mapped[datetime | None]
    replied_at: Mapped[datetime | None]
    request_key: Mapped[str] = mapped_column(String(32), unique=True)
