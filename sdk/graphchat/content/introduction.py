"""What programs say when a contact introduces two others to each other."""

from hashlib import sha256
from typing import Final

from msgspec import Struct, msgpack

from graphchat.content import rules
from graphchat.content.lanes import MAX_LANES, Offer
from graphchat.content.profile import ProfileCard

ID: Final = 16
KEY: Final = 32
SHARE: Final = 32
MAX_WAYS: Final = 8
"""Contacts who introduce the same two."""
MAX_TEXT: Final = 1_000


class IntroAsk(Struct, tag_field="type", tag="intro.ask", frozen=True, omit_defaults=True):
    """Asks whether the receiver wants to meet another contact of the sender.

    Raises `ContentError` if a part has a length that it cannot have.
    """

    id: bytes
    """16 random bytes: the same for both who are asked."""
    profile: ProfileCard
    """What the other one says of itself to the sender."""
    text: str = ""
    """At most 1,000 characters of the sender."""

    def __post_init__(self) -> None:
        rules.size("id of the introduction", self.id, ID, ID)
        rules.prose("text of the introduction", self.text, MAX_TEXT)


class IntroOffer(Struct, tag_field="type", tag="intro.offer", frozen=True):
    """Says yes, to whoever introduces, who passes it on to the other one as it is.

    Raises `ContentError` as `IntroAsk`.
    """

    id: bytes
    key: bytes
    """X25519 ``CK``."""
    lanes: tuple[Offer, ...]
    """Fresh queues; their sender keys are zero, because they come with the handshake."""
    ways: int
    """By how many contacts this offer goes, 1 to 8."""
    share: bytes
    """32 random bytes, other ones by each way."""

    def __post_init__(self) -> None:
        rules.size("id of the introduction", self.id, ID, ID)
        rules.size("key of the introduction", self.key, KEY, KEY)
        rules.size("share of the introduction", self.share, SHARE, SHARE)
        rules.number("number of lanes of the introduction", len(self.lanes), 1, MAX_LANES)
        rules.number("number of ways of the introduction", self.ways, 1, MAX_WAYS)

    @property
    def hash(self) -> bytes:
        """What has to be the same by every way."""
        return sha256(msgpack.encode([self.key, self.lanes, self.ways])).digest()


Introduction = IntroAsk | IntroOffer
"""Every message of this module that can be a frame."""
