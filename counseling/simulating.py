"""The demo's hand on the clock: what runs by the clock, run at this moment, with the simulator as gateway."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy.orm import Session

from counseling.clock import utc_now
from counseling.database import db
from counseling.jobs import PLAN_AGAIN_AFTER, Ticked, tick
from counseling.services.simulated_phones import SimulatedPhones
from counseling.sms.simulator import Simulator


def tick_now(app: Flask, zone: ZoneInfo, *, plan_every: timedelta | None = PLAN_AGAIN_AFTER) -> Ticked:
    """Do now what the ticker would do within half a minute; the two may cross, each part claims what it does."""
    with app.app_context():
        engine = db.engine
    gateway = Simulator(SimulatedPhones(lambda: Session(engine, expire_on_commit=False), utc_now))
    with Session(engine, expire_on_commit=False) as session:
        return tick(session, gateway, utc_now(), zone, plan_every=plan_every)
