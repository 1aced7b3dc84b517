"""Conversations that wait, and their journals."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from graphchat.store.blob import BlobField


class Migration(migrations.Migration):
    dependencies = [("bot", "m0004_replies")]  # noqa: RUF012 - as the base has it

    operations = [  # noqa: RUF012 - as the base has it
        ops.CreateModel(
            name="ConversationRow",
            fields=[
                ("id", fields.CharField(primary_key=True, max_length=255)),
                ("chat", fields.CharField(max_length=255)),
                ("sender", fields.CharField(max_length=255)),
                ("handler", fields.CharField(max_length=255)),
                ("head", fields.BinaryField()),
                ("prompt", fields.CharField(max_length=255)),
                ("questions", BlobField()),
                ("until", fields.FloatField(db_index=True)),
            ],
            options={
                "table": "bot_conversation",
                "app": "bot",
                "unique_together": (("chat", "sender"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="JournalRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                ("conversation", fields.CharField(max_length=255)),
                ("number", fields.IntField()),
                ("body", fields.BinaryField()),
                ("at", fields.FloatField(db_index=True)),
            ],
            options={
                "table": "bot_journal",
                "app": "bot",
                "unique_together": (("conversation", "number"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
