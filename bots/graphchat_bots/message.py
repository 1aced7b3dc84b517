"""What handlers are given: an event, the message in it, and who sent it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from graphchat import content
from graphchat.content import File
from graphchat.content.forms import Value
from graphchat.content.words import text_of
from graphchat.errors import StateError
from graphchat_bots import actions
from graphchat_bots.addressing import mentions
from graphchat_bots.port import Group, Incoming, Kind
from graphchat_bots.reply import replying
from graphchat_bots.roles import Role

if TYPE_CHECKING:
    from graphchat_bots.reply import Said
    from graphchat_bots.sent import Sent

_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
MAX_SILENCE: Final = timedelta(days=3660)


class Desk(Protocol):
    """Takes what a handler wants done; it happens when the handler has ended well."""

    def now(self) -> datetime:
        """Return the time, in UTC."""
        ...

    def act(self, action: actions.Action) -> None:
        """Do something in a group. Raises `StateError` outside of one."""
        ...

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
    """Who caused an event: the other side of a chat, or a member of a group.

    In a group a bot that is a moderator can `mute` and `remove` them and more. Like a message
    this happens when the handler has ended well, in order with what it says; what the group
    does not let the bot do goes to the dead letters. In a chat with a contact these methods
    raise `StateError`.
    """

    id: str
    """Opaque, and local to the chat: it means nothing anywhere else."""
    name: str
    """As they call themselves. Names are not unique: never grant anything by a name."""
    is_bot: bool = False
    role: Role = Role.MEMBER
    """What they may do with the bot. Everybody is a member; who moderates a group does so here."""
    _desk: Desk | None = field(default=None, repr=False, compare=False)

    async def mute(self, duration: timedelta) -> None:
        """Let nobody hear them for ``duration``, at most ten years."""
        if duration <= timedelta():
            raise ValueError("somebody is muted for some time; `unmute` ends it")
        desk = self.desk()
        until = (desk.now() + min(duration, MAX_SILENCE)).timestamp()
        desk.act(actions.Mute(self.id, until))

    async def unmute(self) -> None:
        """Let them be heard again."""
        self.desk().act(actions.Mute(self.id, 0))

    async def remove(self) -> None:
        """Take them out of the group. They may be invited again."""
        self.desk().act(actions.Remove(self.id, ban=False))

    async def ban(self) -> None:
        """Take them out of the group for good. They may come back with a new key."""
        self.desk().act(actions.Remove(self.id, ban=True))

    async def accept(self) -> None:
        """Let them in who ask to be, in a handler of `Bot.join_request` or a job of it."""
        self.desk().act(actions.Decide(self.id, accept=True))

    async def reject(self) -> None:
        """Do not let them in who ask to be."""
        self.desk().act(actions.Decide(self.id, accept=False))

    def desk(self) -> Desk:
        """Return where to ask for something. Raises `StateError` outside of a group."""
        if self._desk is None:
            raise StateError(
                "Nobody can be moderated here: this is a chat with one contact, or a condition."
                " It works in handlers of what happens in a group."
            )
        return self._desk

    def at(self, desk: Desk) -> "Sender":
        """Return the same sender, for a handler."""
        return replace(self, _desk=desk)


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
    mentioned: bool = True
    """Whether it names the bot as ``@name``, or replies to it. With a contact it always does."""
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
    def form_answer(self) -> Mapping[str, Value] | None:
        """What was filled in of a form that the bot has sent, by the names of its fields.

        It fits the form; a field that is not required may be missing. Else nothing.
        """
        return self.content.values if isinstance(self.content, content.FormAnswer) else None

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

    async def delete(self, *, reason: str = "") -> None:
        """Take it away from everybody in the group; see `Sender`.

        ``reason`` is a word or two for the bot's log: never what somebody said.
        """
        self.sender.desk().act(actions.Delete(self.sender.id, self.id, reason))


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
    kind: Kind
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
        """Return the same event, for a handler: its message and its sender can be answered."""
        sender, message = self.sender, self.message
        if self.group is not None:
            sender = sender.at(desk)
        if message is not None:
            message = replace(message, sender=sender, _desk=desk)
        elif self.group is None:
            return self
        return replace(self, sender=sender, message=message)


def event_of(incoming: Incoming, role: Role = Role.MEMBER, bot: str = "") -> Event:
    """Return what handlers see of ``incoming``, caused by somebody with ``role``.

    ``bot`` is the name by which the bot is mentioned.
    """
    sender = Sender(incoming.sender_id, incoming.sender_name, incoming.from_bot, role)
    group = incoming.group
    if incoming.message is None:
        return Event(incoming.id, incoming.kind, incoming.chat, sender, group=group)
    # Strangers choose this number.
    at = datetime.fromtimestamp(min(max(incoming.sent_at, 0), _LATEST), UTC)
    if isinstance(incoming.message, content.Reaction):
        about = Reaction(incoming.message_id, incoming.message.emoji, sender, at)
        return Event(incoming.id, "reaction", incoming.chat, sender, group=group, reaction=about)
    to_us = group is None or incoming.to_us or mentions(text_of(incoming.message), bot)
    message = Message(incoming.message_id, sender, incoming.message, at, group, to_us)
    return Event(incoming.id, incoming.kind, incoming.chat, sender, message, group)
