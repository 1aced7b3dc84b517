"""What a group is at one point of its log: who is in it, and what each may do.

Rule: a right is checked here and nowhere else. docs/protocol.md, section 20.
"""

from dataclasses import dataclass, field
from typing import Final, Self

import msgspec

from graphchat.content.profile import ProfileKind
from graphchat.core.groups import actions as do
from graphchat.core.groups.actions import Action, Role, Settings
from graphchat.core.groups.entry import ticket_of

MAX_MEMBERS: Final = 4_096
MAX_INVITES: Final = 1_024
MAX_HOSTS: Final = 8


@dataclass(frozen=True, slots=True)
class Member:
    """One member, as the log knows them."""

    key: bytes
    name: str
    box: bytes
    role: Role
    since_ms: int
    muted_until_ms: int = 0
    kind: ProfileKind = "person"
    """As their ticket says; who founded the group has none."""


@dataclass(slots=True)
class GroupState:
    """The result of the entries up to some point."""

    settings: Settings
    members: dict[bytes, Member] = field(default_factory=dict[bytes, Member])
    hosts: dict[bytes, str] = field(default_factory=dict[bytes, str])
    """Addresses by the key of who forwards; see `forwarders`."""
    invites: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    """Who invited, by the key of the invitation."""
    banned: set[bytes] = field(default_factory=set[bytes])
    deleted: set[tuple[bytes, int]] = field(default_factory=set[tuple[bytes, int]])

    @classmethod
    def begin(cls, author: bytes, action: do.Create, ts_ms: int) -> Self:
        owner = Member(author, action.name, action.box, Role.OWNER, ts_ms)
        return cls(action.settings, {author: owner})

    def copy(self) -> "GroupState":
        return GroupState(
            self.settings,
            dict(self.members),
            dict(self.hosts),
            dict(self.invites),
            set(self.banned),
            set(self.deleted),
        )

    @property
    def forwarders(self) -> dict[bytes, str]:
        """Return the addresses of those who forward: owners and admins who said so."""
        return {key: link for key, link in self.hosts.items() if self.role(key) >= Role.ADMIN}

    def role(self, key: bytes) -> int:
        """Return the role of a member; -1 for who is none."""
        member = self.members.get(key)
        return -1 if member is None else member.role

    def may_post(self, key: bytes, now_ms: int) -> bool:
        member = self.members.get(key)
        if member is None or member.role < self.settings.post:
            return False
        return member.muted_until_ms <= now_ms

    def allows(  # noqa: C901, PLR0911 - a table
        self, author: bytes, action: Action | do.Other
    ) -> bool:
        """Tell whether ``author`` may do this now."""
        if (role := self.role(author)) < 0:
            return False
        match action:
            case do.Create():
                return False
            case do.Invite(key=key):
                room = key in self.invites or len(self.invites) < MAX_INVITES
                return role >= self.settings.invite and room
            case do.Join():
                return role >= self.settings.approve and self._may_join(action)
            case do.Remove(target=target) | do.Mute(target=target):
                return role >= Role.MODERATOR and self._is_above(role, target)
            case do.SetRole(target=target, role=new):
                return self._may_set(author, role, target, new)
            case do.SetSettings():
                return role >= Role.ADMIN
            case do.Host():
                room = author in self.hosts or len(self.hosts) < MAX_HOSTS
                return role >= Role.ADMIN and room
            case do.Delete(target=target):
                if target == author:
                    return True
                known = target in self.members
                above = self._is_above(role, target) if known else True
                return role >= Role.MODERATOR and above
            case _:
                return True

    def _is_above(self, role: int, target: bytes) -> bool:
        other = self.role(target)
        return other >= 0 and (role > other or role == Role.OWNER)

    def _may_set(self, author: bytes, role: int, target: bytes, new: Role) -> bool:
        other = self.role(target)
        if other < 0:
            return False
        if author == target and new < role:
            return True
        return role == Role.OWNER or (role == Role.ADMIN and max(other, new) < Role.ADMIN)

    def _may_join(self, action: do.Join) -> bool:
        key = ticket_of(action).key
        room = key in self.members or len(self.members) < MAX_MEMBERS
        return key not in self.banned and room

    def lowers(self, action: Action | do.Other) -> bool:
        """Tell whether an action takes a role away from somebody."""
        return isinstance(action, do.SetRole) and action.role < self.role(action.target)

    def apply(  # noqa: C901 - a table
        self, author: bytes, action: Action | do.Other, ts_ms: int, *, lowers: bool
    ) -> None:
        """Do what an entry says; it may. ``lowers``: it took a role away where it was made."""
        match action:
            case do.Invite(key=key):
                self.invites[key] = author
            case do.Join(invite=invite):
                self.invites.pop(invite, None)
                self._join(action, ts_ms)
            case do.Leave():
                self._lose(author)
            case do.Remove(target=target, ban=ban):
                self._lose(target)
                if ban:
                    self.banned.add(target)
            case do.SetRole(target=target, role=role) if target in self.members:
                old = self.members[target]
                new = min(old.role, role) if lowers else role
                self._change(old, role=new)
            case do.SetSettings(change=change):
                self.settings = msgspec.structs.replace(self.settings, **change.given)
            case do.Host(link=link):
                self.hosts.pop(author, None)
                if link:
                    self.hosts[author] = link
            case do.Mute(target=target, until_ms=until) if target in self.members:
                self._change(self.members[target], muted_until_ms=until)
            case do.Delete(target=target, seq=seq):
                self.deleted.add((target, seq))
            case _:
                pass

    def _join(self, action: do.Join, ts_ms: int) -> None:
        ticket = ticket_of(action)
        if ticket.key in self.banned:
            return
        old = self.members.get(ticket.key)
        role = Role.MEMBER if old is None else old.role
        since = ts_ms if old is None else old.since_ms
        self.members[ticket.key] = Member(
            ticket.key, ticket.name, ticket.box, role, since, kind=ticket.kind
        )

    def _lose(self, key: bytes) -> None:
        self.members.pop(key, None)
        self.hosts.pop(key, None)
        for invite in [name for name, by in self.invites.items() if by == key]:
            del self.invites[invite]

    def _change(
        self, old: Member, *, role: Role | None = None, muted_until_ms: int | None = None
    ) -> None:
        self.members[old.key] = Member(
            old.key,
            old.name,
            old.box,
            old.role if role is None else role,
            old.since_ms,
            old.muted_until_ms if muted_until_ms is None else muted_until_ms,
            old.kind,
        )
