"""Entries of the log, and tickets of newcomers: their bytes, their hashes, their signatures.

Rule: what is signed is what travelled; nothing is encoded anew before it is checked.
docs/protocol.md, section 20.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Final, Self, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct

from graphchat.content import rules
from graphchat.content.profile import MAX_NAME, ProfileKind
from graphchat.core.groups.actions import KEY, SIGNATURE, Action, Create, Join, Other
from graphchat.crypto.keys import SigningKey, verify
from graphchat.errors import ContentError, LocalProtocolError, RemoteProtocolError

T = TypeVar("T")

GROUP_ID: Final = 16
HASH: Final = 32
MAX_PREV: Final = 8
MAX_ENTRY: Final = 8 * 1024
NO_GROUP: Final = bytes(GROUP_ID)

_KINDS: Final = frozenset(int(kind.__struct_config__.tag) for kind in get_args(Action))


class Entry(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The fields that travel, in their order on the wire."""

    group: Annotated[bytes, Meta(min_length=GROUP_ID, max_length=GROUP_ID)]
    prev: Annotated[
        tuple[Annotated[bytes, Meta(min_length=HASH, max_length=HASH)], ...],
        Meta(max_length=MAX_PREV),
    ]
    """Hashes of the entries that the author saw last, in order of their bytes."""
    depth: Annotated[int, Meta(ge=0, le=2**31)]
    """One more than the deepest of ``prev``; 0 for the first."""
    author: Annotated[bytes, Meta(min_length=KEY, max_length=KEY)]
    ts_ms: Annotated[int, Meta(ge=0, le=2**53)]
    action: msgspec.Raw


class Ticket(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a newcomer signs: who they are here. Raises `ContentError`."""

    group: bytes
    key: bytes
    """Ed25519, made for this group."""
    box: bytes
    """X25519, made for this group."""
    name: str
    kind: ProfileKind
    ts_ms: int

    def __post_init__(self) -> None:
        rules.size("group", self.group, GROUP_ID, GROUP_ID)
        rules.size("key of the newcomer", self.key, KEY, KEY)
        rules.size("box key of the newcomer", self.box, KEY, KEY)
        rules.name("name of the newcomer", self.name, MAX_NAME)
        rules.number("time of the ticket", self.ts_ms, 0, 2**53)


@dataclass(frozen=True, slots=True)
class Signed:
    """An entry as it travelled, and what is in it."""

    entry: Entry
    action: Action | Other
    data: bytes
    signature: bytes
    hash: bytes

    def pack(self) -> bytes:
        return self.signature + self.data

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Read an entry without checking its signature.

        Raises `RemoteProtocolError` for anything that the protocol forbids.
        """
        signature, data = packed[:SIGNATURE], packed[SIGNATURE:]
        if len(data) > MAX_ENTRY:
            raise RemoteProtocolError("an entry is too long")
        entry = _read(data, _entries)
        if _encoder.encode(entry) != data or list(entry.prev) != sorted(set(entry.prev)):
            raise RemoteProtocolError("an entry is not in its canonical form")
        action = _action(bytes(entry.action))
        if bool(entry.prev) == isinstance(action, Create) or (entry.depth == 0) == bool(
            entry.prev
        ):
            raise RemoteProtocolError("only the first entry has none before it")
        return cls(entry, action, data, signature, sha256(data).digest())

    @property
    def genuine(self) -> bool:
        """Whether author and newcomer signed it, and it belongs to the group that it names."""
        match self.action:
            case Create() if group_id(self.entry) != self.entry.group:
                return False
            case Join(ticket=ticket, signature=signature):
                try:
                    if read_ticket(ticket, signature).group != self.entry.group:
                        return False
                except RemoteProtocolError:
                    return False
            case _:
                pass
        return verify(self.entry.author, b"gc/1 group" + self.hash, self.signature)


_encoder: Final = msgspec.msgpack.Encoder()
_entries: Final = msgspec.msgpack.Decoder(Entry)
_actions: Final[msgspec.msgpack.Decoder[Action]] = msgspec.msgpack.Decoder(Action)
_heads: Final = msgspec.msgpack.Decoder(list[msgspec.Raw])
_numbers: Final = msgspec.msgpack.Decoder(int)
_tickets: Final = msgspec.msgpack.Decoder(Ticket)


def sign(key: SigningKey, entry: Entry, action: Action) -> Signed:
    """Sign an entry of ours."""
    data = _encoder.encode(entry)
    if len(data) > MAX_ENTRY:
        raise LocalProtocolError("an entry is too long")
    digest = sha256(data).digest()
    return Signed(entry, action, data, key.sign(b"gc/1 group" + digest), digest)


def make(
    key: SigningKey, group: bytes, heads: dict[bytes, int], action: Action, ts_ms: int
) -> Signed:
    """Write the entry that follows ``heads``: hashes with their depths."""
    # The deepest first: what is left out is joined by the next entry.
    prev = sorted(heads, key=lambda each: (-heads[each], each))[:MAX_PREV]
    depth = 1 + max(heads.values())
    entry = Entry(group, tuple(sorted(prev)), depth, key.public, ts_ms, raw(action))
    return sign(key, entry, action)


def create(key: SigningKey, action: Create, ts_ms: int) -> Signed:
    """Begin a group: its id is a hash of how it began."""
    draft = Entry(NO_GROUP, (), 0, key.public, ts_ms, raw(action))
    entry = msgspec.structs.replace(draft, group=group_id(draft))
    return sign(key, entry, action)


def group_id(first: Entry) -> bytes:
    """Return the id of the group that ``first`` begins."""
    draft = msgspec.structs.replace(first, group=NO_GROUP)
    return sha256(b"gc/1 create" + _encoder.encode(draft)).digest()[:GROUP_ID]


def raw(action: Action) -> msgspec.Raw:
    return msgspec.Raw(_encoder.encode(action))


def write_ticket(key: SigningKey, ticket: Ticket) -> tuple[bytes, bytes]:
    """Return the bytes of a ticket and our signature."""
    data = _encoder.encode(ticket)
    return data, key.sign(b"gc/1 join" + sha256(data).digest())


def read_ticket(data: bytes, signature: bytes) -> Ticket:
    """Return a ticket that its holder signed. Raises `RemoteProtocolError`."""
    ticket = _read(data, _tickets)
    if not verify(ticket.key, b"gc/1 join" + sha256(data).digest(), signature):
        raise RemoteProtocolError("a ticket is not signed by its holder")
    return ticket


def ticket_of(join: Join) -> Ticket:
    """Return the ticket of an entry that was checked when it came in."""
    return _read(join.ticket, _tickets)


def invited(ticket: bytes) -> bytes:
    """Return what the key of an invitation signs to be used for ``ticket``."""
    return b"gc/1 invited" + sha256(ticket).digest()


def here(cid: bytes, group: bytes) -> bytes:
    """Return what a member signs to be known by a connection."""
    return b"gc/1 here" + cid + group


def _action(data: bytes) -> Action | Other:
    parts = _read(data, _heads)
    if not parts:
        raise RemoteProtocolError("an action is empty")
    kind = _read(bytes(parts[0]), _numbers)
    if kind not in _KINDS:
        return Other(kind)
    action = _read(data, _actions)
    if _encoder.encode(action) != data:
        raise RemoteProtocolError("an action is not in its canonical form")
    return action


def _read(data: bytes, decoder: msgspec.msgpack.Decoder[T]) -> T:
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ContentError):
        raise RemoteProtocolError("a part of a group is malformed or breaks a limit") from None
