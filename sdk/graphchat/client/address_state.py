"""What is stored of a many-time address: its keys, and its open queues."""

from dataclasses import dataclass

import msgspec

from graphchat.core.handshake import CodeKeys
from graphchat.crypto.agreement import Side
from graphchat.crypto.keys import AgreementKey
from graphchat.secret import Secret


class AddressLane(msgspec.Struct, frozen=True):
    """One open queue in which requests arrive."""

    relay: bytes
    base: str
    recipient_id: bytes
    sender_id: bytes
    recipient_key: Secret
    ratchet_key: Secret


class AddressState(msgspec.Struct, frozen=True):
    """The private side of an address code (docs/protocol.md, section 12)."""

    code: CodeKeys
    agreement_key: Secret
    lanes: tuple[AddressLane, ...]
    ends_at: float = 0.0
    """When it takes no more requests, in seconds since 1970; 0 while it is the address."""

    @property
    def side(self) -> Side:
        return Side(AgreementKey(self.agreement_key), AgreementKey(self.lanes[0].ratchet_key))


@dataclass(slots=True)
class OpenAddress:
    """An address while it is loaded."""

    id: int
    profile: int
    state: AddressState
    accept_all: bool
    group: int = 0
    """The group that is asked here; 0 for the profile itself."""

    @property
    def is_current(self) -> bool:
        """Whether it is the address that its profile shows."""
        return not self.group and not self.state.ends_at
