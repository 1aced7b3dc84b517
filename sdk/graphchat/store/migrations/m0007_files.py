"""Files on their way: what is sent, where its chunks are, and what has come."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from graphchat.store.blob import BlobField


def _table(name: str, table: str, columns: list[Any], unique: tuple[str, ...]) -> Any:
    return ops.CreateModel(
        name=name,
        fields=[("id", fields.IntField(generated=True, primary_key=True)), *columns],
        options={
            "table": table,
            "app": "client",
            "unique_together": (unique,),
            "pk_attr": "id",
        },
        bases=["Model"],
    )


class Migration(migrations.Migration):
    dependencies = [("client", "m0006_posts")]  # noqa: RUF012 - as the base has it

    operations = [  # noqa: RUF012 - as the base has it
        _table(
            "UploadRow",
            "client_upload",
            [
                ("connection", fields.IntField()),
                ("group", fields.IntField()),
                ("msg_id", BlobField()),
                ("path", fields.TextField()),
                ("machine", fields.BinaryField()),
                ("created_at", fields.FloatField()),
            ],
            ("connection", "group", "msg_id"),
        ),
        _table(
            "UploadPlaceRow",
            "client_upload_place",
            [
                (
                    "upload",
                    fields.ForeignKeyField(
                        "client.UploadRow", source_field="upload_id", to_field="id"
                    ),
                ),
                ("strip", fields.IntField()),
                ("number", fields.IntField()),
                ("machine", fields.BinaryField()),
                ("done", fields.IntField()),
            ],
            ("upload", "strip", "number"),
        ),
        _table(
            "DownloadRow",
            "client_download",
            [
                ("connection", fields.IntField()),
                ("group", fields.IntField()),
                ("msg_id", BlobField()),
                ("path", fields.TextField()),
                ("have", fields.BinaryField()),
                ("created_at", fields.FloatField()),
            ],
            ("connection", "group", "msg_id"),
        ),
    ]
