"""The kinds of reminders, and the rule of each that ships. What a kind says decides who may get it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

DOSE_TODAY, MISSED_YESTERDAY, EVENING_BEFORE = "dose_today", "missed_yesterday", "evening_before"
WEEKEND, ORDER_ENDING, WEEKLY = "weekend", "order_ending", "weekly"
APPOINTMENT, APPOINTMENT_TODAY, CHECK_IN, SECOND_TEXT = "appointment", "appointment_today", "check_in", "second_text"

# In the order in which the pages show them.
TREATMENT_KINDS = (DOSE_TODAY, MISSED_YESTERDAY, EVENING_BEFORE, WEEKEND, ORDER_ENDING, WEEKLY, SECOND_TEXT)
SUPPORT_KINDS = (APPOINTMENT, APPOINTMENT_TODAY, CHECK_IN, WEEKLY, SECOND_TEXT)
KINDS_OF = {"treatment": TREATMENT_KINDS, "support": SUPPORT_KINDS}

ASKING_HOW_THEY_ARE = (CHECK_IN, WEEKLY, SECOND_TEXT)
# Their words say that something was not done, or ask how somebody is: on a phone that others read too they would tell
# on the person, and a "1" from another hand would count as a sign of life.
NOT_ON_SHARED_PHONES = frozenset({DOSE_TODAY, MISSED_YESTERDAY, *ASKING_HOW_THEY_ARE})
# They say of a person that something was missed: wrong in bulk where a book was not kept, so a person looks first.
LOOKED_AT_IN_BULK = frozenset({DOSE_TODAY, MISSED_YESTERDAY})

SILENCE_DAYS, UNSEEN_DAYS, MOST_OPEN_TASKS = 3, 7, 5


@dataclass(frozen=True)
class ShippedRule:
    """What a site of a function reminds of until somebody changes it; local times of the station.

    Only three kinds are on from the start: what else leaves a phone is what its site has looked at and switched on.
    """

    function: str
    side: str
    kind: str
    not_before: time
    not_after: time
    is_on: bool = False


SHIPPED_RULES = (
    ShippedRule("dispenses", "treatment", MISSED_YESTERDAY, time(7), time(9), is_on=True),
    ShippedRule("dispenses", "treatment", DOSE_TODAY, time(7), time(18)),
    ShippedRule("dispenses", "treatment", EVENING_BEFORE, time(18), time(19, 45)),
    ShippedRule("dispenses", "treatment", WEEKEND, time(15), time(19, 30)),
    ShippedRule("dispenses", "treatment", ORDER_ENDING, time(9), time(17)),
    ShippedRule("dispenses", "treatment", WEEKLY, time(9), time(17)),
    ShippedRule("dispenses", "treatment", SECOND_TEXT, time(9), time(17)),
    ShippedRule("counsels", "support", APPOINTMENT, time(9), time(17), is_on=True),
    ShippedRule("counsels", "support", APPOINTMENT_TODAY, time(7), time(12)),
    ShippedRule("counsels", "support", CHECK_IN, time(9), time(17), is_on=True),
    ShippedRule("counsels", "support", WEEKLY, time(9), time(17)),
    ShippedRule("counsels", "support", SECOND_TEXT, time(9), time(17)),
)
