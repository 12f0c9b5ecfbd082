"""The floor: Flask and SQLAlchemy, one row in or 300 rows out, and nothing else.

`python -m benchmarks.bare_app URL PORT ROWS FILLER`; served as the product is, on the same settings of the database.
"""

from __future__ import annotations

import sys
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
import waitress
from flask import Flask, Response, redirect, render_template_string, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

# Nothing of the product is imported here; these repeat counseling/commands/serving.py and counseling/database.py.
THREADS = 8
PRAGMAS = (
    f"key = \"x'{'1f' * 32}'\"",
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "busy_timeout = 10000",
    "mmap_size = 0",
    "temp_store = MEMORY",
    "cache_size = -16000",
)
PAGE = """<!doctype html><html><head><title>Rows</title></head><body><ul>
{% for row in rows %}<li><b>{{ row.code }}</b> {{ row.name }}, {{ row.year }} <i>{{ row.filler }}</i></li>
{% endfor %}</ul></body></html>"""

db = SQLAlchemy()


class Row(db.Model):  # type: ignore[name-defined,misc]  # the class is made at run time
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    year: Mapped[int]
    filler: Mapped[str]


def create_bare_app(url: str, rows: int, filler: int) -> Flask:
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _options(url)
    db.init_app(app)
    with app.app_context():
        db.create_all()
        for number in range(rows):
            db.session.add(Row(code=f"R-{number:04d}", name="Somebody", year=1990, filler="x" * filler))
        db.session.commit()

    @app.post("/row")
    def add() -> Any:
        db.session.add(Row(code=request.form["code"], name="Somebody", year=1990, filler=""))
        db.session.commit()
        return redirect("/rows", 303)

    @app.get("/rows")
    def show() -> str:
        rows = db.session.scalars(select(Row).where(Row.filler != "").order_by(Row.id)).all()
        return render_template_string(PAGE, rows=rows)

    @app.get("/constant")
    def constant() -> Response:
        return Response("x" * int(request.args["bytes"]), mimetype="text/html")

    return app


def _options(url: str) -> dict[str, Any]:
    if not url.startswith("sqlite"):
        return {"pool_size": 8, "max_overflow": 4}
    path = url.removeprefix("sqlite:///")
    return {"module": sqlcipher, "creator": lambda: _connect(path), "pool_size": 12}


def _connect(path: str) -> Any:
    connection = sqlcipher.connect(path, check_same_thread=False)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def main(url: str, port: str, rows: str, filler: str) -> None:
    app = create_bare_app(url, int(rows), int(filler))
    waitress.serve(app, host="127.0.0.1", port=int(port), threads=THREADS, ident=None, asyncore_use_poll=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
