"""Every address declares what it asks for; what declares nothing is not served."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from counseling import create_app
from counseling.permissions import ROLE_PERMISSIONS, Permission
from tests.support.settings import config_for


@pytest.fixture(scope="module")
def bare_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application without a database: its addresses are all that is looked at."""
    folder = tmp_path_factory.mktemp("doors")
    return create_app(config_for(f"sqlite:///{folder / 'none.db'}", Path(folder)))


def test_every_route_declares_a_permission(bare_app: Flask) -> None:
    undeclared = [name for name, view in bare_app.view_functions.items() if not hasattr(view, "permission")]
    assert not undeclared, f"put @requires(…) or @public under the route of {undeclared}"


def test_what_is_declared_is_a_permission_or_public(bare_app: Flask) -> None:
    wrong = [
        name
        for name, view in bare_app.view_functions.items()
        if not isinstance(getattr(view, "permission", None), Permission | None)
    ]
    assert not wrong, wrong


def test_every_permission_is_held_by_somebody() -> None:
    held = frozenset().union(*ROLE_PERMISSIONS.values())
    assert held == set(Permission), set(Permission) - held


def test_what_changes_something_is_never_a_get(bare_app: Flask) -> None:
    """Safe methods and POST live in different views, so that a link or a picture can change nothing."""
    mixed = [str(rule) for rule in bare_app.url_map.iter_rules() if rule.methods and {"GET", "POST"} <= rule.methods]
    assert not mixed, mixed


def test_addresses_of_people_hold_a_reference_and_no_number(bare_app: Flask) -> None:
    """Inner ids are counted upwards, one counter for both sides: in an address they could be guessed and joined."""
    under_patients = [rule for rule in bare_app.url_map.iter_rules() if str(rule).startswith("/patients/<")]
    assert under_patients
    wrong = [str(rule) for rule in under_patients if not str(rule).startswith("/patients/<ref>/")]
    assert not wrong, wrong
