"""What every endpoint answers to every desk: the table that a new route has to be written into.

A desk that may not come in gets `refused`. One that may gets `done` for what is within its scope (SEES), and 404 for
the rest: other stations, other communes, the other side, what does not exist. Not signed in: 303 to /login, always.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from counseling.refs import new_request_key
from tests.access.world import DESKS, TODAY, File, World
from tests.support.cast import PASSWORD

# Whose files a desk reads, written by hand from the rules of the three compartments.
SEES: dict[str, set[str]] = {
    "dispenser": {"dong_kinh"},
    "dispenser2": {"cao_loc", "both"},
    "doctor": {"dong_kinh", "cao_loc", "both"},
    "counselor": {"mau_son"},
    "nurse": {"cao_loc", "both"},
    "nurse/support": {"cong_son", "cao_loc_point"},
    "volunteer": {"mau_son"},
    "volunteer2": {"cong_son"},
    "supervisor": {"dong_kinh", "cao_loc", "both"},
    "community": {"mau_son", "cong_son", "cao_loc_point"},
    "province": {"dong_kinh", "cao_loc", "both", "huu_lung"},
    "province/support": {"mau_son", "cong_son", "cao_loc_point", "huu_lung_point"},
    "admin": set(),
}
TEAM_FIELDS = {
    "name", "alias", "address", "notes", "national", "code", "phone", "identity", "dose", "card", "ref", "alert",
}  # fmt: skip
SUPERVISED_FIELDS = {"code", "ref"}
SUPPORT_FIELDS = {"community", "hamlet", "ref"}
# Which fields of those files a desk may ever read.
READS: dict[str, set[str]] = {
    **dict.fromkeys(("dispenser", "dispenser2", "doctor", "nurse"), TEAM_FIELDS),
    **dict.fromkeys(("supervisor", "province"), SUPERVISED_FIELDS),
    **dict.fromkeys(
        ("counselor", "nurse/support"), SUPPORT_FIELDS | {"note", "said", "agreed", "appointment", "number"}
    ),
    **dict.fromkeys(("volunteer", "volunteer2"), SUPPORT_FIELDS | {"note"}),
    **dict.fromkeys(("community", "province/support"), SUPPORT_FIELDS),
    "admin": set(),
}
# What people texted to a site is read where it came in.
for _desk in ("dispenser", "dispenser2", "nurse", "counselor", "nurse/support"):
    READS[_desk] = READS[_desk] | {"text"}

NO_REF = "zzzzzzzzzzzz"
EVERYBODY = frozenset(DESKS)
DISPENSERS = frozenset({"dispenser", "dispenser2", "nurse"})
DOCTORS = frozenset({"doctor"})
TREATMENT_TEAM = DISPENSERS | DOCTORS
COUNSELORS = frozenset({"counselor", "nurse/support"})
VOLUNTEERS = frozenset({"volunteer", "volunteer2"})
SUPERVISORS = frozenset({"supervisor", "province"})
COMMUNITY = frozenset({"community", "province/support"})
MEETING = COUNSELORS | VOLUNTEERS
ASKING = TREATMENT_TEAM | COUNSELORS
MANAGING_REMINDERS = DISPENSERS | COUNSELORS
ON_DUTY = TREATMENT_TEAM | COUNSELORS
SUPPORT_SIDE = COUNSELORS | VOLUNTEERS | COMMUNITY
ADMINISTRATORS = frozenset({"admin"})
PROVINCE = frozenset({"province", "province/support"})


@dataclass(frozen=True)
class Door:
    """`about`: whose file the address names (treatment, support, or either: "file"), a "house" id, or nothing.

    `form` is a right one, so that only the door keeps a stranger from writing. `public` doors ask nobody who they are.
    """

    desks: frozenset[str] = EVERYBODY
    done: int = 200
    refused: int = 403
    about: str = ""
    form: Any = None
    public: bool = False
    values: Any = None  # for house ids: what the address takes
    shows: frozenset[str] = frozenset()  # fields that a desk reads here and nowhere else


def page(desks: frozenset[str], done: int = 200, refused: int = 403) -> Door:
    return Door(desks, done, refused)


def person(desks: frozenset[str], about: str = "treatment") -> Door:
    return Door(desks, 200, 404, about)


def act(desks: frozenset[str], form: Any = None, done: int = 303, about: str = "treatment") -> Door:
    return Door(desks, done, 404, about, form or nothing)


def house(values: Any = None, form: Any = None, done: int = 200) -> Door:
    return Door(ADMINISTRATORS, done, 403, "house" if values else "", form, values=values)


def upload(done: int, form: Any = None) -> Door:
    """About a register that somebody handed in for the station of the file `target`."""
    return Door(TREATMENT_TEAM, done, 404, "upload", form)


def nothing(world: World, file: File | None, desk: str) -> dict[str, Any]:
    return {}


def key(world: World, file: File | None, desk: str) -> dict[str, Any]:
    return {"request_key": new_request_key()}


def fixed(**fields: Any) -> Any:
    return lambda world, file, desk: dict(fields)


def edited(world: World, file: File | None, desk: str) -> dict[str, Any]:
    assert file is not None
    return {
        "full_name": "Lý Đã Sửa", "birth": "1980", "sex": "male", "language": "vi", "can_read": "", "area_id": "",
        "register_code": f"SUA-{file.name}", "stamp": file.values["stamp"],
    }  # fmt: skip


def registered(world: World, file: File | None, desk: str) -> dict[str, Any]:
    return {
        "full_name": "Lý Mới Đến", "birth": "1979", "sex": "male", "language": "vi", "register_code": "MOI-77",
        "can_read": "", "area_id": "", "station": "2" if desk in ("dispenser", "doctor") else "3",
        "request_key": new_request_key(),
    }  # fmt: skip


def swallowed(world: World, file: File | None, desk: str) -> dict[str, Any]:
    assert file is not None
    return {
        "dose_on": TODAY.isoformat(), "order_id": file.values["order_id"], "part": 1,
        "mg_tenths": file.values["mg_tenths"], "request_key": new_request_key(),
    }  # fmt: skip


def ticked(world: World, file: File | None, desk: str) -> dict[str, Any]:
    assert file is not None
    return {"dose": file.values["dose_id"], **key(world, file, desk)}


def late_sheet(world: World, file: File | None, desk: str) -> dict[str, Any]:
    own = world.files[sorted(SEES[desk])[0]] if desk in DISPENSERS else world.files["dong_kinh"]
    token = f"{own.ref}-{own.values['order_id']}-1"
    paper = {"sheet": "tờ 1", "writer": "other", "writer_name": "Chị Hạnh", **key(world, file, desk)}
    return {"on": TODAY.isoformat(), "given": token, "shown": token, **paper}


def paper_dose(world: World, file: File | None, desk: str) -> dict[str, Any]:
    paper = {"sheet": "tờ 1", "writer": "other", "writer_name": "Chị Hạnh", **key(world, file, desk)}
    return {"on": TODAY.strftime("%d/%m/%Y"), "mg": "10", **paper}


def order(world: World, file: File | None, desk: str) -> dict[str, Any]:
    assert file is not None
    return {
        "phase": "maintenance", "dose_1": "55", "starts_on": TODAY.strftime("%d/%m/%Y"),
        "ends_on": TODAY.strftime("%d/%m/%Y"), "latest": file.values["latest_order"], "request_key": new_request_key(),
        "own_password": PASSWORD,
    }  # fmt: skip


def taper(world: World, file: File | None, desk: str) -> dict[str, Any]:
    days = [(TODAY + timedelta(days=ahead)).strftime("%d/%m/%Y") for ahead in (0, 7, 13)]
    steps = {"step_1_on": days[0], "step_1_mg": "55", "step_2_on": days[1], "step_2_mg": "50", "ends_on": days[2]}
    return {**order(world, file, desk), **steps}


def rules(**fields: str) -> Any:
    """Signed by whoever sits there; nothing of the kind has been signed before."""
    signed = {"seen": "0", "source": "quyết định 12", "begins": "tomorrow", "own_password": PASSWORD}
    return lambda world, file, desk: {**signed, "request_key": new_request_key(), **fields}


def signature(kind: str) -> Any:
    """The form under the rows of a kind, whose fields carry its name."""
    return lambda world, file, desk: {
        f"{kind}-seen": "0", f"{kind}-request_key": new_request_key(), f"{kind}-own_password": PASSWORD
    }  # fmt: skip


def talk(world: World, file: File | None, desk: str) -> dict[str, Any]:
    plain = {"kind": "family", "form": "phone", "minutes": "30", "sex": "unknown", "held_on": TODAY.isoformat()}
    return {**plain, "request_key": new_request_key()}


def some_day(world: World, file: File | None, desk: str) -> dict[str, Any]:
    return {"other_day": "27/11/2026", "at": "09:00", "request_key": new_request_key()}


def texts(world: World, file: File | None, desk: str) -> dict[str, Any]:
    asked = {"version": "texts-2", "language": "vi", "pronoun": "anh/chi", "agreed": "y", "how": "aloud"}
    return {**asked, "purposes": ["check_in" if desk in COUNSELORS else "missed"], **key(world, file, desk)}


def visits(world: World, file: File | None, desk: str) -> dict[str, Any]:
    told = {"community_name": "Chị Tư", "place": "home", "pretext": "club", "team_id": "1"}
    return {"version": "visits-1", "agreed": "y", **told, **key(world, file, desk)}


def queued(world: World | None) -> dict[str, Any]:
    return {"source": "text", "number": 987_654}


def held(world: World | None) -> dict[str, Any]:
    return {"kind": "missed_yesterday", "reason": "too_many"}


def wording(world: World | None) -> dict[str, Any]:
    """One of the answers that both sides send; a text that does not exist when `world` is None."""
    return {"key": "stopped" if world else "gone"}


def other_words(world: World, file: File | None, desk: str) -> dict[str, Any]:
    words = "Da ngung gui. Muon nhan lai thi nhan BAT DAU."
    return {"words": words, "seen": "0", "version": "0", **key(world, file, desk)}


def sheet(world: World, file: File | None, desk: str) -> dict[str, Any]:
    return {"ref": file.ref if file else "zzzzzzzzzzzz"}


def text_door(done: int, form: Any = None) -> Door:
    """About what somebody has texted. The doctor's own site has no texts: theirs are read where they drink."""
    return Door(DISPENSERS | COUNSELORS, done, 404, "text", form)


def ids(**names: str) -> Any:
    """Values of an address about something of the house; of nothing that exists when `world` is None."""
    return lambda world: {name: world.ids[key] if world else 987_654 for name, key in names.items()}


def entry(world: World | None) -> dict[str, Any]:
    """Address of the contact that the volunteer has recorded; of none when `world` is None."""
    file = world.files["mau_son"] if world else None
    return {"ref": file.ref, "contact": file.values["contact"]} if file else dict.fromkeys(("ref", "contact"), NO_REF)


def weekly(world: World | None) -> dict[str, Any]:
    """A kind of reminder that every site has, of either side; one that there is not when `world` is None."""
    return {"kind": "weekly" if world else "no_such_kind"}


def weekly_rule(world: World, file: File | None, desk: str) -> dict[str, Any]:
    """Switched off as it ships, at other hours; what it sends was on the page."""
    return {"hours": "09:00-16:00", "seen": "1", "shown": "False 09:00:00 16:00:00 None None None"}


def chosen(world: World, file: File | None, desk: str) -> dict[str, Any]:
    return {
        "kinds": ["weekly", "second_text"],
        "pretext": "note",
        "has_marks": "y",
        "pronoun": "",
        "hour": "",
        "quiet": "11:00-13:00",
    }


def unmatched(world: World | None) -> dict[str, Any]:
    """Address of the visit that waits at Đông Kinh; of none when `world` is None."""
    return {"ref": world.files["mau_son"].values["unmatched"] if world else NO_REF}


def matched(world: World, file: File | None, desk: str) -> dict[str, Any]:
    return {"person": world.files["mau_son"].ref}


def stranger(world: World, file: File | None, desk: str) -> dict[str, Any]:
    return {"said": "Anh Tám", "kind": "home", "outcome": "met_well", "next": "", **key(world, file, desk)}


SPARE = "volunteer2 person"
STAFF, AREA, SITE, TEAM = (
    ids(staff_id=SPARE),
    ids(area_id="area"),
    ids(site_id="site"),
    ids(team_id="team"),
)


def word(**values: str) -> Any:
    """A word of an address where there is no row; another one that means nothing when `world` is None."""
    return lambda world: values if world else dict.fromkeys(values, "nothing")


KIND, CHANNEL = word(kind="answers"), word(name="smsgate")

DOORS: dict[str, Door] = {
    # Open to everybody
    "static": Door(public=True, done=200),
    "health.healthz": Door(public=True),
    "health.readyz": Door(public=True),
    "home.manifest": Door(public=True),
    "offline.worker": Door(public=True),
    "offline.page": Door(public=True),
    "account.login": Door(public=True, done=303),
    "account.sign_in": Door(public=True, done=422, form=nothing),
    "account.logout": Door(public=True, done=303, form=nothing),
    "account.language": Door(public=True, done=303, form=fixed(locale="en")),
    # Everybody's own
    "home.index": page(EVERYBODY, done=303),
    "account.desk": page(EVERYBODY),
    "account.choose_desk": Door(done=422, form=fixed(desk="987654")),
    "account.password": page(EVERYBODY),
    "account.change_password": Door(done=422, form=nothing),
    "account.sessions": page(EVERYBODY),
    "account.end_session": Door(frozenset({"volunteer2"}), done=303, refused=404, form=nothing, about="house",
                                values=ids(session_id="other session")),
    "account.revoke_phone": Door(frozenset({"volunteer"}), 303, 404, "house", nothing,
                                 values=ids(token_id="phone")),
    "pins.show": page(EVERYBODY),
    "pins.save": Door(done=422, form=nothing),
    "second_step.show": page(EVERYBODY),
    "second_step.begin": Door(done=422, form=nothing),
    "second_step.confirm": Door(done=422, form=nothing),
    "second_step.turn_off": Door(done=422, form=nothing),
    # A station's devices; here it is nobody's browser: who knocks at /hands is sent to the sign-in page
    "devices.index": page(TREATMENT_TEAM, refused=404),
    "devices.enrol": Door(TREATMENT_TEAM, 422, 404, form=nothing),
    "devices.revoke": Door(frozenset({"dispenser"}), 303, 404, "house", nothing, values=ids(device_id="device")),
    "hands.index": Door(public=True, done=303),
    "hands.leave": Door(done=303, form=nothing),
    "hands.choose": Door(public=True, done=303, about="house", values=STAFF),
    "hands.take": Door(public=True, done=303, about="house", values=STAFF, form=nothing),
    "lock.close": Door(public=True, done=404, form=nothing),
    "lock.open_again": Door(public=True, done=404, form=nothing),
    # The station
    "station.index": page(DISPENSERS),
    "station.live_list": page(DISPENSERS),
    "later.live": page(DISPENSERS),
    "station.close": page(DISPENSERS),
    "station.find": Door(DISPENSERS, form=fixed(q="nobody of this name")),
    "station.move_day": Door(DISPENSERS, done=303, form=fixed(to="on_paper")),
    "doses.show": person(DISPENSERS),
    "doses.handed_over": person(DISPENSERS),
    "doctor_calls.record": act(DISPENSERS, lambda world, file, desk: {"answer": "reached", **key(world, file, desk)}),
    "doses.pour": act(DISPENSERS, swallowed, done=409),  # a cup stands there already
    "doses.record": act(DISPENSERS, swallowed),
    "doses.spill": act(
        DISPENSERS,
        lambda world, file, desk: {"pour_id": file.values["pour_id"], "reason": "left", **key(world, file, desk)},
    ),
    "doses.vomited": act(DISPENSERS, lambda world, file, desk: {"minutes": "5", **key(world, file, desk)}, done=409),
    "holds.index": person(TREATMENT_TEAM),
    "holds.put": act(
        TREATMENT_TEAM, lambda world, file, desk: {"kind": "hold", "words": "gọi trước", **key(world, file, desk)}
    ),
    "holds.lift": act(TREATMENT_TEAM, fixed(words="đã nói chuyện")),
    "holds.keep": act(DISPENSERS),
    "doses.visit": act(DISPENSERS, lambda world, file, desk: {"outcome": "refused", **key(world, file, desk)}),
    # Doses of a paper morning
    "late_entries.index": page(DISPENSERS),
    "late_entries.choose": Door(DISPENSERS, done=303, form=fixed(on="21/11/2026")),
    "late_entries.sheet": page(DISPENSERS),
    "late_entries.check": Door(DISPENSERS, form=late_sheet),
    "late_entries.enter": Door(DISPENSERS, done=303, form=late_sheet),
    "paper_doses.show": person(DISPENSERS),
    "paper_doses.enter": act(DISPENSERS, paper_dose),
    # Doses that were recorded by mistake. Nobody has asked in this world: a stranger's signature finds nothing to sign.
    "reversals.index": page(TREATMENT_TEAM, refused=404),
    "reversals.show": person(TREATMENT_TEAM),
    "reversals.ask": act(TREATMENT_TEAM, lambda world, file, desk: {"reason": "not_drunk", **key(world, file, desk)}),
    "reversals.sign": act(TREATMENT_TEAM, fixed(request_id="1"), done=409),
    "reversals.withdraw": act(TREATMENT_TEAM, fixed(request_id="1"), done=409),
    # A second pair of eyes. No station of this world asks for it, so that nothing waits and nothing is signed.
    "witnesses.index": page(TREATMENT_TEAM),
    "witnesses.sign": Door(TREATMENT_TEAM, 409, 403, form=ticked),
    # Files
    "patients.index": page(TREATMENT_TEAM, refused=404),
    "patients.find": Door(TREATMENT_TEAM, refused=404, form=fixed(q="nobody of this name")),
    "patients.new": page(TREATMENT_TEAM, refused=404),
    "patients.register": Door(TREATMENT_TEAM, 303, 404, form=registered),
    "patients.show": person(TREATMENT_TEAM | SUPERVISORS | SUPPORT_SIDE, about="file"),
    "patients.treatment": person(TREATMENT_TEAM | SUPERVISORS),
    "patients.edit": person(TREATMENT_TEAM),
    "patients.save": act(TREATMENT_TEAM, edited),
    "patients.add_phone": act(TREATMENT_TEAM, fixed(number="0987 654 321")),
    "patients.remove_phone": act(TREATMENT_TEAM),
    "patients.status": person(TREATMENT_TEAM),
    "patients.change_status": act(
        TREATMENT_TEAM, fixed(status="discharged", since_on=TODAY.isoformat(), reason="theo ý người bệnh")
    ),
    "patients.cards": person(TREATMENT_TEAM),
    "patients.issue": act(TREATMENT_TEAM, key),
    "patients.revoke": act(TREATMENT_TEAM, fixed(reason="lost")),
    "patients.choose_cards": page(TREATMENT_TEAM, refused=404),
    "patients.print_cards": act(TREATMENT_TEAM, sheet, done=200, about="sheet"),
    "patients.hiv": person(DOCTORS),
    "patients.write_hiv": act(DOCTORS, fixed(status="negative")),
    # What somebody agreed to, and their numbers: each side its own
    "patients.agreements": person(ASKING, about="file"),
    "patients.consent_words": person(ASKING, about="file"),
    "patients.text_choices": person(ASKING, about="file"),
    "patients.write_text_choices": act(ASKING, chosen, about="file"),
    "patients.give_texts": act(ASKING, texts, about="file"),
    "patients.withdraw_texts": act(ASKING, about="file"),
    # Nobody of this world has agreed: whoever asks anew is told so, on the page of the person.
    "patients.choose_purposes": act(ASKING, texts, about="file"),
    "patients.give_visits": act(TREATMENT_TEAM, visits),
    "patients.withdraw_visits": act(TREATMENT_TEAM),
    "patients.send_digits": act(ASKING, key, about="file"),
    "patients.confirm_phone": act(ASKING, about="file"),
    "patients.note_wrong": act(ASKING, about="file"),
    "patients.note_readers": act(ASKING, fixed(is_shared="y"), about="file"),
    "patients.add_supported_phone": act(COUNSELORS, fixed(number="0987 654 321"), about="file"),
    "patients.remove_supported_phone": act(COUNSELORS, about="file"),
    # After a dose that was vomited
    "replacements.new": person(DOCTORS),
    "replacements.write": act(DOCTORS, order, 422),
    "replacements.show": person(DISPENSERS),
    "replacements.record": act(
        DISPENSERS, lambda world, file, desk: {**key(world, file, desk), "order_id": "1", "mg_tenths": "600"}, 409
    ),
    # After a first dose
    "observations.index": page(DISPENSERS, refused=404),
    "observations.show": person(DISPENSERS),
    "observations.record": act(DISPENSERS, lambda world, file, desk: {**key(world, file, desk), "seen": "well"}, 409),
    # The doctor
    "doctor.index": page(DOCTORS),
    "rules.index": page(DOCTORS),
    "rules.approve_bands": Door(DOCTORS, 303, 403, "", signature("bands")),
    "rules.approve_limits": Door(DOCTORS, 303, 403, "", signature("limits")),
    "rules.bands": page(DOCTORS),
    "rules.write_bands": Door(DOCTORS, 303, 403, "", rules(check="2", suspend="3", end="6", consider_ending="30")),
    "rules.limits": page(DOCTORS),
    "rules.write_limits": Door(DOCTORS, 303, 403, "", rules(maintenance_days="28", observation_hours="3")),
    "rules.paper": page(DOCTORS),
    "doctor.close_task": Door(DOCTORS, 303, 403, "treatment", nothing),
    "orders.index": person(DOCTORS),
    "orders.new": person(DOCTORS),
    "orders.write": act(DOCTORS, order),
    "orders.new_taper": person(DOCTORS),
    "orders.write_steps": act(DOCTORS, taper),
    "orders.stop": act(DOCTORS, fixed(reason="medical")),
    # The register import; `imports` gives everybody an upload that waits for its columns
    "register.index": page(TREATMENT_TEAM, refused=404),
    "register.upload": Door(TREATMENT_TEAM, 422, 404, form=key),
    "register.show": upload(200),
    "register.progress": upload(200),
    "register.columns": upload(200),
    "register.save_columns": upload(422, nothing),
    "register.check": upload(303, nothing),
    "register.confirm": upload(303, nothing),
    "register.apply": upload(303, nothing),
    "register.throw_away": upload(303, nothing),
    "register.wrong_rows": upload(404),
    # Practice days: each their own; whoever begins one is led to it, and nobody of this world has begun one
    "practice_days.index": page(TREATMENT_TEAM),
    "practice_days.start": Door(TREATMENT_TEAM, 303, form=nothing),
    "practice_days.go_on": Door(TREATMENT_TEAM, 303, form=nothing),
    "practice_days.end": page(TREATMENT_TEAM, 303),
    "practice_days.finish": Door(TREATMENT_TEAM, 404, form=nothing),
    "practice_days.show": Door(TREATMENT_TEAM, 404, 403, "house", values=lambda world: {"ref": NO_REF}),
    "practice_days.people": page(DOCTORS | SUPERVISORS),
    # The support side
    "counseling_desk.index": page(COUNSELORS),
    "counseling_desk.find": Door(COUNSELORS, form=fixed(q="nobody of this name")),
    "counseling_desk.new": page(COUNSELORS),
    "counseling_desk.register": Door(
        COUNSELORS, 303, form=lambda *who: {"community_name": "Chị Tư", "language": "vi", **key(*who)}
    ),
    "counseling_desk.people": page(COUNSELORS),
    "counseling_desk.new_session": page(COUNSELORS),
    "counseling_desk.record_session": Door(COUNSELORS, 303, form=talk),
    "counseling_desk.new_session_with": Door(COUNSELORS, about="file"),
    "counseling_desk.record_session_with": Door(COUNSELORS, 303, about="file", form=talk),
    "counseling_desk.new_appointment": Door(COUNSELORS, about="file"),
    "counseling_desk.book": Door(COUNSELORS, 303, about="file", form=some_day),
    "counseling_desk.show_appointment": Door(COUNSELORS, about="file"),
    "counseling_desk.choose_time": Door(COUNSELORS, about="file"),
    "counseling_desk.move": Door(COUNSELORS, 303, about="file", form=some_day),
    "counseling_desk.cancel": Door(COUNSELORS, 303, about="file", form=nothing),
    # The appointments of this world lie ahead: whoever may say how they went is told that it is too early.
    "counseling_desk.record_outcome": Door(COUNSELORS, 409, about="file", form=fixed(state="kept")),
    "counseling_desk.new_aftercare": Door(COUNSELORS, about="file"),
    # Everybody of this world is accompanied already.
    "counseling_desk.begin_aftercare": Door(COUNSELORS, 422, about="file", form=lambda *who: {
        "supporter": "", "rhythm": "weekly", "first": TODAY.isoformat(), **key(*who)}),
    "counseling_desk.status": Door(COUNSELORS, about="file"),
    "counseling_desk.change_status": Door(
        COUNSELORS, 303, about="file", form=fixed(status="moved", since_on=TODAY.isoformat())
    ),
    "counseling_desk.choose_end": Door(COUNSELORS, about="file"),
    "counseling_desk.finish_aftercare": Door(COUNSELORS, 303, about="file", form=fixed(reason="own_wish")),
    "outreach.index": page(VOLUNTEERS),
    "outreach.new": page(VOLUNTEERS),
    "outreach.keep": Door(VOLUNTEERS, 303, form=stranger),
    "outreach.group": page(VOLUNTEERS),
    "outreach.log_meeting": Door(VOLUNTEERS, 422, form=key),  # nobody was ticked
    "outreach.month": page(VOLUNTEERS),
    "danger.show": page(MEETING),
    # Entries of phones: their token is asked for, whoever is signed in
    "outbox.take": Door(public=True, done=401, form=nothing),
    "outbox.alive": Door(public=True, done=401, form=nothing),
    "outbox.device": Door(MEETING, form=nothing),
    "teams.index": page(COUNSELORS | COMMUNITY, refused=404),
    "teams.sheet": Door(frozenset({"counselor", "community", "province/support"}), 200, 404, "house",
                        values=ids(role_id="volunteer role")),
    "teams.visit": Door(frozenset({"counselor"}), 200, 404, "house", values=unmatched),
    "teams.match": Door(frozenset({"counselor"}), 303, 404, "house", matched, values=unmatched),
    "teams.dismiss": Door(frozenset({"counselor"}), 303, 404, "house", fixed(reason="trial"), values=unmatched),
    "teams.again": Door(frozenset({"counselor"}), 404, 404, "house", nothing, values=unmatched),  # it was read at once
    "teams.numbers": page(COMMUNITY, refused=404),
    "teams.add_number": Door(COMMUNITY, 422, 404, form=nothing),
    "teams.approve_number": Door(COMMUNITY, 303, 404, "house", nothing, values=ids(number_id="help number")),
    "teams.end_number": Door(COMMUNITY, 404, 404, "house", nothing, values=ids(number_id="help number")),
    "contacts.show": Door(MEETING, 200, 404, "file"),
    "contacts.log": Door(MEETING, 303, 404, "file", lambda *who: {"kind": "home", "outcome": "met_well", **key(*who)}),
    # An entry of the volunteer's own about "mau_son": even the counselor of the same person has no part in it.
    "contacts.correct": Door(frozenset({"volunteer"}), 200, 404, "house", values=entry),
    "contacts.save_correction": Door(
        frozenset({"volunteer"}), 303, 404, "house",
        lambda *who: {"kind": "phone", "outcome": "not_met", **key(*who)}, values=entry,
    ),
    "contacts.undo": Door(frozenset({"volunteer"}), 303, 404, "house", key, values=entry),
    "tasks.index": page(DISPENSERS | COUNSELORS, refused=404),
    "tasks.show": Door(DISPENSERS | COUNSELORS, 200, 404, "file"),
    "tasks.close": Door(DISPENSERS | COUNSELORS, 303, 404, "file", fixed(kind="call_back", outcome="done")),
    "supervision.index": page(SUPERVISORS | COMMUNITY),
    "supervision.reach": page(SUPERVISORS | COMMUNITY),
    "supervision.task": Door(SUPERVISORS | COMMUNITY, 200, 403, "file"),
    "supervision.give": Door(SUPERVISORS | COMMUNITY, 303, 403, "file", fixed(kind="see_soon")),
    # Texts
    "messages.index": page(ASKING, refused=404),
    "messages.live_list": page(ASKING, refused=404),
    "messages.waiting": page(ASKING, refused=404),
    "messages.release": Door(ASKING, 409, 404, form=nothing),
    # Nothing waits to be sent in this world
    "sending.held": Door(ASKING, 404, 404, "house", values=held),
    "sending.show": Door(ASKING, 404, 404, "house", values=queued),
    "sending.cancel": Door(ASKING, 404, 404, "house", nothing, values=queued),
    "sending.move": Door(ASKING, 404, 404, "house", fixed(at="09:00"), values=queued),
    "sending.pause": Door(ASKING, 303, 404, form=nothing),
    "sending.resume": Door(ASKING, 303, 404, form=nothing),
    "sending.sent": page(ASKING, refused=404),
    "sending.numbers": page(ASKING, refused=404),
    # The words of texts: read by supervisors, changed by those of the whole province
    "wordings.index": page(SUPERVISORS | COMMUNITY),
    "wordings.edit": Door(SUPERVISORS | COMMUNITY, 200, 403, "house", values=wording),
    "wordings.save": Door(PROVINCE, 303, 403, "house", other_words, values=wording),
    "wordings.back": Door(PROVINCE, 409, 403, "house", other_words, values=wording),
    "messages.show": text_door(200),
    "messages.answer": text_door(303, lambda *who: {"body": "Chiều nay gọi nhé", **key(*who)}),
    "messages.handled": text_door(303, nothing),
    "messages.stop": text_door(303, nothing),
    "reminders.index": page(MANAGING_REMINDERS, refused=404),
    "reminders.rule": Door(MANAGING_REMINDERS, 200, 404, "house", values=weekly),
    "reminders.change": Door(MANAGING_REMINDERS, 303, 404, "house", weekly_rule, values=weekly),
    "answers.check": text_door(200, fixed(body="Chiều nay gọi nhé")),
    "answers.preview": text_door(200, lambda *who: {"body": "Chiều nay gọi nhé", **key(*who)}),
    "answers.edit": text_door(200, lambda *who: {"body": "Chiều nay gọi nhé", **key(*who)}),
    "answers.say": text_door(200, lambda *who: {"body": "Chiều nay gọi nhé", "say": "-1", **key(*who)}),
    "answers.number": replace(text_door(200, nothing), shows=frozenset({"line"})),
    "text_tasks.show": text_door(200),
    # "look_in" of whoever has a team; a station asks itself to call back, whatever the form says.
    "text_tasks.give": text_door(303, fixed(kind="look_in")),
    "missed_calls.index": page(ASKING, refused=404),
    "missed_calls.find": Door(ASKING, 200, 404, form=fixed(digits="000000")),
    "missed_calls.note": Door(ASKING, 404, 404, form=lambda *who: {"digits": "000000", "ref": NO_REF, **key(*who)}),
    "canned.index": page(ASKING, refused=404),
    "canned.add": Door(ASKING, 303, 404, form=lambda *who: {"body": "Vang a", **key(*who)}),
    "canned.remove": Door(ASKING, 404, 404, "house", nothing, values=lambda world: {"answer_id": 987_654}),
    "duty.index": page(ON_DUTY, refused=404),
    "duty.add": Door(ON_DUTY, 422, 404, form=key),
    "duty.end": Door(ON_DUTY, 404, 404, "house", nothing, values=lambda world: {"shift_id": 987_654}),
    "duty.phone": Door(ON_DUTY, 303, 404, form=fixed(number="0912 345 678")),
    # Nobody of this world is in danger.
    "crises.live": page(ASKING, refused=404),
    "crises.elsewhere": Door(ASKING, 404, 404, "house", values=lambda world: {"alert": NO_REF}),
    "crises.take": Door(ASKING, 404, 404, "house", nothing, values=lambda world: {"alert": NO_REF}),
    # The demo's phones are nowhere but in a demo
    # Signed by the gateway, or refused
    "gateways.smsgate": Door(public=True, done=403, form=nothing),
    "gateways.twilio_inbound": Door(public=True, done=403, form=nothing),
    "gateways.twilio_status": Door(public=True, done=403, form=nothing),
    "simulator.index": Door(public=True, done=404),
    "simulator.find": Door(public=True, done=404, form=fixed(q="ai")),
    "simulator.live_phones": Door(public=True, done=404),
    "simulator.reply": Door(public=True, done=404, form=fixed(body="2")),
    "simulator.set_phone": Door(public=True, done=404, form=fixed(to="off")),
    "simulator.move_clock": Door(public=True, done=404, form=fixed(to="hour")),
    # The house
    "admin.texts": house(),
    "admin.save_texts": house(form=fixed(price="350", kept_days="90"), done=303),
    "admin.save_reader_of_strangers": house(form=fixed(site_id="2"), done=303),
    "admin.gateway_phone": house(),
    "admin.check_phone": house(form=lambda *who: {"items": ["locked"], **key(*who)}, done=303),
    "admin.staff_list": house(),
    "admin.new_staff": house(),
    "admin.add_staff": house(
        form=fixed(username="moi.den", display_name="Người Mới", role="dispenser:treatment", place="site:2")
    ),
    "admin.staff_page": house(STAFF),
    "admin.rename_staff": house(STAFF, fixed(display_name="Tên Khác"), 303),
    "admin.disable_staff": house(STAFF, nothing, 303),
    "admin.enable_staff": house(STAFF, nothing, 303),
    "admin.reset_password": house(STAFF, nothing, 200),
    "admin.set_languages": house(STAFF, fixed(languages="tyz"), 303),
    "admin.give_role": house(STAFF, fixed(role="dispenser:treatment", place="site:2"), 303),
    "admin.end_role": house(ids(staff_id=SPARE, role_id="volunteer2 role"), nothing, 303),
    "admin.revoke_phone": house(ids(staff_id="volunteer person", token_id="phone"), nothing, 303),
    "admin.end_all_sessions": house(STAFF, nothing, 303),
    "admin.session_list": house(),
    "admin.end_session": house(ids(session_id="other session"), nothing, 303),
    "admin.revoke_device": house(ids(site_id="site", device_id="device"), nothing, 303),
    "admin.area_list": house(),
    "admin.new_area": house(),
    "admin.draw_area": house(form=fixed(code="KV-09", name="Khu vực Tây", parent_id="1"), done=303),
    "admin.area_page": house(AREA),
    "admin.rename_area": house(AREA, fixed(name="Khu vực Bắc"), 303),
    "admin.move_here": house(AREA, fixed(areas=["6"]), 303),
    "admin.site_list": house(),
    "admin.new_site": house(),
    "admin.add_site": house(
        form=fixed(code="CP-09", name="Trạm Mới", area_id="6", counsels="y", treated_by_id=""), done=303
    ),
    "admin.site_page": house(SITE),
    "admin.change_site_page": house(SITE),
    "admin.change_site": house(SITE, fixed(name="Tên Mới", area_id="3", dispenses="y", counsels="y",
                                           treated_by_id="1"), 303),
    "admin.set_hours": house(SITE, fixed(day0="7:00-11:00"), 303),
    "admin.add_exception": house(SITE, fixed(on_date="2026-12-25", hours="", reason="nghỉ"), 303),
    "admin.remove_exception": house(ids(site_id="site", exception_id="exception"), nothing, 303),
    "admin.channel_list": house(),
    "admin.live_tests": house(),
    "admin.send_test": house(form=fixed(gateway="smsgate", number="0912 345 678", request_key="0f" * 16), done=303),
    "admin.route_texts": house(KIND, fixed(**{"answers-gateway": "twilio", "answers-fallback": "smsgate"}), 303),
    "admin.set_pace": house(CHANNEL, fixed(**{"smsgate-per_minute": "5"}), 303),
    "admin.start_channel": house(CHANNEL, nothing, 303),
    "admin.stop_channel": house(CHANNEL, nothing, 303),
    "admin.note_looked": house(CHANNEL, nothing, 303),
    "admin.attach_channel": house(CHANNEL, nothing, 303),
    "admin.deny_number": house(form=fixed(**{"denied-number": "0912 345 678"}), done=303),
    "admin.allow_number": house(form=fixed(**{"denied-number": "0912 345 678"}), done=303),
    "admin.team_list": house(),
    "admin.new_team": house(),
    "admin.add_team": house(form=fixed(code="D-09", name="Đội Mới", area_id="6", site_id="2"), done=303),
    "admin.team_page": house(TEAM),
    "admin.change_team": house(TEAM, fixed(name="Đội Khác", area_id="5", site_id="2"), 303),
    "admin.close_team": house(TEAM, nothing, 303),
    "admin.reopen_team": house(TEAM, nothing, 303),
}  # fmt: skip
