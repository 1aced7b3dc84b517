"""The tables of a client. Blobs are MessagePack that the driver makes and reads.

Hot paths use SQL; these classes are the schema, its migrations, and what administration uses.
Times are seconds since 1970-01-01 UTC. Comments and not docstrings: Tortoise writes those into
the schema.
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from graphchat.store.blob import BlobField


class Setting(Model):
    key = fields.CharField(max_length=255, primary_key=True)
    value = fields.BinaryField()

    class Meta(Model.Meta):
        table = "client_setting"


# A relay that new queues are made on.
class Relay(Model):
    id = fields.IntField(primary_key=True)
    # The create URI with token and #FP: what somebody typed, as long as the protocol allows.
    address = fields.CharField(max_length=1024, unique=True)
    position = fields.IntField()
    added_at = fields.FloatField()

    class Meta(Model.Meta):
        table = "client_relay"


class ProfileRow(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=255)
    card = fields.BinaryField()
    created_at = fields.FloatField()
    # Whether contacts are told, and tell, what was read and that somebody types.
    indicators = fields.BooleanField(db_default=False)

    class Meta(Model.Meta):
        table = "client_profile"


class ConnectionRow(Model):
    id = fields.IntField(primary_key=True)
    cid = BlobField(unique=True)
    profile: fields.ForeignKeyRelation[ProfileRow] = fields.ForeignKeyField("client.ProfileRow")
    # For people to type: local, and unlike every other of the profile.
    name = fields.CharField(max_length=255)
    kind = fields.CharField(max_length=32)
    state = fields.CharField(max_length=32)
    trust = fields.IntField()
    # A receipt is owed, or one is waited for: a restart takes it up again.
    owes = fields.BooleanField()
    machine = fields.BinaryField()
    created_at = fields.FloatField()

    class Meta(Model.Meta):
        table = "client_connection"
        unique_together = (("profile", "name"),)


class LaneRow(Model):
    id = fields.IntField(primary_key=True)
    connection: fields.ForeignKeyRelation[ConnectionRow] = fields.ForeignKeyField(
        "client.ConnectionRow"
    )
    number = fields.IntField()
    recipient_id = BlobField(null=True, db_index=True)
    machine = fields.BinaryField()

    class Meta(Model.Meta):
        table = "client_lane"
        unique_together = (("connection", "number"),)


class AddressRow(Model):
    id = fields.IntField(primary_key=True)
    profile: fields.ForeignKeyRelation[ProfileRow] = fields.ForeignKeyField("client.ProfileRow")
    address_id = BlobField(unique=True)
    machine = fields.BinaryField()
    code = fields.TextField()
    accept_all = fields.BooleanField()
    created_at = fields.FloatField()

    class Meta(Model.Meta):
        table = "client_address"


# A frame of ours, until the other side's receipt covers it.
class FrameRow(Model):
    id = fields.IntField(primary_key=True)
    connection: fields.ForeignKeyRelation[ConnectionRow] = fields.ForeignKeyField(
        "client.ConnectionRow"
    )
    seq = fields.BigIntField()
    msg_id = BlobField()
    data = fields.BinaryField()
    created_at = fields.FloatField()

    class Meta(Model.Meta):
        table = "client_frame"
        unique_together = (("connection", "seq"), ("connection", "msg_id"))


# A sealed envelope, until a relay has taken it.
class EnvelopeRow(Model):
    id = fields.IntField(primary_key=True)
    lane: fields.ForeignKeyRelation[LaneRow] = fields.ForeignKeyField("client.LaneRow")
    seq = fields.BigIntField()
    request_id = fields.CharField(max_length=64)
    data = fields.BinaryField()

    class Meta(Model.Meta):
        table = "client_envelope"
        indexes = (Index(fields=("lane_id", "seq"), name="client_envelope_lane"),)


# A frame of the other side that came before its predecessors.
class HeldFrameRow(Model):
    id = fields.IntField(primary_key=True)
    connection: fields.ForeignKeyRelation[ConnectionRow] = fields.ForeignKeyField(
        "client.ConnectionRow"
    )
    stream = BlobField()
    seq = fields.BigIntField()
    data = fields.BinaryField()

    class Meta(Model.Meta):
        table = "client_held_frame"
        unique_together = (("connection", "stream", "seq"),)


# Something to do at a relay, until it is done.
class WorkRow(Model):
    id = fields.IntField(primary_key=True)
    # Not a relation: some work outlives its connection, such as deleting queues.
    connection = fields.IntField(null=True)
    kind = fields.CharField(max_length=32)
    data = fields.BinaryField()
    attempts = fields.IntField()

    class Meta(Model.Meta):
        table = "client_work"


# What people see: the history of a connection.
class MessageRow(Model):
    id = fields.IntField(primary_key=True)
    connection: fields.ForeignKeyRelation[ConnectionRow] = fields.ForeignKeyField(
        "client.ConnectionRow"
    )
    msg_id = BlobField()
    outgoing = fields.BooleanField()
    kind = fields.CharField(max_length=32)
    text = fields.TextField()
    data = fields.BinaryField()
    sent_at = fields.FloatField()
    received_at = fields.FloatField()
    state = fields.CharField(max_length=32)
    edited_at = fields.FloatField(null=True)
    # Of a deleted message nothing else is left.
    deleted_at = fields.FloatField(null=True)
    # Seconds that it is kept, and until when that is by the clock.
    lasts = fields.FloatField(null=True)
    expires_at = fields.FloatField(null=True)

    class Meta(Model.Meta):
        table = "client_message"
        # Each side chooses its own ids: theirs may not hide behind one of ours.
        unique_together = (("connection", "outgoing", "msg_id"),)
        indexes = (
            Index(fields=("connection_id", "id"), name="client_message_history"),
            Index(fields=("expires_at",), name="client_message_expiry"),
        )


# What one side says about a message: reactions and votes, and what came before its target.
class AmendmentRow(Model):
    id = fields.IntField(primary_key=True)
    connection: fields.ForeignKeyRelation[ConnectionRow] = fields.ForeignKeyField(
        "client.ConnectionRow"
    )
    target = BlobField()
    # Whose it is, not whose the target is.
    outgoing = fields.BooleanField()
    kind = fields.CharField(max_length=32)
    msg_id = BlobField()
    data = fields.BinaryField()
    said_at = fields.FloatField()

    class Meta(Model.Meta):
        table = "client_amendment"
        unique_together = (("connection", "target", "outgoing", "kind"),)


# What both sides, or a person here, have settled about a conversation.
class ConversationRow(Model):
    id = fields.IntField(primary_key=True)
    connection: fields.ForeignKeyRelation[ConnectionRow] = fields.ForeignKeyField(
        "client.ConnectionRow"
    )
    # Seconds that messages last; 0: for ever.
    timer = fields.IntField(db_default=0)
    timer_version = fields.BigIntField(db_default=0)
    timer_ours = fields.BooleanField(db_default=False)
    # The name of the contact was chosen by a person.
    renamed = fields.BooleanField(db_default=False)
    # Ids of the rows of the last messages that were read: of theirs, of ours.
    read_here = fields.IntField(db_default=0)
    read_there = fields.IntField(db_default=0)

    class Meta(Model.Meta):
        table = "client_conversation"
        unique_together = (("connection",),)


# A frame of either side as a proof needs it: its hash, and of a message who signed it when. The
# payload is in the history, or here if the history does not have it (any more).
class EvidenceRow(Model):
    id = fields.IntField(primary_key=True)
    connection: fields.ForeignKeyRelation[ConnectionRow] = fields.ForeignKeyField(
        "client.ConnectionRow"
    )
    outgoing = fields.BooleanField()
    stream = BlobField()
    seq = fields.BigIntField()
    digest = fields.BinaryField()
    kind = fields.IntField(null=True)
    msg_id = BlobField(null=True)
    ts_ms = fields.BigIntField(null=True)
    signature = fields.BinaryField(null=True)
    payload = fields.BinaryField(null=True)
    # The message that it is about, if it is an edit, a deletion, a reaction or a vote.
    target = BlobField(null=True)

    class Meta(Model.Meta):
        table = "client_evidence"
        unique_together = (("connection", "outgoing", "stream", "seq"),)


# What the other side has signed to have received of our stream.
class ReceiptRow(Model):
    id = fields.IntField(primary_key=True)
    connection: fields.ForeignKeyRelation[ConnectionRow] = fields.ForeignKeyField(
        "client.ConnectionRow"
    )
    stream = BlobField()
    seq = fields.BigIntField()
    ts_ms = fields.BigIntField()
    signature = fields.BinaryField()

    class Meta(Model.Meta):
        table = "client_receipt"
        unique_together = (("connection", "stream", "seq"),)


# An event that the application has not acknowledged. Ids rise and never repeat.
class EventRow(Model):
    id = fields.IntField(primary_key=True)
    profile: fields.ForeignKeyRelation[ProfileRow] = fields.ForeignKeyField("client.ProfileRow")
    # Whom it is about; not a relation: the row of a contact may go first.
    connection = fields.IntField()
    kind = fields.CharField(max_length=32)
    data = fields.BinaryField()
    created_at = fields.FloatField()

    class Meta(Model.Meta):
        table = "client_event"


# A group, or a broadcast, in which a profile is or was.
class GroupRow(Model):
    id = fields.IntField(primary_key=True)
    profile: fields.ForeignKeyRelation[ProfileRow] = fields.ForeignKeyField("client.ProfileRow")
    gid = BlobField()
    status = fields.CharField(max_length=32)
    # The address at which this device is asked, where it forwards for the group.
    address = fields.IntField(null=True)
    machine = fields.BinaryField()
    created_at = fields.FloatField()

    class Meta(Model.Meta):
        table = "client_group"
        unique_together = (("profile", "gid"),)


# A connection that serves one group: to a host, to a member, or in a mesh.
class GroupPeerRow(Model):
    id = fields.IntField(primary_key=True)
    group: fields.ForeignKeyRelation[GroupRow] = fields.ForeignKeyField("client.GroupRow")
    connection = fields.IntField(unique=True)
    key = BlobField()
    kind = fields.CharField(max_length=32)
    state = fields.CharField(max_length=32)
    # Up to which row the other side was told.
    entry_cursor = fields.BigIntField()
    post_cursor = fields.BigIntField()
    # Posts up to this row are not for the other side.
    floor = fields.BigIntField()

    class Meta(Model.Meta):
        table = "client_group_peer"
        indexes = (Index(fields=("group_id",), name="client_group_peer_group"),)


# An entry of the log of a group.
class GroupEntryRow(Model):
    id = fields.IntField(primary_key=True)
    group: fields.ForeignKeyRelation[GroupRow] = fields.ForeignKeyField("client.GroupRow")
    hash = BlobField()
    author = BlobField()
    # The connection by which it came; 0 for our own.
    origin = fields.IntField()
    data = fields.BinaryField()

    class Meta(Model.Meta):
        table = "client_group_entry"
        unique_together = (("group", "hash"),)


# A post as it travelled, and what it says.
class GroupPostRow(Model):
    id = fields.IntField(primary_key=True)
    group: fields.ForeignKeyRelation[GroupRow] = fields.ForeignKeyField("client.GroupRow")
    author = BlobField()
    seq = fields.BigIntField()
    msg_id = BlobField()
    origin = fields.IntField()
    outgoing = fields.BooleanField()
    text = fields.TextField()
    # Signature and post; empty once it is deleted.
    data = fields.BinaryField()
    sent_at = fields.FloatField()
    state = fields.CharField(max_length=32)
    # The frame in which a post of ours left first.
    carrier = fields.IntField()
    carrier_seq = fields.BigIntField()
    # The id of the post that it is about, if it is an edit, a deletion, a reaction or a vote.
    target = BlobField(null=True)

    class Meta(Model.Meta):
        table = "client_group_post"
        unique_together = (("group", "author", "seq"),)
        indexes = (
            Index(fields=("group_id", "id"), name="client_group_post_history"),
            Index(fields=("group_id", "target"), name="client_group_post_target"),
        )


# How far the posts of one author have come.
class GroupAuthorRow(Model):
    id = fields.IntField(primary_key=True)
    group: fields.ForeignKeyRelation[GroupRow] = fields.ForeignKeyField("client.GroupRow")
    author = BlobField()
    machine = fields.BinaryField()

    class Meta(Model.Meta):
        table = "client_group_author"
        unique_together = (("group", "author"),)


# Somebody who asks to be let into a group.
class GroupRequestRow(Model):
    id = fields.IntField(primary_key=True)
    group: fields.ForeignKeyRelation[GroupRow] = fields.ForeignKeyField("client.GroupRow")
    key = BlobField()
    ticket = fields.BinaryField()
    signature = fields.BinaryField()
    # The connection by which they ask; 0 if they ask another host.
    connection = fields.IntField()

    class Meta(Model.Meta):
        table = "client_group_request"
        unique_together = (("group", "key"),)


# A file of ours, until all of it is at relays and its message is said.
class UploadRow(Model):
    id = fields.IntField(primary_key=True)
    # For a contact or for a group; the other one is 0.
    connection = fields.IntField()
    group = fields.IntField()
    msg_id = BlobField()
    path = fields.TextField()
    machine = fields.BinaryField()
    created_at = fields.FloatField()

    class Meta(Model.Meta):
        table = "client_upload"
        unique_together = (("connection", "group", "msg_id"),)


# A queue that holds one copy of a strip of it.
class UploadPlaceRow(Model):
    id = fields.IntField(primary_key=True)
    upload: fields.ForeignKeyRelation[UploadRow] = fields.ForeignKeyField("client.UploadRow")
    strip = fields.IntField()
    number = fields.IntField()
    machine = fields.BinaryField()
    # Chunks that the relay has acknowledged.
    done = fields.IntField()

    class Meta(Model.Meta):
        table = "client_upload_place"
        unique_together = (("upload", "strip", "number"),)


# A file of somebody else, of which a part is here.
class DownloadRow(Model):
    id = fields.IntField(primary_key=True)
    connection = fields.IntField()
    group = fields.IntField()
    msg_id = BlobField()
    path = fields.TextField()
    # A bit for each chunk that was written.
    have = fields.BinaryField()
    created_at = fields.FloatField()

    class Meta(Model.Meta):
        table = "client_download"
        unique_together = (("connection", "group", "msg_id"),)


# A device of the person whose profile it is: this one, or another.
class DeviceRow(Model):
    id = fields.IntField(primary_key=True)
    profile: fields.ForeignKeyRelation[ProfileRow] = fields.ForeignKeyField("client.ProfileRow")
    device = BlobField()
    name = fields.CharField(max_length=255)
    # The connection to it; null for this device, and for one that only others are linked with.
    connection = fields.IntField(null=True)
    state = fields.CharField(max_length=32)
    # Old lines that it was not sent yet are those before this one; null once it has all.
    cursor = fields.BigIntField(null=True)
    done = fields.IntField(db_default=0)
    total = fields.IntField(db_default=0)
    created_at = fields.FloatField()

    class Meta(Model.Meta):
        table = "client_device"
        unique_together = (("profile", "device"),)


# A connection with one device of a contact, or one that is to come.
class BranchRow(Model):
    id = fields.IntField(primary_key=True)
    # The connection that people see as the contact, and whose history this one shares.
    contact = fields.IntField()
    connection = fields.IntField(null=True)
    # What the contact calls its device; empty if it did not say.
    device = BlobField()
    added_by = BlobField()
    # The connection by which our offer goes there.
    via = BlobField()
    state = fields.CharField(max_length=32)

    class Meta(Model.Meta):
        table = "client_branch"
        indexes = (Index(fields=("contact",), name="client_branch_contact"),)


# What was said about messages and is known already, whichever device says it again.
class EchoRow(Model):
    id = fields.IntField(primary_key=True)
    contact = fields.IntField()
    msg_id = BlobField()
    heard_at = fields.FloatField()

    class Meta(Model.Meta):
        table = "client_echo"
        unique_together = (("contact", "msg_id"),)
