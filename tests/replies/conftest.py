"""Somebody who is treated, and whose number is known: whoever writes in these stories."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from tests.replies.story import has_number
from tests.support.cast import Cast
from tests.support.files import patient_of, registered


@pytest.fixture
def treated(session: Session, cast: Cast) -> int:
    return patient_of(session, registered(session, cast))


@pytest.fixture
def line(session: Session, treated: int) -> int:
    return has_number(session, treated)
