"""What runs by hand: `flask --app wsgi …`, one file per group of commands."""

from __future__ import annotations

from flask import Flask

from counseling.commands import backups, serving, setting_up


def init_app(app: Flask) -> None:
    setting_up.init_app(app)
    serving.init_app(app)
    backups.init_app(app)
