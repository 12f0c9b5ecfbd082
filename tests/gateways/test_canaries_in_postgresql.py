"""What PostgreSQL itself writes when the program runs into one of its constraints: nothing that names anybody.

The control is the same database as its makers ship it, and as somebody sets it who looks for a fault: there all of it
shows, so that the promise is one of the settings that README asks for and not of chance.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from psycopg import sql
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from counseling.domain.refusal import Refusal
from counseling.refs import new_request_key
from counseling.services import canned_answers, patients
from counseling.services.canned_answers import add_canned_answer
from tests.support.cast import CAO_LOC, DONG_KINH, Cast
from tests.support.files import by, registered
from tests.support.postgres import SETTINGS, Cluster
from tests.support.settings import MORNING

AS_TOLD = {name: SETTINGS[name] for name in ("log_error_verbosity", "log_min_error_statement")}
AS_SHIPPED = {"log_error_verbosity": "default", "log_min_error_statement": "error"}
WITH_VALUES = {"log_parameter_max_length_on_error": "-1"}
WORDS, CODE = "canary den chieu nay", "LS-CANARY-7"


@pytest.fixture(params=["as told", "as shipped"])
def database_url(request: pytest.FixtureRequest, postgres: Cluster, postgresql_url: str) -> Iterator[str]:
    """PostgreSQL that writes as much of its errors as it is told to, for this database alone."""
    name = sql.Identifier(make_url(postgresql_url).database or "")
    settings = {**(AS_TOLD if request.param == "as told" else AS_SHIPPED), **WITH_VALUES}
    with postgres.connect() as superuser:
        for setting, value in settings.items():
            change = sql.SQL("ALTER DATABASE {} SET {} = {}")
            superuser.execute(change.format(name, sql.Identifier(setting), sql.Literal(value)))
        yield postgresql_url
        superuser.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(name))


def test_what_postgresql_complains_of_names_nobody(
    request: pytest.FixtureRequest,
    session: Session,
    cast: Cast,
    postgres: Cluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = postgres.written_from_now()
    # As of two at the same moment: neither sees the other when it looks, and the database refuses the second.
    monkeypatch.setattr(patients, "_ensure_new", lambda *_: None)
    monkeypatch.setattr(canned_answers, "_is_kept", lambda *_: False)
    key = run_into_constraints(session, cast)
    said = written()
    assert said.count("duplicate key value violates unique constraint") == 2
    shows = "as shipped" in request.node.name
    for canary in (CODE, key, WORDS):
        assert (canary in said) is shows, canary


def run_into_constraints(session: Session, cast: Cast) -> str:
    """Somebody's code in the register a second time, and a form's key with words from another site; gives the key."""
    who = by(cast, "dispenser")
    registered(session, cast, register_code=CODE)
    with pytest.raises(Refusal, match="register_code_taken"):
        registered(session, cast, register_code=CODE, full_name="Hoàng Văn Canary")
    key = new_request_key()
    add_canned_answer(session, "treatment", CAO_LOC, "Mai gap", by=who, request_key=key, now=MORNING)
    with pytest.raises(Refusal, match="answer_key_used"):
        add_canned_answer(session, "treatment", DONG_KINH, WORDS, by=who, request_key=key, now=MORNING)
    return key
