"""States as a table: no word of a provider, however late or often, takes back what is final."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.message_states import (
    FINISHED,
    NEXT_STATES,
    MessageState,
    after_lost_attempt,
    after_receipt,
)
from counseling.models.texts import MESSAGE_STATES

S = MessageState
WORDS = st.sampled_from([S.ACCEPTED, S.DELIVERED, S.FAILED])
FINAL = [S.DELIVERED, S.FAILED, S.CLEARED, S.EXPIRED, S.REFUSED, S.CANCELLED]


def course(start: MessageState, words: list[MessageState]) -> list[MessageState]:
    states = [start]
    for word in words:
        states.append(after_receipt(states[-1], word))
    return states


def test_the_table_and_the_database_name_the_same_states() -> None:
    assert set(NEXT_STATES) == set(S)
    assert sorted(S) == sorted(MESSAGE_STATES)


@given(st.sampled_from(list(S)), st.lists(WORDS, max_size=8))
def test_receipts_move_a_text_only_as_the_table_allows(start: MessageState, words: list[MessageState]) -> None:
    for before, after in pairwise(course(start, words)):
        assert after == before or after in NEXT_STATES[before]


@given(st.sampled_from(FINAL), st.lists(WORDS, max_size=8))
def test_nothing_leaves_a_final_state(start: MessageState, words: list[MessageState]) -> None:
    assert course(start, words)[-1] == start


@given(st.sampled_from(list(S)), st.lists(WORDS, min_size=1, max_size=8))
def test_a_repeated_receipt_changes_nothing(start: MessageState, words: list[MessageState]) -> None:
    doubled = [word for word in words for _ in range(2)]
    assert course(start, doubled)[-1] == course(start, words)[-1]


@given(st.permutations([S.ACCEPTED, S.ACCEPTED, S.DELIVERED, S.DELIVERED]))
def test_the_order_of_receipts_does_not_matter(words: list[MessageState]) -> None:
    assert course(S.CLAIMED, words)[-1] == S.DELIVERED


@pytest.mark.parametrize("word", [S.DELIVERED, S.FAILED, S.ACCEPTED])
def test_a_late_receipt_settles_what_was_unknown(word: MessageState) -> None:
    assert after_receipt(S.UNKNOWN, word) == word
    assert after_receipt(S.DELIVERED, S.FAILED) == S.DELIVERED


def test_a_receipt_for_a_queued_text_stops_it_from_going_out_again() -> None:
    assert after_receipt(S.QUEUED, S.DELIVERED) == S.DELIVERED
    assert after_receipt(S.QUEUED, S.FAILED) == S.QUEUED  # the earlier attempt failed; the next one may not


@given(st.sampled_from(list(S)))
def test_words_that_no_provider_says_move_nothing(current: MessageState) -> None:
    for word in set(S) - {S.ACCEPTED, S.DELIVERED, S.FAILED}:
        assert after_receipt(current, word) == current


def test_only_the_unknown_may_learn_better_once_a_text_is_finished() -> None:
    assert [state for state in FINISHED if NEXT_STATES[state]] == [S.UNKNOWN]


def test_a_lost_attempt_goes_out_again_only_where_it_provably_did_not_and_a_repeat_does_no_harm() -> None:
    verdicts = {
        (known, safe): after_lost_attempt(known, repeat_safe=safe)
        for known in (True, False, None)
        for safe in (True, False)
    }
    assert verdicts == {
        (True, True): S.ACCEPTED,
        (True, False): S.ACCEPTED,
        (False, True): S.QUEUED,
        (False, False): S.UNKNOWN,
        (None, True): S.UNKNOWN,
        (None, False): S.UNKNOWN,
    }
