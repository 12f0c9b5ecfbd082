"""Runs migrations on a connection that is in a transaction already (`counseling.migrating`)."""

from alembic import context
from sqlalchemy import Connection

from counseling.config import Config
from counseling.database import open_database
from counseling.migrating import migration
from counseling.models import Base, guards


def run() -> None:
    given = context.config.attributes.get("connection")
    if given is not None:
        migrate(given)
        return
    # By Alembic's own command, to draft a new migration from the models: `alembic -c migrations/alembic.ini revision`.
    with migration(open_database(Config.from_environment())) as connection:
        migrate(connection)


def migrate(connection: Connection) -> None:
    embedded = connection.dialect.name == "sqlite"
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
