"""What stands around the texts: purposes agreed to, sites that pause, bodies that were blanked, the gateway's phone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base, one_of

FILE_SIDES = ("treatment", "support")
IS_STANDING = text("ended_at IS NULL")


class SmsConsentPurpose(Base):
    """One purpose that an agreement covers, of domain/text_purposes.py; another choice is another agreement."""

    __tablename__ = "sms_consent_purposes"

    consent_id: Mapped[int] = mapped_column(ForeignKey("sms_consents.id"), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16), primary_key=True)


class SendingPause(Base):
    """A site's automatic texts of one side wait, from when to when; answers go all the same.

    Paused by nobody: by the sender (`services/breaker.py`).
    """

    __tablename__ = "sending_pauses"
    __table_args__ = (
        CheckConstraint(one_of("side", FILE_SIDES), name="side"),
        CheckConstraint("(ended_at IS NULL) = (ended_by_id IS NULL)", name="ended_by_somebody"),
        Index(
            "uq_sending_pauses_standing", "site_id", "side", unique=True,
            sqlite_where=IS_STANDING, postgresql_where=IS_STANDING,
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    side: Mapped[str] = mapped_column(String(12))
    paused_at: Mapped[datetime]
    paused_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class TextBlanking(Base):
    """One batch of bodies that were blanked because their time was over: when, how many, and what the rule said."""

    __tablename__ = "text_blankings"
    __table_args__ = (
        CheckConstraint("texts_out >= 0 AND texts_in >= 0 AND texts_out + texts_in > 0", name="something"),
        Index("ix_text_blankings_done_at", "done_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    done_at: Mapped[datetime]
    older_than: Mapped[datetime]
    kept_days: Mapped[int]
    texts_out: Mapped[int]
    texts_in: Mapped[int]


class GatewayPhoneCheck(Base):
    """One line of the gateway phone's checklist as somebody found it; the newest of an item is what is known."""

    __tablename__ = "gateway_phone_checks"
    __table_args__ = (
        UniqueConstraint("request_key", "item"),
        Index("ix_gateway_phone_checks_item_id", "item", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(String(24))
    is_so: Mapped[bool]
    checked_at: Mapped[datetime]
    checked_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    request_key: Mapped[str] = mapped_column(String(32))
