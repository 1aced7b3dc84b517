"""What is told of groups: one frozen type for each kind of event."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from graphchat.client.contact import Contact
from graphchat.client.groups.group import Group
from graphchat.client.groups.request import JoinRequest
from graphchat.content import Message
from graphchat.ids import MessageId


@dataclass(frozen=True, slots=True)
class GroupMessageReceived:
    """Somebody posted in a group; once, and in the order in which they did."""

    id: int
    group: Group
    author: str
    """How the author is called in the group."""
    author_key: bytes
    message: Message
    message_id: MessageId
    sent_at: datetime
    number: int
    """Of the post among those of its author: `Group.delete` wants both."""


@dataclass(frozen=True, slots=True)
class GroupChanged:
    """Something about a group is not as it was."""

    id: int
    group: Group
    what: str
    """``entered`` (we are in), ``refused``, ``expelled``, ``removed`` (somebody, or we, by a
    host), ``joined``, ``left``, ``role``, ``settings``, ``host``, ``muted``, ``deleted``."""
    by: str
    whom: str
    detail: str
    """The new role, what settings changed, why; may be empty."""
    whom_key: bytes = b""
    """Of whom it is about; empty if it is about nobody, or about us."""


@dataclass(frozen=True, slots=True)
class GroupInvited:
    """A contact invites us into a group, or to a broadcast."""

    id: int
    contact: Contact
    name: str
    link: str
    broadcast: bool
    _join: Callable[[str], Awaitable[Group]] = field(repr=False, compare=False)

    async def join(self) -> Group:
        """Go in. Who does not want to does nothing. Raises as `OwnProfile.join_group`."""
        return await self._join(self.link)


@dataclass(frozen=True, slots=True)
class JoinRequested:
    """Somebody asks to be let into a group in which we may do so."""

    id: int
    group: Group
    request: JoinRequest

    @property
    def name(self) -> str:
        return self.request.name

    async def accept(self) -> None:
        """See `JoinRequest.accept`."""
        await self.request.accept()

    async def reject(self) -> None:
        """See `JoinRequest.reject`."""
        await self.request.reject()


@dataclass(frozen=True, slots=True)
class GroupGap:
    """Posts are missing: nobody has them, or one host left them out."""

    id: int
    group: Group
    author: str
    first: int
    last: int
    host: str
    """Who left them out, though another host brought them; empty if nobody has them."""


@dataclass(frozen=True, slots=True)
class GroupAlarm:
    """Somebody in a group broke a rule; show ``warning`` to the person."""

    id: int
    group: Group
    warning: str


OfGroup = GroupMessageReceived | GroupChanged | JoinRequested | GroupGap | GroupAlarm
GroupEvent = OfGroup | GroupInvited
