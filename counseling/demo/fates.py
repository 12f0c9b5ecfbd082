"""What became of a text between our queue and the phone."""

from __future__ import annotations

from datetime import datetime, timedelta

from counseling.demo.dice import Dice
from counseling.demo.texts import Text
from counseling.queries.reachable import MOST_PERMANENT_FAILURES

PERMANENT, TEMPORARY = "permanent", "temporary"
# Shares of those that are sent: shown at once; on a phone that is switched off; to a number that fails; no answer.
FATES = {"delivered": 91.5, "off": 5.0, "fails": 1.0, "unknown": 2.5}


def send(text: Text, dice: Dice, now: datetime) -> None:
    """Hand a queued text over; what happens to it is chance, except to the people of the round."""
    line = text.phone.own_line
    fate = "delivered" if text.phone.staged else dice.one_of(tuple(FATES), tuple(FATES.values()))
    if 0 < line.permanent_failures < MOST_PERMANENT_FAILURES:
        fate = "fails"  # once wrong, a number stays wrong until somebody corrects it
    text.sent_at, text.counted = text.queued_at, True
    if fate == "fails":
        fail(text)
    elif fate == "unknown":
        text.end("unknown", None, text.queued_at)
    elif fate == "off":
        _switched_off(text, dice, now)
    else:
        text.arrive(text.queued_at)


def leave_on_phone_that_is_off(text: Text) -> None:
    """As a text is left while the phone is still switched off."""
    text.receipts.clear()
    text.moves.clear()
    text.state, text.shown_at, text.finished_at = "accepted", None, None
    text.moves.append(("accepted", None, text.queued_at))


def lose_sight_of(text: Text) -> None:
    """As a text is left whose gateway gave no answer."""
    _untake(text)
    text.end("unknown", None, text.queued_at)


def fail(text: Text) -> None:
    """As a text is left that went to a number which nobody has; it counts against the number."""
    _untake(text)
    text.counted = False
    text.end("failed", PERMANENT, text.queued_at)
    text.phone.own_line.permanent_failures += 1


def _untake(text: Text) -> None:
    text.receipts.clear()
    text.moves.clear()
    text.taken, text.shown_at = False, None


def _switched_off(text: Text, dice: Dice, now: datetime) -> None:
    """The phone comes back some hours later: a text whose time is over by then is not shown any more."""
    text.taken, text.state = True, "accepted"
    text.moves.append(("accepted", None, text.queued_at))
    back_at = text.queued_at + timedelta(minutes=dice.between(25, 420))
    if back_at >= now:
        return
    if back_at < text.expires_at:
        text.arrive(back_at)
    else:
        text.receipts.append(("failed", TEMPORARY, back_at))
        text.end("failed", TEMPORARY, back_at)
