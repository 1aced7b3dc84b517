"""What is stored of a conversation: how it began, and what was answered and done since."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import Struct

from graphchat import content
from graphchat_bots.message import Event, Message, Reaction, Sender
from graphchat_bots.port import Group, Kind
from graphchat_bots.roles import Role
from graphchat_bots.speech import locale

# More would be a loop without an end.
MAX_ENTRIES: Final = 1_000


class Happened(Struct, frozen=True, omit_defaults=True):
    """An event, as it is stored."""

    id: str
    kind: Kind
    chat: str
    sender: str
    sender_name: str
    at: float
    """When it was handled, in seconds since 1970: the time that the handler was told."""
    from_bot: bool = False
    message: bytes | None = None
    """As `graphchat.content.encode` makes it."""
    message_id: bytes = b""
    sent_at: float = 0.0
    group_name: str | None = None
    reaction: tuple[bytes, str] | None = None
    """The id of a message, and the emoji."""
    role: int = 0
    """What the sender was then: the same when the handler runs again."""
    locale: str = ""
    """The language that was spoken, if the bot has more than English."""


class Answered(Struct, tag="answer", frozen=True, omit_defaults=True):
    """A question was answered."""

    name: str
    event: Happened
    states: dict[str, bytes] = {}
    """States that others had changed while the handler waited."""


class TimedOut(Struct, tag="timeout", frozen=True, omit_defaults=True):
    """Nobody answered in time."""

    name: str
    event: Happened
    states: dict[str, bytes] = {}


class Did(Struct, tag="step", frozen=True):
    """A step was done."""

    name: str
    body: bytes
    """MessagePack of what it returned."""


class Failed(Struct, tag="failed", frozen=True):
    """A step has failed, and the handler went on all the same."""

    name: str
    error: str
    """Name of the class."""
    text: str


Entry = Answered | TimedOut | Did | Failed


class Head(Struct, frozen=True):
    """How a conversation began."""

    event: Happened
    states: dict[str, bytes]
    """The states that its handler was given, as they were."""
    body: bytes = b""
    """Of a job, its arguments."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A conversation that waits for an answer, as a row."""

    id: str
    """That of the event that began it."""
    chat: str
    sender: str
    handler: str
    head: bytes
    prompt: str
    """The name of what is asked."""
    questions: bytes
    """Ids of the messages that ask, 16 bytes each."""
    until: float
    """When it is forgotten, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an event did to a conversation; a part of its transaction."""

    id: str
    waiting: Waiting | None = None
    """As it waits now; nothing: it has ended, and its journal goes."""
    entries: tuple[tuple[int, bytes], ...] = ()
    """New ones of the journal, with their numbers."""
    rewritten: bool = False
    """Whether the entries replace those that were there."""


_ENTRY: Final[msgspec.msgpack.Decoder[Entry]] = msgspec.msgpack.Decoder(Entry)
_HEAD: Final = msgspec.msgpack.Decoder(Head)


def entry_of(body: bytes) -> Entry:
    return _ENTRY.decode(body)


def head_of(body: bytes) -> Head:
    return _HEAD.decode(body)


def pack(part: Entry | Head) -> bytes:
    return msgspec.msgpack.encode(part)


def happened(event: Event, at: float) -> Happened:
    """Return ``event`` as it is stored."""
    message = event.message
    return Happened(
        event.id,
        event.kind,
        event.chat,
        event.sender.id,
        event.sender.name,
        at,
        event.sender.is_bot,
        None if message is None else content.encode(message.content),
        b"" if message is None else message.id,
        _said_at(event),
        None if event.group is None else event.group.name,
        None if event.reaction is None else (event.reaction.to, event.reaction.emoji),
        event.sender.role,
        locale(),
    )


def event_of(stored: Happened) -> Event:
    """Return the event that was stored."""
    role = Role(stored.role)
    sender = Sender(stored.sender, stored.sender_name, stored.from_bot, role)
    at = datetime.fromtimestamp(stored.sent_at, UTC)
    group = None if stored.group_name is None else Group(stored.chat, stored.group_name)
    message = None
    if stored.message is not None:
        said = content.decode(stored.message)
        message = Message(stored.message_id, sender, said, at, group)
    reaction = None if stored.reaction is None else Reaction(*stored.reaction, sender, at)
    return Event(stored.id, stored.kind, stored.chat, sender, message, group, reaction)


def _said_at(event: Event) -> float:
    said = event.message or event.reaction
    return 0.0 if said is None else said.sent_at.timestamp()
