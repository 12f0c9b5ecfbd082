"""The accounts of a demo database; interfaces.md holds their names."""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "diem-tua-demo"  # noqa: S105 - printed on purpose; it opens invented data only
PIN = "240613"  # of everybody who works at a site; it counts on a device that is a station's only


@dataclass(frozen=True)
class Desk:
    """A role at a place; `place` is the code of a site, a team or an area, None for an administrator."""

    kind: str
    side: str
    place: str | None


@dataclass(frozen=True)
class Account:
    username: str
    display_name: str
    desks: tuple[Desk, ...]


DONG_KINH, CAO_LOC, FACILITY = "TYT-DK", "TTYT-CL", "CDC-LS"  # codes in data/sites_lang_son.toml
MAU_SON, CONG_SON = "DT-D-MS", "DT-D-CS"  # codes of the demo's teams
DRAWN, PROVINCE = "DT-KV-01", "20"  # codes of areas

ACCOUNTS = (
    Account(
        "dispenser",
        "Nông Thị Hiền",
        (Desk("dispenser", "treatment", DONG_KINH),),
    ),
    Account(
        "dispenser2",
        "Vi Văn Thuận",
        (Desk("dispenser", "treatment", CAO_LOC),),
    ),
    Account(
        "doctor",
        "Hoàng Minh Tuệ",
        (Desk("doctor", "treatment", FACILITY),),
    ),
    Account(
        "counselor",
        "Lương Thu Trang",
        (Desk("counselor", "support", DONG_KINH),),
    ),
    Account(
        "nurse",
        "Lộc Thị Ngân",
        (Desk("dispenser", "treatment", CAO_LOC), Desk("counselor", "support", CAO_LOC)),
    ),
    Account(
        "volunteer",
        "Triệu Văn Lâm",
        (Desk("volunteer", "support", MAU_SON),),
    ),
    Account(
        "volunteer2",
        "Đặng Thị Mai",
        (Desk("volunteer", "support", CONG_SON),),
    ),
    Account(
        "supervisor",
        "Hứa Quốc Bảo",
        (Desk("supervisor", "treatment", DRAWN),),
    ),
    Account(
        "community",
        "Đàm Thị Yến",
        (Desk("supervisor", "support", DRAWN),),
    ),
    Account(
        "province",
        "Bế Văn Chính",
        (Desk("supervisor", "treatment", PROVINCE), Desk("supervisor", "support", PROVINCE)),
    ),
    Account(
        "admin",
        "Phạm Quang Huy",
        (Desk("administrator", "house", None),),
    ),
)
USERNAMES = tuple(account.username for account in ACCOUNTS)
