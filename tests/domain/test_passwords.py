import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.common_passwords import COMMON_PASSWORDS
from counseling.domain.names import fold
from counseling.domain.passwords import ensure_good_password
from counseling.domain.refusal import Refusal


def code_for(password: str, username: str = "bs.lan") -> str | None:
    try:
        ensure_good_password(password, username)
    except Refusal as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize(
    "password", ["diem-tua-demo", "mưa rơi đầu ngõ", "k7#wqz!p", "x9 ." * 50, "密码很长但是可以用"]
)
def test_eight_characters_and_more_that_nobody_tries_first_are_good(password: str) -> None:
    assert code_for(password) is None


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "password_too_short"),
        ("k7#wqz!", "password_too_short"),
        ("k7#wqz!p" * 25 + "x", "password_too_long"),
        ("12345678", "password_common"),
        ("matkhau1", "password_common"),
        ("MatKhau1", "password_common"),
        ("Mật khẩu 1", "password_common"),
        ("AnhYêuEm", "password_common"),
        ("P@ssw0rd", "password_common"),
        ("Langson@123", "password_common"),
        ("        ", "password_common"),
        ("xyxyxyxyxy", "password_common"),
    ],
)
def test_what_is_guessed_first_is_refused_with_its_reason(password: str, code: str) -> None:
    assert code_for(password) == code


@given(st.sampled_from(sorted(COMMON_PASSWORDS)), st.sampled_from([str.upper, str.title, str.swapcase]))
def test_capitals_make_no_common_password_a_rare_one(password: str, spell: type[str]) -> None:
    assert code_for(spell(password)) == "password_common"


@pytest.mark.parametrize("password", ["tran.thi.hoa", "Tran.Thi.Hoa", "tran.thi.hoa "])
def test_the_username_is_no_password(password: str) -> None:
    assert code_for(password, "tran.thi.hoa") == "password_is_username"


def test_the_list_holds_what_the_rule_can_meet() -> None:
    assert 200 <= len(COMMON_PASSWORDS) <= 400
    assert all(len(word) >= 8 and word == word.casefold() and word.isascii() for word in COMMON_PASSWORDS)


@given(st.text(max_size=250), st.text(max_size=20))
def test_every_text_is_good_or_refused_by_one_of_four_codes(password: str, username: str) -> None:
    code = code_for(password, username)
    if code == "password_too_short":
        assert len(password) < 8
    elif code == "password_too_long":
        assert len(password) > 200
    elif code is None:
        assert 8 <= len(password) <= 200
        assert fold(password).replace(" ", "") not in COMMON_PASSWORDS
    else:
        assert code in {"password_common", "password_is_username"}
