"""Groups: their logs, their posts, and the connections that serve them."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from graphchat.store.blob import BlobField


class Migration(migrations.Migration):
    dependencies = [("client", "m0004_messages")]  # noqa: RUF012 - as the base has it

    operations = [  # noqa: RUF012 - as the base has it
        ops.CreateModel(
            name="GroupRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                (
                    "profile",
                    fields.ForeignKeyField(
                        "client.ProfileRow", source_field="profile_id", to_field="id"
                    ),
                ),
                ("gid", BlobField()),
                ("status", fields.CharField(max_length=32)),
                ("address", fields.IntField(null=True)),
                ("machine", fields.BinaryField()),
                ("created_at", fields.FloatField()),
            ],
            options={
                "table": "client_group",
                "app": "client",
                "unique_together": (("profile", "gid"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="GroupPeerRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                (
                    "group",
                    fields.ForeignKeyField(
                        "client.GroupRow", source_field="group_id", to_field="id"
                    ),
                ),
                ("connection", fields.IntField(unique=True)),
                ("key", BlobField()),
                ("kind", fields.CharField(max_length=32)),
                ("state", fields.CharField(max_length=32)),
                ("entry_cursor", fields.BigIntField()),
                ("post_cursor", fields.BigIntField()),
                ("floor", fields.BigIntField()),
            ],
            options={
                "table": "client_group_peer",
                "app": "client",
                "indexes": [Index(fields=["group_id"], name="client_group_peer_group")],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="GroupEntryRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                (
                    "group",
                    fields.ForeignKeyField(
                        "client.GroupRow", source_field="group_id", to_field="id"
                    ),
                ),
                ("hash", BlobField()),
                ("author", BlobField()),
                ("origin", fields.IntField()),
                ("data", fields.BinaryField()),
            ],
            options={
                "table": "client_group_entry",
                "app": "client",
                "unique_together": (("group", "hash"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="GroupPostRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                (
                    "group",
                    fields.ForeignKeyField(
                        "client.GroupRow", source_field="group_id", to_field="id"
                    ),
                ),
                ("author", BlobField()),
                ("seq", fields.BigIntField()),
                ("msg_id", BlobField()),
                ("origin", fields.IntField()),
                ("outgoing", fields.BooleanField()),
                ("text", fields.TextField()),
                ("data", fields.BinaryField()),
                ("sent_at", fields.FloatField()),
                ("state", fields.CharField(max_length=32)),
                ("carrier", fields.IntField()),
                ("carrier_seq", fields.BigIntField()),
            ],
            options={
                "table": "client_group_post",
                "app": "client",
                "unique_together": (("group", "author", "seq"),),
                "indexes": [Index(fields=["group_id", "id"], name="client_group_post_history")],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="GroupAuthorRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                (
                    "group",
                    fields.ForeignKeyField(
                        "client.GroupRow", source_field="group_id", to_field="id"
                    ),
                ),
                ("author", BlobField()),
                ("machine", fields.BinaryField()),
            ],
            options={
                "table": "client_group_author",
                "app": "client",
                "unique_together": (("group", "author"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="GroupRequestRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                (
                    "group",
                    fields.ForeignKeyField(
                        "client.GroupRow", source_field="group_id", to_field="id"
                    ),
                ),
                ("key", BlobField()),
                ("ticket", fields.BinaryField()),
                ("signature", fields.BinaryField()),
                ("connection", fields.IntField()),
            ],
            options={
                "table": "client_group_request",
                "app": "client",
                "unique_together": (("group", "key"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
