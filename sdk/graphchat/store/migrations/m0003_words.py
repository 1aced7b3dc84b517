"""The words of messages, for search: an index that SQLite keeps by triggers.

It holds no text of its own (external content), so whatever changes or deletes a message changes
the index in the same transaction, and wipes what it knew.
"""

from typing import Any, Final

from tortoise import migrations
from tortoise.migrations import operations as ops

_FORGET: Final = (
    "INSERT INTO client_words (client_words, rowid, text) VALUES ('delete', old.id, old.text)"
)
_LEARN: Final = "INSERT INTO client_words (rowid, text) VALUES (new.id, new.text)"
_FORGET_IF: Final = (
    "INSERT INTO client_words (client_words, rowid, text)"
    " SELECT 'delete', old.id, old.text WHERE old.text != ''"
)
_LEARN_IF: Final = (
    "INSERT INTO client_words (rowid, text) SELECT new.id, new.text WHERE new.text != ''"
)
_TABLE: Final = """
    CREATE VIRTUAL TABLE client_words USING fts5(text, content='client_message',
    content_rowid='id', columnsize=0, tokenize='unicode61 remove_diacritics 2')
"""
# Without it, words of deleted messages stay in the index until it is merged.
_WIPE: Final = "INSERT INTO client_words (client_words, rank) VALUES ('secure-delete', 1)"
_INSERT: Final = f"""
    CREATE TRIGGER client_words_insert AFTER INSERT ON client_message
    WHEN new.text != '' BEGIN {_LEARN}; END
"""
_DELETE: Final = f"""
    CREATE TRIGGER client_words_delete AFTER DELETE ON client_message
    WHEN old.text != '' BEGIN {_FORGET}; END
"""
# One trigger: the old words have to go first, and SQLite promises no order of two.
_UPDATE: Final = f"""
    CREATE TRIGGER client_words_update AFTER UPDATE OF text ON client_message
    BEGIN {_FORGET_IF}; {_LEARN_IF}; END
"""
_FILL: Final = (
    "INSERT INTO client_words (rowid, text) SELECT id, text FROM client_message WHERE text != ''"
)


async def _make(_apps: object, editor: Any) -> None:
    # Not `RunSQL`, which cuts triggers at their semicolons.
    for statement in (_TABLE, _WIPE, _INSERT, _DELETE, _UPDATE, _FILL):
        await editor.client.execute_query(statement)


class Migration(migrations.Migration):
    dependencies = [("client", "m0002_evidence")]  # noqa: RUF012 - as the base has it

    operations = [ops.RunPython(_make)]  # noqa: RUF012
