"""One row about this database itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base


class Installation(Base):
    """`is_demo` is set when the database is made and never changes; `digest_salt` salts digests in the audit."""

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    is_demo: Mapped[bool]
    digest_salt: Mapped[bytes] = mapped_column(LargeBinary(16))
    created_at: Mapped[datetime]
    price_per_segment: Mapped[int | None]  # of a text that we send, in whole đồng; None: nobody has said
