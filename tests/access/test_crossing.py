"""What doors alone do not show: searches, desks of two sides, ids of one person under the address of another."""

from __future__ import annotations

import pytest

from tests.access.asking import Doorbell, changed, fingerprint, squeezed
from tests.access.doors import COUNSELORS, DISPENSERS, TREATMENT_TEAM
from tests.access.world import DESKS, client_at

SEARCHED = ("name", "code", "phone", "identity", "card", "community")
SEARCHES = {
    "patients.find": TREATMENT_TEAM,
    "station.find": DISPENSERS,
    "counseling_desk.find": COUNSELORS,
}
HUGE = 99_999_999_999_999_999_999
ODD_QUESTIONS = (
    "page=-1", f"page={HUGE}", "page=１", "page=", "page=1&page=2", "list=x", "list=%F0%9F", "which=x", "seen=",
    f"written={HUGE}", f"stopped={HUGE}", "done=zzzzzzzzzzzz", "done=%00", "next=//evil.example",
)  # fmt: skip


@pytest.mark.parametrize("endpoint", sorted(SEARCHES))
def test_a_search_finds_nobody_outside_the_scope(door: Doorbell, endpoint: str) -> None:
    """By name, code, card, phone, paper or community name of everybody in this world; `ring` looks for their marks."""
    for desk in sorted(SEARCHES[endpoint]):
        for file in door.world.files.values():
            for mark, what in file.marks.items():
                if what not in SEARCHED:
                    continue
                typed = f"0{mark}" if what == "phone" else mark
                answer = door.ring(desk, endpoint, q=typed)
                assert answer.status_code in (200, 303), f"{desk} {what} of {file.name}: {answer.status_code}"


def test_a_doses_redirect_names_nobody_outside_the_scope(door: Doorbell) -> None:
    for file in door.world.files.values():
        answer = client_at(door.app, door.world, "dispenser").get(f"/station/?done={file.ref}")
        assert answer.status_code == 200
        door.check_marks(answer, "dispenser", {file.ref}, f"done={file.name}")


def test_after_the_switch_of_desks_nothing_of_the_other_side_is_left(door: Doorbell) -> None:
    """One browser, two desks: the same session asks for both files of one person, before and after the switch."""
    client = client_at(door.app, door.world, "nurse")
    treated, supported = door.world.files["cao_loc"], door.world.files["cong_son"]
    assert treated.patient_id == supported.patient_id
    desks = {"nurse": client_of_desk(door, "nurse"), "nurse/support": client_of_desk(door, "nurse/support")}
    for desk, own, other in (("nurse/support", supported, treated), ("nurse", treated, supported)):
        token = door.world.tokens["nurse"]
        answer = client.post("/desk", data={"csrf_token": token, "desk": desks[desk]})
        assert answer.status_code == 303
        assert client.get(f"/patients/{own.ref}/").status_code == 200
        assert client.get(f"/patients/{other.ref}/").status_code == 404
        door.check_marks(client.get("/"), desk, set(), f"home at {desk}")
        for page in ("/station/", "/patients/", "/counseling/", "/supervision/", "/outreach/"):
            door.check_marks(client.get(page), desk, set(), f"{page} at {desk}")


def client_of_desk(door: Doorbell, desk: str) -> str:
    """The number of a desk, as the switch in the page's head sends it."""
    text = client_at(door.app, door.world, desk).get("/desk").text
    numbers = [part.split('"')[0] for part in text.split('name="desk" value="')[1:]]
    return numbers[DESKS[desk][1]]


@pytest.mark.parametrize(
    ("endpoint", "key"),
    [
        ("patients.revoke", "card"),
        ("patients.remove_phone", "phone"),
        ("patients.send_digits", "phone"),
        ("patients.confirm_phone", "phone"),
        ("patients.note_readers", "phone"),
        ("orders.stop", "order_id"),
    ],
)
def test_what_belongs_to_another_cannot_be_changed_under_ones_own_address(
    door: Doorbell, endpoint: str, key: str
) -> None:
    before = fingerprint(door.app)
    own, other = door.world.files["dong_kinh"], door.world.files["cao_bang"]
    own.values[key], kept = other.values[key], own.values[key]
    try:
        answer = door.ring("doctor", endpoint, "dong_kinh")
    finally:
        own.values[key] = kept
    assert answer.status_code in (303, 404)
    assert not changed(before, fingerprint(door.app))


def test_a_dose_cannot_be_given_by_the_order_of_another(door: Doorbell) -> None:
    before, other = fingerprint(door.app), door.world.files["cao_loc"]
    order = {"order_id": other.values["order_id"], "mg_tenths": other.values["mg_tenths"]}
    answer = door.ring("dispenser", "doses.record", "dong_kinh", **order)
    assert answer.status_code == 409
    assert not changed(before, fingerprint(door.app))


def test_nobody_is_registered_at_a_station_of_others(door: Doorbell) -> None:
    before, far = fingerprint(door.app), door.world.ids["huu_lung"]
    for desk in sorted(TREATMENT_TEAM):
        assert door.ring(desk, "patients.register", station=far).status_code == 422
    answer = door.ring("counselor", "counseling_desk.register", team_id=door.world.ids["huu_lung team"])
    assert answer.status_code == 422
    assert not changed(before, fingerprint(door.app))


def test_hiv_status_stands_on_its_own_page_only(door: Doorbell) -> None:
    """Everybody in this world is positive; only the doctor's page says so."""
    for endpoint in ("patients.show", "patients.edit", "patients.status", "patients.cards", "doses.show"):
        for desk in ("dispenser", "doctor", "supervisor"):
            assert "Dương tính" not in door.ring(desk, endpoint, "dong_kinh").text, f"{endpoint} {desk}"
    assert "Dương tính" in door.ring("doctor", "patients.hiv", "dong_kinh").text


@pytest.mark.parametrize("question", ODD_QUESTIONS)
def test_odd_questions_in_an_address_are_no_accident(door: Doorbell, question: str) -> None:
    pages = {
        "dispenser": ("/station/", "/station/list", "/patients/", "/patients/cards/print", "/register/"),
        "doctor": ("/doctor/", f"/patients/{door.world.files['dong_kinh'].ref}/orders/"),
        "counselor": ("/counseling/", "/counseling/people", "/counseling/new"),
        "volunteer": ("/outreach/",),
        "supervisor": ("/supervision/",),
        "community": ("/supervision/",),
        "admin": ("/admin/", "/admin/sessions"),
    }
    upload = f"/register/{door.world.files['dong_kinh'].values['upload']}/"
    for desk, addresses in {**pages, "dispenser": (*pages["dispenser"], upload)}.items():
        for address in addresses:
            answer = client_at(door.app, door.world, desk).get(f"{address}?{question}")
            assert answer.status_code in (200, 204, 303, 400, 404), f"{address}?{question}: {answer.status_code}"


def test_numbers_too_large_for_the_database_are_not_found(door: Doorbell) -> None:
    ref, upload = door.world.files["dong_kinh"].ref, door.world.files["dong_kinh"].values["upload"]
    posts = {
        "doctor": (f"/doctor/tasks/{HUGE}/close", f"/patients/{ref}/orders/{HUGE}/stop"),
        "dispenser": (f"/account/sessions/{HUGE}/end", f"/register/{upload}/rows/{HUGE}"),
        "admin": tuple(
            f"/admin/{what}/{HUGE}/{verb}"
            for what, verb in (("sessions", "end"), ("staff", "disable"), ("staff", "name"), ("teams", "close"),
                               ("areas", "name"), ("sites", "hours"), ("sites", "change"))
        ),
    }  # fmt: skip
    wrong = []
    for desk, addresses in posts.items():
        for address in addresses:
            data = {"csrf_token": door.world.tokens[desk], "reason": "medical", "display_name": "A", "name": "A"}
            status = client_at(door.app, door.world, desk).post(address, data=data).status_code
            wrong += [f"{address}: {status}"] if status not in (303, 400, 404, 405, 422) else []
    gets = [f"/admin/{what}/{HUGE}/" for what in ("staff", "teams", "areas", "sites")]
    for address in gets:
        status = client_at(door.app, door.world, "admin").get(address).status_code
        wrong += [f"{address}: {status}"] if status != 404 else []
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("desk", ["dispenser", "volunteer", "nurse"])
def test_a_desk_of_a_number_that_is_none_is_refused(door: Doorbell, desk: str) -> None:
    strangers = door.world.ids["admin role"]
    for number in (HUGE, -1, 0, "x", "", strangers):
        answer = door.ring(desk, "account.choose_desk", desk=number)
        assert answer.status_code == 422, f"{number!r}: {answer.status_code}"


def test_other_methods_are_refused_everywhere(door: Doorbell) -> None:
    for rule in door.app.url_map.iter_rules():
        address = door.address(rule.endpoint, "dong_kinh")
        for desk, method in ((None, "DELETE"), ("dispenser", "PUT")):
            client = client_at(door.app, door.world, desk) if desk else door.app.test_client()
            if method not in (rule.methods or ()):
                status = client.open(address, method=method).status_code
                assert status in (400, 405), f"{method} {address}: {status}"


def test_a_form_without_its_token_writes_nothing(door: Doorbell) -> None:
    before = fingerprint(door.app)
    for endpoint in sorted(name for name in door.rules if door.method(name) == "POST"):
        for desk in ("dispenser", "doctor", "counselor", "admin"):
            for token in ("", "x", door.world.tokens["community"]):
                data = {**door.form(endpoint, "dong_kinh", desk), "csrf_token": token}
                address = door.address(endpoint, "known" if "admin" in endpoint else "dong_kinh")
                status = client_at(door.app, door.world, desk).post(address, data=data).status_code
                # Entries of phones come without a form token: there the phone's own is missing.
                expected = (401,) if endpoint in ("outbox.take", "outbox.alive") else (400, 403, 404)
                assert status in expected, f"{endpoint} {desk}: {status}"
    assert not changed(before, fingerprint(door.app))


def test_marks_are_found_where_they_are(door: Doorbell) -> None:
    """A control: the search for marks sees those of somebody who may be read, in every field that a page shows."""
    own = door.world.files["dong_kinh"]
    edit = squeezed(door.ring("dispenser", "patients.edit", "dong_kinh").text)
    for what in ("name", "alias", "address", "notes", "national", "code", "identity"):
        text = next(mark for mark, field in own.marks.items() if field == what)
        assert squeezed(text) in edit, what
    card = next(mark for mark, field in own.marks.items() if field == "card")
    assert squeezed(card) in squeezed(door.ring("dispenser", "patients.cards", "dong_kinh").text)
    with pytest.raises(AssertionError, match="name of dong_kinh"):
        door.check_marks(door.ring("dispenser", "patients.edit", "dong_kinh"), "dispenser2", set(), "control")
