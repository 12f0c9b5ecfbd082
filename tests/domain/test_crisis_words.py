"""Texts behind which somebody may be in danger: over a labelled set none is missed, however it is typed."""

from __future__ import annotations

import importlib.util
import re
import sys
import unicodedata
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counseling.domain.crisis_words import says_danger
from counseling.domain.names import fold
from counseling.domain.replies import read_reply
from tests.house.sources import ROOT

MOST_FALSE_ALARMS = 0.05  # of what is no crisis, of which nearly half was chosen because it sounds like one
# Without their marks these are everyday words: tư vấn is counseling.
MARKS_TELL = re.compile(r"tự v[ẫậ]n", re.IGNORECASE)


def measuring() -> ModuleType:
    """The script that prints the same figures."""
    name = "measure_replies"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "scripts/measure_replies.py")
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


ROWS = list(measuring().labelled())
CRISES = [row for row in ROWS if row.is_crisis]
TEXTS = st.sampled_from([row.text for row in CRISES if len(row.text) < 200])


def test_the_set_is_large_and_no_crisis_in_it_is_missed() -> None:
    assert len(ROWS) >= 300 and len(CRISES) >= 100
    assert [row.text for row in CRISES if row.read() != "crisis"] == []


def test_false_alarms_are_few(capsys: pytest.CaptureFixture[str]) -> None:
    others = [row for row in ROWS if not row.is_crisis]
    false = [row.text for row in others if row.read() == "crisis"]
    missed = sum(row.read() != "crisis" for row in CRISES)
    with capsys.disabled():
        counts = f"{missed} missed of {len(CRISES)}, {len(false)} false alarms of {len(others)}"
        print(f"\n  words of danger: {counts}: {false}")
    assert len(false) <= MOST_FALSE_ALARMS * len(others)


def test_everything_else_is_read_as_it_is_labelled() -> None:
    wrong = [(row.text, row.label, row.read()) for row in ROWS if row.label not in ("crisis", "harmless", row.read())]
    assert [one for one in wrong if one[2] != "crisis"] == []


def test_without_marks_none_is_missed_but_what_its_marks_alone_tell() -> None:
    missed = [row.text for row in CRISES if says_danger(fold_letters(row.text)) is None]
    assert [text for text in missed if not MARKS_TELL.search(text)] == []


@pytest.mark.parametrize(
    "text", ["em ở nhà. 115", "em o nha! 1 1 5", "nay lạnh\nchết mất", "thịt. cứu", "em ở nhà 2 ngày. 115"]
)
def test_what_stands_in_the_sentence_before_says_nothing_about_a_word(text: str) -> None:
    """ "nhà 115" is an address; behind a full stop it is a call for help."""
    assert says_danger(text) is not None
    assert says_danger("em ở nhà 115") is None


@given(TEXTS, st.sampled_from(["upper", "title", "nfd", "spaces", "emoji", "wide", "zero", "long"]))
def test_it_does_not_matter_how_it_is_typed(text: str, way: str) -> None:
    typed = {
        "upper": text.upper(),
        "title": text.title(),
        "nfd": unicodedata.normalize("NFD", text),
        "spaces": f"\n  {text.replace(' ', '   ')}\t",
        "emoji": f"😭 {text} 🙏🏽",
        "wide": "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text),
        "zero": "\u200b" + text.replace("o", "o\u200d"),
        "long": f"{'hôm nay em ở nhà. ' * 60}{text}",
    }[way]
    assert says_danger(typed) is not None


@given(st.text(max_size=400))
@settings(max_examples=60)
def test_any_text_is_read_without_an_error(text: str) -> None:
    says_danger(text)
    assert read_reply(text, None).meaning


def test_danger_comes_before_the_open_question_and_after_a_stop() -> None:
    assert read_reply("2 em muốn chết", "check_in").meaning == "crisis"
    assert read_reply("1", "check_in").meaning == "answer"
    assert read_reply("THOI", "check_in").meaning == "stop"
    assert read_reply("nhầm số, chồng tôi co giật", None).meaning == "crisis"


def test_two_thousand_letters_are_read_quickly() -> None:
    from time import perf_counter

    began = perf_counter()
    for _ in range(20):
        says_danger(("goi mai " * 250)[:2_000])
        says_danger("e k mún " * 250)
    assert (perf_counter() - began) / 40 < 0.1


def fold_letters(text: str) -> str:
    """Without marks, letter by letter: signs stay where they are."""
    return "".join(letter if letter.isascii() else fold(letter) for letter in unicodedata.normalize("NFC", text))
