from tortoise.fields import BinaryField

from graphchat.store.blob import BlobField


def test_bytes_may_be_unique_and_indexed() -> None:
    assert BlobField(unique=True).unique
    assert BlobField(db_index=True).index


def test_otherwise_it_is_the_field_of_tortoise() -> None:
    assert BlobField().get_for_dialect("sqlite", "SQL_TYPE") == "BLOB"
    assert BlobField().get_for_dialect("postgres", "SQL_TYPE") == "BYTEA"
    assert issubclass(BlobField, BinaryField)
