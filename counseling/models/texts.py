"""Texts: who agreed, what is planned, what went out and came in. A row first and an SMS second.

A row about a patient belongs to one side and one site; nobody of the other side reads it. Bodies and numbers are
sealed.
"""

from __future__ import annotations

from datetime import date, datetime, time

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base, one_of

FILE_SIDES = ("treatment", "support")
REMINDER_KINDS = (
    "missed_yesterday", "appointment", "check_in", "dose_today", "evening_before", "weekend", "order_ending", "weekly",
    "appointment_today", "second_text",
)  # fmt: skip
REMINDER_STATES = ("planned", "held", "queued", "cleared", "refused", "expired", "cancelled")
MESSAGE_STATES = (
    "queued", "claimed", "accepted", "delivered", "failed", "unknown", "cleared", "expired", "refused", "cancelled",
)  # fmt: skip
MEANINGS = (
    "answer", "stop", "start", "help", "ask_again", "repeated", "crisis", "wrong_number", "missed_call", "other",
)  # fmt: skip
INBOUND_KINDS = ("text", "missed_call")
MOST_AUTOMATIC_A_DAY = 3
HAS_BODY = text("body IS NOT NULL")  # what is not blanked yet, which services/text_blanking.py looks for


class PhoneLine(Base):
    """A number as such, over both sides: where opting out and failing are remembered. No page shows a line."""

    __tablename__ = "phone_lines"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    number: Mapped[bytes] = mapped_column(LargeBinary)  # sealed under this row's ref; E.164
    token: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)  # blind index of the number
    key_id: Mapped[bytes] = mapped_column(LargeBinary(4))
    opted_out_at: Mapped[datetime | None]
    denied_at: Mapped[datetime | None]  # an administrator has said that no text ever goes here
    permanent_failures: Mapped[int] = mapped_column(default=0)
    # Reported since a text last arrived. Many gateways have no other word for a number that is dead.
    temporary_failures: Mapped[int] = mapped_column(default=0)


class SmsConsent(Base):
    """Agreement to be texted about one file: asked in so many words, by whom, when; withdrawable at any time."""

    __tablename__ = "sms_consents"
    __table_args__ = (
        CheckConstraint(one_of("side", FILE_SIDES), name="side"),
        CheckConstraint(one_of("withdrawn_how", ("desk", "text")), name="withdrawn_how"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_how IS NULL)", name="withdrawn_somehow"),
        Index(
            "uq_sms_consents_standing", "patient_id", "side", unique=True,
            sqlite_where=text("withdrawn_at IS NULL"), postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    side: Mapped[str] = mapped_column(String(12))
    version: Mapped[str] = mapped_column(String(12))  # of the words that were read aloud
    language: Mapped[str] = mapped_column(String(12))
    asked_how: Mapped[str | None] = mapped_column(String(12))  # text_purposes.HOWS; None: asked before this was noted
    pronoun: Mapped[str] = mapped_column(String(12), default="anh/chi")  # how texts address the person
    given_at: Mapped[datetime]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_how: Mapped[str | None] = mapped_column(String(12))
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # None: by a text
    request_key: Mapped[str] = mapped_column(String(32), unique=True)


class ReminderRule(Base):
    """What a site reminds of, and in which hours. A changed rule gets a new version."""

    __tablename__ = "reminder_rules"
    __table_args__ = (
        UniqueConstraint("site_id", "side", "kind"),
        CheckConstraint(one_of("side", FILE_SIDES), name="side"),
        CheckConstraint(one_of("kind", REMINDER_KINDS), name="kind"),
        CheckConstraint("not_before < not_after", name="hours"),
        CheckConstraint("silence_days >= 1 AND unseen_days >= 1 AND most_open_tasks >= 0", name="silence"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    side: Mapped[str] = mapped_column(String(12))
    kind: Mapped[str] = mapped_column(String(24))
    version: Mapped[int] = mapped_column(default=1)
    is_on: Mapped[bool] = mapped_column(default=True)
    not_before: Mapped[time]  # local time of the station, within the quiet hours' limits
    not_after: Mapped[time]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # None: as shipped
    # Of the second text alone: after how many days without an answer it goes; after how many on which nothing has
    # shown the person a task is opened; and how many tasks one volunteer may have open.
    silence_days: Mapped[int | None]
    unseen_days: Mapped[int | None]
    most_open_tasks: Mapped[int | None]


class Reminder(Base):
    """Our intention to remind: one occurrence, once, whoever plans how often."""

    __tablename__ = "reminders"
    __table_args__ = (
        UniqueConstraint(
            "patient_id", "side", "kind", "rule_version", "on_date", "slot", name="uq_reminders_occurrence"
        ),
        CheckConstraint(one_of("side", FILE_SIDES), name="side"),
        CheckConstraint(one_of("kind", REMINDER_KINDS), name="kind"),
        CheckConstraint(one_of("state", REMINDER_STATES), name="state"),
        Index("ix_reminders_state_due_at", "state", "due_at"),
        Index("ix_reminders_site_id_on_date", "site_id", "on_date"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    side: Mapped[str] = mapped_column(String(12))
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    kind: Mapped[str] = mapped_column(String(24))
    rule_version: Mapped[int]
    on_date: Mapped[date]  # the station day on which it is to go out
    slot: Mapped[int] = mapped_column(default=1)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"), index=True)
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(12), default="planned")
    reason: Mapped[str | None] = mapped_column(String(40))  # why it was cleared, held, refused
    planned_at: Mapped[datetime]
    released_at: Mapped[datetime | None]  # a person has looked at how many these are, and let them go


class OutboundMessage(Base):
    """One SMS from us. `ref` is our own id and the provider's reference, so a repeat can be told from a second text."""

    __tablename__ = "outbound_messages"
    __table_args__ = (
        # Never more than three automatic texts for a patient on one day, whoever counts.
        UniqueConstraint("patient_id", "counted_on", "count_slot", name="uq_outbound_messages_daily_cap"),
        CheckConstraint(f"count_slot BETWEEN 1 AND {MOST_AUTOMATIC_A_DAY}", name="daily_cap"),
        CheckConstraint("(counted_on IS NULL) = (count_slot IS NULL)", name="counted_whole"),
        # One automatic answer for a number and hour; a crisis and a stop are answered always and have no hour.
        UniqueConstraint("line_id", "answer_hour", name="uq_outbound_messages_answer_hour"),
        CheckConstraint(one_of("side", FILE_SIDES), name="side"),
        CheckConstraint(one_of("state", MESSAGE_STATES), name="state"),
        Index("ix_outbound_messages_state_send_after", "state", "send_after"),
        Index("ix_outbound_messages_line_id_id", "line_id", "id"),
        Index("ix_outbound_messages_site_id_queued_at", "site_id", "queued_at"),
        Index("ix_outbound_messages_kept", "queued_at", sqlite_where=HAS_BODY, postgresql_where=HAS_BODY),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(32), unique=True)
    reminder_id: Mapped[int | None] = mapped_column(ForeignKey("reminders.id"), unique=True)
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patients.id"), index=True)
    side: Mapped[str] = mapped_column(String(12))
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    line_id: Mapped[int] = mapped_column(ForeignKey("phone_lines.id"))
    wording: Mapped[str] = mapped_column(String(24))  # key of sms/wording.py, or "typed"
    body: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed under ref
    is_automatic: Mapped[bool]
    state: Mapped[str] = mapped_column(String(12), default="queued")
    reason: Mapped[str | None] = mapped_column(
        String(40)
    )  # of failed: ours, temporary, permanent; of refused: the rule
    queued_at: Mapped[datetime]
    send_after: Mapped[datetime]
    expires_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    attempt_started_at: Mapped[datetime | None]  # once this is written, the provider may have it
    finished_at: Mapped[datetime | None]
    gateway: Mapped[str | None] = mapped_column(String(16))
    # An attempt through it was lost: whoever began it may only sleep, so no other gateway may be handed the text.
    pinned_gateway: Mapped[str | None] = mapped_column(String(16))
    segments: Mapped[int] = mapped_column(default=1)
    counted_on: Mapped[date | None]
    count_slot: Mapped[int | None]
    answer_hour: Mapped[str | None] = mapped_column(String(16))
    question: Mapped[str | None] = mapped_column(String(24))  # what its digits mean: domain/replies.QUESTIONS
    question_until: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(String(24))
    answered_at: Mapped[datetime | None]
    written_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    request_key: Mapped[str | None] = mapped_column(String(32), unique=True)


class DeliveryReceipt(Base):
    """A provider's word on delivery, as it came: late, twice, out of order. Kept, ranked, never taken back."""

    __tablename__ = "delivery_receipts"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_key: Mapped[str] = mapped_column(String(120), unique=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("outbound_messages.id"), index=True)
    reported: Mapped[str] = mapped_column(String(12))  # one of MESSAGE_STATES
    reason: Mapped[str | None] = mapped_column(String(40))
    received_at: Mapped[datetime]


class InboundMessage(Base):
    """One SMS to us, stored under the provider's key before anybody thinks about it. A text is a claim."""

    __tablename__ = "inbound_messages"
    __table_args__ = (
        CheckConstraint(one_of("side", FILE_SIDES), name="side"),
        CheckConstraint(one_of("meaning", MEANINGS), name="meaning"),
        CheckConstraint(one_of("kind", INBOUND_KINDS), name="kind"),
        Index("ix_inbound_messages_site_id_side", "site_id", "side", "handled_at"),
        Index("ix_inbound_messages_read_at", "read_at"),
        Index("ix_inbound_messages_kept", "read_at", sqlite_where=HAS_BODY, postgresql_where=HAS_BODY),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    event_key: Mapped[str] = mapped_column(String(120), unique=True)
    # Blind index of sender, words and the provider's own instant: the same text reported under a second key.
    content_token: Mapped[bytes | None] = mapped_column(LargeBinary(16), unique=True)
    kind: Mapped[str] = mapped_column(String(12), default="text")  # of INBOUND_KINDS
    gateway: Mapped[str] = mapped_column(String(16))
    line_id: Mapped[int] = mapped_column(ForeignKey("phone_lines.id"), index=True)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed under ref
    received_at: Mapped[datetime]
    written_at: Mapped[datetime | None]  # where the gateway tells that it was earlier: it comes late, and in any order
    read_at: Mapped[datetime | None]  # by the program; None: still to be worked on
    meaning: Mapped[str | None] = mapped_column(String(12))
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patients.id"), index=True)  # None: nobody's, or several
    side: Mapped[str | None] = mapped_column(String(12))
    site_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id"))
    question_id: Mapped[int | None] = mapped_column(ForeignKey("outbound_messages.id"))
    answer: Mapped[str | None] = mapped_column(String(24))
    handled_at: Mapped[datetime | None]  # by a person of the inbox
    handled_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class SimulatedPhone(Base):
    """The demo's phones: switched off, or in somebody else's hands. Only where the simulator is the gateway."""

    __tablename__ = "simulated_phones"

    line_id: Mapped[int] = mapped_column(ForeignKey("phone_lines.id"), primary_key=True)
    is_off: Mapped[bool] = mapped_column(default=False)
    held_by_other: Mapped[bool] = mapped_column(default=False)


class SimulatedText(Base):
    """What the simulator has taken, under our reference: a second text of one reference is refused as a repeat."""

    __tablename__ = "simulated_texts"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_ref: Mapped[str] = mapped_column(String(32), unique=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("phone_lines.id"), index=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)  # sealed under message_ref
    taken_at: Mapped[datetime]
    shown_at: Mapped[datetime | None]  # None while the phone is switched off
    dies_at: Mapped[datetime | None]  # as it was handed over; None: as our own row says


class WorkerBeat(Base):
    """When the clock-driven work last ran; /readyz reads it."""

    __tablename__ = "worker_beats"

    name: Mapped[str] = mapped_column(String(24), primary_key=True)
    beat_at: Mapped[datetime]
