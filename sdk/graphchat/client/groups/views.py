"""What a group shows of itself: its members, its posts, its link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, TypeVar

from graphchat.client.groups import rows
from graphchat.client.groups.amending import About, merged
from graphchat.client.groups.live import LiveGroup
from graphchat.client.groups.posts import message_of
from graphchat.codes import Code, GroupCode
from graphchat.content import Message
from graphchat.content.profile import ProfileKind
from graphchat.core.groups.post import SignedPost
from graphchat.core.groups.state import Member
from graphchat.errors import NotFoundError, StateError
from graphchat.ids import MessageId
from graphchat.secret import Secret

T = TypeVar("T")

IN_LINKS: Final = 3
"""Hosts that a link names."""


@dataclass(frozen=True, slots=True)
class GroupMember:
    """One member, as the log of the group says."""

    key: bytes
    """Made for this group: it says nothing about the person elsewhere."""
    name: str
    role: str
    me: bool
    host: bool
    muted_until: datetime | None
    kind: ProfileKind = "person"
    """What they say that they are, such as ``bot``; of who founded the group nobody knows."""


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One post of the history of a group."""

    id: MessageId
    author: str
    author_key: bytes
    number: int
    outgoing: bool
    message: Message | None
    """None if it was deleted."""
    sent_at: datetime
    state: str
    """``received`` or ``deleted``; ``queued`` or ``delivered`` (to a host) for ours."""
    position: int
    """Where it stands; pass it as ``before`` for the page before it."""
    edited_at: datetime | None = None
    reactions: tuple[tuple[str, str], ...] = ()
    """Who, and the emoji."""
    votes: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Who, and the numbers of the options, from 0."""


def members(group: LiveGroup, now: float) -> list[GroupMember]:
    """Return who is in, by name."""
    found = [_member(group, each, now) for each in group.state.members.values()]
    return sorted(found, key=lambda each: (each.name.casefold(), each.key))


def member(group: LiveGroup, key: bytes, now: float) -> GroupMember:
    """Return the member with this key. Raises `NotFoundError`."""
    if key not in group.state.members:
        raise NotFoundError("There is no member with this key any more.")
    return _member(group, group.state.members[key], now)


def _member(group: LiveGroup, found: Member, now: float) -> GroupMember:
    muted_until = found.muted_until_ms / 1000
    return GroupMember(
        found.key,
        found.name,
        found.role.name.lower(),
        found.key == group.me,
        found.key in group.state.forwarders,
        datetime.fromtimestamp(muted_until, UTC) if muted_until > now else None,
        found.kind,
    )


def choose(found: list[GroupMember], name: str) -> GroupMember:
    """Return the member with this name, or whose key begins so. Raises `NotFoundError`."""
    named = [each for each in found if name == each.name]
    if not named and len(name) >= 8:
        named = [each for each in found if each.key.hex().startswith(name.lower())]
    if len(named) == 1:
        return named[0]
    if named:
        keys = ", ".join(each.key.hex()[:8] for each in named)
        raise NotFoundError(f"Several members are called {name!r}. Choose by key: {keys}.")
    raise NotFoundError(f"There is no member {name!r}. See: graphchat group members GROUP")


def line(group: LiveGroup, row: rows.Said, said: Sequence[About]) -> GroupLine:
    """Return one post with what was ``said`` about it."""
    position, author, number, message_id, outgoing, data, sent_at, state = row
    found = None
    if data:
        message = message_of(SignedPost.unpack(data).post.payload)
        found = merged(author, message, said)
    return GroupLine(
        MessageId(message_id),
        group.name_of(author),
        author,
        number,
        bool(outgoing),
        None if found is None else found.message,
        datetime.fromtimestamp(sent_at, UTC),
        state,
        position,
        None if found is None else found.edited_at,
        () if found is None else _named(group, found.reactions),
        () if found is None else _named(group, found.votes),
    )


def gone(line: GroupLine) -> GroupLine:
    """Return what is left of a post that has disappeared."""
    nothing = replace(line, message=None, state="deleted", edited_at=None)
    return replace(nothing, reactions=(), votes=())


def _named(group: LiveGroup, found: Mapping[bytes, T]) -> tuple[tuple[str, T], ...]:
    return tuple((group.name_of(key), what) for key, what in found.items())


def code(group: LiveGroup, hosts: int, invite: Secret | None) -> GroupCode:
    """Return a link to a group. Raises `StateError` if nobody forwards."""
    links = [Code.parse(link) for _, link in sorted(group.state.forwarders.items())]
    if not links:
        raise StateError(f"Nobody forwards for {group.name} now, so nobody can come in.")
    settings = group.state.settings
    return GroupCode(
        group.gid, tuple(links[:hosts]), settings.broadcast, settings.approval, invite
    )
