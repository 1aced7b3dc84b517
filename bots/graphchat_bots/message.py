"""What handlers are given: an event, the message in it, and who sent it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from graphchat import content
from graphchat.content.words import text_of
from graphchat_bots.port import Group, Incoming
from graphchat_bots.roles import Role

_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Sender:
    """Who caused an event: the other side of a chat, or a member of a group."""

    id: str
    """Opaque, and local to the chat: it means nothing anywhere else."""
    name: str
    """As they call themselves. Names are not unique: never grant anything by a name."""
    is_bot: bool = False
    role: Role = Role.MEMBER
    """What they may do with the bot. Everybody is a member."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something that was said to the bot."""

    id: bytes
    sender: Sender
    content: content.Message
    """The message as it came: text, picture, or a type that this version does not know."""
    sent_at: datetime
    """By the clock of the sender."""
    group: Group | None = None
    """Where it was said; None in a chat with a contact."""

    @property
    def text(self) -> str:
        """The text, the caption of a picture, the label of a pressed button; or nothing."""
        return text_of(self.content)


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji that somebody has put to a message, instead of an earlier one."""

    to: bytes
    """The id of the message: mostly one of the bot's."""
    emoji: str
    """Empty: they have taken theirs back."""
    sender: Sender


@dataclass(frozen=True, slots=True)
class Event:
    """What a handler is called for."""

    id: str
    """The same when it comes again after a crash."""
    kind: Literal["message", "contact", "job", "cron", "reaction", "edited"]
    chat: str
    sender: Sender
    message: Message | None = None
    """What was said, or what a message says now that it was edited."""
    group: Group | None = None
    """Where it happened; None in a chat with a contact."""
    reaction: Reaction | None = None
    due: datetime | None = None
    """When a run of a cron was to be, in UTC: it may be late."""


def event_of(incoming: Incoming, role: Role = Role.MEMBER) -> Event:
    """Return what handlers see of ``incoming``, caused by somebody with ``role``."""
    sender = Sender(incoming.sender_id, incoming.sender_name, incoming.from_bot, role)
    group = incoming.group
    if incoming.message is None:
        return Event(incoming.id, incoming.kind, incoming.chat, sender, group=group)
    if isinstance(incoming.message, content.Reaction):
        about = Reaction(incoming.message_id, incoming.message.emoji, sender)
        return Event(incoming.id, "reaction", incoming.chat, sender, group=group, reaction=about)
    # Strangers choose this number.
    at = datetime.fromtimestamp(min(max(incoming.sent_at, 0), _LATEST), UTC)
    message = Message(incoming.message_id, sender, incoming.message, at, group)
    return Event(incoming.id, incoming.kind, incoming.chat, sender, message, group)
