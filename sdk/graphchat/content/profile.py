"""The card that contacts see of each other."""

from typing import Final, Literal, get_args

from msgspec import Struct

from graphchat.content import rules
from graphchat.errors import ContentError

ProfileKind = Literal["person", "bot", "device", "organisation", "bridge"]

MAX_NAME: Final = 100
MAX_STATUS: Final = 200
MAX_BIO: Final = 1000
MAX_AVATAR: Final = 8 * 1024


class ProfileCard(Struct, frozen=True, omit_defaults=True):
    """Who somebody says they are. Nobody vouches for it, and names are not unique.

    Raises `ContentError` if a part is longer than it may be, or holds control characters.
    """

    name: str
    """1 to 100 characters in one line."""
    kind: ProfileKind
    avatar: bytes | None = None
    """A small picture, at most 8 KiB; `graphchat.content.pictures.make_avatar` makes one."""
    status: str = ""
    """At most 200 characters in one line."""
    bio: str = ""
    """CommonMark, at most 1,000 characters."""

    def __post_init__(self) -> None:
        rules.name("name", self.name, MAX_NAME)
        rules.line("status", self.status, MAX_STATUS)
        rules.prose("bio", self.bio, MAX_BIO)
        if self.kind not in get_args(ProfileKind):
            raise ContentError(f"A profile is one of: {', '.join(get_args(ProfileKind))}.")
        if self.avatar is not None:
            rules.size("avatar", self.avatar, 1, MAX_AVATAR)
