"""Why a reminder or a text did not go out: the codes that stand in its row, which pages say in people's words.

Whose failure a failed text was says `message_states.FailureReason`; why a reminder is held, `reminders`.
"""

from enum import StrEnum


class Unsent(StrEnum):
    # Not needed any more.
    DOSED = "dosed"
    SEEN = "seen"
    NO_ORDER = "no_order"
    COVERED = "covered"
    RENEWED = "renewed"
    SHUT = "shut"
    MET = "met"
    ANSWERED = "answered"
    TOLD = "told"  # how to stop, by another text meanwhile
    HEARD_OF = "heard_of"
    AFTERCARE_ENDED = "aftercare_ended"
    APPOINTMENT_MOVED = "appointment_moved"
    APPOINTMENT_KEPT = "appointment_kept"
    APPOINTMENT_MISSED = "appointment_missed"
    APPOINTMENT_CANCELLED = "appointment_cancelled"
    APPOINTMENT_PAST = "appointment_past"
    APPOINTMENT_GONE = "appointment_gone"
    RULE_CHANGED = "rule_changed"
    BY_STAFF = "by_staff"
    TAKEN_BACK = "cancelled"  # its reminder was, and says no more
    # Not wanted.
    CALLS_ONLY = "calls_only"
    OWN_CHOICE = "own_choice"
    OPTED_OUT = "opted_out"
    NO_CONSENT = "no_consent"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    # Nobody to be told.
    DISCHARGED = "discharged"
    MOVED = "moved"
    DIED = "died"
    LEFT = "left"  # without a word of who said so
    NO_FILE = "no_file"
    # No number that it could go to.
    UNREACHABLE = "unreachable"
    NOT_THEIR_NUMBER = "not_their_number"
    NUMBER_REMOVED = "number_removed"
    NUMBER_WRONG = "number_wrong"
    NUMBER_FAILS = "number_fails"
    SHARED_PHONE = "shared_phone"
    DENIED = "denied"
    # Ours.
    DAILY_CAP = "daily_cap"
    WORDING = "wording"
