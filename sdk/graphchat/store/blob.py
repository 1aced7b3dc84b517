"""A column of bytes that may have an index."""

from typing import Any

from tortoise import fields


class BlobField(fields.BinaryField[Any]):
    """SQLite and PostgreSQL index bytes well; Tortoise forbids it because others do not."""

    indexable = True
