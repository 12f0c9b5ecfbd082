"""One blueprint per desk; a route is a door: parse, check, call one verb, show."""

from __future__ import annotations

from flask import Blueprint


def blueprints() -> list[Blueprint]:
    from counseling.routes import (
        account,
        counseling_desk,
        doses,
        health,
        home,
        outreach,
        patients,
        station,
        supervision,
    )

    return [
        account.bp,
        counseling_desk.bp,
        doses.bp,
        health.bp,
        home.bp,
        outreach.bp,
        patients.bp,
        station.bp,
        supervision.bp,
    ]
