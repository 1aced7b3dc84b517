from tortoise.models import Model

from graphchat.store import models


def tables() -> list[type[Model]]:
    return [
        item
        for item in vars(models).values()
        if isinstance(item, type) and issubclass(item, Model) and item is not Model
    ]


def test_every_table_is_named_as_the_clients() -> None:
    names = [table._meta.db_table for table in tables()]
    assert len(set(names)) == len(names) >= 10
    assert all(name.startswith("client_") for name in names)


def test_no_table_carries_a_docstring_into_the_schema() -> None:
    assert [table for table in tables() if table._meta.table_description] == []
