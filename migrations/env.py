"""Runs migrations on either database. SQLite: a rebuilt table loses its triggers and cannot be rebuilt while
foreign keys are enforced, so enforcement is off outside the transaction, and all guards are re-created after it."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from counseling.database import IN_A_TRANSACTION
from counseling.models import Base, guards


def run() -> None:
    given = context.config.attributes.get("connection")
    if given is not None:  # a restore: inside the transaction of whoever called
        migrate(given, given.dialect.name == "sqlite")
        return
    engine = current_app.extensions["migrate"].db.engine
    embedded = engine.dialect.name == "sqlite"
    with engine.connect().execution_options(**({} if embedded else IN_A_TRANSACTION)) as connection:
        raw = connection.connection.driver_connection
        if embedded:
            raw.execute("PRAGMA foreign_keys = OFF")  # a pragma inside a transaction does nothing
        try:
            with connection.begin():  # one transaction for all, guards included: SQLite's DDL is transactional too
                migrate(connection, embedded)
        finally:
            if embedded:
                raw.execute("PRAGMA foreign_keys = ON")


def migrate(connection: Connection, embedded: bool) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=embedded,
        compare_type=True,
        transactional_ddl=True,
    )
    guards.drop_all(connection)
    context.run_migrations()
    guards.restore(connection)
    if embedded:
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise RuntimeError(f"{len(broken)} rows refer to rows that are not there")


run()
