"""What runs by hand: `flask --app wsgi …`, one file per group of commands."""

from __future__ import annotations

from flask import Flask

from counseling.commands import audit, backups, demo, keys, patients, places, serving, setting_up, staff, ticking


def init_app(app: Flask) -> None:
    setting_up.init_app(app)
    serving.init_app(app)
    ticking.init_app(app)
    backups.init_app(app)
    audit.init_app(app)
    keys.init_app(app)
    patients.init_app(app)
    places.init_app(app)
    staff.init_app(app)
    demo.init_app(app)
