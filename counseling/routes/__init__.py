"""One blueprint per desk; a route is a door: parse, check, call one verb, show."""

from __future__ import annotations

from flask import Blueprint


def blueprints() -> list[Blueprint]:
    from counseling.routes import (
        account,
        admin,
        contacts,
        counseling_desk,
        doctor,
        doses,
        health,
        home,
        late_entries,
        messages,
        orders,
        outreach,
        paper_doses,
        patients,
        register,
        reversals,
        simulator,
        station,
        supervision,
        tasks,
    )

    return [
        account.bp,
        admin.bp,
        contacts.bp,
        counseling_desk.bp,
        doctor.bp,
        doses.bp,
        health.bp,
        home.bp,
        late_entries.bp,
        messages.bp,
        orders.bp,
        outreach.bp,
        paper_doses.bp,
        patients.bp,
        register.bp,
        reversals.bp,
        simulator.bp,
        station.bp,
        supervision.bp,
        tasks.bp,
    ]
