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
        doctor_calls,
        doses,
        hands,
        health,
        holds,
        home,
        late_entries,
        later_than_usual,
        messages,
        observations,
        offline,
        orders,
        outreach,
        paper_doses,
        patients,
        pins,
        practice_days,
        register,
        replacements,
        reversals,
        rules,
        second_step,
        simulator,
        station,
        station_devices,
        supervision,
        tasks,
        witnesses,
    )

    with_one = (
        account, admin, contacts, counseling_desk, doctor, doctor_calls, doses, hands, health, holds, home,
        later_than_usual, late_entries, messages, observations, offline, orders, outreach, paper_doses, patients, pins,
        practice_days, register, replacements, rules, reversals, second_step, simulator, station, station_devices,
        supervision, tasks, witnesses,
    )  # fmt: skip
    return [*(module.bp for module in with_one), hands.lock_bp]
