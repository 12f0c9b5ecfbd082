"""Holds (tạm dừng cấp thuốc) and alerts: what they must say, and who may end them."""

from counseling.domain.refusal import Refusal

LONGEST_WORDS = 500


def ensure_words(words: str) -> str:
    """Why, in a few words: whoever stands at the window must know what to do. Refuses none, and more than a screen."""
    plain = " ".join(words.split())
    if not plain:
        raise Refusal("hold_words_missing")
    if len(plain) > LONGEST_WORDS:
        raise Refusal("hold_words_too_long", most=LONGEST_WORDS)
    return plain


def ensure_may_lift(kind: str, *, by_doctor: bool, is_doctor: bool) -> None:
    """A hold that a doctor set is lifted by a doctor; an alert, and the station's own hold, by the treatment team."""
    if kind == "hold" and by_doctor and not is_doctor:
        raise Refusal("hold_of_a_doctor")
