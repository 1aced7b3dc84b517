"""Links to groups: which group, and the addresses of those who forward for it.

docs/protocol.md, section 22.
"""

from dataclasses import dataclass, field
from typing import Final, Self

from graphchat.codes.invitation import (
    MAX_CODE,
    PREFIX,
    Code,
    Kind,
    Rest,
    bare,
    from_base32,
    to_base32,
)
from graphchat.errors import CodeError, LocalProtocolError
from graphchat.secret import Secret

VERSION: Final = 1
GROUP_ID: Final = 16
KEY: Final = 32
MAX_HOSTS: Final = 3
_HEAD: Final = f"{PREFIX}GROUP/"
_ADDRESS: Final = f"{PREFIX}ADDRESS/"
_BROADCAST, _APPROVAL, _INVITED = 1, 2, 4
_DAMAGED: Final = "The link to the group is damaged. Copy it again, or ask for a fresh one."


@dataclass(frozen=True, slots=True)
class GroupCode:
    """A link to a group. Raises `LocalProtocolError` if a part has a wrong form."""

    group: bytes = field(repr=False)
    hosts: tuple[Code, ...]
    """Addresses of hosts, at most three."""
    broadcast: bool = False
    approval: bool = False
    """Who comes by this link waits for somebody who lets them in."""
    invite: Secret | None = None
    """The private half of an invitation, for one newcomer."""

    def __post_init__(self) -> None:
        key = KEY if self.invite is None else len(self.invite.reveal())
        if len(self.group) != GROUP_ID or key != KEY or not 1 <= len(self.hosts) <= MAX_HOSTS:
            raise LocalProtocolError("A part of a link to a group has a wrong form.")
        if any(host.kind is not Kind.ADDRESS for host in self.hosts):
            raise LocalProtocolError("A link to a group has addresses in it.")

    @classmethod
    def is_one(cls, text: str) -> bool:
        """Tell whether ``text`` looks like a link to a group, whole or not."""
        return bare(text)[: len(_HEAD)].upper() == _HEAD

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a link, or any https URL with one behind its ``#``. Raises `CodeError`."""
        if not cls.is_one(text):
            raise CodeError("This is no link to a group: it does not begin with GRAPHCHAT:GROUP/.")
        letters = bare(text)[len(_HEAD) :].upper()
        payload = from_base32(letters)
        rest = Rest(payload)
        if (version := rest.byte()) != VERSION:
            newer = "This link was made by a newer graphchat. Update yours, then retry."
            raise CodeError(newer if version > VERSION else _DAMAGED)
        group = rest.take(GROUP_ID)
        flags = rest.byte(0, _BROADCAST | _APPROVAL | _INVITED)
        invite = Secret(rest.take(KEY)) if flags & _INVITED else None
        hosts = tuple(_host(rest) for _ in range(rest.byte(1, MAX_HOSTS)))
        if rest.data or to_base32(payload) != letters:
            raise CodeError(_DAMAGED)
        return cls(group, hosts, bool(flags & _BROADCAST), bool(flags & _APPROVAL), invite)

    @property
    def text(self) -> str:
        """What people exchange. Raises `CodeError` if it is too long for one code."""
        text = _HEAD + to_base32(self._payload)
        if len(text) > MAX_CODE:
            raise CodeError("The link would be too long. Leave out a host.")
        return text

    @property
    def _payload(self) -> bytes:
        flags = _BROADCAST * self.broadcast | _APPROVAL * self.approval
        invite = b""
        if self.invite is not None:
            flags, invite = flags | _INVITED, self.invite.reveal()
        head = bytes([VERSION]) + self.group + bytes([flags]) + invite + bytes([len(self.hosts)])
        return head + b"".join(_packed(host) for host in self.hosts)


def _packed(host: Code) -> bytes:
    payload = from_base32(host.text.removeprefix(_ADDRESS))
    return len(payload).to_bytes(2, "big") + payload


def _host(rest: Rest) -> Code:
    size = int.from_bytes(rest.take(2), "big")
    return Code.parse(_ADDRESS + to_base32(rest.take(size)))
