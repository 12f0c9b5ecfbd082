"""Điểm Tựa: the application, put together from top to bottom."""

from __future__ import annotations

import os
from datetime import datetime

import structlog
from flask import Flask
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.exc import SQLAlchemyError

from counseling import clock, commands, headers, languages, logs, practising, static_files
from counseling.config import Config
from counseling.database import db, init_database
from counseling.practice.folder import PREFIX
from counseling.queries.latest_instant import latest_instant
from counseling.routes import (
    blueprints,
    doorkeeper,
    errors,
    gateways,
    offline,
    outbox,
    practice,
    row_ids,
    shell,
    viewing,
    zero_bytes,
)
from counseling.uploads import RequestInMemory

MEBIBYTE = 1024 * 1024


def create_app(config: Config) -> Flask:
    os.umask(0o077)  # everything written is for this account only
    logs.set_up(config.log_level)
    config.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    app = Flask(__name__, instance_path=str(config.instance.resolve()), static_folder=None)
    app.request_class = RequestInMemory
    app.config.from_mapping(flask_settings(config))
    app.extensions["diem_tua_config"] = config
    init_database(app, config)
    if config.is_practice:
        practice.init_app(app)
    else:
        start_clock(app, config)
        practising.init_app(app, config)
    languages.init_app(app)
    headers.init_app(app, config)
    static_files.init_app(app)
    doorkeeper.init_app(app)
    csrf = CSRFProtect(app)
    zero_bytes.init_app(app)
    errors.init_app(app)
    shell.init_app(app)
    viewing.init_app(app)
    row_ids.init_app(app)
    outbox.init_app(app)
    offline.init_app(app)
    for blueprint in blueprints():
        app.register_blueprint(blueprint)
    csrf.exempt(gateways.bp)  # gateways sign what they send and carry no cookie
    commands.init_app(app)
    structlog.get_logger().debug("application ready")
    return app


def start_clock(app: Flask, config: Config) -> None:
    """Real time; in demo mode DEMO_NOW if given, or the last row's instant if that is later."""
    clock.start_at(config.demo_now)
    if config.demo:
        latest = last_row_instant(app)
        if latest is not None and latest > clock.utc_now():
            clock.start_at(latest)


def last_row_instant(app: Flask) -> datetime | None:
    with app.app_context():
        try:
            return latest_instant(db.session)
        except SQLAlchemyError:  # before `init` there are no tables; whoever serves asks again and says so
            return None
        finally:
            db.session.remove()


def flask_settings(config: Config) -> dict[str, object]:
    return {
        "SECRET_KEY": config.secret_key,
        # __Host-: only this host, only over https (Chromium counts 127.0.0.1 as secure), never a subdomain's cookie.
        # The practice's own cookie is sent to no other address; a name with __Host- may not be bound to a path.
        "SESSION_COOKIE_NAME": "__Secure-practice" if config.is_practice else "__Host-session",
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PATH": PREFIX if config.is_practice else "/",
        "WTF_CSRF_TIME_LIMIT": None,  # its default of an hour would refuse a form that waited at the window
        "MAX_CONTENT_LENGTH": 21 * MEBIBYTE,  # a register of 20 MiB and its form
        "MAX_FORM_MEMORY_SIZE": 2 * MEBIBYTE,
    }
