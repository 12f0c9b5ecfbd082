"""Numbers of rows in addresses and forms: counted in 32 bits, so a larger number is nothing that exists."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import IntegerConverter, ValidationError

LARGEST_ID = 2**31 - 1


def init_app(app: Flask) -> None:
    app.url_map.converters["int"] = RowId


class RowId(IntegerConverter):
    """`<int:…>` of every route: what no row can have is not found, instead of an error of the database's driver."""

    def to_python(self, value: str) -> int:
        number = int(super().to_python(value))
        if number > LARGEST_ID:
            raise ValidationError
        return number


def row_id(text: str) -> int:
    """For `request.form.get(…, type=row_id)`. Raises ValueError for what no row can have."""
    number = int(text)
    if abs(number) > LARGEST_ID:
        raise ValueError(text)
    return number
