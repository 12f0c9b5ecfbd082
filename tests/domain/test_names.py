import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.names import fold, fold_hamlet, in_counting_order, short_hamlet, tidy_name, words

VIETNAMESE = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"
vietnamese_names = st.lists(st.text(VIETNAMESE, min_size=1, max_size=7), min_size=1, max_size=5).map(" ".join)


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Nguyễn Văn Đức", "nguyen van duc"),
        ("  NGUYỄN\t văn   ĐỨC ", "nguyen van duc"),
        (unicodedata.normalize("NFD", "Nguyễn Thị Đượm"), "nguyen thi duom"),
        ("Hoà-Bình", "hoa binh"),
        ("Hòa_Bình", "hoa binh"),
        ("Ðặng Ɖức", "dang duc"),
        ("H'Hen Niê", "h hen nie"),
        ("BN-0042/ĐK", "bn 0042 dk"),
        ("İ", "i"),
        ("—…", ""),
        ("", ""),
    ],
)
def test_marks_capitals_and_punctuation_do_not_matter_when_searching(typed: str, folded: str) -> None:
    assert fold(typed) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_a_folded_text_has_single_inner_spaces_and_alphanumerics_only(text: str) -> None:
    folded = fold(text)
    assert "".join(folded.split(" ")).isalnum() or folded == ""
    assert folded == " ".join(folded.split())


@given(st.text())
def test_composed_and_decomposed_spellings_fold_to_the_same(text: str) -> None:
    assert fold(unicodedata.normalize("NFC", text)) == fold(unicodedata.normalize("NFD", text))


@given(vietnamese_names)
def test_a_vietnamese_name_folds_to_plain_ascii_in_either_case(name: str) -> None:
    assert fold(name).isascii()
    assert fold(name.upper()) == fold(name) == fold(name.title())
    assert len(fold(name)) == len(name)


@given(st.text())
def test_words_are_the_folded_text_split_at_its_spaces(text: str) -> None:
    assert " ".join(words(text)) == fold(text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("NGUYỄN VĂN AN", "Nguyễn Văn An"),
        ("nguyễn  văn\u00a0an ", "Nguyễn Văn An"),
        ("Nguyễn văn An", "Nguyễn văn An"),
        ("H'HEN NIÊ", "H'Hen Niê"),
        ("đỗ thị đào", "Đỗ Thị Đào"),
        ("ÐẶNG VĂN A", "Đặng Văn A"),
        ("a", "A"),
        ("", ""),
        (unicodedata.normalize("NFD", "LÊ THỊ ĐƯỢM"), "Lê Thị Đượm"),
    ],
)
def test_a_name_in_one_case_only_is_set_in_title_case_and_others_stay(typed: str, kept: str) -> None:
    assert tidy_name(typed) == kept


@given(vietnamese_names, st.sampled_from([str.upper, str.lower, str.title, str.swapcase, str]))
def test_tidying_keeps_the_name_that_is_searched_and_is_stable(name: str, spell: type[str]) -> None:
    tidied = tidy_name(spell(name))
    assert fold(tidied) == fold(name)
    assert tidy_name(tidied) == tidied
    assert unicodedata.is_normalized("NFC", tidied)


@pytest.mark.parametrize(
    ("typed", "key", "short"),
    [
        ("Thôn Nà Mìu", "na miu", "Nà Mìu"),
        ("nà mìu", "na miu", "nà mìu"),
        ("Bản Nà Mìu", "na miu", "Nà Mìu"),
        ("Thôn 3", "thon 3", "Thôn 3"),
        ("Khối 12", "khoi 12", "Khối 12"),
        ("Khối phố 3", "khoi pho 3", "Khối phố 3"),
        ("Tổ dân phố 5", "to dan pho 5", "Tổ dân phố 5"),
        ("Thôn II", "thon ii", "Thôn II"),
        ("Khu phố II", "khu pho ii", "Khu phố II"),
        ("Tổ số 3", "to so 3", "Tổ số 3"),
        ("Thôn Phố Cũ", "pho cu", "Phố Cũ"),
        ("Khu  phố Tân Tiến", "tan tien", "Tân Tiến"),
        ("Thôn", "thon", "Thôn"),
        ("TO:AA", "aa", "TO:AA"),
        ("", "", ""),
    ],
)
def test_a_hamlet_is_the_same_however_its_kind_is_written(typed: str, key: str, short: str) -> None:
    assert (fold_hamlet(typed), short_hamlet(typed)) == (key, short)


@given(st.text() | st.builds("{}{}{}".format, st.sampled_from(["Thôn", "TO", "khu phố"]), st.text(), st.text("aB3 :-")))
def test_of_no_hamlet_the_whole_name_is_lost(text: str) -> None:
    assert bool(fold_hamlet(text)) == bool(fold(text)) == bool(fold(short_hamlet(text)))
    assert fold(short_hamlet(text)) in (fold_hamlet(text), fold(text))


def test_hamlets_with_numbers_stand_as_one_counts() -> None:
    assert sorted(["khoi 10", "khoi 2", "na miu", "khoi 2 b"], key=in_counting_order) == [
        "khoi 2", "khoi 2 b", "khoi 10", "na miu",
    ]  # fmt: skip
