"""What is loaded of devices: few rows, all of them, as long as the client is open."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from graphchat.core.devices.theirs import TheirDevices

OwnState = Literal["here", "asking", "linked", "known", "removed", "ended"]
"""This one; waits for a yes; has a connection here; only others are linked with it; was removed;
this one, and others have removed it."""
BranchState = Literal["first", "wanted", "offered", "open", "removed"]
"""The contact itself; queues are to be made; our code is on its way; can be talked by; the device
was removed."""


@dataclass(frozen=True, slots=True)
class OwnDevice:
    """A device of a profile."""

    id: int
    profile: int
    device: bytes
    name: str
    state: OwnState
    connection: int | None = None
    cursor: int | None = None
    """Old lines that it was not sent yet are those before this one."""
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Branch:
    """A connection with one device of a contact, or one that is to come."""

    id: int
    contact: int
    state: BranchState
    connection: int | None = None
    device: bytes = b""
    added_by: bytes = b""
    via: bytes = b""


@dataclass(slots=True)
class Index:
    """All devices and branches, by row."""

    own: dict[int, OwnDevice] = field(default_factory=dict[int, OwnDevice])
    branches: dict[int, Branch] = field(default_factory=dict[int, Branch])
    contacts: dict[int, int] = field(default_factory=dict[int, int])
    """The contact of a connection with one of its further devices, by connection."""
    families: dict[int, tuple[int, ...]] = field(default_factory=dict[int, tuple[int, ...]])
    """Branches of a contact, oldest first."""
    own_ids: "count[int]" = field(default_factory=lambda: count(1))
    branch_ids: "count[int]" = field(default_factory=lambda: count(1))


def theirs(branches: Sequence[Branch]) -> TheirDevices:
    """Return what a contact calls its devices."""
    return TheirDevices(
        {b.device: b.added_by for b in branches if b.device and b.state != "removed"},
        frozenset(b.device for b in branches if b.state == "removed"),
    )
