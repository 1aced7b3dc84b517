"""What a bot does in a group besides talking: it leaves by the outbox, in order with messages."""

from typing import Final

import msgspec
from msgspec import Struct


class Delete(Struct, frozen=True, tag="delete"):
    """Takes a post away from everybody."""

    sender: str
    """Whose post it is."""
    message: bytes
    """Its id."""
    reason: str = ""
    """For the log."""


class Mute(Struct, frozen=True, tag="mute"):
    """Lets nobody hear a member."""

    sender: str
    until: float
    """Seconds since 1970; 0 ends it."""


class Remove(Struct, frozen=True, tag="remove"):
    """Takes a member out."""

    sender: str
    ban: bool
    """Whether it is for good."""


class Decide(Struct, frozen=True, tag="decide"):
    """Answers somebody who asks to be let in."""

    sender: str
    accept: bool


class Enter(Struct, frozen=True, tag="enter"):
    """Goes into a group by the link in an invitation."""

    link: str


Action = Delete | Mute | Remove | Decide | Enter

_decoder: Final[msgspec.msgpack.Decoder[Action]] = msgspec.msgpack.Decoder(Action)


def pack(action: Action) -> bytes:
    """Return an action as it is stored."""
    return msgspec.msgpack.encode(action)


def unpack(body: bytes) -> Action:
    """Return what `pack` has packed. Raises `msgspec.ValidationError` for anything else."""
    return _decoder.decode(body)
