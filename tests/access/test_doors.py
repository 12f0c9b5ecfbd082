"""Every endpoint × every desk × {own, other station, other commune, other side, unknown, not signed in}."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from counseling.database import db, writing
from tests.access.asking import Doorbell, changed, fingerprint
from tests.access.doors import DOORS, SEES
from tests.access.world import DESKS

PRIVATE = sorted(name for name, door in DOORS.items() if not door.public)


def test_every_endpoint_stands_in_the_table(door: Doorbell) -> None:
    missing, gone = door.rules.keys() - DOORS.keys(), DOORS.keys() - door.rules.keys()
    assert not missing, f"say in tests/access/doors.py who may come in at {sorted(missing)}"
    assert not gone, f"no longer there, yet in the table: {sorted(gone)}"


def test_every_endpoint_has_one_method(door: Doorbell) -> None:
    assert len(door.rules) == len(list(door.app.url_map.iter_rules()))
    assert {door.method(name) for name in door.rules} == {"GET", "POST"}


def test_every_desk_stands_in_the_table() -> None:
    assert SEES.keys() == DESKS.keys()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO areas (code, kind, name) VALUES ('99', 'province', 'Another')",
        "WITH one AS (SELECT min(id) AS id FROM areas) UPDATE areas SET name = 'x' WHERE id IN (SELECT id FROM one)",
    ],
)
def test_what_is_written_is_seen_and_put_back(door: Doorbell, statement: str) -> None:
    """A control: without it, doors behind which nothing changes would say nothing."""
    with door.app.app_context(), writing(db.session) as tx:
        tx.execute(text(statement))
    assert changed(door.untouched, fingerprint(door.app)) == {"areas"}
    door.reset()
    assert not changed(door.untouched, fingerprint(door.app))


@pytest.mark.parametrize("endpoint", PRIVATE)
def test_whoever_is_not_signed_in_learns_nothing(door: Doorbell, endpoint: str) -> None:
    for target in door.targets(DOORS[endpoint]):
        answer = door.ring(None, endpoint, target)
        assert answer.status_code == 303, target
        assert answer.location.startswith("/login"), target
        fragment = door.ring(None, endpoint, target, htmx=True)
        assert (fragment.status_code, fragment.text) == (401, ""), target
    assert not changed(door.untouched, fingerprint(door.app))


@pytest.mark.parametrize("endpoint", PRIVATE)
def test_outside_their_scope_nobody_sees_or_changes_anything(door: Doorbell, endpoint: str) -> None:
    """And whether there is somebody behind an address cannot be told: strangers are answered as nobody is."""
    asked = DOORS[endpoint]
    for desk in DESKS:
        expected = 404 if desk in asked.desks else asked.refused
        pages = set()
        for target in door.outside(desk, asked):
            answer = door.ring(desk, endpoint, target)
            assert answer.status_code == expected, f"{desk} {target}: {answer.status_code}"
            pages.add(re.sub(r'name="(next|csrf_token)" value="[^"]*"', "", answer.text))
        assert len(pages) <= 1, f"{desk}: strangers are answered in {len(pages)} ways"
    assert not changed(door.untouched, fingerprint(door.app)), "something was written"


@pytest.mark.parametrize("endpoint", [name for name in PRIVATE if DOORS[name].desks])
def test_within_their_scope_everybody_is_let_in(door: Doorbell, endpoint: str) -> None:
    for desk in sorted(DOORS[endpoint].desks):
        inside = door.within(desk, DOORS[endpoint])
        assert inside, f"nobody in this world for {desk}"
        for target in inside if door.method(endpoint) == "GET" else inside[:1]:
            answer = door.ring(desk, endpoint, target)
            assert answer.status_code == DOORS[endpoint].done, f"{desk} {target}: {answer.status_code}"
            if door.method(endpoint) == "POST":
                door.reset()


@pytest.mark.parametrize("endpoint", sorted(name for name, asked in DOORS.items() if asked.public))
def test_public_doors_show_nobodys_marks(door: Doorbell, endpoint: str) -> None:
    for desk in (None, "dispenser", "volunteer", "admin"):
        answer = door.ring(desk, endpoint)
        expected = DOORS[endpoint].done
        if endpoint == "account.login" and desk is None:
            expected = 200
        assert answer.status_code == expected, f"{desk} {answer.text[:200]}"
        door.reset()
