"""The seam between a test world and what carries its messages: one of two levels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from graphchat.content import Message
from graphchat_bots.parcel import Parcel
from graphchat_bots.port import Member, Port


@dataclass(frozen=True, slots=True)
class Heard:
    """What arrived from the bot."""

    id: bytes
    """Of the message; empty for what is about an earlier message."""
    message: Message


class Groups(Protocol):
    """What people do in groups; people and groups are named by their chats."""

    async def found(self, name: str, founder: str, *, approval: bool) -> str:
        """Make a group; return the name that its chat has for the bot."""
        ...

    async def take_bot(self, group: str, role: str) -> None:
        """Let the bot in, and give it a role."""
        ...

    async def invite_bot(self, group: str, person: str) -> None:
        """Let the founder invite the bot; return once its end has got the invitation."""
        ...

    async def enter(self, group: str, person: str) -> None:
        """Let somebody come in, or ask to be let in; return once the bot's end knows."""
        ...

    async def leave(self, group: str, person: str) -> None:
        """Let somebody go; return once the bot's end knows."""
        ...

    async def post(self, group: str, person: str, message: Message, message_id: bytes) -> None:
        """Say something in a group; as `Network.say`. Raises `StateError` if they may not."""
        ...

    async def members(self, group: str) -> Sequence[Member]:
        """Return who is in, by name, once everybody knows what the bot has done."""
        ...

    async def posts(self, group: str) -> Sequence[tuple[str, Message]]:
        """Return who has said what and was not deleted, in order; as `members`."""
        ...


class Network(Protocol):
    """Carries messages between people and one bot."""

    @property
    def groups(self) -> Groups: ...

    async def start(self) -> Port:
        """Bring the bot's end up, for the first time or after `kill`."""
        ...

    async def kill(self) -> None:
        """Let the bot's end die as in a crash; what it has acknowledged or sent stays so."""
        ...

    async def close(self) -> None:
        """Take everything down, at the end of the test."""
        ...

    async def join(self, name: str, *, is_bot: bool) -> str:
        """Let somebody connect with the bot; return the name of the chat."""
        ...

    async def say(self, chat: str, message: Parcel, message_id: bytes) -> None:
        """Say something to the bot, or about a message; return once its end has got it.

        The same ``message_id`` again lets the bot receive the same event again.
        """
        ...

    async def settle(self) -> None:
        """Wait until all that was sent to the bot was handed out to its runtime."""
        ...

    async def hear(self, chat: str) -> list[Heard]:
        """Return what arrived from the bot since the last time, and wait for what it sent."""
        ...

    async def open(self, chat: str, message_id: bytes) -> bytes:
        """Return what is in a file that the bot has sent. Raises `StateError` if it is none."""
        ...
