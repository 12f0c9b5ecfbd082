"""What somebody agrees to be texted for: each purpose is asked for itself, and none stands by default."""

from collections.abc import Mapping

DAILY, MISSED, APPOINTMENT, CHECK_IN = "daily", "missed", "appointment", "check_in"
# Side of the file → what is asked there, in the order of the words that are read aloud.
PURPOSES: Mapping[str, tuple[str, ...]] = {
    "treatment": (DAILY, MISSED, CHECK_IN),
    "support": (APPOINTMENT, CHECK_IN),
}
EVERY_PURPOSE = frozenset(purpose for asked in PURPOSES.values() for purpose in asked)
# Kind of reminder → the purpose that covers it. A kind that is not here goes to nobody.
PURPOSE_OF: Mapping[str, str] = {
    "dose_today": DAILY,
    "evening_before": DAILY,
    "weekend": DAILY,
    "order_ending": DAILY,
    "missed_yesterday": MISSED,
    "appointment": APPOINTMENT,
    "appointment_today": APPOINTMENT,
    "check_in": CHECK_IN,
    "weekly": CHECK_IN,
    "second_text": CHECK_IN,
}
HOWS = ("aloud", "alone", "interpreted")  # read to the person, by the person, or through an interpreter
