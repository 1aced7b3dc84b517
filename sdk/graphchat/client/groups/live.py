"""A group while it is loaded: its log, its chains, and the connections that serve it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import msgspec

from graphchat.core.groups.actions import Role
from graphchat.core.groups.chains import Chains
from graphchat.core.groups.log import Log
from graphchat.core.groups.state import GroupState
from graphchat.crypto.keys import AgreementKey, SigningKey
from graphchat.secret import Secret

Status = Literal["asked", "member", "left", "removed", "refused"]
PeerKind = Literal["host", "member", "mesh"]
"""A host of ours; somebody for whom we forward; a member to whom we speak directly."""
PeerState = Literal["asking", "open", "closing"]


class GroupRecord(msgspec.Struct):
    """What is stored of our own side of a group."""

    key: Secret
    """Ed25519: signs what we post and what we decide."""
    box: Secret
    """X25519: what is sealed to us."""
    name: str
    """How others see us here."""
    title: str
    """The name of the group, as far as it is known before the log is here."""
    broadcast: bool
    ticket: bytes = b""
    ticket_signature: bytes = b""
    link: str = ""
    """By which we came."""
    invite: Secret | None = None
    """The invitation by which we came."""
    subscriber: bool = False
    """We are known to hosts, and not in the log."""
    accepted: bool = False
    """A host has let us in."""
    restored: bool = False
    """Out of a backup: we may have posted since, and nobody here knows the numbers."""
    banned: list[bytes] = []
    """Subscribers whom we do not let in again."""


@dataclass(slots=True)
class Peer:
    """One connection that serves a group."""

    connection: int
    kind: PeerKind
    key: bytes = b""
    """Of the other side; empty until it has shown it."""
    state: PeerState = "asking"
    entry_cursor: int = 0
    post_cursor: int = 0
    floor: int = 0
    old_until: int = 0
    """Posts up to this row are from before the other side came."""
    since: float = 0.0
    """When it began to close, on the monotonic clock."""
    late: dict[tuple[bytes, int], float] = field(default_factory=dict[tuple[bytes, int], float])
    """Posts that others brought and this host did not, by author and number, and since when."""
    heard: float = 0.0
    """When it last brought something."""


@dataclass
class LiveGroup:
    """One loaded group. Only the engine's loop changes it."""

    id: int
    profile: int
    gid: bytes
    status: Status
    record: GroupRecord
    log: Log
    chains: Chains
    address: int | None = None
    peers: dict[int, Peer] = field(default_factory=dict[int, Peer])
    """By connection."""
    newest_entry: int = 0
    newest_post: int = 0
    waiting: dict[bytes, float] = field(default_factory=dict[bytes, float])
    """Since when the posts of an author have a hole, on the monotonic clock."""
    asked: set[bytes] = field(default_factory=set[bytes])
    """Authors whose hole was asked for."""
    early: list[tuple[int, bytes, bool]] = field(default_factory=list[tuple[int, bytes, bool]])
    """Posts of people whom the log does not know yet: connection, post, whether it is old."""

    @cached_property
    def key(self) -> SigningKey:
        return SigningKey(self.record.key)

    @cached_property
    def box(self) -> AgreementKey:
        return AgreementKey(self.record.box)

    @property
    def me(self) -> bytes:
        return self.key.public

    @property
    def state(self) -> GroupState:
        return self.log.state

    @property
    def name(self) -> str:
        return self.state.settings.name if self.log.begun else self.record.title

    @property
    def is_host(self) -> bool:
        """Whether this device forwards for the group."""
        return self.log.begun and self.status == "member" and self.me in self.state.forwarders

    @property
    def role(self) -> Role | None:
        """Return our role; None while we are not in."""
        if self.status != "member" or not self.log.begun:
            return None
        member = self.state.members.get(self.me)
        return Role.OBSERVER if member is None else member.role

    def open(self, *kinds: PeerKind) -> Iterator[Peer]:
        """Yield the peers of these kinds that know us and whom we know."""
        for peer in self.peers.values():
            if peer.state == "open" and peer.kind in kinds:
                yield peer

    def name_of(self, key: bytes) -> str:
        """Return how somebody is called here."""
        member = self.state.members.get(key) if self.log.begun else None
        return key.hex()[:8] if member is None else member.name

    def gets_all(self, peer: Peer) -> bool:
        """Tell whether the other side gets what others said, and not our own words alone."""
        if peer.kind == "member":
            return True
        return peer.kind == "host" and self.is_host
