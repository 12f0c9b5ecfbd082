"""How a text is spelled on one number: under the name and in the letters that a person chose."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from counseling.database import AnySession
from counseling.domain.text_choices import WORK
from counseling.domain.unsent import Unsent
from counseling.queries.text_choices import Addressee, Wanted, wanted_by
from counseling.queries.wordings import Wordings
from counseling.sms.wording import PRONOUN, text_of
from counseling.sms.wording_marks import OVERT


class NoWords(Exception):  # noqa: N818 - says what there is not
    """A text has no words that may be sent; `verdict` as the second look gives it (services/reminder_gates.py)."""

    def __init__(self, verdict: str) -> None:
        super().__init__(verdict)
        self.verdict = verdict


@dataclass(frozen=True)
class Spelling:
    """As it ships, until somebody has chosen otherwise."""

    has_marks: bool = False
    pronoun: str = PRONOUN
    pretext: str = WORK

    def text(self, wording: str, wordings: Wordings, /, **values: str) -> str:
        """The text of this key. Raises NoWords where a value has marks and the text none, or where it would be longer
        than one segment, with marks than what is paid for."""
        chosen = {"pretext": self.pretext, "pronoun": self.pronoun}
        try:
            return text_of(wording, wordings, has_marks=self.has_marks, **chosen, **values)
        except ValueError as error:
            raise NoWords(f"refused:{Unsent.WORDING}") from error


def spellings_for(session: AnySession, whose: Collection[Addressee]) -> dict[Addressee, Spelling]:
    """For each as they want it; on a phone that others read what tells nobody who or what is meant."""
    wanted = wanted_by(session, whose)
    return {one: _spelling(wanted[one]) if one in wanted else Spelling() for one in whose}


def _spelling(wanted: Wanted) -> Spelling:
    if wanted.is_read_by_others:
        return Spelling(wanted.has_marks, PRONOUN, WORK if wanted.pretext in OVERT else wanted.pretext)
    return Spelling(wanted.has_marks, wanted.pronoun or PRONOUN, wanted.pretext)
