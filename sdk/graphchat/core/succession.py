"""Proof keys that follow one another: in each stream the old one signs the new one.

Rule: the first key of a side signs every stream from its beginning; a later one takes over in one
stream, behind the frame that announces it. docs/protocol.md, section 18.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from graphchat import content
from graphchat.clock import Clock
from graphchat.content import KeyNext, Message, Turn
from graphchat.core import effects as do, frame as frames, handshake
from graphchat.core.effects import Effect
from graphchat.core.frame import Frame, Kind
from graphchat.core.handshake import MAX_TURNS, HandshakeState
from graphchat.core.inbox import Signed, StreamState
from graphchat.core.outbox import Outbox
from graphchat.core.rotation import Rotation
from graphchat.crypto.keys import SigningKey, verify
from graphchat.errors import RemoteProtocolError
from graphchat.ids import ConnectionId
from graphchat.secret import Secret

REMEMBERED: Final = 8
"""Keys of a stream of theirs by which what comes late may be signed: more than 21 days of them."""
# Bytes of a payload that may be a `key.next`; nothing longer is looked at for it.
LONGEST: Final = 512
UNSIGNED: Final = "a frame is not signed by its author"


class OwnKeys(msgspec.Struct):
    """What is stored of our keys besides the first one."""

    key: Secret | None = None
    """Signs our stream now; None: the first one does."""
    before: Secret | None = None
    """Signs what is outside of the stream until a receipt covers ``announced``."""
    announced: int = 0
    """The number of the frame that announced ``key``."""
    since: float = 0.0
    """When the key began to sign, in seconds since 1970."""
    turns: list[Turn] = []
    """All keys of our stream after the first one."""


def follows(cid: ConnectionId, first: bytes, turns: Sequence[Turn], turn: Turn) -> bool:
    """Tell whether ``turn`` is the next one of its stream; ``turns`` are those before it."""
    before = [each for each in turns if each.stream == turn.stream]
    signer, since = (before[-1].key, before[-1].from_seq) if before else (first, 1)
    if turn.from_seq <= since or turn.key in {first, *(each.key for each in turns)}:
        return False
    statement = frames.next_statement(cid, turn.stream, turn.from_seq, turn.key)
    return verify(signer, statement, turn.signature)


def announced(frame: Frame) -> Turn | None:
    """Return the key that a frame announces, if it does."""
    if frame.kind is not Kind.CONTROL:
        return None
    return announced_by(frame.stream, frame.seq, frame.payload)


def announced_by(stream: bytes, seq: int, payload: bytes) -> Turn | None:
    """Return the key that frame ``seq`` of ``stream`` announces for those behind it."""
    if len(payload) > LONGEST or b"key.next" not in payload:
        return None
    try:
        message = content.decode(payload)
    except RemoteProtocolError:
        return None
    if not isinstance(message, KeyNext):
        return None
    return Turn(stream, seq + 1, message.key, message.signature)


def chain(cid: ConnectionId, first: bytes, found: Sequence[Turn]) -> list[Turn]:
    """Return those of ``found`` that count, in order: each follows those before it."""
    turns: list[Turn] = []
    for turn in found:
        if follows(cid, first, turns, turn):
            turns.append(turn)
    return turns


@dataclass(slots=True)
class Succession:
    """Changes our key when its time has come."""

    state: OwnKeys
    shake: HandshakeState
    outbox: Outbox
    clock: Clock
    rotation: Rotation
    """Has the schedule: keys change as lanes do."""
    say: Callable[[Message], do.Store]
    """Writes a frame of our stream."""

    def begin(self) -> None:
        """Count the age of the first key from now on: both sides can talk."""
        self.state.since = self.clock.now()

    def left(self, now: float) -> float | None:
        """Return the seconds until `wish` has something to do; None if that is not known."""
        if not self._may_change():
            return None
        if self._signed() >= self.rotation.schedule.key_frames:
            return 0.0
        return max(0.0, self.state.since + self._age() - now)

    def wish(self, now: float) -> list[Effect]:
        """Change the key if it is old, or has signed much."""
        return self.change() if self.left(now) == 0.0 else []

    def change(self) -> list[Effect]:
        """Announce another key, and sign with it from the next frame on."""
        cid, outbox, state = ConnectionId(self.shake.cid), self.outbox, self.state
        old, fresh = outbox.key, Secret(self.clock.random(32))
        assert old is not None
        key, seq = SigningKey(fresh), outbox.state.seq + 1
        statement = frames.next_statement(cid, outbox.state.stream, seq + 1, key.public)
        signature = old.sign(statement)
        stored = self.say(KeyNext(key.public, signature))
        state.turns = [*state.turns, Turn(outbox.state.stream, seq + 1, key.public, signature)]
        state.before, state.key = state.key or self.shake.proof_key, fresh
        state.announced, state.since = seq, self.clock.now()
        outbox.key = key
        return [stored]

    def covered(self, seq: int) -> None:
        """Sign everything with the new key once the other side knows it."""
        if self.state.before is not None and seq >= self.state.announced:
            # The old one is forgotten here: nobody who takes this device can sign with it.
            self.state.before, self.outbox.aside = None, self.outbox.key

    def _may_change(self) -> bool:
        is_settled = self.outbox.state.covered >= self.state.announced
        return self.outbox.key is not None and is_settled and len(self.state.turns) < MAX_TURNS

    def _signed(self) -> int:
        return self.outbox.state.seq - self.state.announced

    def _age(self) -> float:
        # A random part, as of a lane: nobody sees several keys change at one time.
        assert self.outbox.key is not None
        return self.rotation.schedule.key_age * (0.75 + self.outbox.key.public[0] / 512)


def load(cid: ConnectionId, shake: HandshakeState, own: OwnKeys) -> tuple[SigningKey | None, ...]:
    """Return the keys that sign our stream, and what is outside of it."""
    if handshake.is_private(shake):
        return None, None
    key = SigningKey(own.key or shake.proof_key)
    return key, key if own.before is None else SigningKey(own.before)


@dataclass(slots=True)
class TheirKeys:
    """Whose signatures count: the keys of the other side."""

    cid: ConnectionId
    shake: HandshakeState
    streams: dict[bytes, StreamState]

    def check(self, signed: Signed) -> None:
        """Raise `RemoteProtocolError` for what the other side did not sign.

        A frame ahead of others is only looked at once those are used: what announces its key
        may be among them. Nobody but the other side can have sealed it.
        """
        frame, state = signed.frame, self.streams.get(signed.frame.stream)
        if frame.kind is Kind.OFF_RECORD:
            frames.check(None, self.cid, frame, signed.data, signed.signature)
            return
        if self._is_private(signed.signature):
            return
        if not signed.signature:
            raise RemoteProtocolError(UNSIGNED)
        if not frame.kind.in_stream:
            keys = self.known()
        elif state is None:
            keys = [self.shake.peer_proof]
        elif frame.seq <= state.seq:
            keys = self.known()
        elif frame.seq == state.seq + 1 or state.restored:
            keys = [self._at(state, frame.seq)]
        else:
            return
        statement = frames.statement(self.cid, frame, signed.data)
        if not any(verify(key, statement, signed.signature) for key in keys):
            raise RemoteProtocolError(UNSIGNED)

    def fits(self, state: StreamState, signed: Signed) -> bool:
        """Tell whether the key that counts at its place has signed a frame."""
        if handshake.is_private(self.shake):
            return not signed.signature
        statement = frames.statement(self.cid, signed.frame, signed.data)
        return verify(self._at(state, signed.frame.seq), statement, signed.signature)

    def note(self, state: StreamState, signed: Signed) -> None:
        """Take the key that a frame announces, once the frame has its place."""
        turn = None if handshake.is_private(self.shake) else announced(signed.frame)
        if turn is not None and follows(self.cid, self.shake.peer_proof, state.turns, turn):
            state.turns = [*state.turns, turn][-REMEMBERED:]

    def learn(self, turns: Sequence[Turn]) -> Callable[[], None]:
        """Check keys that the other side has had, for streams of which a backup knows less.

        Returns what takes them. Raises `RemoteProtocolError` if they do not follow each other.
        """
        first = self.shake.peer_proof
        for number, turn in enumerate(turns):
            if not follows(self.cid, first, turns[:number], turn):
                raise RemoteProtocolError("proof keys do not follow each other")

        def take() -> None:
            for name, state in self.streams.items():
                if state.restored:
                    state.turns = [turn for turn in turns if turn.stream == name][-REMEMBERED:]

        return take

    def _at(self, state: StreamState, seq: int) -> bytes:
        turns = [turn for turn in state.turns if turn.from_seq <= seq]
        return turns[-1].key if turns else self.shake.peer_proof

    def known(self) -> list[bytes]:
        """Return all keys that are remembered, the newest of each stream first."""
        found = [turn.key for state in self.streams.values() for turn in reversed(state.turns)]
        return [*found, self.shake.peer_proof]

    def _is_private(self, signature: bytes) -> bool:
        private = handshake.is_private(self.shake)
        if private and signature:
            raise RemoteProtocolError("a frame of a private connection is signed")
        return private
