"""One blueprint per desk; a route is a door: parse, check, call one verb, show."""

from __future__ import annotations

from flask import Blueprint


def blueprints() -> list[Blueprint]:
    from counseling.routes import account, health, home

    return [account.bp, health.bp, home.bp]
