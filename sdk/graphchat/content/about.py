"""Messages by which programs tell about people and their conversation."""

from typing import Final

from msgspec import Struct

from graphchat.content import rules
from graphchat.content.profile import ProfileCard

# Seconds; a year.
MAX_TIMER: Final = 366 * 24 * 3600


class ProfileUpdate(Struct, tag_field="type", tag="profile", frozen=True):
    """The sender's profile has changed; it replaces what `Welcome` said."""

    profile: ProfileCard


class Timer(Struct, tag_field="type", tag="contact.update", frozen=True):
    """How long messages of this conversation last from now on, on both sides.

    The higher version counts; of two that are the same, that of whoever made the code.

    Raises `ContentError` for more than a year.
    """

    seconds: int
    """0: for ever."""
    version: int
    """One more than the highest that the sender knows, from 1."""

    def __post_init__(self) -> None:
        rules.number("time that messages last", self.seconds, 0, MAX_TIMER)
        rules.number("version of the timer", self.version, 1)


class Read(Struct, tag_field="type", tag="read", frozen=True):
    """A person has seen every message of ours up to this one. Only said where it is wanted."""

    target: bytes
    """The id of the message, 16 bytes."""

    def __post_init__(self) -> None:
        rules.message_id("id of the message that was read", self.target)


class Typing(Struct, tag_field="type", tag="typing", frozen=True):
    """Somebody is typing now, or has stopped. Only said where it is wanted.

    It travels outside of the stream (kind 2): nobody keeps it, and nothing proves it.
    """

    active: bool


About = ProfileUpdate | Timer | Read | Typing
"""Every message of this module that can be a frame."""
