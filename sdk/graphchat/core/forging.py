"""Why a chat off the record proves nothing: `forge` makes one, alone, that passes for real.

A `Transcript` is all that somebody who took part could show to others: the asks, every envelope,
and every secret of his own that belongs to them, down to the dice. `verify` is the strictest
judge there can be: it repeats his side of the chat, and wants each of his envelopes to come out
byte for byte, and each of the other side's to open.

The argument: `forge` runs the code of the two honest sides, with the one key that either of them
has from their connection, and draws all else as they would. So what it makes is distributed as
what they make, for the same lines; no judge, with that key and whatever else one of them has, can
tell them apart. docs/protocol.md, section 24.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from graphchat import content
from graphchat.clock import Clock
from graphchat.content import Message, OtrAccept, OtrAsk, ProfileCard
from graphchat.core import effects as do, frame as frames, offrecord
from graphchat.core.connection import Connection
from graphchat.core.effects import Effect
from graphchat.core.frame import MESSAGE_ID_SIZE, STREAM_SIZE, Frame, Kind
from graphchat.core.handshake import Role
from graphchat.core.lane import Lane, LaneState, start_all
from graphchat.core.offrecord import Negotiation, Parent
from graphchat.crypto.kem import CIPHERTEXT
from graphchat.crypto.keys import AgreementKey
from graphchat.errors import RemoteProtocolError
from graphchat.ids import ConnectionId, MessageId
from graphchat.secret import Secret

KEM_SECRET: Final = 32
FALSE: Final = "a transcript is not of such a chat"


@dataclass(frozen=True, slots=True)
class Step:
    """One envelope that left the holder, or came to him."""

    sent: bool
    lane: int
    frame: bytes
    envelope: bytes
    dice: bytes
    """What his program drew for it."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A whole chat, as one who took part (the holder) can show it."""

    cid: ConnectionId
    """Of the connection in which it began."""
    role: Role
    """The holder's, in that connection."""
    asked: bool
    """The holder asked; the other side took it up."""
    ask: OtrAsk
    answer: OtrAccept
    key: Secret
    """The holder's X25519 key of the chat."""
    lane_keys: tuple[Secret, ...]
    """The holder's first ratchet keys."""
    dice: bytes
    """What his program drew to begin the lanes."""
    steps: tuple[Step, ...]


class Heard(NamedTuple):
    """One message of a transcript, as `verify` reads it."""

    by_holder: bool
    message: Message


class Recorder:
    """A clock that remembers the dice."""

    def __init__(self, clock: Clock) -> None:
        self._clock: Final = clock
        self._drawn = bytearray()

    def now(self) -> float:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def random(self, size: int) -> bytes:
        drawn = self._clock.random(size)
        self._drawn += drawn
        return drawn

    def encapsulated(self, make: Callable[[], tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
        secret, ciphertext = make()
        self._drawn += secret + ciphertext
        return secret, ciphertext

    def cut(self) -> bytes:
        """Return what was drawn since the last cut."""
        drawn, self._drawn = bytes(self._drawn), bytearray()
        return drawn


class _Tape:
    """A clock that draws what was drawn before."""

    def __init__(self, drawn: bytes) -> None:
        self._left = drawn

    def now(self) -> float:
        return 0.0

    def monotonic(self) -> float:
        return 0.0

    def random(self, size: int) -> bytes:
        if len(self._left) < size:
            raise RemoteProtocolError(FALSE)
        drawn, self._left = self._left[:size], self._left[size:]
        return drawn

    @property
    def left(self) -> int:
        """How many bytes were not drawn again."""
        return len(self._left)

    def encapsulated(self, _make: Callable[[], tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
        # One that does not fit its ciphertext shows: what the other side sends does not open.
        return self.random(KEM_SECRET), self.random(CIPHERTEXT)


# The judge


def verify(key: Secret, shown: Transcript) -> list[Heard]:
    """Return what was said, by whom; ``key`` is that of the connection, from either side.

    Raises `RemoteProtocolError` if it is no transcript of a chat under this key.
    """
    agreed = _agreed(key, shown)
    lanes = [_lane(number, secret) for number, secret in enumerate(shown.lane_keys)]
    count = min(len(lanes), len(agreed.offers))
    start_all(
        lanes[:count],
        agreed.offers[:count],
        agreed.secret,
        initiator=not shown.asked,
        clock=_Tape(shown.dice),
    )
    streams, found = _Streams(agreed.cid), list[Heard]()
    for step in shown.steps:
        frame = _repeat(lanes[:count], agreed.cid, step)
        if streams.take(frame, step):
            found.append(Heard(step.sent, content.decode(frame.payload)))
    return found


def _agreed(key: Secret, shown: Transcript) -> offrecord.Agreed:
    """Check the codes of both asks, and return what follows from them."""
    other = Role.BOB if shown.role is Role.ALICE else Role.ALICE
    parent, ask, answer = Parent(key, shown.cid, shown.role), shown.ask, shown.answer
    asker, taker = (shown.role, other) if shown.asked else (other, shown.role)
    own = AgreementKey(shown.key)
    mine, theirs = (ask, answer) if shown.asked else (answer, ask)
    lanes = tuple(AgreementKey(each).public for each in shown.lane_keys)
    if (
        answer.id != ask.id
        or ask.mac != offrecord.ask_mac(parent, asker, ask.id, ask.key, ask.lanes)
        or answer.mac != offrecord.accept_mac(parent, taker, ask, answer.key, answer.lanes)
        or mine.key != own.public
        or tuple(each.ratchet_key for each in mine.lanes) != lanes
    ):
        raise RemoteProtocolError(FALSE)
    shared = own.exchange(theirs.key)
    return offrecord.agree(parent, shared, ask, answer, (), asked=shown.asked)


def _repeat(lanes: Sequence[Lane], cid: ConnectionId, step: Step) -> Frame:
    """Do once more what the holder did, and compare."""
    if not 0 <= step.lane < len(lanes):
        raise RemoteProtocolError(FALSE)
    lane, frame = lanes[step.lane], frames.decode(step.frame)
    if step.sent:
        if lane.seal(cid, frame.seq, step.frame, b"", _Tape(step.dice)) != step.envelope:
            raise RemoteProtocolError(FALSE)
    elif lane.open(cid, step.envelope, _Tape(step.dice)) != (step.frame, b""):
        raise RemoteProtocolError(FALSE)
    return frame


class _Streams:
    """The hash chains of both sides, over whatever lanes their frames came."""

    def __init__(self, cid: ConnectionId) -> None:
        self._cid: Final = cid
        self._chains: dict[tuple[bool, bytes], list[bytes]] = {}

    def take(self, frame: Frame, step: Step) -> bool:
        """Tell whether this is the next message of its stream, and no repetition."""
        if not frame.kind.in_stream:
            return False
        first = frames.first_hash(self._cid, frame.stream)
        heads = self._chains.setdefault((step.sent, frame.stream), [first])
        if frame.seq > len(heads) or frame.prev != heads[frame.seq - 1]:
            raise RemoteProtocolError(FALSE)
        head = frames.next_hash(frame.prev, step.frame)
        if frame.seq < len(heads):
            if heads[frame.seq] != head:
                raise RemoteProtocolError(FALSE)
            return False
        heads.append(head)
        return True


def _lane(number: int, secret: Secret) -> Lane:
    return Lane(_state(number, bytes(16), "http://127.0.0.1/q", bytes(18), secret))


def _state(number: int, relay: bytes, base: str, sender_id: bytes, secret: Secret) -> LaneState:
    nothing = Secret(bytes(32))
    return LaneState(number, relay, base, bytes(18), sender_id, nothing, nothing, secret)


# The forger


@dataclass(frozen=True, slots=True)
class Scene:
    """What a forger decides: everything but the key."""

    lines: Sequence[tuple[bool, Message]]
    """Who is to have said what: whether the holder did."""
    relays: Sequence[tuple[bytes, str]]
    """Fingerprint and base of the relays of the lanes, the same for both."""
    cards: tuple[ProfileCard, ProfileCard]
    """The profiles that the holder and the other side show."""
    asked: bool = True


class _Actor:
    """One of the two sides that a forger plays."""

    def __init__(self, parent: Parent, scene: Scene, clock: Clock) -> None:
        self.dice: Final = Recorder(clock)
        self.talks: Final = Negotiation(parent, self.dice)
        self.lanes: Final = [
            _state(number, relay, base, clock.random(18), Secret(clock.random(32)))
            for number, (relay, base) in enumerate(scene.relays)
        ]
        self.keys: Final = tuple(each.ratchet_key or Secret(b"") for each in self.lanes)
        self.machine: Connection

    def begin(self, card: ProfileCard) -> tuple[bytes, list[Effect]]:
        assert self.talks.state.agreed is not None
        self.dice.cut()
        self.machine, _, effects = offrecord.begin(self.talks.state.agreed, card, self.dice)
        return self.dice.cut(), effects


def forge(key: Secret, cid: ConnectionId, role: Role, scene: Scene, clock: Clock) -> Transcript:
    """Make up a chat, and return it as its holder would show it; ``role`` is the holder's.

    ``key`` is all that is needed of the connection, and each of its sides has it: either can
    forge what he himself holds, or what the other one holds.
    """
    other = Role.BOB if role is Role.ALICE else Role.ALICE
    holder = _Actor(Parent(key, cid, role), scene, clock)
    guest = _Actor(Parent(key, cid, other), scene, clock)
    asker, taker = (holder, guest) if scene.asked else (guest, holder)
    ask = asker.talks.ask(asker.lanes)
    own_key = asker.talks.state.own_key
    taker.talks.heard(ask)
    taker.dice.cut()
    answer = taker.talks.accept(taker.lanes)
    taken = Secret(taker.dice.cut()[:32])
    asker.talks.heard(answer)
    assert own_key is not None
    chat_key = own_key.seed if scene.asked else taken
    # Some of what is drawn at the beginning is for the connection, not for the lanes.
    dice, first = holder.begin(scene.cards[0])
    _, greeting = guest.begin(scene.cards[1])
    steps = _Steps(holder, guest)
    steps.play(first, by_holder=True)
    steps.play(greeting, by_holder=False)
    for by_holder, message in scene.lines:
        speaker = holder if by_holder else guest
        said = speaker.machine.say(
            Kind.CONTENT, MessageId(clock.random(16)), content.encode(message)
        )
        steps.play([said], by_holder=by_holder)
    own_dice = dice[_BEFORE_LANES:-MESSAGE_ID_SIZE]
    return Transcript(
        cid, role, scene.asked, ask, answer, chat_key, holder.keys, own_dice, tuple(steps.made)
    )


# `offrecord.begin` draws 32 bytes for a key that nobody uses, and 8 for the name of the stream;
# then for the lanes; then the id of its first frame.
_BEFORE_LANES: Final = 32 + STREAM_SIZE


class _Steps:
    """Carries every frame over all lanes, and notes what the holder sees of it."""

    def __init__(self, holder: _Actor, guest: _Actor) -> None:
        self._holder: Final = holder
        self._guest: Final = guest
        self.made: Final[list[Step]] = []

    def play(self, effects: Sequence[Effect], *, by_holder: bool) -> None:
        """Say what ``effects`` want said, and take what follows from it."""
        speaker, hearer = self._holder, self._guest
        if not by_holder:
            speaker, hearer = hearer, speaker
        for effect in effects:
            if isinstance(effect, do.Store):
                for number in speaker.machine.lanes:
                    self._carry(speaker, hearer, number, effect)

    def _carry(self, speaker: _Actor, hearer: _Actor, number: int, store: do.Store) -> None:
        written = store.written
        speaker.dice.cut()
        sealed = speaker.machine.seal(number, written.seq, written.data, b"")
        drawn = speaker.dice.cut()
        if hearer is self._holder:
            drawn = self._hear(number, sealed.envelope)
        else:
            hearer.machine.receive(number, sealed.envelope)
        sent = speaker is self._holder
        self.made.append(Step(sent, number, written.data, sealed.envelope, drawn))

    def _hear(self, number: int, envelope: bytes) -> bytes:
        """Have the holder take an envelope; return what his lane drew for it, and nothing else."""
        machine, dice = self._holder.machine, self._holder.dice
        before = msgspec.structs.replace(machine.lanes[number].snapshot())
        dice.cut()
        machine.receive(number, envelope)
        drawn = dice.cut()
        tape = _Tape(drawn)
        Lane(before).open(machine.cid, envelope, tape)
        return drawn[: len(drawn) - tape.left]
