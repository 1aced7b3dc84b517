"""What handlers are given: an event, the message in it, and who sent it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

from graphchat import content
from graphchat.content import File
from graphchat.content.words import text_of
from graphchat.errors import StateError
from graphchat_bots.port import Group, Incoming
from graphchat_bots.reply import replying
from graphchat_bots.roles import Role

if TYPE_CHECKING:
    from graphchat_bots.reply import Said
    from graphchat_bots.sent import Sent

_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


class Desk(Protocol):
    """Takes what a handler wants done about a message; it happens when it has ended well."""

    async def send(self, answer: "Said") -> "Sent":
        """Say something in the chat."""
        ...

    def say(self, message: content.Message) -> bytes:
        """Say something about a message."""
        ...

    async def download(self, message: "Message", target: Path) -> Path:
        """Get the file of a message."""
        ...


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
    _desk: Desk | None = field(default=None, repr=False, compare=False)

    @property
    def text(self) -> str:
        """The text, the caption of a picture, the label of a pressed button; or nothing."""
        return text_of(self.content)

    @property
    def choice(self) -> str | None:
        """The id of the option that was chosen, by a button or in words; else nothing."""
        return self.content.option if isinstance(self.content, content.Choice) else None

    @property
    def file(self) -> File | None:
        """The file that was sent: its ``name``, ``size`` in bytes, and type (``mime``).

        All three are what its sender says. `download` gets what is in it.
        """
        return self.content if isinstance(self.content, File) else None

    async def download(self, target: Path) -> Path:
        """Get the file. See `Ctx.download`."""
        return await self.desk().download(self, target)

    async def reply(self, answer: "Said") -> "Sent":
        """Answer with a quote of this message. See `Ctx.send`."""
        return await self.desk().send(replying(answer, self.id, self.text))

    async def react(self, emoji: str) -> None:
        """Put an emoji to this message, instead of an earlier one; "" takes it back.

        Raises `ContentError` if it is anything but one emoji.
        """
        self.desk().say(content.Reaction(self.id, emoji))

    def desk(self) -> Desk:
        """Return where to ask for something. Raises `StateError` outside of a handler."""
        if self._desk is None:
            raise StateError("Only the handler of a message can do this, and no condition.")
        return self._desk


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji that somebody has put to a message, instead of an earlier one."""

    to: bytes
    """The id of the message: mostly one of the bot's."""
    emoji: str
    """Empty: they have taken theirs back."""
    sender: Sender
    sent_at: datetime
    """By the clock of the sender."""


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

    def at(self, desk: Desk) -> "Event":
        """Return the same event, for a handler: its message can be answered."""
        if self.message is None:
            return self
        return replace(self, message=replace(self.message, _desk=desk))


def event_of(incoming: Incoming, role: Role = Role.MEMBER) -> Event:
    """Return what handlers see of ``incoming``, caused by somebody with ``role``."""
    sender = Sender(incoming.sender_id, incoming.sender_name, incoming.from_bot, role)
    group = incoming.group
    if incoming.message is None:
        return Event(incoming.id, incoming.kind, incoming.chat, sender, group=group)
    # Strangers choose this number.
    at = datetime.fromtimestamp(min(max(incoming.sent_at, 0), _LATEST), UTC)
    if isinstance(incoming.message, content.Reaction):
        about = Reaction(incoming.message_id, incoming.message.emoji, sender, at)
        return Event(incoming.id, "reaction", incoming.chat, sender, group=group, reaction=about)
    message = Message(incoming.message_id, sender, incoming.message, at, group)
    return Event(incoming.id, incoming.kind, incoming.chat, sender, message, group)
