"""What was offered to choose from, what is in no hurry, and what people see growing."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from graphchat.store.blob import BlobField


class Migration(migrations.Migration):
    dependencies = [("bot", "m0003_roles")]  # noqa: RUF012 - as the base has it

    operations = [  # noqa: RUF012 - as the base has it
        ops.CreateModel(
            name="OfferRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                ("chat", fields.CharField(max_length=255, db_index=True)),
                ("message_id", BlobField(unique=True)),
                ("options", fields.BinaryField()),
                ("is_open", fields.BooleanField()),
            ],
            options={"table": "bot_offer", "app": "bot", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="GrowingRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                ("event", fields.CharField(max_length=255, db_index=True)),
                ("message_id", BlobField(unique=True)),
            ],
            options={"table": "bot_growing", "app": "bot", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.AddField("OutboxRow", "bulk", fields.BooleanField(db_default=False)),
    ]
