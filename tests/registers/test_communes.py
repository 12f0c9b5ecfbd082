"""Communes of today and of before July 2025, as offices write them."""

from __future__ import annotations

from collections import Counter

import pytest

from counseling.registers.bad_cell import BadCell
from counseling.registers.former_communes import list_former_communes
from tests.registers.sheets import code_of, communes_of_today, lang_son

# Units per district on 30 June 2025, by the resolutions of 2019 and 2024 that set them.
UNITS = {
    "Tràng Định": 20, "Bình Gia": 19, "Văn Lãng": 17, "Cao Lộc": 22, "Văn Quan": 15, "Bắc Sơn": 18, "Hữu Lũng": 23,
    "Chi Lăng": 20, "Lộc Bình": 20, "Đình Lập": 12, "Thành phố Lạng Sơn": 8,
}  # fmt: skip


def test_every_former_commune_is_there_once_per_commune_it_went_into() -> None:
    rows = list_former_communes()
    last = {(row.former_name, row.former_district) for row in rows if row.until == "2025-06-30"}
    assert Counter(district for _, district in last) == UNITS
    assert len({(row.former_name, row.former_district, row.commune_code) for row in rows}) == len(rows)


def test_all_65_communes_of_today_are_reached_under_their_own_names() -> None:
    assert {(row.commune_name, row.commune_code) for row in list_former_communes()} == set(communes_of_today())
    assert len(communes_of_today()) == 65


def test_only_communes_that_were_split_come_in_parts() -> None:
    parts = Counter((row.former_name, row.former_district) for row in list_former_communes() if not row.is_whole)
    assert parts == {("Xã Bính Xá", "Đình Lập"): 2, ("Xã Kiên Mộc", "Đình Lập"): 2, ("Xã Đại Đồng", "Tràng Định"): 2}


@pytest.mark.parametrize("name", [name for name, _ in communes_of_today()])
def test_a_commune_of_today_is_found_however_it_is_written(name: str) -> None:
    kind, bare = name.split(" ", 1)
    for text in (name, name.upper(), bare, f"{kind[0]}. {bare}", f"{kind[0]}.{bare}", f"{name}, tỉnh Lạng Sơn"):
        assert lang_son().find(text) == code_of(name)


def test_every_former_commune_is_found_by_its_name_and_district() -> None:
    for row in list_former_communes():
        if row.is_whole:
            assert lang_son().find(f"{row.former_name}, huyện {row.former_district}") == row.commune_code
            assert lang_son().find(f"{row.former_name} - {row.former_district}") == row.commune_code or (
                row.former_district == "Thành phố Lạng Sơn"
            )


@pytest.mark.parametrize(
    ("text", "commune"),
    [
        ("phường Đông Kinh, TP Lạng Sơn", "Phường Đông Kinh"),
        ("P. Vĩnh Trại", "Phường Đông Kinh"),
        ("Yên Trạch", "Phường Đông Kinh"),
        ("TT Cao Lộc", "Phường Kỳ Lừa"),
        ("Cao Lộc", "Xã Cao Lộc"),
        ("P. Chi Lăng", "Phường Lương Văn Tri"),
        ("Xã Chi Lăng, Lạng Sơn", "Xã Chi Lăng"),
        ("Xã Chi Lăng, huyện Tràng Định", "Xã Thất Khê"),
        ("Thôn Nà Pàn, xã Hồng Phong, H. Cao Lộc", "Xã Đồng Đăng"),
        ("xã Hoà Bình (Văn Quan)", "Xã Văn Quan"),
        ("Xã Sơn Hà", "Xã Hữu Lũng"),
    ],
)
def test_names_of_before_july_2025_lead_to_the_commune_of_today(text: str, commune: str) -> None:
    assert lang_son().find(text) == code_of(commune)


def test_a_name_that_several_communes_had_gives_the_choices() -> None:
    with pytest.raises(BadCell) as caught:
        lang_son().find("Xã Hòa Bình")
    assert caught.value.code == "commune_ambiguous"
    communes = ("Xã Thiện Long", "Xã Văn Quan", "Xã Yên Bình", "Xã Vạn Linh")
    assert set(caught.value.choices) == {code_of(name) for name in communes}


@pytest.mark.parametrize("text", ["Xã Không Có", "", "Lạng Sơn", "12", "xã"])
def test_a_name_that_nobody_knows_is_told(text: str) -> None:
    with pytest.raises(BadCell, match="commune_unknown"):
        lang_son().find(text)
