"""The seam towards the network: where a bot's events come from and its messages go to.

The runtime knows nothing else of the network, so it runs over real relays and in tests alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

from graphchat.content import Message
from graphchat_bots.actions import Action
from graphchat_bots.parcel import Parcel
from graphchat_bots.roles import Role

Kind = Literal[
    "message",
    "contact",
    "reaction",
    "edited",
    "joined",
    "left",
    "request",
    "invited",
    "job",
    "cron",
]
"""What happens: who joins or leaves does so in a group, who requests asks to be let into it."""


MODERATORS: Final = frozenset({"moderator", "admin", "owner"})
"""Roles in a group that may delete posts, and mute and remove members below them."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group that a chat is, and not a conversation of two."""

    id: str
    """The name of the chat."""
    name: str
    """As its members see it; an admin may change it."""
    broadcast: bool = False
    """Whether only its owners talk."""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a group."""

    id: str
    """As `Incoming.sender_id`."""
    name: str
    role: str
    """``owner``, ``admin``, ``moderator``, ``member`` or ``observer``."""
    is_bot: bool
    is_me: bool
    muted: bool


@dataclass(frozen=True, slots=True)
class GroupInfo:
    """A group as it is now."""

    name: str
    members: tuple[Member, ...]
    """By name; the bot is one of them."""
    role: str
    """Of the bot; empty if it is in no more."""

    @property
    def moderates(self) -> bool:
        """Whether the bot may delete posts, and mute and remove members."""
        return self.role in MODERATORS


@dataclass(frozen=True, slots=True)
class Incoming:
    """Something that happened in a chat."""

    id: str
    """Unique over all chats and bots, and the same whenever it is handed out again."""
    chat: str
    """Opaque name of the connection or the group; it stays the same and says nothing."""
    sender_id: str
    """Opaque and local to the chat: of a contact its name, of a member one for each group."""
    sender_name: str
    kind: Kind
    message: Message | None
    """What was said, a `Reaction`, what a message says now that it was edited, or an invitation to
    a group; else nothing."""
    sent_at: float
    """Seconds since 1970, by the clock of the sender."""
    message_id: bytes
    """Of what was said; of the message that a reaction is about, or that was edited."""
    from_bot: bool = False
    """Whether the other side says that it is a program."""
    group: Group | None = None
    """None in a chat with a contact."""
    role: Role = Role.MEMBER
    """In the group: of its moderators, admins and owners that of a moderator."""
    to_us: bool = False
    """Whether it replies to a message of the bot's."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """How people reach the bot."""

    text: str
    """The link of the bot's address."""
    terminal: str
    """The same as a QR code made of characters."""


class Port(Protocol):
    """Events in, messages out, both durable."""

    async def receive(self, limit: int) -> Sequence[Incoming]:
        """Wait until there is an event; return up to ``limit``, oldest first.

        What was handed out is not handed out again until the next start, and then only
        if it was not acknowledged.
        """
        ...

    async def recall(self, id: str) -> Incoming:  # noqa: A002 - the name of the field
        """Return an event once more that was handed out and not acknowledged.

        The runtime keeps only the ids of what a flooded chat has to wait with.
        """
        ...

    async def acknowledge(self, ids: Sequence[str]) -> None:
        """Forget these events: the bot has stored all that follows from them."""
        ...

    async def send(self, chat: str, message: Parcel, message_id: bytes) -> None:
        """Take a message, or a file, for delivery; it survives a crash once this returns.

        The same ``message_id`` a second time does nothing. Raises `NotFoundError` if the
        chat is gone, `ContentError` or `StateError` if the message can never be sent.
        """
        ...

    async def fetch(self, chat: str, message_id: bytes, target: Path) -> Path:
        """Get the file of a message to ``target``, a folder or a new name; return where it is.

        Nothing is overwritten. It can be got again until the event that brought it is
        acknowledged. Raises `NotFoundError` if it is gone, `StateError` if it cannot be
        written or is no file, `RelayError` if no relay answers.
        """
        ...

    async def act(self, chat: str, action: Action) -> None:
        """Do something in a group; what is so already is not done again.

        Raises `NotFoundError` if the group is gone, `StateError` if the bot may not.
        """
        ...

    async def group(self, chat: str) -> GroupInfo:
        """Return how a group is now. Raises `NotFoundError`, `StateError` while outside."""
        ...

    async def invitation(self) -> Invitation:
        """Return the bot's address, made at the first call."""
        ...
