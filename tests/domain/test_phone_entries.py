"""When a visit was, by a phone's word and the server's; and what is kept of what a form says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.phone_entries import (
    FORM_VERSION,
    LONGEST_NOTE,
    OLDEST_VISIT,
    READERS,
    SKEW_SHOWN,
    Said,
    codes_text,
    happened_at,
    is_clock_off,
    read_said,
    said_of_text,
    skew_of,
)
from counseling.domain.refusal import Refusal

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
waits = st.timedeltas(min_value=timedelta(), max_value=OLDEST_VISIT - timedelta(days=1))
skews = st.timedeltas(min_value=timedelta(days=-4000), max_value=timedelta(days=4000))


@given(waited=waits, skew=skews)
def test_a_clock_that_says_at_sending_how_wrong_it_is_puts_every_visit_right(
    waited: timedelta, skew: timedelta
) -> None:
    saved = NOW - waited + skew
    found = happened_at(saved, skew_of(NOW + skew, saved, NOW), NOW)
    assert found == NOW - waited
    assert is_clock_off(saved, skew, NOW) or abs(skew) <= SKEW_SHOWN


@given(saved=st.datetimes(timezones=st.just(UTC)), sent=st.none() | st.datetimes(timezones=st.just(UTC)))
def test_no_visit_lies_ahead_of_its_arrival_or_before_anybody_carried_the_phone(
    saved: datetime, sent: datetime | None
) -> None:
    found = happened_at(saved, skew_of(sent, saved, NOW), NOW)
    assert NOW - OLDEST_VISIT <= found <= NOW


def test_without_a_word_from_the_phone_a_visit_that_waited_is_no_wrong_clock() -> None:
    saved = NOW - timedelta(days=20)
    skew = skew_of(None, saved, NOW)
    assert (skew, happened_at(saved, skew, NOW), is_clock_off(saved, skew, NOW)) == (timedelta(), saved, False)


def test_todays_form_is_one_that_is_understood_and_no_more_than_three_are() -> None:
    assert max(READERS) == FORM_VERSION
    assert len(READERS) <= 3
    for version in (0, FORM_VERSION + 1):
        with pytest.raises(Refusal, match="form_unknown"):
            read_said(version, b"{}")


codes = st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,23}", fullmatch=True), max_size=8)


@given(topics=codes, note=st.text(max_size=700), minutes=st.integers(-5, 600))
def test_what_a_form_says_comes_out_as_it_went_in(topics: list[str], note: str, minutes: int) -> None:
    body = {"outcome": "well", "topics": topics, "agreed": note, "minutes": minutes, "task": "look_in"}
    said = read_said(1, json.dumps(body).encode())
    assert said.topics == tuple(dict.fromkeys(topics)) and said.answers == ("look_in",)
    assert said.minutes == (minutes if 1 <= minutes <= 480 else None)
    assert said.agreed is None or (len(said.agreed) <= LONGEST_NOTE and said.agreed.isprintable())
    assert said_of_text(said.as_text()) == said


@given(chosen=codes)
def test_codes_fit_into_their_column_and_known_ones_stand_first(chosen: list[str]) -> None:
    kept = codes_text(["work", *chosen], ("money", "work"), 60).split(",")
    assert kept[0] in ("money", "work") and len(",".join(kept)) <= 60
    assert codes_text((), ("work",), 60) == ""
    assert codes_text(["x" * 24] * 9 + ["work"], ("work",), 24) == "work"


def test_of_a_group_each_is_told_apart() -> None:
    said = Said(outcome="met_well", people=("a", "b"))
    assert (said.about("b").who, said.about("b").people) == ("b", ())
