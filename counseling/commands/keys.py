"""`keys rotate`: the sealed fields under the newest key of DATA_KEYS."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import with_appcontext

from counseling.clock import utc_now
from counseling.database import db
from counseling.services.key_rotation import rotate_keys


def init_app(app: Flask) -> None:
    app.cli.add_command(keys)


@click.group("keys")
def keys() -> None:
    """The keys that fields are encrypted with."""


@keys.command("rotate")
@with_appcontext
def rotate() -> None:
    """Re-encrypt fields under the newest key while the server runs.

    First put the new key in front of the old ones in DATA_KEYS and start the server again, so that it can read what
    this command writes. Take the old key out when this says that nothing is left. Safe to repeat and to interrupt.
    """
    outcome = rotate_keys(db.session, utc_now())
    click.echo(f"{outcome.changed} values were put under the newest key.")
    if outcome.left:
        raise click.ClickException(
            f"{outcome.left} values are left under an older key, or under one that is not in DATA_KEYS:"
            " keep the old keys, and run this again."
        )
    click.echo("Nothing is left under an older key: the old keys may be taken out of DATA_KEYS.")
