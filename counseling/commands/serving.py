"""`serve`: the web server and the scheduler's thread in one process, for the embedded database.

Also for small installations on PostgreSQL: there the thread stands by where a `worker` runs.
"""

from __future__ import annotations

import signal
import socket
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NoReturn

import click
import waitress.server
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from counseling.commands.ready import ensure_ready
from counseling.commands.ticking import ticking
from counseling.config import Config
from counseling.database import db
from counseling.demo import accounts
from counseling.models.people import Staff
from counseling.one_server import AlreadyServing, only_server
from counseling.queries.viewers import list_desks
from counseling.routes import viewing

THREADS = 8
MEBIBYTE = 1024 * 1024
LARGEST_BODY = 64 * MEBIBYTE  # far over MAX_CONTENT_LENGTH, so that a file too large gets our page and its words
SILENT_SECONDS = 60  # a connection that neither sends nor takes anything for so long is closed


def init_app(app: Flask) -> None:
    app.cli.add_command(serve)


@click.command("serve")
@with_appcontext
def serve() -> None:
    """Serve people on HOST and PORT until Ctrl-C or SIGTERM."""
    config: Config = current_app.extensions["diem_tua_config"]
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts jobs in the background ignores it
    alone: AbstractContextManager[None] = only_server(config.instance) if config.is_embedded else nullcontext()
    try:
        with alone:
            ensure_ready()
            _serve_until_told_to_stop(config)
    except AlreadyServing:
        raise click.ClickException("Another `serve` is running on this instance folder: one process serves.") from None


def _end(*_: object) -> NoReturn:
    raise SystemExit(0)


def _serve_until_told_to_stop(config: Config) -> None:
    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]  # the server outlives this context
    try:
        server = waitress.server.create_server(app, **_limits(config))
    except (OSError, socket.gaierror, ValueError):
        raise click.ClickException(f"Nobody can listen on {config.host}, port {config.port}: is it taken?") from None
    _say_where(config)
    try:
        with ticking(app, config):
            server.run()  # comes back after Ctrl-C and SIGTERM, when the requests in hand are answered
    finally:
        # Not server.close(): an answer that outlasts the end wakes the server through a pipe. Were that closed, its
        # number might be the database's by then, whose first byte would be written over. It goes with the process.
        viewing.log_of(app).stop()
    click.echo("Stopped.")


def _limits(config: Config) -> dict[str, object]:
    return {
        "host": config.host,
        "port": config.port,
        "threads": THREADS,
        "ident": None,
        "max_request_body_size": LARGEST_BODY,
        "max_request_header_size": 32 * 1024,
        # What people send and are shown stays in memory: waitress would put larger pieces into temporary files.
        "inbuf_overflow": LARGEST_BODY,
        "outbuf_overflow": LARGEST_BODY,
        "channel_timeout": SILENT_SECONDS,
        "asyncore_use_poll": True,
        # Behind a proxy of ours ProxyFix reads these headers; from anybody else they are thrown away.
        "clear_untrusted_proxy_headers": config.trusted_proxies == 0,
    }


def _say_where(config: Config) -> None:
    click.echo(f"Điểm Tựa: {config.public_url or _address(config)}")
    if config.demo:
        _say_who()
    click.echo("Ctrl-C stops it.")


def _address(config: Config) -> str:
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"http://{host}:{config.port}"


def _say_who() -> None:
    rows = db.session.execute(select(Staff.id, Staff.username).where(Staff.username.in_(accounts.USERNAMES))).all()
    found = {username: staff_id for staff_id, username in rows}
    click.echo(f"Demo accounts, password {accounts.PASSWORD}, PIN {accounts.PIN} (on a station's device):")
    for username in filter(found.__contains__, accounts.USERNAMES):
        desks = ", ".join(f"{desk.kind} {desk.place}".strip() for desk in list_desks(db.session, found[username]))
        click.echo(f"  {username:<11} {desks}")
    db.session.remove()
