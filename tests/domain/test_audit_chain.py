import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.audit_chain import GENESIS, ChainEntry, entry_hash, first_broken

AT = "2026-11-22T00:30:00+00:00"
texts = st.text(max_size=12)
FIELDS = ["previous_hash", "chain", "sequence", "at_iso", "actor", "action", "subject", "details", "own_hash"]


def chain_of(details: list[str], chain: str = "site:1", start: int = 1) -> list[ChainEntry]:
    entries, previous = [], GENESIS
    for sequence, detail in enumerate(details, start):
        facts = (previous, chain, sequence, AT, "staff:7", "dose.recorded", "patient:k3", detail)
        previous = entry_hash(*facts)
        entries.append(ChainEntry(*facts, previous))
    return entries


def test_the_encoding_is_fixed_for_ever() -> None:
    assert GENESIS == "0" * 64
    written = '["' + GENESIS + '","site:1",1,"' + AT + '","staff:7","dose.recorded","patient:k3","{\\"mg\\":605}"]'
    digest = hashlib.sha256(written.encode("ascii")).hexdigest()
    assert entry_hash(GENESIS, "site:1", 1, AT, "staff:7", "dose.recorded", "patient:k3", '{"mg":605}') == digest


@given(st.lists(texts, max_size=8))
def test_an_untouched_chain_is_whole(details: list[str]) -> None:
    assert first_broken(chain_of(details)) is None
    assert first_broken(iter(chain_of(details))) is None


@given(st.lists(texts, min_size=1, max_size=8), st.data())
def test_any_changed_field_breaks_the_chain_at_that_entry(details: list[str], data: st.DataObject) -> None:
    entries = chain_of(details)
    place = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(st.sampled_from(FIELDS))
    old = getattr(entries[place], field)
    new: Any = old + 1 if isinstance(old, int) else data.draw(texts.filter(lambda text: text != old))
    entries[place] = replace(entries[place], **{field: new})
    assert first_broken(entries) == place + 1


@given(st.lists(texts, min_size=2, max_size=8), st.data())
def test_an_entry_rewritten_with_its_own_hash_breaks_the_next_link(details: list[str], data: st.DataObject) -> None:
    entries = chain_of(details)
    place = data.draw(st.integers(0, len(entries) - 2))
    forged = chain_of([*details[:place], details[place] + "!"])[place]
    entries[place] = forged
    assert first_broken(entries) == place + 2


@given(st.lists(texts, min_size=2, max_size=8), st.data())
def test_a_removed_entry_is_the_first_broken_link(details: list[str], data: st.DataObject) -> None:
    entries = chain_of(details)
    place = data.draw(st.integers(0, len(entries) - 2))
    del entries[place]
    assert first_broken(entries) == place + 1


@given(st.lists(texts, min_size=2, max_size=8, unique=True), st.data())
def test_two_entries_in_the_wrong_order_are_found(details: list[str], data: st.DataObject) -> None:
    entries = chain_of(details)
    place = data.draw(st.integers(0, len(entries) - 2))
    entries[place], entries[place + 1] = entries[place + 1], entries[place]
    assert first_broken(entries) == place + 1


def test_a_repeated_entry_is_found() -> None:
    entries = chain_of(["a", "b"])
    assert first_broken([entries[0], entries[0], entries[1]]) == 2


def test_a_chain_starts_with_number_one() -> None:
    assert first_broken(chain_of(["a"], start=0)) == 1
    assert first_broken(chain_of(["a"], start=2)) == 1


def test_entries_of_another_chain_do_not_fit_in() -> None:
    first = chain_of(["a"])[0]
    facts = (first.own_hash, "site:2", 2, AT, "staff:7", "dose.recorded", "patient:k3", "b")
    assert first_broken([first, ChainEntry(*facts, entry_hash(*facts))]) == 2


def test_a_cut_tail_does_not_show_here() -> None:
    assert first_broken(chain_of(["a", "b", "c"])[:2]) is None


@pytest.mark.parametrize(
    ("left", "right"), [(("ab", "c"), ("a", "bc")), (('a","b', ""), ("a", "b")), (("", "a"), ("a", ""))]
)
def test_text_moved_from_one_field_to_the_next_gives_another_hash(
    left: tuple[str, str], right: tuple[str, str]
) -> None:
    hashes = {entry_hash(GENESIS, "site:1", 1, AT, "staff:7", "x", *fields) for fields in (left, right)}
    assert len(hashes) == 2


def test_text_that_cannot_be_written_as_utf_8_is_still_hashed() -> None:
    assert len(entry_hash(GENESIS, "site:1", 1, AT, "staff:7", "x", "y", "\ud800")) == 64
