import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.models.people import Staff, StaffRole
from counseling.services import passwords
from tests.people.accounts import enter
from tests.support.cast import DONG_KINH, Cast

NEW = "một câu mới dễ nhớ"


def run(app: Flask, *arguments: str, typed: str = "") -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["staff", *arguments], input=typed)
    return done.exit_code, done.output


def test_an_account_is_made_from_options_and_a_hidden_password(app: Flask, session: Session, cast: Cast) -> None:
    options = ["--username", "moi", "--name", "người mới", "--role", "dispenser:treatment:CP-DK"]
    code, output = run(app, "add", *options, "--role", "administrator", typed=f"{NEW}\n{NEW}\n")
    assert code == 0, output
    assert NEW not in output
    row = session.execute(select(Staff).where(Staff.username == "moi")).scalar_one()
    assert passwords.matches(row.password_hash, NEW)
    assert not row.must_change_password
    held = session.execute(select(StaffRole.kind, StaffRole.site_id).where(StaffRole.staff_id == row.id)).all()
    assert sorted(map(tuple, held)) == [("administrator", None), ("dispenser", DONG_KINH)]


def test_it_asks_for_what_is_missing(app: Flask, session: Session, cast: Cast) -> None:
    code, output = run(app, "add", "--generate", typed="moi\nNgười mới\nadministrator\n")
    assert code == 0, output
    password = output.strip().rsplit(" ", 1)[-1]
    row = session.execute(select(Staff).where(Staff.username == "moi")).scalar_one()
    assert row.must_change_password
    assert passwords.matches(row.password_hash, password)


@pytest.mark.parametrize(
    ("username", "role", "sentence"),
    [
        ("dispenser", "administrator", "Somebody has this username."),
        ("moi", "king", "A role is kind:side:place-code"),
        ("moi", "dispenser:treatment", "This role needs the code of its place"),
        ("moi", "dispenser:treatment:NOWHERE", "There is no place with this code."),
        ("moi", "dispenser:treatment:CSDT-01", "This site does not do that work."),
    ],
)
def test_what_cannot_be_ends_in_one_sentence(app: Flask, cast: Cast, username: str, role: str, sentence: str) -> None:
    code, output = run(app, "add", "--username", username, "--name", "X", "--role", role, "--generate")
    assert code == 1
    assert sentence in output


def test_a_password_that_guessers_try_first_is_refused(app: Flask, cast: Cast) -> None:
    options = ["--username", "moi", "--name", "X", "--role", "administrator"]
    code, output = run(app, "add", *options, typed="password\npassword\n")
    assert (code, "guessers" in output) == (1, True)


def test_a_reset_password_ends_sessions_and_has_to_be_changed(app: Flask, session: Session, cast: Cast) -> None:
    enter(session, "dispenser")
    code, output = run(app, "reset-password", "dispenser", "--generate")
    assert code == 0, output
    row = session.execute(select(Staff).where(Staff.username == "dispenser")).scalar_one()
    session.refresh(row)
    assert row.must_change_password
    assert passwords.matches(row.password_hash, output.strip().rsplit(" ", 1)[-1])
    assert run(app, "reset-password", "nobody", "--generate")[0] == 1
