"""The seam between a test world and what carries its messages: one of two levels."""

from dataclasses import dataclass
from typing import Protocol

from graphchat.content import Message
from graphchat_bots.parcel import Parcel
from graphchat_bots.port import Port


@dataclass(frozen=True, slots=True)
class Heard:
    """What arrived from the bot."""

    id: bytes
    """Of the message; empty for what is about an earlier message."""
    message: Message


class Network(Protocol):
    """Carries messages between people and one bot."""

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
