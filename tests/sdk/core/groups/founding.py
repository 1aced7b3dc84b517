"""People of a group, and logs that they write."""

from dataclasses import dataclass, field
from hashlib import sha256

from graphchat.core.groups import actions as do, entry as entries
from graphchat.core.groups.actions import Action, Role, Settings
from graphchat.core.groups.entry import Signed, Ticket
from graphchat.core.groups.log import Log
from graphchat.crypto.keys import SigningKey
from graphchat.secret import Secret

BOX = bytes(32)


def key_of(name: str) -> SigningKey:
    return SigningKey(Secret(sha256(name.encode()).digest()))


def join(group: bytes, name: str, invite: bytes = b"") -> do.Join:
    key = key_of(name)
    ticket = Ticket(group, key.public, BOX, name, "person", 0)
    return do.Join(*entries.write_ticket(key, ticket), invite)


def founded(settings: Settings | None = None) -> Signed:
    """Return the first entry of a group whose owner is ``o``."""
    action = do.Create(settings or Settings("Hikers"), "o", BOX)
    return entries.create(key_of("o"), action, 0)


@dataclass
class Device:
    """One copy of a log, and a hand that writes into it."""

    first: Signed
    log: Log = field(init=False)

    def __post_init__(self) -> None:
        self.log = Log(self.first.entry.group)
        self.log.add(self.first)

    @property
    def group(self) -> bytes:
        return self.log.group

    def write(self, name: str, action: Action) -> Signed:
        """Sign an entry behind all that this device knows, without adding it."""
        return entries.make(key_of(name), self.group, self.log.heads, action, 1)

    def do(self, name: str, action: Action) -> Signed:
        signed = self.write(name, action)
        assert self.log.add(signed) == [signed]
        return signed

    def let_in(self, name: str, role: Role = Role.MEMBER) -> None:
        self.do("o", join(self.group, name))
        if role != Role.MEMBER:
            self.do("o", do.SetRole(key_of(name).public, role))

    def copy(self) -> "Device":
        other = Device(self.first)
        for node in self.log.nodes.values():
            other.log.add(node.signed)
        return other

    def role(self, name: str) -> int:
        return self.log.state.role(key_of(name).public)
