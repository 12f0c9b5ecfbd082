"""An answer to "how are you" is a sign of life on its own side, and on no other."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.counseling import AftercareFile
from tests.replies.story import asked, has_number, texted
from tests.support.cast import Cast
from tests.support.reminding import A_DAY, TODAY, in_aftercare

OTHER = "+84987650001"


@pytest.mark.parametrize(
    ("side", "wording", "moves"),
    [("support", "weekly", True), ("support", "second_text", True), ("treatment", "weekly", False)],
)
def test_an_answer_moves_the_check_in_of_its_own_side_only(
    session: Session, cast: Cast, side: str, wording: str, moves: bool
) -> None:
    person = in_aftercare(session, cast, TODAY)
    yesterday = TODAY - A_DAY
    with writing(session) as tx:
        tx.execute(update(AftercareFile).values(next_check_in_on=yesterday))
    asked(session, has_number(session, person, side, OTHER), person, wording, side=side)
    assert texted(session, "1", number=OTHER).answer == "well"
    session.rollback()
    next_on = session.execute(select(AftercareFile.next_check_in_on)).scalar_one()
    assert next_on == (TODAY + 7 * A_DAY if moves else yesterday)
