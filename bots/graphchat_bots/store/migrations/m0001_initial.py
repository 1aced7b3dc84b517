"""The first schema."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from graphchat.store.blob import BlobField


class Migration(migrations.Migration):
    initial = True

    operations = [  # noqa: RUF012 - as the base has it
        ops.CreateModel(
            name="SeenRow",
            fields=[
                ("id", fields.CharField(primary_key=True, max_length=255)),
                ("at", fields.FloatField(db_index=True)),
            ],
            options={"table": "bot_seen", "app": "bot", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StateRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                ("chat", fields.CharField(max_length=255)),
                ("sender", fields.CharField(max_length=255)),
                ("name", fields.CharField(max_length=255)),
                ("body", fields.BinaryField()),
            ],
            options={
                "table": "bot_state",
                "app": "bot",
                "unique_together": (("chat", "sender", "name"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="JobRow",
            fields=[
                ("id", fields.CharField(primary_key=True, max_length=255)),
                ("name", fields.CharField(max_length=255)),
                ("chat", fields.CharField(max_length=255, db_index=True)),
                ("sender_name", fields.CharField(max_length=255)),
                ("body", fields.BinaryField()),
                ("due", fields.FloatField(db_index=True)),
                ("tries", fields.IntField()),
                ("from_bot", fields.BooleanField()),
            ],
            options={"table": "bot_job", "app": "bot", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OutboxRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                ("chat", fields.CharField(max_length=255)),
                ("message_id", BlobField(unique=True)),
                ("body", fields.BinaryField()),
            ],
            options={"table": "bot_outbox", "app": "bot", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AttemptRow",
            fields=[
                ("id", fields.CharField(primary_key=True, max_length=255)),
                ("tries", fields.IntField()),
                ("at", fields.FloatField()),
            ],
            options={"table": "bot_attempt", "app": "bot", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DeadLetterRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                ("reference", fields.CharField(max_length=32)),
                ("kind", fields.CharField(max_length=32)),
                ("event", fields.CharField(max_length=255)),
                ("chat", fields.CharField(max_length=255)),
                ("sender_name", fields.CharField(max_length=255)),
                ("name", fields.CharField(max_length=255)),
                ("body", fields.BinaryField()),
                ("error", fields.CharField(max_length=255)),
                ("tries", fields.IntField()),
                ("at", fields.FloatField()),
            ],
            options={"table": "bot_dead_letter", "app": "bot", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FactRow",
            fields=[
                ("name", fields.CharField(primary_key=True, max_length=255)),
                ("value", fields.IntField()),
            ],
            options={"table": "bot_fact", "app": "bot", "pk_attr": "name"},
            bases=["Model"],
        ),
    ]
