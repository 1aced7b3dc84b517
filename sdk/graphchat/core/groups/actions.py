"""What an entry of the log does: one array for each kind, its number first.

docs/protocol.md, section 20.
"""

from enum import IntEnum
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from graphchat.content import rules
from graphchat.content.profile import MAX_NAME
from graphchat.errors import ContentError

KEY: Final = 32
SIGNATURE: Final = 64
MAX_DESCRIPTION: Final = 1_000
MAX_HISTORY: Final = 1_000
MAX_DISAPPEAR: Final = 366 * 24 * 3600
MAX_LINK: Final = 2_048
MAX_TICKET: Final = 1_024


class Role(IntEnum):
    """What somebody may do; a higher number may all that a lower one may."""

    OBSERVER = 0
    MEMBER = 1
    MODERATOR = 2
    ADMIN = 3
    OWNER = 4


class Settings(Struct, frozen=True, omit_defaults=True):
    """How a group is. Raises `ContentError` for what is longer than it may be."""

    name: str
    description: str = ""
    broadcast: bool = False
    """Only owners post, and subscribers are not in the log. Never changes."""
    approval: bool = False
    """Who comes by the link waits for somebody who lets them in."""
    history: int = 0
    """How many of the last posts newcomers get."""
    post: Role = Role.MEMBER
    """Who may post, at least."""
    invite: Role = Role.MEMBER
    """Who may invite, at least."""
    approve: Role = Role.MODERATOR
    """Who may let in, at least."""
    mesh: bool = False
    """Members connect directly, at most 12 of them."""
    disappear: int = 0
    """Seconds after which posts are deleted everywhere; 0 for never."""

    def __post_init__(self) -> None:
        rules.name("name of the group", self.name, MAX_NAME)
        rules.prose("description of the group", self.description, MAX_DESCRIPTION)
        rules.number("number of posts for newcomers", self.history, 0, MAX_HISTORY)
        rules.number("time until posts disappear", self.disappear, 0, MAX_DISAPPEAR)
        if self.approve < Role.MODERATOR:
            raise ContentError("Only moderators, admins and owners can let somebody in.")


class Create(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=0):
    """Begins the log; its author is the first owner."""

    settings: Settings
    name: str
    """Of the owner."""
    box: bytes
    """X25519 key of the owner."""

    def __post_init__(self) -> None:
        rules.name("name of the owner", self.name, MAX_NAME)
        rules.size("box key", self.box, KEY, KEY)


class Invite(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=1):
    """Whoever holds the private half of ``key`` may join, once."""

    key: bytes

    def __post_init__(self) -> None:
        rules.size("key of the invitation", self.key, KEY, KEY)


class Join(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=2):
    """Lets somebody in: the author of the entry may, and the ticket is by the newcomer."""

    ticket: bytes
    signature: bytes
    """By the newcomer."""
    invite: bytes = b""
    """The key of the invitation that is used up, if one is."""

    def __post_init__(self) -> None:
        rules.size("ticket", self.ticket, 1, MAX_TICKET)
        rules.size("signature of the ticket", self.signature, SIGNATURE, SIGNATURE)
        if self.invite:
            rules.size("key of the invitation", self.invite, KEY, KEY)


class Leave(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=3):
    """The author leaves."""


class Remove(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=4):
    """Takes a member out; a banned key never comes in again."""

    target: bytes
    ban: bool = False

    def __post_init__(self) -> None:
        rules.size("key of the member", self.target, KEY, KEY)


class SetRole(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=5):
    """Gives a member another role."""

    target: bytes
    role: Role

    def __post_init__(self) -> None:
        rules.size("key of the member", self.target, KEY, KEY)


class Change(Struct, frozen=True):
    """The settings that change; all else stays."""

    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    approval: bool | UnsetType = UNSET
    history: int | UnsetType = UNSET
    post: Role | UnsetType = UNSET
    invite: Role | UnsetType = UNSET
    approve: Role | UnsetType = UNSET
    mesh: bool | UnsetType = UNSET
    disappear: int | UnsetType = UNSET

    def __post_init__(self) -> None:
        Settings(**{"name": "group", **self.given})  # type: ignore[arg-type] # checks each

    @property
    def given(self) -> dict[str, object]:
        """Return what changes, by name."""
        fields = self.__struct_fields__
        return {name: value for name in fields if (value := getattr(self, name)) is not UNSET}


class SetSettings(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=6):
    """Changes how the group is."""

    change: Change


class Host(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=7):
    """The author forwards, and is reached at this address; empty: not any more."""

    link: str

    def __post_init__(self) -> None:
        rules.line("address of the host", self.link, MAX_LINK)


class Mute(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=8):
    """Posts of a member are not forwarded until ``until_ms``; 0 ends it."""

    target: bytes
    until_ms: int

    def __post_init__(self) -> None:
        rules.size("key of the member", self.target, KEY, KEY)
        rules.number("end of the silence", self.until_ms, 0, 2**53)


class Delete(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=9):
    """Takes a post away, from everybody who has it."""

    target: bytes
    """Who posted it."""
    seq: int

    def __post_init__(self) -> None:
        rules.size("key of the member", self.target, KEY, KEY)
        rules.number("number of the post", self.seq, 1, 2**53)


Action = (
    Create | Invite | Join | Leave | Remove | SetRole | SetSettings | Host | Mute | Delete
)  # fmt: skip


class Other(Struct, frozen=True):
    """An action of a newer version: it stays in the log, and does nothing here."""

    kind: int
