"""Every pair of colours that stands on a screen can be read, in both themes (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "counseling" / "static" / "app.css").read_text(encoding="utf-8")

# (ink, ground, least ratio): 7 is aimed at for text read all day, 4.5 is the floor, 3 is for outlines of controls.
PAIRS = [
    ("ink", "paper", 7.0),
    ("ink", "sheet", 7.0),
    ("ink", "act-wash", 7.0),
    ("ink", "stop-wash", 7.0),
    ("paper", "ink", 7.0),
    ("quiet", "paper", 6.0),
    ("quiet", "sheet", 6.0),
    ("quiet", "act-wash", 5.0),
    ("act", "paper", 6.5),
    ("act", "sheet", 6.5),
    ("on-act", "act", 7.0),
    ("attention", "paper", 6.0),
    ("attention", "attention-wash", 6.0),
    ("attention", "act-wash", 5.0),
    ("stop", "paper", 7.0),
    ("stop", "stop-wash", 6.5),
    ("stop", "act-wash", 5.0),
    ("on-stop", "stop", 7.0),
    ("done", "paper", 6.5),
    ("done", "done-wash", 6.0),
    ("done", "act-wash", 5.0),
    ("edge", "paper", 3.0),
    ("edge", "sheet", 3.0),
]


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9A-F]{6});", block))


def themes() -> dict[str, dict[str, str]]:
    ordinary = CSS[CSS.index(":root {") : CSS.index("/* ---- practice")]
    practice = CSS[CSS.index("/* ---- practice") : CSS.index("/* ---- ground ---- */")]
    light, dark = (tokens(part) for part in ordinary.split("@media (prefers-color-scheme: dark)"))
    other_light, other_dark = (tokens(part) for part in practice.split("@media (prefers-color-scheme: dark)"))
    # In the dark the practice's light tokens stand below its dark ones, and both below the ordinary dark ones.
    return {
        "light": light,
        "dark": dark,
        "practice light": light | other_light,
        "practice dark": dark | other_light | other_dark,
    }


def luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_measure_itself_knows_black_on_white_and_grey_on_white() -> None:
    assert ratio("#000000", "#FFFFFF") == pytest.approx(21)
    assert ratio("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark", "practice light", "practice dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_every_pair_of_colours_can_be_read(theme: str, ink: str, ground: str, least: float) -> None:
    colours = themes()[theme]
    assert ratio(colours[ink], colours[ground]) >= least, f"--{ink} on --{ground}, {theme}"


def test_both_themes_name_the_same_colours() -> None:
    found = themes()
    assert len({frozenset(tokens) for tokens in found.values()}) == 1


def test_the_practice_cannot_be_taken_for_the_real_thing() -> None:
    found = themes()
    for theme in ("light", "dark"):
        assert found[f"practice {theme}"]["paper"] != found[theme]["paper"]
        assert found[f"practice {theme}"]["act"] != found[theme]["act"]


def test_no_colour_of_a_screen_is_written_outside_the_tokens() -> None:
    """Black, white and grey of paper (cards, print) are the only exceptions."""
    rest = CSS[CSS.index("/* ---- ground ---- */") : CSS.index("@page")]
    assert set(re.findall(r"#[0-9A-Fa-f]{3,6}\b", rest)) <= {"#fff", "#000", "#777", "#line"}
