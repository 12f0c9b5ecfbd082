"""One blueprint per desk; a route is a door: parse, check, call one verb, show."""

from __future__ import annotations

from flask import Blueprint


def blueprints() -> list[Blueprint]:
    from counseling.routes import (
        account,
        admin,
        answers,
        canned,
        contacts,
        counseling_desk,
        crises,
        danger,
        doctor,
        doctor_calls,
        doses,
        duty,
        gateways,
        hands,
        health,
        holds,
        home,
        late_entries,
        later_than_usual,
        messages,
        missed_calls,
        observations,
        offline,
        orders,
        outbox,
        outreach,
        paper_doses,
        patients,
        pins,
        practice_days,
        register,
        reminders,
        replacements,
        reversals,
        rules,
        second_step,
        sending,
        simulator,
        station,
        station_devices,
        supervision,
        tasks,
        teams,
        text_tasks,
        witnesses,
        wordings,
    )

    with_one = (
        account, admin, answers, canned, contacts, counseling_desk, crises, danger, doctor, doctor_calls, doses, duty,
        gateways, hands, health, holds, home, later_than_usual, late_entries, messages, missed_calls, observations,
        offline, orders, outbox, outreach, paper_doses, patients, pins, practice_days, register, reminders,
        replacements, rules, reversals, second_step, sending, simulator, station, station_devices, supervision, tasks,
        teams, text_tasks, witnesses, wordings,
    )  # fmt: skip
    return [*(module.bp for module in with_one), hands.lock_bp]
