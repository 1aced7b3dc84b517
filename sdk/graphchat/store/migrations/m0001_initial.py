"""The first schema."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from graphchat.store.blob import BlobField


class Migration(migrations.Migration):
    initial = True

    operations = [  # noqa: RUF012 - as the base has it
        ops.CreateModel(
            name="ProfileRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                ("name", fields.CharField(max_length=255)),
                ("card", fields.BinaryField()),
                ("created_at", fields.FloatField()),
            ],
            options={"table": "client_profile", "app": "client", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AddressRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                (
                    "profile",
                    fields.ForeignKeyField(
                        "client.ProfileRow", source_field="profile_id", to_field="id"
                    ),
                ),
                ("address_id", BlobField(unique=True)),
                ("machine", fields.BinaryField()),
                ("code", fields.TextField()),
                ("accept_all", fields.BooleanField()),
                ("created_at", fields.FloatField()),
            ],
            options={"table": "client_address", "app": "client", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ConnectionRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                ("cid", BlobField(unique=True)),
                (
                    "profile",
                    fields.ForeignKeyField(
                        "client.ProfileRow", source_field="profile_id", to_field="id"
                    ),
                ),
                ("name", fields.CharField(max_length=255)),
                ("kind", fields.CharField(max_length=32)),
                ("state", fields.CharField(max_length=32)),
                ("trust", fields.IntField()),
                ("owes", fields.BooleanField()),
                ("machine", fields.BinaryField()),
                ("created_at", fields.FloatField()),
            ],
            options={
                "table": "client_connection",
                "app": "client",
                "unique_together": (("profile", "name"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="EventRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                (
                    "profile",
                    fields.ForeignKeyField(
                        "client.ProfileRow", source_field="profile_id", to_field="id"
                    ),
                ),
                ("connection", fields.IntField()),
                ("kind", fields.CharField(max_length=32)),
                ("data", fields.BinaryField()),
                ("created_at", fields.FloatField()),
            ],
            options={"table": "client_event", "app": "client", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FrameRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                (
                    "connection",
                    fields.ForeignKeyField(
                        "client.ConnectionRow", source_field="connection_id", to_field="id"
                    ),
                ),
                ("seq", fields.BigIntField()),
                ("msg_id", BlobField()),
                ("data", fields.BinaryField()),
                ("created_at", fields.FloatField()),
            ],
            options={
                "table": "client_frame",
                "app": "client",
                "unique_together": (("connection", "seq"), ("connection", "msg_id")),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="HeldFrameRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                (
                    "connection",
                    fields.ForeignKeyField(
                        "client.ConnectionRow", source_field="connection_id", to_field="id"
                    ),
                ),
                ("stream", BlobField()),
                ("seq", fields.BigIntField()),
                ("data", fields.BinaryField()),
            ],
            options={
                "table": "client_held_frame",
                "app": "client",
                "unique_together": (("connection", "stream", "seq"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LaneRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                (
                    "connection",
                    fields.ForeignKeyField(
                        "client.ConnectionRow", source_field="connection_id", to_field="id"
                    ),
                ),
                ("number", fields.IntField()),
                ("recipient_id", BlobField(null=True, db_index=True)),
                ("machine", fields.BinaryField()),
            ],
            options={
                "table": "client_lane",
                "app": "client",
                "unique_together": (("connection", "number"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="EnvelopeRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                (
                    "lane",
                    fields.ForeignKeyField(
                        "client.LaneRow", source_field="lane_id", to_field="id"
                    ),
                ),
                ("seq", fields.BigIntField()),
                ("request_id", fields.CharField(max_length=64)),
                ("data", fields.BinaryField()),
            ],
            options={
                "table": "client_envelope",
                "app": "client",
                "indexes": [Index(fields=["lane_id", "seq"], name="client_envelope_lane")],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="MessageRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                (
                    "connection",
                    fields.ForeignKeyField(
                        "client.ConnectionRow", source_field="connection_id", to_field="id"
                    ),
                ),
                ("msg_id", BlobField()),
                ("outgoing", fields.BooleanField()),
                ("kind", fields.CharField(max_length=32)),
                ("text", fields.TextField()),
                ("data", fields.BinaryField()),
                ("sent_at", fields.FloatField()),
                ("received_at", fields.FloatField()),
                ("state", fields.CharField(max_length=32)),
            ],
            options={
                "table": "client_message",
                "app": "client",
                "unique_together": (("connection", "outgoing", "msg_id"),),
                "indexes": [Index(fields=["connection_id", "id"], name="client_message_history")],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Relay",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                ("address", fields.CharField(unique=True, max_length=1024)),
                ("position", fields.IntField()),
                ("added_at", fields.FloatField()),
            ],
            options={"table": "client_relay", "app": "client", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Setting",
            fields=[
                ("key", fields.CharField(primary_key=True, max_length=255)),
                ("value", fields.BinaryField()),
            ],
            options={"table": "client_setting", "app": "client", "pk_attr": "key"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WorkRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                ("connection", fields.IntField(null=True)),
                ("kind", fields.CharField(max_length=32)),
                ("data", fields.BinaryField()),
                ("attempts", fields.IntField()),
            ],
            options={"table": "client_work", "app": "client", "pk_attr": "id"},
            bases=["Model"],
        ),
    ]
