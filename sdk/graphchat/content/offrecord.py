"""What programs say to begin and end a chat off the record: unsigned, outside of every stream."""

from typing import Final

from msgspec import Struct

from graphchat.content import rules
from graphchat.content.lanes import MAX_LANES, Offer

ID: Final = 16
KEY: Final = 32
MAC: Final = 32


class OtrAsk(Struct, tag_field="type", tag="otr.ask", frozen=True):
    """Asks for a chat of which nothing is signed and nothing is kept.

    Raises `ContentError` if a part has a length that it cannot have.
    """

    id: bytes
    """16 random bytes."""
    key: bytes
    """X25519, for this chat alone."""
    lanes: tuple[Offer, ...]
    """Fresh queues; their sender keys are zero, because nothing signs."""
    mac: bytes
    """32 bytes, under a key that both sides have."""

    def __post_init__(self) -> None:
        _check(self.id, self.key, self.lanes, self.mac)


class OtrAccept(Struct, tag_field="type", tag="otr.accept", frozen=True):
    """Takes up the ask with the same id. Raises `ContentError` as `OtrAsk`."""

    id: bytes
    key: bytes
    lanes: tuple[Offer, ...]
    mac: bytes

    def __post_init__(self) -> None:
        _check(self.id, self.key, self.lanes, self.mac)


class OtrEnd(Struct, tag_field="type", tag="otr.end", frozen=True):
    """Ends a chat, takes an ask back, or refuses it. Raises `ContentError` as `OtrAsk`."""

    id: bytes
    mac: bytes

    def __post_init__(self) -> None:
        rules.size("id of the chat", self.id, ID, ID)
        rules.size("code of the chat", self.mac, MAC, MAC)


def _check(name: bytes, key: bytes, lanes: tuple[Offer, ...], mac: bytes) -> None:
    rules.size("id of the chat", name, ID, ID)
    rules.size("key of the chat", key, KEY, KEY)
    rules.number("number of lanes of the chat", len(lanes), 1, MAX_LANES)
    rules.size("code of the chat", mac, MAC, MAC)


OffRecord = OtrAsk | OtrAccept | OtrEnd
"""Every message of this module that can be a frame."""
