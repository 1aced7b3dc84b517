"""What a person may do with a bot."""

from enum import IntEnum


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
