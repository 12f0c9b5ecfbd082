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
        holds,
        home,
        late_entries,
        later_than_usual,
        messages,
        observations,
        orders,
        outreach,
        paper_doses,
        patients,
        practice_days,
        register,
        replacements,
        reversals,
        rules,
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
        holds.bp,
        home.bp,
        later_than_usual.bp,
        late_entries.bp,
        messages.bp,
        observations.bp,
        orders.bp,
        outreach.bp,
        paper_doses.bp,
        patients.bp,
        practice_days.bp,
        register.bp,
        replacements.bp,
        rules.bp,
        reversals.bp,
        simulator.bp,
        station.bp,
        supervision.bp,
        tasks.bp,
    ]
