"""Events of groups as they are stored: plain records, one struct for each kind."""

import msgspec


class GroupMessageRecord(msgspec.Struct, frozen=True, tag="group.message"):
    group: int
    author: bytes
    name: str
    seq: int
    message_id: bytes
    payload: bytes
    sent_at: float
    connection: int = 0
    """None in particular."""


class GroupChangedRecord(msgspec.Struct, frozen=True, tag="group.changed"):
    group: int
    what: str
    by: str
    whom: str
    detail: str = ""
    connection: int = 0
    key: bytes = b""


class GroupInvitedRecord(msgspec.Struct, frozen=True, tag="group.invited"):
    connection: int
    link: str
    name: str
    broadcast: bool


class JoinRequestedRecord(msgspec.Struct, frozen=True, tag="group.requested"):
    group: int
    key: bytes
    name: str
    connection: int = 0


class GroupGapRecord(msgspec.Struct, frozen=True, tag="group.gap"):
    group: int
    author: str
    first: int
    last: int
    host: str = ""
    """Who left it out, where another host had it."""
    connection: int = 0


class GroupAlarmRecord(msgspec.Struct, frozen=True, tag="group.alarm"):
    group: int
    warning: str
    connection: int = 0


OfGroup = (
    GroupMessageRecord
    | GroupChangedRecord
    | JoinRequestedRecord
    | GroupGapRecord
    | GroupAlarmRecord
)
"""What is about a group; `GroupInvitedRecord` is about a contact."""
