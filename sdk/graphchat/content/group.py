"""Messages by which programs run a group: who joins, what its log says, what was posted.

Entries, tickets and posts are bytes here: `graphchat.core.groups` reads them.
"""

from typing import Final, Literal, get_args

from msgspec import Struct

from graphchat.content import rules
from graphchat.content.profile import MAX_NAME
from graphchat.errors import ContentError

MAX_ENTRIES: Final = 256
MAX_POSTS: Final = 256
MAX_WANTED: Final = 256
MAX_RANGES: Final = 64
# As many as a group has members.
MAX_POSITIONS: Final = 4_096
MAX_LINK: Final = 4_096
MAX_TICKET: Final = 1_024
MAX_LETTER: Final = 8 * 1024
MAX_RANGE: Final = 256

Reason = Literal["rejected", "banned", "full", "unknown", "removed"]


def _group(group: bytes) -> None:
    rules.size("id of the group", group, 16, 16)


class GroupInvite(Struct, tag_field="type", tag="group.invite", frozen=True):
    """Invites a contact: a link to the group, good for one newcomer."""

    group: bytes
    link: str
    name: str
    broadcast: bool = False

    def __post_init__(self) -> None:
        _group(self.group)
        rules.line("link to the group", self.link, MAX_LINK)
        rules.name("name of the group", self.name, MAX_NAME)


class GroupJoin(Struct, tag_field="type", tag="group.join", frozen=True):
    """Asks a host to be let in, or to be known by this connection."""

    group: bytes
    ticket: bytes
    signature: bytes
    """By the newcomer's key, over the ticket."""
    proof: bytes
    """By the newcomer's key, over this connection and group."""
    invite: bytes = b""
    """The key of an invitation, if there is one."""
    invite_signature: bytes = b""
    """By that key, over the ticket."""

    def __post_init__(self) -> None:
        _group(self.group)
        rules.size("ticket", self.ticket, 1, MAX_TICKET)
        rules.size("signature of the ticket", self.signature, 64, 64)
        rules.size("proof of the newcomer", self.proof, 64, 64)
        if self.invite:
            rules.size("key of the invitation", self.invite, 32, 32)
            rules.size("signature by the invitation", self.invite_signature, 64, 64)


class Position(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where somebody's posts go on for a newcomer: behind this one."""

    author: bytes
    seq: int
    head: bytes

    def __post_init__(self) -> None:
        rules.size("author of posts", self.author, 32, 32)
        rules.number("number of a post", self.seq, 0, 2**53)
        rules.size("hash of a post", self.head, 32, 32)


class GroupAccept(Struct, tag_field="type", tag="group.accept", frozen=True):
    """The host knows the newcomer: the log and the posts follow."""

    group: bytes
    key: bytes
    """Of the host."""
    proof: bytes
    """By that key, over this connection and group."""
    positions: tuple[Position, ...] = ()

    def __post_init__(self) -> None:
        _group(self.group)
        rules.number("number of authors", len(self.positions), 0, MAX_POSITIONS)
        rules.size("key of the host", self.key, 32, 32)
        rules.size("proof of the host", self.proof, 64, 64)


class GroupRefuse(Struct, tag_field="type", tag="group.refuse", frozen=True):
    """The newcomer is not let in, or somebody is in no more."""

    group: bytes
    reason: Reason

    def __post_init__(self) -> None:
        _group(self.group)
        if self.reason not in get_args(Reason):
            raise ContentError(f"A reason is one of: {', '.join(get_args(Reason))}.")


class GroupEntries(Struct, tag_field="type", tag="group.entries", frozen=True):
    """Entries of the log: 64 bytes of signature, then the entry, each."""

    group: bytes
    entries: tuple[bytes, ...]

    def __post_init__(self) -> None:
        _group(self.group)
        rules.number("number of entries", len(self.entries), 1, MAX_ENTRIES)


class GroupPosts(Struct, tag_field="type", tag="group.posts", frozen=True, omit_defaults=True):
    """Posts: 64 bytes of signature, then the post, each."""

    group: bytes
    posts: tuple[bytes, ...]
    old: bool = False
    """From before the receiver came: for the history, and no news."""

    def __post_init__(self) -> None:
        _group(self.group)
        rules.number("number of posts", len(self.posts), 1, MAX_POSTS)


class Range(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Posts of one author, at most 256."""

    author: bytes
    first: int
    last: int

    def __post_init__(self) -> None:
        rules.size("author of posts", self.author, 32, 32)
        rules.number("first post", self.first, 1, 2**53)
        rules.number("last post", self.last, self.first, self.first + MAX_RANGE - 1)


class GroupWant(Struct, tag_field="type", tag="group.want", frozen=True, omit_defaults=True):
    """Asks for what is missing: entries by their hashes, posts by their numbers."""

    group: bytes
    entries: tuple[bytes, ...] = ()
    posts: tuple[Range, ...] = ()

    def __post_init__(self) -> None:
        _group(self.group)
        rules.number("number of entries", len(self.entries), 0, MAX_WANTED)
        rules.number("number of ranges", len(self.posts), 0, MAX_RANGES)
        for each in self.entries:
            rules.size("hash of an entry", each, 32, 32)


class GroupLeave(Struct, tag_field="type", tag="group.leave", frozen=True):
    """A subscriber, who is not in the log, wants nothing more."""

    group: bytes

    def __post_init__(self) -> None:
        _group(self.group)


class GroupAsk(Struct, tag_field="type", tag="group.ask", frozen=True):
    """A host passes on that somebody asks to be let in, to those who may let in."""

    group: bytes
    ticket: bytes
    signature: bytes

    def __post_init__(self) -> None:
        _group(self.group)
        rules.size("ticket", self.ticket, 1, MAX_TICKET)
        rules.size("signature of the ticket", self.signature, 64, 64)


class GroupReject(Struct, tag_field="type", tag="group.reject", frozen=True):
    """Somebody who may let in tells a host not to let this newcomer in."""

    group: bytes
    key: bytes

    def __post_init__(self) -> None:
        _group(self.group)
        rules.size("key of the newcomer", self.key, 32, 32)


class GroupLetter(Struct, tag_field="type", tag="group.letter", frozen=True):
    """Something from one member for another, which the host that passes it on cannot read."""

    group: bytes
    sender: bytes
    recipient: bytes
    sealed: bytes
    """Sealed box to the recipient."""
    signature: bytes
    """By the sender, over recipient and box."""

    def __post_init__(self) -> None:
        _group(self.group)
        rules.size("key of the sender", self.sender, 32, 32)
        rules.size("key of the recipient", self.recipient, 32, 32)
        rules.size("letter", self.sealed, 1, MAX_LETTER)
        rules.size("signature of the letter", self.signature, 64, 64)


ForGroups = (
    GroupInvite | GroupJoin | GroupAccept | GroupRefuse | GroupEntries | GroupPosts
    | GroupWant | GroupLeave | GroupAsk | GroupReject | GroupLetter
)  # fmt: skip
"""Every message of this module that can be a frame."""
