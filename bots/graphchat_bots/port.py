"""The seam towards the network: where a bot's events come from and its messages go to.

The runtime knows nothing else of the network, so it runs over real relays and in tests alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from graphchat.content import Message
from graphchat_bots.parcel import Parcel

Kind = Literal["message", "contact", "reaction", "edited"]


@dataclass(frozen=True, slots=True)
class Group:
    """A group that a chat is, and not a conversation of two."""

    id: str
    """The name of the chat."""
    name: str
    """As its members see it; an admin may change it."""


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
    """What was said, a `Reaction`, or what a message says now that it was edited; nothing if
    ``kind`` is ``contact``: somebody has just connected."""
    sent_at: float
    """Seconds since 1970, by the clock of the sender."""
    message_id: bytes
    """Of what was said; of the message that a reaction is about, or that was edited."""
    from_bot: bool = False
    """Whether the other side says that it is a program."""
    group: Group | None = None
    """None in a chat with a contact."""


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

    async def invitation(self) -> Invitation:
        """Return the bot's address, made at the first call."""
        ...
