"""`staff add` and `staff reset-password`: the first administrator, and whoever locked everybody out."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.passwords import SHORTEST, ensure_good_password
from counseling.domain.refusal import Refusal
from counseling.models.people import Staff
from counseling.permissions import ROLE_PERMISSIONS
from counseling.services import passwords, staff_accounts, staff_roles
from counseling.services.signing_in import username_of

staff = AppGroup("staff", help="Accounts of people who work here.")

ROLES = ", ".join(f"{kind}:{side}" for kind, side in ROLE_PERMISSIONS)
# The command line is for whoever runs the server; pages say the same in Vietnamese.
SENTENCES = {
    "role_not_understood": f"A role is kind:side:place-code; kind and side are one of {ROLES}.",
    "place_missing": "This role needs the code of its place: kind:side:place-code.",
    "place_does_not_fit": "This role belongs to another kind of place.",
    "no_such_place": "There is no place with this code.",
    "site_without_function": "This site does not do that work.",
    "team_closed": "This team is closed.",
    "role_held_already": "The same role was given twice.",
    "username_not_right": "A username has 2 to 40 letters without marks, digits, dots, hyphens or underscores.",
    "username_taken": "Somebody has this username.",
    "name_missing": "The name is missing.",
    "name_too_long": f"The name is too long: {staff_accounts.LONGEST_NAME} characters at most.",
    "no_such_staff": "Nobody has this username.",
    "password_too_short": f"The password needs {SHORTEST} characters or more.",
    "password_too_long": "The password is too long.",
    "password_is_username": "The password must not be the username.",
    "password_common": "The password is one that guessers try first.",
}


def init_app(app: Flask) -> None:
    app.cli.add_command(staff)


@staff.command("add")
@click.option("--username", prompt=True)
@click.option("--name", prompt=True, help="As pages show it.")
@click.option(
    "--role", "roles", multiple=True, help="kind:side:place-code, as in dispenser:treatment:CP-DK; or administrator."
)
@click.option("--generate", is_flag=True, help="Make a password that is printed once and has to be changed.")
def add(username: str, name: str, roles: tuple[str, ...], generate: bool) -> None:
    """Make an account. Asks for what the options do not say."""
    texts = roles or (click.prompt("Role (kind:side:place-code, or administrator)"),)
    try:
        wanted = [staff_roles.role_of_text(db.session, text) for text in texts]
        password = _password(username, generate)
        staff_accounts.add_staff(db.session, None, username, name, wanted, password, utc_now(), must_change=generate)
    except Refusal as refusal:
        raise _said(refusal) from None
    click.echo(f"Account {username_of(username)} is ready.")
    _print_generated(password, generate)


@staff.command("reset-password")
@click.argument("username", required=False)
@click.option("--generate", is_flag=True, help="Make a password that is printed once and has to be changed.")
def reset_password(username: str | None, generate: bool) -> None:
    """Give somebody a new password and sign them out everywhere."""
    username = username or click.prompt("Username")
    try:
        staff_id = _staff_id(username)
        password = _password(username, generate)
        staff_accounts.reset_password(db.session, None, staff_id, password, utc_now())
    except Refusal as refusal:
        raise _said(refusal) from None
    click.echo(f"The password of {username_of(username)} is new and has to be changed; every session has ended.")
    _print_generated(password, generate)


def _staff_id(username: str) -> int:
    found = db.session.execute(select(Staff.id).where(Staff.username == username_of(username))).scalar()
    if found is None:
        raise Refusal("no_such_staff")
    return found


def _password(username: str, generate: bool) -> str:
    """Asked hidden and twice, never an option: command lines stay in histories and process lists."""
    if generate:
        return passwords.one_time_password()
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    ensure_good_password(password, username_of(username))
    return password


def _print_generated(password: str, generate: bool) -> None:
    if generate:
        click.echo(f"One-time password, to be changed at the first sign-in: {password}")


def _said(refusal: Refusal) -> click.ClickException:
    return click.ClickException(SENTENCES.get(refusal.code, refusal.code))
