"""Which contacts count: the last word of each, where it was first said."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.contacts import (
    ANSWERS,
    KINDS,
    TOPICS,
    WITHDRAWN,
    Entry,
    ensure_contact,
    first_of,
    is_met_on,
    latest_of,
    standing,
    topics_text,
)
from counseling.domain.refusal import Refusal
from counseling.models.contacts import CONTACT_KINDS, OUTCOMES, OutreachContact

TODAY = date(2026, 11, 22)


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def test_the_last_correction_of_an_entry_counts() -> None:
    entries = [Entry(1, "met_well", TODAY), Entry(2, "met_needs_help", TODAY, 1), Entry(3, "not_met", TODAY, 2)]
    assert standing(entries) == [entries[2]]
    assert first_of(entries, 3) == 1


def test_a_withdrawn_entry_leaves_the_one_before_it() -> None:
    entries = [Entry(1, "met_well", day(-7)), Entry(2, "not_met", TODAY), Entry(3, WITHDRAWN, TODAY, 2)]
    assert latest_of(entries) == entries[0]
    assert latest_of(entries[1:]) is None


def test_a_correction_is_no_later_contact() -> None:
    """In the morning not met, in the evening met; the morning's entry is corrected at night."""
    entries = [Entry(1, "not_met", TODAY), Entry(2, "met_well", TODAY), Entry(3, "not_met", TODAY, 1)]
    assert latest_of(entries) == entries[1]


def test_somebody_was_met_on_a_day_only_by_an_entry_that_counts() -> None:
    entries = [Entry(1, "met_well", TODAY), Entry(2, "not_met", TODAY, 1), Entry(3, "met_well", day(-1))]
    assert not is_met_on(entries, TODAY)
    assert is_met_on(entries, day(-1))


Step = tuple[str, int, int, str]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("say", "correct", "withdraw")),
        st.integers(-5, 0),
        st.integers(0, 20),
        st.sampled_from(ANSWERS),
    ),
    max_size=25,
)


@given(STEPS)
def test_the_summary_equals_a_recount(steps: list[Step]) -> None:
    """Against a notebook in which people would rub out and write over."""
    rows: list[Entry] = []
    notebook: list[dict[str, object]] = []  # one line for each contact, as it reads now
    for what, offset, choice, outcome in steps:
        lines = [line for line in notebook if line["outcome"] != WITHDRAWN]
        if what == "say" or not lines:
            rows.append(Entry(len(rows) + 1, outcome, day(offset)))
            notebook.append({"on": day(offset), "outcome": outcome, "row": rows[-1].id})
            continue
        line = lines[choice % len(lines)]
        said = outcome if what == "correct" else WITHDRAWN
        rows.append(Entry(len(rows) + 1, said, line["on"], line["row"]))  # type: ignore[arg-type]
        line |= {"outcome": said, "row": rows[-1].id}
    left = [line for line in notebook if line["outcome"] != WITHDRAWN]
    left.sort(key=lambda line: line["on"])  # type: ignore[arg-type,return-value]  # stable: as they were first said
    assert [(entry.contact_on, entry.outcome) for entry in standing(rows)] == [(x["on"], x["outcome"]) for x in left]
    latest = latest_of(rows)
    assert (latest and (latest.contact_on, latest.outcome)) == ((left[-1]["on"], left[-1]["outcome"]) if left else None)


@pytest.mark.parametrize(
    ("kind", "outcome", "next_on", "code"),
    [
        ("pigeon", "met_well", None, "kind_unknown"),
        ("home", "withdrawn", None, "outcome_unknown"),
        ("home", "", None, "outcome_unknown"),
        ("home", "met_well", TODAY, "next_out_of_range"),
        ("home", "met_well", day(367), "next_out_of_range"),
    ],
)
def test_what_no_page_offers_is_refused(kind: str, outcome: str, next_on: date | None, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        ensure_contact(kind, outcome, next_on, TODAY)
    assert refusal.value.code == code


def test_topics_are_kept_in_the_order_of_the_list() -> None:
    assert topics_text(["work", "family", "work"]) == "family,work"
    assert topics_text([]) == ""
    with pytest.raises(Refusal):
        topics_text(["family", "dose"])


def test_the_words_of_the_rules_are_those_of_the_tables() -> None:
    assert KINDS == CONTACT_KINDS
    assert (*ANSWERS, WITHDRAWN) == OUTCOMES
    length = OutreachContact.__table__.c.topics.type.length
    assert len(topics_text(TOPICS)) <= length
