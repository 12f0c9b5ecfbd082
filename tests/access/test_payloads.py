"""What somebody types into a name, a note or a community name is text on every page that shows it."""

from __future__ import annotations

from html import unescape
from html.parser import HTMLParser

from tests.access.asking import Doorbell
from tests.access.world import client_at

PAYLOADS = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>",
    "'><script src=//e></script>",
    "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>",
    "</option></select><img src=x onerror=a>",
    "\" onfocus=alert(1) autofocus x=\"", "' onmouseover=alert(1) '", "` onload=alert(1) `", "javascript:alert(1)",
    "{{7*7}}", "{% debug %}", "{{config}}", "{{ ''.__class__ }}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "%(name)s", "%s%n",
    "{0.__class__}", "<!--", "-->", "<![CDATA[x]]>", "<style>*{display:none}</style>", "<base href=//e>",
    "<iframe src=//e>",
    "<form action=//e><input name=a>", "<a href=javascript:alert(1)>x</a>",
    "<meta http-equiv=refresh content=0;url=//e>",
    "<b hx-get=/logout hx-trigger=load>x</b>", "<b data-filter-empty>x</b>", "&lt;script&gt;", "&#60;script&#62;",
    "=HYPERLINK(1)", "+cmd", "@SUM(1)", "-2+3", "＝1+1", "\u202egnp.exe", "<ScRiPt>alert(1)</sCrIpT>",
)  # fmt: skip
# What the payloads would draw, as no template of ours does.
DRAWN = {
    ("script", ()), ("script", ("src",)), ("img", ("src", "onerror")), ("svg", ("onload",)), ("style", ()),
    ("base", ("href",)), ("iframe", ("src",)), ("b", ("hx-get", "hx-trigger")), ("b", ("data-filter-empty",)),
    ("form", ("action",)), ("meta", ("http-equiv", "content")),
}  # fmt: skip


class Shape(HTMLParser):
    """The elements and attribute names of a page: what typed text must not change."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))


def shape(text: str) -> list[tuple[str, tuple[str, ...]]]:
    return Shape(text).tags


REFUSED = (
    ("dispenser", "patients.register", ("full_name", "notes", "birth")),
    ("dispenser", "patients.find", ("q",)),
    ("dispenser", "station.find", ("q",)),
    ("counselor", "counseling_desk.find", ("q",)),
    ("doctor", "orders.write", ("note", "dose_1")),
    ("admin", "admin.add_staff", ("username", "display_name")),
)
FIELDS = ("address", "alias", "notes")
OF_A_FILE = ("/patients/", "{file}", "{file}edit", "{file}status", "{file}cards", "/station/", "{file}dose")


def test_what_was_typed_is_text_on_every_page_of_the_treatment_side(door: Doorbell) -> None:
    plain = [shape(text) for text in edited(door, dict.fromkeys(FIELDS, "lành"))]
    for start in range(0, len(PAYLOADS), len(FIELDS)):
        typed = dict(zip(FIELDS, PAYLOADS[start : start + len(FIELDS)], strict=False))
        pages = edited(door, {**dict.fromkeys(FIELDS, "lành"), **typed})
        assert [shape(text) for text in pages] == plain, typed
        for payload in typed.values():
            assert payload.strip() in unescape(pages[2]), f"{payload} came back as something else"


def edited(door: Doorbell, texts: dict[str, str]) -> list[str]:
    """Write the texts into a file, and read the pages that show it."""
    file = door.world.files["dong_kinh"]
    door.reset()
    answer = door.ring("dispenser", "patients.save", "dong_kinh", full_name="Lý Chữ", **texts)
    assert answer.status_code == 303, answer.text
    client = client_at(door.app, door.world, "dispenser")
    client.get("/patients/")  # the line that says so is shown once
    return [client.get(page.format(file=f"/patients/{file.ref}/")).text for page in OF_A_FILE]


def test_what_was_typed_is_text_on_every_page_of_the_support_side(door: Doorbell) -> None:
    plain = supported(door, ["lành"] * len(PAYLOADS))
    door.reset()
    assert supported(door, list(PAYLOADS)) == plain


def supported(door: Doorbell, names: list[str]) -> dict[str, list[list[tuple[str, tuple[str, ...]]]]]:
    """Register people of these names, and the shape of what the point, the team and the area then see."""
    files = []
    for number, name in enumerate(names):
        where = f"{name} {number}"  # each in a hamlet of their own: the list is split by them
        answer = door.ring("counselor", "counseling_desk.register", community_name=name, hamlet=where, team_id="1")
        assert answer.status_code == 303, f"{name}: {answer.status_code}"
        files.append(answer.location)
    lists = {"counselor": "/counseling/people", "volunteer": "/outreach/", "community": "/supervision/"}
    clients = {desk: client_at(door.app, door.world, desk) for desk in lists}
    clients["counselor"].get("/counseling/people")  # the lines that say so are shown once
    return {
        desk: [shape(client.get(page).text) for page in (lists[desk], *(files if desk == "volunteer" else files[:5]))]
        for desk, client in clients.items()
    }


def test_what_was_typed_comes_back_as_text_in_a_refused_form(door: Doorbell) -> None:
    """Answered with 422 and everything typed; a search travels the same way."""
    for number, (desk, endpoint, names) in enumerate(REFUSED):
        target = "dong_kinh" if endpoint == "orders.write" else ""
        for payload in PAYLOADS[number % 3 :: 3]:  # each desk a third of them, all of them together
            answer = door.ring(desk, endpoint, target, **dict.fromkeys(names, payload + "!"))
            assert answer.status_code in (200, 422), f"{endpoint} {payload}: {answer.status_code}"
            assert not DRAWN & set(shape(answer.text)), f"{endpoint} {payload}"
