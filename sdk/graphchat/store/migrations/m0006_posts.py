"""Posts of groups: what they are about, and an index of their words as messages have one."""

from typing import Any, Final

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from graphchat.store.blob import BlobField

_NAME: Final = "client_words_post"
_FORGET: Final = (
    f"INSERT INTO {_NAME} ({_NAME}, rowid, text) SELECT 'delete', old.id, old.text"
    " WHERE old.text != ''"
)
_LEARN: Final = f"INSERT INTO {_NAME} (rowid, text) SELECT new.id, new.text WHERE new.text != ''"
_STATEMENTS: Final = (
    (
        f"CREATE VIRTUAL TABLE {_NAME} USING fts5(text, content='client_group_post',"
        " content_rowid='id', columnsize=0, tokenize='unicode61 remove_diacritics 2')"
    ),
    # Without it, words of deleted posts stay in the index until it is merged.
    f"INSERT INTO {_NAME} ({_NAME}, rank) VALUES ('secure-delete', 1)",  # noqa: S608
    f"CREATE TRIGGER {_NAME}_insert AFTER INSERT ON client_group_post BEGIN {_LEARN}; END",
    f"CREATE TRIGGER {_NAME}_delete AFTER DELETE ON client_group_post BEGIN {_FORGET}; END",
    # A post that waited gets another id when it is shown.
    (
        f"CREATE TRIGGER {_NAME}_update AFTER UPDATE OF text, id ON client_group_post"
        f" BEGIN {_FORGET}; {_LEARN}; END"
    ),
    (
        f"INSERT INTO {_NAME} (rowid, text) SELECT id, text FROM client_group_post"  # noqa: S608
        " WHERE text != ''"
    ),
)


async def _make(_apps: object, editor: Any) -> None:
    for statement in _STATEMENTS:
        await editor.client.execute_query(statement)


class Migration(migrations.Migration):
    dependencies = [("client", "m0005_groups")]  # noqa: RUF012 - as the base has it

    operations = [  # noqa: RUF012 - as the base has it
        ops.AddField("GroupPostRow", "target", BlobField(null=True)),
        ops.AddIndex(
            "GroupPostRow", Index(fields=["group_id", "target"], name="client_group_post_target")
        ),
        ops.RunPython(_make),
    ]
