"""`audit verify` and `audit export`: whether the chains hold, here or on another machine."""

from __future__ import annotations

import os
from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext

from counseling.database import db
from counseling.services import audit_verification
from counseling.services.ledger_verification import verify_ledger


def init_app(app: Flask) -> None:
    app.cli.add_command(audit)


@click.group("audit")
def audit() -> None:
    """Who did and who saw what, as chains in which a change shows."""


@audit.command("verify")
@with_appcontext
def verify() -> None:
    """Walk all chains, and compare the doses with them. Ends with 1 and names what does not hold."""
    found = audit_verification.verify(db.session)
    differing = verify_ledger(db.session)
    for chain, sequence in found.broken:
        click.echo(f"Broken: chain {chain}, entry {sequence}", err=True)
    for chain, day in differing:
        click.echo(f"Differs: the doses of {day.isoformat()} are not those of chain {chain}", err=True)
    if found.broken:
        raise click.ClickException(f"{len(found.broken)} of {found.chains} chains were tampered with or damaged.")
    if differing:
        raise click.ClickException(f"The doses of {len(differing)} days are not what was recorded.")
    click.echo(f"{found.chains} chains with {found.entries} entries hold.")
    click.echo("That the newest entries were not cut off together with their chain's head, this cannot see.")


@audit.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def export(file: Path) -> None:
    """Write all chains to FILE (JSON lines, ids only) for scripts/verify_audit_export.py."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        raise click.ClickException("The file exists already, or cannot be written there.") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as target:
        count = audit_verification.export(db.session, target)
    click.echo(f"Written: {file}, {count} entries")
