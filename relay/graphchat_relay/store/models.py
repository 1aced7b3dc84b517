"""The tables of a relay, for schema, migrations and administration. The service uses plain SQL."""

from typing import Any

from tortoise import fields
from tortoise.models import Model


class HashField(fields.BinaryField[Any]):
    """32 bytes. Tortoise gives bytes no index, because some databases do not; ours do."""

    indexable = True


class QueueModel(Model):
    """A queue; see `graphchat_relay.store.QueueRow`."""

    key = fields.BigIntField(primary_key=True)
    recipient = HashField(unique=True)
    sender = HashField(unique=True)
    recipient_key = fields.BinaryField()
    sender_key = fields.BinaryField()
    day = fields.IntField()

    class Meta(Model.Meta):
        table = "relay_queue"


class MessageModel(Model):
    """A message; see `graphchat_relay.store.MessageRow`."""

    position = fields.BigIntField(primary_key=True)
    queue = fields.BigIntField(db_index=True)
    public_id = fields.CharField(max_length=16)
    ts = fields.BigIntField(db_index=True)
    msg = fields.BinaryField()

    class Meta(Model.Meta):
        table = "relay_message"


# What replicas share besides queues: the identity of the relay.
class SettingModel(Model):
    name = fields.CharField(max_length=32, primary_key=True)
    value = fields.BinaryField()

    class Meta(Model.Meta):
        table = "relay_setting"
