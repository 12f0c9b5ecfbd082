"""`backup` and `restore`: the whole database as one encrypted file."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from counseling.clock import utc_now
from counseling.config import Config
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.one_server import AlreadyServing, only_server
from counseling.services.backups import restore_backup, write_backup

SENTENCES = {
    "nothing_to_back_up": "There is no database yet: `flask --app wsgi init` makes one.",
    "backup_exists": "A file of that name exists already; nothing was written.",
    "backup_not_writable": "The file cannot be written there.",
    "backup_missing": "The file cannot be read.",
    "backup_not_ours": "The file is not a backup of this program; nothing was changed.",
    "backup_other_key": "The backup was written with another BACKUP_KEY; nothing was changed.",
    "backup_damaged": "The backup is damaged or incomplete; nothing was changed.",
    "backup_other_kind": "The backup is one of the other database (SQLite or PostgreSQL); nothing was changed.",
    "backup_newer": "The backup was written by a newer version of the program; nothing was changed.",
    "database_not_empty": "There is a database with records in it; nothing was changed. To replace it, add --replace.",
    "database_busy": "Others are working on the database; stop them and try again. Nothing was changed.",
}
FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


def init_app(app: Flask) -> None:
    app.cli.add_command(backup)
    app.cli.add_command(restore)


@click.command("backup")
@FILE
@with_appcontext
def backup(file: Path) -> None:
    """Write an encrypted backup of the database to FILE while the server runs."""
    try:
        write_backup(db.session, _config(), file, utc_now())
    except Refusal as refusal:
        raise click.ClickException(SENTENCES[refusal.code]) from None
    click.echo(f"Written: {file}")


@click.command("restore")
@FILE
@click.option("--replace", is_flag=True, help="Also when the database holds records: they are gone afterwards.")
@with_appcontext
def restore(file: Path, replace: bool) -> None:
    """Put the backup FILE in the place of the database. Everybody is signed out."""
    config = _config()
    alone: AbstractContextManager[None] = only_server(config.instance) if config.is_embedded else nullcontext()
    try:
        with alone:
            restore_backup(db.session, config, file, replace=replace, now=utc_now())
    except Refusal as refusal:
        raise click.ClickException(SENTENCES[refusal.code]) from None
    except AlreadyServing:
        raise click.ClickException("`serve` is running on this database: stop it first.") from None
    click.echo("Restored. Everybody has to sign in again. Reminders wait until each site lets them go.")


def _config() -> Config:
    config: Config = current_app.extensions["diem_tua_config"]
    return config
