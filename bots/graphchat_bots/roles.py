"""What a person may do with a bot."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

RESERVED: Final = frozenset({"role", "roles"})
"""Commands that the bot itself answers: see `graphchat_bots.granting`."""


class Role(IntEnum):
    """How much a person may do with a bot; a higher one may do all that a lower one may.

    Everybody is a member. A higher role is granted by an invitation that is good once
    (`graphchat bot admin`), never by a name.
    """

    MEMBER = 0
    MODERATOR = 1
    ADMIN = 2

    @property
    def label(self) -> str:
        """What people read: "moderator"."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who has a role."""

    number: int
    """Stays the same for as long as they have it."""
    sender: str
    name: str
    """As they called themselves when they got it."""
    role: Role
    at: float
    """Since when, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class RoleChange:
    """A role that is granted, or taken back, with the event that causes it."""

    sender: str
    name: str
    role: Role
    """`Role.MEMBER` takes back what they have."""
    at: float
    grant: str = ""
    """The invitation that is used up by it."""
