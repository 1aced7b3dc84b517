"""One lane: a queue of ours, a queue of theirs, and the double ratchet between them.

docs/protocol.md, sections 11 to 13.
"""

from collections.abc import Sequence

import msgspec

from graphchat.clock import Clock
from graphchat.content.lanes import Offer
from graphchat.crypto import kem
from graphchat.crypto.agreement import LaneSecrets, lane_secrets
from graphchat.crypto.keys import AgreementKey, SigningKey
from graphchat.crypto.ratchet import Ratchet
from graphchat.errors import LocalProtocolError, RemoteProtocolError
from graphchat.ids import ConnectionId
from graphchat.secret import Secret


class LaneState(msgspec.Struct):
    """What is stored of a lane. ``relay`` to ``recipient_key`` name our own queue."""

    number: int
    relay: bytes
    base: str
    recipient_id: bytes
    sender_id: bytes
    recipient_key: Secret
    sender_key: Secret
    """Signs what we send to the queue of the other side."""
    ratchet_key: Secret | None
    """Starts the ratchet; None once the handshake is done, for it opens the first frames."""
    peer: Offer | None = None
    ratchet: bytes = b""
    sealed: int = 0
    """The number of the last frame that this lane has sealed."""
    first: int = 0
    """What ``sealed`` was when the lane started."""
    since: float = 0.0
    """When the lane started, in seconds since 1970."""
    acked: int = 0
    """The highest number of a frame that the relay of the other side took by this lane."""
    hold: int = 0
    """Send nothing by it until the other side has our frame with this number; 0 if it has."""
    opened: bool = False
    """Something has come by this lane."""
    heard: bool = False
    """The other side says that something has come by it there."""
    leaving: bool = False
    """Nothing is sent by it any more; the other side is to say the same."""
    stale: bool = False
    """Restored from a backup: its keys may have been used since, and never seal again."""
    dropped: bool = False
    """The relay of the other side said OK to something that never came."""
    doubt_since: float = 0.0
    """Since when something is missing by this lane; 0 if nothing is."""
    doubt_seq: int = 0
    unsigned: bool = False
    """The queue of the other side stays open: no relay sees a signature of ours."""
    away_since: float = 0.0
    """Since when the relay of the other side does not answer; 0 while it does."""


class Lane:
    """Seals frames and opens envelopes. It changes only when an operation succeeds."""

    def __init__(self, state: LaneState) -> None:
        self.state = state
        self.failures = 0
        """Envelopes in a row that could not be opened."""
        self._ratchet = Ratchet.decode(state.ratchet) if state.ratchet else None

    @property
    def started(self) -> bool:
        return self._ratchet is not None

    @property
    def can_send(self) -> bool:
        state = self.state
        usable = not (state.leaving or state.stale or state.hold)
        return usable and self._ratchet is not None and self._ratchet.can_send

    @property
    def missing(self) -> int:
        """How many envelopes were sealed for this lane before others that came, and did not."""
        return 0 if self._ratchet is None else self._ratchet.missing

    @property
    def post_quantum(self) -> bool:
        """Whether the other side has sent ML-KEM by this lane, and we use it."""
        return self._ratchet is not None and self._ratchet.post_quantum

    @property
    def key(self) -> AgreementKey:
        """The first X25519 key of this lane, ``EK``."""
        if self.state.ratchet_key is None:
            raise LocalProtocolError("the handshake of a lane goes on after its end")
        return AgreementKey(self.state.ratchet_key)

    def offer(self) -> Offer:
        """Return what the other side has to know of our queue."""
        state = self.state
        return Offer(
            state.relay,
            state.base,
            state.sender_id,
            self.key.public,
            SigningKey(state.sender_key).public,
        )

    def prepare(
        self, secrets: LaneSecrets, peer: Offer, *, initiator: bool, clock: Clock
    ) -> Ratchet:
        """Make the ratchet: the side that scanned the code is the initiator.

        Changes nothing. Raises `RemoteProtocolError` for a key that no honest side has.
        """
        if not initiator:
            ratchet = Ratchet.responder(secrets, self.key, kem=kem.available())
            return ratchet.begun(peer.ratchet_key, clock)
        return Ratchet.initiator(secrets, self.key, peer.ratchet_key, clock, kem=kem.available())

    def start(self, ratchet: Ratchet, peer: Offer) -> None:
        """Begin with what `prepare` made."""
        self._ratchet, self.state.peer = ratchet, peer

    def seal(
        self, cid: ConnectionId, seq: int, data: bytes, signature: bytes, clock: Clock
    ) -> bytes:
        """Return the envelope for an encoded frame; ``seq`` is 0 outside of the stream."""
        if self._ratchet is None:
            raise LocalProtocolError("a lane seals before its handshake is done")
        envelope, self._ratchet = self._ratchet.seal(data, signature, None, cid, clock)
        self.state.sealed = max(self.state.sealed, seq)
        return envelope

    def open(self, cid: ConnectionId, envelope: bytes, clock: Clock) -> tuple[bytes, bytes]:
        """Return the encoded frame and its signature.

        Raises `DecryptionError` for garbage, `RepeatedError` for an exact repetition.
        """
        if self._ratchet is None:
            raise RemoteProtocolError("an envelope came before the handshake was done")
        data, signature, self._ratchet = self._ratchet.open(envelope, cid, clock)
        return data, signature

    def taken(self, seq: int) -> None:
        """Note that the relay of the other side said OK to frame ``seq``."""
        self.state.acked = max(self.state.acked, seq)

    def snapshot(self) -> LaneState:
        """Return the state to store, with the ratchet as it is now."""
        if self._ratchet is not None:
            self.state.ratchet = self._ratchet.encode()
        return self.state


def start_all(
    lanes: Sequence[Lane], offers: Sequence[Offer], final: Secret, *, initiator: bool, clock: Clock
) -> None:
    """Start lanes of a handshake in their order, each towards the offer at its place.

    Changes all of them or none. Raises `RemoteProtocolError` as `Lane.prepare`.
    """
    pairs = list(zip(lanes, offers, strict=True))
    ratchets = [
        lane.prepare(lane_secrets(final, place), offer, initiator=initiator, clock=clock)
        for place, (lane, offer) in enumerate(pairs)
    ]
    for (lane, offer), ratchet in zip(pairs, ratchets, strict=True):
        lane.start(ratchet, offer)
        lane.state.since = clock.now()
