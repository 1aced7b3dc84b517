"""The tables of a bot's store. Hot paths use SQL; these classes are the schema.

Times are seconds since 1970-01-01 UTC. Comments and not docstrings: Tortoise writes those into
the schema.
"""

from tortoise import fields
from tortoise.models import Model

from graphchat.store.blob import BlobField


# An event whose effects are stored: when it comes again, nothing happens.
class SeenRow(Model):
    id = fields.CharField(primary_key=True, max_length=255)
    at = fields.FloatField(db_index=True)

    class Meta(Model.Meta):
        table = "bot_seen"


# What the bot remembers of a sender in a chat: MessagePack of the struct.
class StateRow(Model):
    id = fields.IntField(primary_key=True)
    chat = fields.CharField(max_length=255)
    sender = fields.CharField(max_length=255)
    name = fields.CharField(max_length=255)
    body = fields.BinaryField()

    class Meta(Model.Meta):
        table = "bot_state"
        unique_together = (("chat", "sender", "name"),)


# Something to do later in a chat. `body` is a MessagePack array of arguments.
class JobRow(Model):
    id = fields.CharField(primary_key=True, max_length=255)
    name = fields.CharField(max_length=255)
    chat = fields.CharField(max_length=255, db_index=True)
    sender_name = fields.CharField(max_length=255)
    body = fields.BinaryField()
    due = fields.FloatField(db_index=True)
    tries = fields.IntField()
    from_bot = fields.BooleanField()
    # Of who caused it; `group_name` is null in a chat with a contact.
    sender = fields.CharField(max_length=255, db_default="")
    group_name = fields.CharField(max_length=255, null=True)

    class Meta(Model.Meta):
        table = "bot_job"


# Sent in the order of ids; a row goes when the network has taken the message, or the action.
class OutboxRow(Model):
    id = fields.IntField(primary_key=True)
    chat = fields.CharField(max_length=255)
    message_id = BlobField(unique=True)
    body = fields.BinaryField()
    kind = fields.CharField(max_length=32, db_default="message")
    bulk = fields.BooleanField(db_default=False)

    class Meta(Model.Meta):
        table = "bot_outbox"


# Options that people can choose from: the last few in each chat. MessagePack of them.
class OfferRow(Model):
    id = fields.IntField(primary_key=True)
    chat = fields.CharField(max_length=255, db_index=True)
    message_id = BlobField(unique=True)
    options = fields.BinaryField()
    is_open = fields.BooleanField()

    class Meta(Model.Meta):
        table = "bot_offer"


# A message that has left before its event was handled: it is edited until that is done.
class GrowingRow(Model):
    id = fields.IntField(primary_key=True)
    event = fields.CharField(max_length=255, db_index=True)
    message_id = BlobField(unique=True)

    class Meta(Model.Meta):
        table = "bot_growing"


# An event that was begun after a crash: one that kills the process is found out by this.
class AttemptRow(Model):
    id = fields.CharField(primary_key=True, max_length=255)
    tries = fields.IntField()
    at = fields.FloatField()

    class Meta(Model.Meta):
        table = "bot_attempt"


# A handler that waits for an answer: one for each sender in a chat.
class ConversationRow(Model):
    id = fields.CharField(primary_key=True, max_length=255)
    chat = fields.CharField(max_length=255)
    sender = fields.CharField(max_length=255)
    handler = fields.CharField(max_length=255)
    head = fields.BinaryField()
    prompt = fields.CharField(max_length=255)
    questions = BlobField()
    until = fields.FloatField(db_index=True)

    class Meta(Model.Meta):
        table = "bot_conversation"
        unique_together = (("chat", "sender"),)


# What a handler was answered and has done, in order: see `conversation.record`.
class JournalRow(Model):
    id = fields.IntField(primary_key=True)
    conversation = fields.CharField(max_length=255)
    number = fields.IntField()
    body = fields.BinaryField()
    at = fields.FloatField(db_index=True)

    class Meta(Model.Meta):
        table = "bot_journal"
        unique_together = (("conversation", "number"),)


# Something that could not be handled.
class DeadLetterRow(Model):
    id = fields.IntField(primary_key=True)
    reference = fields.CharField(max_length=32)
    kind = fields.CharField(max_length=32)
    event = fields.CharField(max_length=255)
    chat = fields.CharField(max_length=255)
    sender_name = fields.CharField(max_length=255)
    name = fields.CharField(max_length=255)
    body = fields.BinaryField()
    error = fields.CharField(max_length=255)
    tries = fields.IntField()
    at = fields.FloatField()

    class Meta(Model.Meta):
        table = "bot_dead_letter"


# Somebody with a role, by their id as the sender of events; `role` is a name of `Role`.
class RoleRow(Model):
    id = fields.IntField(primary_key=True)
    sender = fields.CharField(max_length=255, unique=True)
    name = fields.CharField(max_length=255)
    role = fields.CharField(max_length=32)
    at = fields.FloatField()

    class Meta(Model.Meta):
        table = "bot_role"


# An invitation to a role that was redeemed: it is good once.
class GrantRow(Model):
    id = fields.CharField(primary_key=True, max_length=255)
    at = fields.FloatField()

    class Meta(Model.Meta):
        table = "bot_grant"


# A fact about the bot itself, such as whether it runs.
class FactRow(Model):
    name = fields.CharField(primary_key=True, max_length=255)
    value = fields.IntField()

    class Meta(Model.Meta):
        table = "bot_fact"
