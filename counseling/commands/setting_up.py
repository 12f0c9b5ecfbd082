"""`init`: an empty machine becomes an empty product."""

from __future__ import annotations

import click
from flask import Flask, current_app

from counseling.clock import utc_now
from counseling.database import db
from counseling.migrating import upgrade
from counseling.services.defaults import ship_defaults
from counseling.services.place_seed import seed_places
from counseling.services.reminder_rules import ship_rules


def init_app(app: Flask) -> None:
    app.cli.add_command(init)


@click.command("init")
def init() -> None:
    """Create or migrate the database. Safe to repeat."""
    upgrade(db.engine)
    config = current_app.extensions["diem_tua_config"]
    ship_defaults(db.session, is_demo=config.demo, now=utc_now())
    seed_places(db.session, actor="command:init", now=utc_now())
    ship_rules(db.session, utc_now())
    click.echo("The database is ready.")
