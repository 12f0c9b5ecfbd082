"""`demo`: invented people on real places, for trying things out."""

from __future__ import annotations

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from counseling.clock import utc_now
from counseling.config import Config
from counseling.database import db
from counseling.demo.sizes import DAYS, FEWEST, PATIENTS, SEED, SHORTEST
from counseling.domain.refusal import Refusal

SENTENCES = {
    "not_initialised": "The database is empty: run `flask --app wsgi init` first.",
    "not_a_demo": "This database was not made as a demo: invented people never go into it.",
    "has_patients": "There are people in this database already: the demo fills an empty one only.",
    "accounts_exist": "There are accounts with the names of the demo's: the demo fills an empty database only.",
    "places_missing": "The communes and sites of Lạng Sơn are not there: run `flask --app wsgi init` first.",
}


def init_app(app: Flask) -> None:
    app.cli.add_command(demo)


@click.command("demo")
@click.option("--patients", type=click.IntRange(min=FEWEST), default=PATIENTS, show_default=True)
@click.option("--days", type=click.IntRange(SHORTEST, 400), default=DAYS, show_default=True, help="Days of history.")
@click.option("--seed", type=int, default=SEED, show_default=True, help="The same people for the same seed and day.")
@with_appcontext
def demo(patients: int, days: int, seed: int) -> None:
    """Fill an empty demo database with invented people. Refuses a database with real data."""
    from counseling.demo.filling import fill_demo  # 5 MB that no serving process needs

    config: Config = current_app.extensions["diem_tua_config"]
    if not config.demo:
        raise click.ClickException("Invented people are for demo mode only: set DEMO=1.")
    try:
        filled = fill_demo(db.session, now=utc_now(), zone=config.timezone, patients=patients, days=days, seed=seed)
    except Refusal as refusal:
        raise click.ClickException(SENTENCES[refusal.code]) from None
    click.echo(
        f"Invented: {filled.patients} people in treatment, {filled.supported} in aftercare, {filled.doses} doses."
    )
