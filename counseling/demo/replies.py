"""What people answer, and what is made of it: as services/inbound_reading.py reads a text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from counseling.demo import inbox, words
from counseling.demo.book import Book
from counseling.demo.call_backs import ask_for_call
from counseling.demo.dice import Dice
from counseling.demo.texts import Text
from counseling.demo.told import Reply, Told
from counseling.domain.replies import ASKS_FOR_A_CALL, QUESTIONS
from counseling.services.inbound_answers import ANSWER_DIES_AFTER, HELP_IS_OPEN_FOR
from counseling.sms.wording import text_of

ANSWERING = 0.36  # of the texts that ask
WAYS = {"digit": 82.0, "words": 14.0, "help": 4.0}
WANT_NO_MORE = (5, 14, 25, 37)  # which of those who answer stop the texts
DIGITS = {
    "missed_yesterday": {"1": 76, "2": 24},
    "appointment": {"1": 84, "2": 10, "3": 6},
    "check_in": {"1": 88, "2": 7, "3": 5},
    "help": {"2": 1},
}
TYPED_TWICE = 0.05
DAYS_UNTIL_BEGINNING_AGAIN = 6
READ_AFTER = timedelta(seconds=14)  # the next tick


def answer(book: Book, told: Told, text: Text, said: str | None = None) -> Reply | None:
    """Perhaps somebody answers a text that is on their phone; `said`: they surely answer, and what.

    The first who wants no more texts thinks again some days later.
    """
    dice = text.phone.dice("reply", text.queued_at, text.wording)
    if text.shown_at is None or not (said or dice.chance(ANSWERING)):
        return None
    if said is None and text.phone.patient_id in told.visits and _is_of_yesterday(book, text.shown_at):
        return None  # what they asked for would be handed on today
    received_at = text.shown_at + timedelta(minutes=_minutes(dice), seconds=dice.between(0, 59))
    if text.question_until is None or received_at >= min(text.question_until, book.frame.now - timedelta(minutes=5)):
        return None
    if said or text.phone.staged:
        return _digit(book, told, text, said, received_at, dice)
    told.heard += 1
    if told.heard in WANT_NO_MORE:
        return _stop(book, told, text, received_at, dice)
    way = dice.one_of(tuple(WAYS), tuple(WAYS.values()))
    if way == "help":
        return _ask_for_help(book, told, text, received_at, dice)
    if way == "words":
        body = dice.one_of(words.YES_WORDS if dice.chance(0.35) else words.FREE_WORDS)
        reply = _reply(told, text, body, received_at, "other")
        inbox.handle(book, told, reply, text.phone, dice)
        return reply
    return _digit(book, told, text, said, received_at, dice)


def _digit(book: Book, told: Told, text: Text, said: str | None, received_at: datetime, dice: Dice) -> Reply:
    asked = text.question or ""
    usual = "1" if text.phone.staged else dice.one_of(tuple(DIGITS[asked]), tuple(DIGITS[asked].values()))
    digit = said or usual
    reply = _reply(told, text, digit, received_at, "answer")
    reply.answer, reply.handled_at = QUESTIONS[asked][digit], reply.read_at
    text.answer, text.answered_at = reply.answer, reply.read_at
    if reply.answer in ASKS_FOR_A_CALL:
        ask_for_call(book, told, text.phone, reply.read_at, dice, stays_open=said is not None)
    if said is None and dice.chance(TYPED_TWICE):
        again = _reply(told, text, digit, received_at + timedelta(minutes=dice.between(1, 4)), "repeated")
        again.answer, again.handled_at = reply.answer, again.read_at
    return reply


def _stop(book: Book, told: Told, text: Text, received_at: datetime, dice: Dice) -> Reply:
    reply = _reply(told, text, dice.one_of(("NGUNG", "ngung nhan", "Dừng")), received_at, "stop")
    line = reply.line
    line.opted_out_at = reply.read_at
    line.stopped.append(reply.read_at)
    _answer_by_itself(told, text, "stopped", reply.read_at)
    inbox.handle(book, told, reply, text.phone, dice)
    back_at = received_at + timedelta(days=DAYS_UNTIL_BEGINNING_AGAIN, minutes=dice.between(10, 90))
    if told.heard == WANT_NO_MORE[0] and back_at < book.frame.at(book.frame.yesterday, 0):
        line.begins_again_at = back_at
    return reply


def begin_again(book: Book, told: Told, text: Text, at: datetime, dice: Dice) -> None:
    """Somebody who had stopped wants the texts again; `text`: the last one to this number."""
    reply = _reply(told, text, "BAT DAU", at, "start")
    reply.question = None  # it is no longer open
    reply.line.opted_out_at, reply.line.begins_again_at = None, None
    reply.line.started.append(reply.read_at)
    inbox.handle(book, told, reply, text.phone, dice)


def _ask_for_help(book: Book, told: Told, text: Text, received_at: datetime, dice: Dice) -> Reply:
    reply = _reply(told, text, "TRO GIUP", received_at, "help")
    reply.handled_at = reply.read_at
    helping = _answer_by_itself(told, text, "help", reply.read_at)
    helping.question_until = reply.read_at + HELP_IS_OPEN_FOR
    if dice.chance(0.5):
        answer(book, told, helping)
    return reply


def _answer_by_itself(told: Told, text: Text, wording: str, at: datetime) -> Text:
    made = Text(text.phone, wording, text_of(wording), at, at + ANSWER_DIES_AFTER)
    made.answer_hour = at.astimezone(UTC).strftime("%Y-%m-%dT%H")
    made.sent_at = at + timedelta(seconds=1)
    made.arrive(made.sent_at)
    told.texts.sent.append(made)
    return made


def _reply(told: Told, text: Text, body: str, received_at: datetime, meaning: str) -> Reply:
    phone = text.phone
    read_at = received_at + READ_AFTER
    reply = Reply(
        phone.own_line, body, received_at, read_at, meaning, phone.side, phone.site_id, phone.patient_id, text
    )
    told.replies.append(reply)
    return reply


def _is_of_yesterday(book: Book, at: datetime) -> bool:
    return at >= book.frame.at(book.frame.yesterday, 0)


def _minutes(dice: Dice) -> int:
    """Many answer at once, some when they have a minute."""
    return dice.between(1, 12) if dice.chance(0.55) else dice.between(13, 170)
