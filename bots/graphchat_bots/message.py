"""What handlers are given: an event, the message in it, and who sent it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from graphchat import content
from graphchat.content.words import text_of
from graphchat_bots.port import Incoming

_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Sender:
    """The other side of a chat."""

    id: str
    """Opaque, and local to the connection: it means nothing anywhere else."""
    name: str
    """As they call themselves. Names are not unique: never grant anything by a name."""
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """Something that was said to the bot."""

    id: bytes
    sender: Sender
    content: content.Message
    """The message as it came: text, picture, or a type that this version does not know."""
    sent_at: datetime
    """By the clock of the sender."""

    @property
    def text(self) -> str:
        """The text, the caption of a picture, the label of a pressed button; or nothing."""
        return text_of(self.content)


@dataclass(frozen=True, slots=True)
class Event:
    """What a handler is called for."""

    id: str
    """The same when it comes again after a crash."""
    kind: Literal["message", "contact", "job"]
    chat: str
    sender: Sender
    message: Message | None = None


def event_of(incoming: Incoming) -> Event:
    sender = Sender(incoming.chat, incoming.sender_name, incoming.from_bot)
    if incoming.message is None:
        return Event(incoming.id, incoming.kind, incoming.chat, sender)
    # Strangers choose this number.
    at = datetime.fromtimestamp(min(max(incoming.sent_at, 0), _LATEST), UTC)
    message = Message(incoming.message_id, sender, incoming.message, at)
    return Event(incoming.id, incoming.kind, incoming.chat, sender, message)
