"""Every binary column is either re-encrypted by `keys rotate` or stands in the list of those that are not, with why."""

from sqlalchemy import LargeBinary

from counseling.models import Base
from counseling.services.sealed_columns import KEPT_AS_THEY_ARE, SEALED


def test_every_binary_column_is_sealed_or_has_a_reason_not_to_be() -> None:
    binary = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    ]
    named = [f"{sealed.table.name}.{column}" for sealed in SEALED for column in sealed.fields] + list(KEPT_AS_THEY_ARE)
    assert sorted(named) == sorted(binary)


def test_every_reason_says_something() -> None:
    assert all(KEPT_AS_THEY_ARE.values())
