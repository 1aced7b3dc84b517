"""Events and work as they are stored: plain records, one struct for each kind."""

import msgspec

from graphchat.client.devices.records import OfDevices
from graphchat.client.groups.records import GroupInvitedRecord, OfGroup
from graphchat.content import ProfileCard
from graphchat.secret import Secret


class PutWork(msgspec.Struct, frozen=True, tag="put"):
    """Put a handshake envelope into a queue of the other side."""

    relay: bytes
    base: str
    sender_id: bytes
    envelope: bytes
    since: float = 0.0
    """When it first failed, in seconds of the epoch; 0 if it did not yet."""


class SecureWork(msgspec.Struct, frozen=True, tag="secure"):
    """Let only the holder of ``sender_key`` write to our queue of ``lane``."""

    relay: bytes
    base: str
    recipient_id: bytes
    recipient_key: Secret
    sender_key: bytes
    lane: int
    since: float = 0.0


class RemoveWork(msgspec.Struct, frozen=True, tag="remove"):
    """Delete a queue of ours."""

    relay: bytes
    base: str
    recipient_id: bytes
    recipient_key: Secret
    profile: int = 0
    """Whose queue it is: the connection may be forgotten already."""
    since: float = 0.0


class AcceptWork(msgspec.Struct, frozen=True, tag="accept"):
    """Make fresh queues for a request at an address, and answer it."""

    since: float = 0.0


class WidenWork(msgspec.Struct, frozen=True, tag="widen"):
    """Make a queue for a lane that we want."""

    lane: int
    shun: tuple[bytes, ...] = ()
    """Fingerprints of relays of ours that are not wanted for it, if there are others."""
    since: float = 0.0


class JoinWork(msgspec.Struct, frozen=True, tag="join"):
    """Make a queue for a lane that the other side wants."""

    lane: int
    shun: tuple[bytes, ...] = ()
    since: float = 0.0


class OfferWork(msgspec.Struct, frozen=True, tag="device_offer"):
    """Make a code for a device of a contact; the device of ours at ``by`` passes it on."""

    branch: int
    by: int
    since: float = 0.0


class AttachWork(msgspec.Struct, frozen=True, tag="device_attach"):
    """Connect with one more device of a contact."""

    branch: int
    code: str
    since: float = 0.0


Work = (
    PutWork | SecureWork | RemoveWork | AcceptWork | WidenWork | JoinWork | OfferWork | AttachWork
)


class MessageRecord(msgspec.Struct, frozen=True, tag="message"):
    connection: int
    message_id: bytes
    payload: bytes
    """Empty for what the history has: it may be edited or deleted before it is told."""
    sent_at: float
    control: bool = False
    """For programs: no line of the conversation."""


class DeliveredRecord(msgspec.Struct, frozen=True, tag="delivered"):
    """Our messages up to the one with the highest number have arrived."""

    connection: int
    message_ids: tuple[bytes, ...]


class RequestedRecord(msgspec.Struct, frozen=True, tag="requested"):
    connection: int
    text: str


class EstablishedRecord(msgspec.Struct, frozen=True, tag="established"):
    connection: int


class FailedRecord(msgspec.Struct, frozen=True, tag="failed"):
    connection: int
    reason: str


class RelayFailedRecord(msgspec.Struct, frozen=True, tag="relay_failed"):
    """A lane is replaced because a relay does not do what it says."""

    connection: int
    relay: str
    """Its base URI."""
    ours: bool
    """Whether it is one of ours, and the contact says so."""
    why: str


class RekeyedRecord(msgspec.Struct, frozen=True, tag="rekeyed"):
    """A code has given new keys to a contact."""

    connection: int
    trust: int


class IntroductionRecord(msgspec.Struct, frozen=True, tag="introduction"):
    """A contact introduces somebody."""

    connection: int
    number: int
    """Of the introduction, while it waits."""


class IntroducedRecord(msgspec.Struct, frozen=True, tag="introduced"):
    """Two contacts whom we have introduced have both said yes."""

    connection: int
    other: int


class IntroductionFailedRecord(msgspec.Struct, frozen=True, tag="introduction_failed"):
    connection: int
    """Of one who has introduced us."""
    name: str
    """Of who was to be met."""
    suspects: tuple[str, ...]
    """Who has passed on something else than others."""
    reason: str


class AlarmRecord(msgspec.Struct, frozen=True, tag="alarm"):
    connection: int
    danger: str


class EditedRecord(msgspec.Struct, frozen=True, tag="edited"):
    """What it says now is in the history: an event would keep it when that is deleted."""

    connection: int
    message_id: bytes


class DeletedRecord(msgspec.Struct, frozen=True, tag="deleted"):
    connection: int
    message_id: bytes


class ReactedRecord(msgspec.Struct, frozen=True, tag="reacted"):
    connection: int
    message_id: bytes
    emoji: str


class VotedRecord(msgspec.Struct, frozen=True, tag="voted"):
    connection: int
    message_id: bytes
    options: tuple[int, ...]


class TypingRecord(msgspec.Struct, frozen=True, tag="typing"):
    connection: int
    active: bool
    said_at: float


class ReadRecord(msgspec.Struct, frozen=True, tag="read"):
    connection: int
    message_id: bytes


class ProfileRecord(msgspec.Struct, frozen=True, tag="profile"):
    connection: int
    before: ProfileCard | None
    after: ProfileCard


class TimerRecord(msgspec.Struct, frozen=True, tag="timer"):
    connection: int
    seconds: int


class FileFailedRecord(msgspec.Struct, frozen=True, tag="file_failed"):
    """A file of ours cannot be sent."""

    connection: int
    message_id: bytes
    name: str
    reason: str


EventRecord = (
    MessageRecord
    | DeliveredRecord
    | RequestedRecord
    | EstablishedRecord
    | FailedRecord
    | RelayFailedRecord
    | RekeyedRecord
    | IntroductionRecord
    | IntroducedRecord
    | IntroductionFailedRecord
    | AlarmRecord
    | GroupInvitedRecord
    | OfGroup
    | OfDevices
    | EditedRecord
    | DeletedRecord
    | ReactedRecord
    | VotedRecord
    | TypingRecord
    | ReadRecord
    | ProfileRecord
    | TimerRecord
    | FileFailedRecord
)


def kind_of(stored: Work | EventRecord) -> str:
    """Return the tag under which it is stored."""
    return str(type(stored).__struct_config__.tag)
