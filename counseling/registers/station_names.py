"""Whether the station that a register's row names is the one that it is imported for."""

from __future__ import annotations

from collections.abc import Iterable

from counseling.domain.names import words

# What offices put around a place's own name.
_GENERIC = frozenset(
    words(
        "trạm y tế tyt ttyt trung tâm phường p xã x thị trấn tt điểm cấp phát thuốc cp cơ sở điều trị csdt"
        " methadone mmt huyện thành phố tp tỉnh bệnh viện phòng khám đa khoa"
    )
)


def may_be_station(text: str, names: Iterable[str]) -> bool:
    """Compare the place's own words: "Đông Kinh" and "TYT P. Đông Kinh" are "Trạm Y tế phường Đông Kinh".

    `names` are the station's name, code and former names. A text of generic words only names nobody: True.
    """
    wanted = _own_words(text)
    if not wanted:
        return True
    return any(wanted == own or (own and wanted <= own) for own in map(_own_words, names))


def _own_words(text: str) -> frozenset[str]:
    return frozenset(words(text)) - _GENERIC
