"""The devices of a person, and connections with each device of a contact."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from graphchat.store.blob import BlobField


class Migration(migrations.Migration):
    dependencies = [("client", "m0007_files")]  # noqa: RUF012 - as the base has it

    operations = [  # noqa: RUF012 - as the base has it
        ops.CreateModel(
            name="DeviceRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                (
                    "profile",
                    fields.ForeignKeyField(
                        "client.ProfileRow", source_field="profile_id", to_field="id"
                    ),
                ),
                ("device", BlobField()),
                ("name", fields.CharField(max_length=255)),
                ("connection", fields.IntField(null=True)),
                ("state", fields.CharField(max_length=32)),
                ("cursor", fields.BigIntField(null=True)),
                ("done", fields.IntField(db_default=0)),
                ("total", fields.IntField(db_default=0)),
                ("created_at", fields.FloatField()),
            ],
            options={
                "table": "client_device",
                "app": "client",
                "unique_together": (("profile", "device"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BranchRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                ("contact", fields.IntField()),
                ("connection", fields.IntField(null=True)),
                ("device", BlobField()),
                ("added_by", BlobField()),
                ("via", BlobField()),
                ("state", fields.CharField(max_length=32)),
            ],
            options={
                "table": "client_branch",
                "app": "client",
                "pk_attr": "id",
                "indexes": [Index(fields=["contact"], name="client_branch_contact")],
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="EchoRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                ("contact", fields.IntField()),
                ("msg_id", BlobField()),
                ("heard_at", fields.FloatField()),
            ],
            options={
                "table": "client_echo",
                "app": "client",
                "unique_together": (("contact", "msg_id"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
