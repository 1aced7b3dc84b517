"""What proofs are made of: the place of each frame in its chain, and receipts."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from graphchat.store.blob import BlobField


class Migration(migrations.Migration):
    dependencies = [("client", "m0001_initial")]  # noqa: RUF012 - as the base has it

    operations = [  # noqa: RUF012 - as the base has it
        ops.CreateModel(
            name="EvidenceRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                (
                    "connection",
                    fields.ForeignKeyField(
                        "client.ConnectionRow", source_field="connection_id", to_field="id"
                    ),
                ),
                ("outgoing", fields.BooleanField()),
                ("stream", BlobField()),
                ("seq", fields.BigIntField()),
                ("digest", fields.BinaryField()),
                ("kind", fields.IntField(null=True)),
                ("msg_id", BlobField(null=True)),
                ("ts_ms", fields.BigIntField(null=True)),
                ("signature", fields.BinaryField(null=True)),
                ("payload", fields.BinaryField(null=True)),
                ("target", BlobField(null=True)),
            ],
            options={
                "table": "client_evidence",
                "app": "client",
                "unique_together": (("connection", "outgoing", "stream", "seq"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ReceiptRow",
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
                ("ts_ms", fields.BigIntField()),
                ("signature", fields.BinaryField()),
            ],
            options={
                "table": "client_receipt",
                "app": "client",
                "unique_together": (("connection", "stream", "seq"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
