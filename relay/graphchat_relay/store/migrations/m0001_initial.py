"""The first schema: queues, messages, and what replicas share."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from graphchat_relay.store.models import HashField


class Migration(migrations.Migration):
    initial = True

    operations = [  # noqa: RUF012 - as the base has it
        ops.CreateModel(
            name="QueueModel",
            fields=[
                ("key", fields.BigIntField(generated=True, primary_key=True)),
                ("recipient", HashField(unique=True)),
                ("sender", HashField(unique=True)),
                ("recipient_key", fields.BinaryField()),
                ("sender_key", fields.BinaryField()),
                ("day", fields.IntField()),
            ],
            options={"table": "relay_queue", "app": "relay", "pk_attr": "key"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="MessageModel",
            fields=[
                ("position", fields.BigIntField(generated=True, primary_key=True)),
                ("queue", fields.BigIntField(db_index=True)),
                ("public_id", fields.CharField(max_length=16)),
                ("ts", fields.BigIntField(db_index=True)),
                ("msg", fields.BinaryField()),
            ],
            options={"table": "relay_message", "app": "relay", "pk_attr": "position"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SettingModel",
            fields=[
                ("name", fields.CharField(primary_key=True, max_length=32)),
                ("value", fields.BinaryField()),
            ],
            options={"table": "relay_setting", "app": "relay", "pk_attr": "name"},
            bases=["Model"],
        ),
    ]
