"""`places load CODE`: the communes of one more province."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.services.place_seed import load_province

places = AppGroup("places", help="Provinces, communes and wards.")


def init_app(app: Flask) -> None:
    app.cli.add_command(places)


@places.command("load")
@click.argument("code")
def load(code: str) -> None:
    """Add the communes and wards of the province with this CODE of the statistics office (20 is Lạng Sơn)."""
    try:
        added = load_province(db.session, code, actor="command:places", now=utc_now())
    except Refusal:
        raise click.ClickException(f"There is no province with the code {code}.") from None
    click.echo(f"{added} communes and wards added.")
