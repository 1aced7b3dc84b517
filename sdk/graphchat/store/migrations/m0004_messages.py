"""Messages that are edited, deleted, answered by a reaction, read, and that disappear."""

from typing import Any

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from graphchat.store.blob import BlobField


def _connection() -> Any:
    return fields.ForeignKeyField(
        "client.ConnectionRow", source_field="connection_id", to_field="id"
    )


class Migration(migrations.Migration):
    dependencies = [("client", "m0003_words")]  # noqa: RUF012 - as the base has it

    operations = [  # noqa: RUF012 - as the base has it
        ops.AddField("ProfileRow", "indicators", fields.BooleanField(db_default=False)),
        ops.AddField("MessageRow", "edited_at", fields.FloatField(null=True)),
        ops.AddField("MessageRow", "deleted_at", fields.FloatField(null=True)),
        ops.AddField("MessageRow", "lasts", fields.FloatField(null=True)),
        ops.AddField("MessageRow", "expires_at", fields.FloatField(null=True)),
        ops.AddIndex("MessageRow", Index(fields=["expires_at"], name="client_message_expiry")),
        ops.CreateModel(
            name="AmendmentRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                ("connection", _connection()),
                ("target", BlobField()),
                ("outgoing", fields.BooleanField()),
                ("kind", fields.CharField(max_length=32)),
                ("msg_id", BlobField()),
                ("data", fields.BinaryField()),
                ("said_at", fields.FloatField()),
            ],
            options={
                "table": "client_amendment",
                "app": "client",
                "unique_together": (("connection", "target", "outgoing", "kind"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ConversationRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                ("connection", _connection()),
                ("timer", fields.IntField(db_default=0)),
                ("timer_version", fields.BigIntField(db_default=0)),
                ("timer_ours", fields.BooleanField(db_default=False)),
                ("renamed", fields.BooleanField(db_default=False)),
                ("read_here", fields.IntField(db_default=0)),
                ("read_there", fields.IntField(db_default=0)),
            ],
            options={
                "table": "client_conversation",
                "app": "client",
                "unique_together": (("connection",),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
