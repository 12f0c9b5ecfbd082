"""One blueprint per desk; a route is a door: parse, check, call one verb, show."""

from __future__ import annotations

from flask import Blueprint


def blueprints() -> list[Blueprint]:
    from counseling.routes import account, doses, health, home, station

    return [account.bp, doses.bp, health.bp, home.bp, station.bp]
