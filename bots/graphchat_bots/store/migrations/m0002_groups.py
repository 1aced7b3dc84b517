"""Who in a group has caused a job, and what leaves that is no message."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


async def _fill(_apps: object, editor: Any) -> None:
    # There were chats with contacts only, in which the sender is the chat.
    await editor.client.execute_query("UPDATE bot_job SET sender = chat")


class Migration(migrations.Migration):
    dependencies = [("bot", "m0001_initial")]  # noqa: RUF012 - as the base has it

    operations = [  # noqa: RUF012 - as the base has it
        ops.AddField("JobRow", "sender", fields.CharField(max_length=255, db_default="")),
        ops.AddField("JobRow", "group_name", fields.CharField(max_length=255, null=True)),
        ops.AddField("OutboxRow", "kind", fields.CharField(max_length=32, db_default="message")),
        ops.RunPython(_fill),
    ]
