"""One connection: its handshake, its lanes, and the two streams of frames over them.

Rule: an event that is refused with an error changes nothing that anybody else can see.
docs/protocol.md, sections 12 to 15.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Self

import msgspec

from graphchat import content
from graphchat.clock import Clock
from graphchat.content import (
    KeyNext,
    LaneAccept,
    LaneAdd,
    LaneRemove,
    LaneSeen,
    LaneTest,
    Message,
    OffRecord,
    OtrAccept,
    OtrAsk,
    OtrEnd,
    ReceiptBody,
    Resend,
    Typing,
    Unknown,
    Welcome,
)
from graphchat.content.control import MAX_RESEND
from graphchat.content.lanes import Offer
from graphchat.core import effects as do, frame as frames, handshake
from graphchat.core.doubt import Schedule, note_seen
from graphchat.core.effects import Danger, Effect
from graphchat.core.frame import Kind
from graphchat.core.handshake import (
    Answer,
    Asked,
    HandshakeState,
    MayReach,
    Phase,
    Role,
    anywhere,
)
from graphchat.core.inbox import Conflict, Drop, Hold, Inbox, Signed, Skip, StreamState, Use
from graphchat.core.lane import Lane, LaneState, start_all
from graphchat.core.outbox import Outbox, OutboxState
from graphchat.core.receipts import GapTimer, Nudge, ReceiptTimer
from graphchat.core.rekey import Rekey, RekeyState
from graphchat.core.rotation import Rotation, RotationState
from graphchat.core.succession import OwnKeys, Succession, TheirKeys, load as load_keys
from graphchat.crypto.agreement import Side
from graphchat.crypto.keys import AgreementKey
from graphchat.errors import (
    DecryptionError,
    LocalProtocolError,
    RemoteProtocolError,
    RepeatedError,
    StateError,
)
from graphchat.ids import ConnectionId, MessageId

# While no lane can carry a receipt or a request, look again after so many seconds.
RETRY: Final = 2.0


class ConnectionState(msgspec.Struct):
    """What is stored of a connection besides its lanes and frames."""

    handshake: HandshakeState
    outbox: OutboxState
    streams: dict[bytes, StreamState] = msgspec.field(default_factory=dict[bytes, StreamState])
    unreceipted: list[bytes] = []
    """Streams of theirs in which something came since our last receipt."""
    nudge: Nudge = msgspec.field(default_factory=Nudge)
    """When to repeat our newest frame, which no receipt covers."""
    rotation: RotationState = msgspec.field(default_factory=RotationState)
    rekey: RekeyState = msgspec.field(default_factory=RekeyState)
    keys: OwnKeys = msgspec.field(default_factory=OwnKeys)
    policy: str = ""
    """Chosen for this connection alone; empty: that of the client."""


@dataclass(slots=True)
class Connection:
    """Feed it what happened; store and perform what it returns."""

    state: ConnectionState
    lanes: dict[int, Lane]
    """By number."""
    clock: Clock
    schedule: Schedule = field(default_factory=Schedule)
    inbox: Inbox = field(init=False)
    outbox: Outbox = field(init=False)
    rotation: Rotation = field(init=False)
    rekey: Rekey = field(init=False)
    keys: Succession = field(init=False)
    theirs: TheirKeys = field(init=False)
    receipts: ReceiptTimer = field(default_factory=ReceiptTimer)
    gaps: GapTimer = field(default_factory=GapTimer)
    resting: float = 0.0
    """Until when no lane or key is replaced, in seconds of the monotonic clock."""

    def __post_init__(self) -> None:
        shake = self.state.handshake
        self.theirs = TheirKeys(self.cid, shake, self.state.streams)
        self.inbox = Inbox(self.cid, self.state.streams, authors=self.theirs)
        self.rotation = Rotation(
            self.state.rotation,
            self.lanes,
            self.cid,
            shake.role is Role.ALICE,
            self.clock,
            self.schedule,
            self._say_control,
            self._by_lane,
        )
        self._sign()
        self.rekey = Rekey(
            self.state.rekey,
            self.lanes,
            shake,
            self.clock,
            self.rotation,
            self.state.keys,
            self.theirs,
        )

    @classmethod
    def begin(cls, shake: HandshakeState, lanes: Sequence[LaneState], clock: Clock) -> Self:
        """Make a connection that has no frames yet."""
        stream = clock.random(frames.STREAM_SIZE)
        state = ConnectionState(shake, Outbox.start(ConnectionId(shake.cid), stream))
        return cls(state, {lane.number: Lane(lane) for lane in lanes}, clock)

    @property
    def cid(self) -> ConnectionId:
        return ConnectionId(self.state.handshake.cid)

    @property
    def private(self) -> bool:
        """Whether nothing that is said is signed."""
        return handshake.is_private(self.state.handshake)

    def _sign(self) -> None:
        """Sign what we say, by the keys that count now, or nothing if the mode is private."""
        shake, keys = self.state.handshake, self.state.keys
        key, aside = load_keys(self.cid, shake, keys)
        self.outbox = Outbox(self.cid, key, self.state.outbox, aside)
        self.keys = Succession(
            keys, shake, self.outbox, self.clock, self.rotation, self._say_control
        )

    @property
    def phase(self) -> Phase:
        return self.state.handshake.phase

    def resume(self, held: Iterable[Signed]) -> None:
        """Take the frames that waited for others, and the receipt that was owed, at a restart."""
        for signed in held:
            self.inbox.held[signed.frame.stream, signed.frame.seq] = signed
        for stream in self.state.streams:
            missing = self.inbox.gap(stream) is not None
            self.gaps.note(stream, self.clock.monotonic(), missing=missing)
        if self.state.unreceipted:
            self.receipts.note(self.clock)

    # The handshake

    def ask(self, code_lanes: Sequence[Offer]) -> list[Effect]:
        """Bob: confirm to every queue of the code, with our welcome ready behind it.

        ``code_lanes`` are the lanes of the code; their sender keys are not known yet.
        """
        shake = self.state.handshake
        handshake.start_as_bob(shake, self.lanes[0].key, code_lanes[0].ratchet_key)
        offers = tuple(lane.offer() for lane in self.lanes.values())
        keys = [lane.ratchet_key for lane in code_lanes]
        envelopes = handshake.write_confirmation(shake, offers, keys, self.clock)
        puts = [do.Put(*pair) for pair in zip(code_lanes, envelopes, strict=True)]
        return [*puts, self.welcome()]

    def asked(self, asked: Asked) -> list[Effect]:
        """Alice: note who wants to connect. `accept` goes on."""
        handshake.note_request(self.state.handshake, asked)
        # From here on it is known whether we sign what we say.
        self._sign()
        return [do.Moved(Phase.REQUESTED)]

    def accept(self, fresh: Sequence[LaneState] = ()) -> list[Effect]:
        """Alice: secure our queues, answer, and start the lanes.

        ``fresh`` are new queues, for a request at an address; an invitation has its own.
        Raises `StateError` if there is nothing to accept, `RemoteProtocolError` if a key of the
        request cannot be used.
        """
        shake = self.state.handshake
        if (shake.role, shake.phase) != (Role.ALICE, Phase.REQUESTED):
            raise StateError("This request was answered already.")
        lanes = [*self.lanes.values(), *(Lane(lane) for lane in fresh)]
        offers = shake.peer_lanes[: len(lanes)]
        own = tuple(lane.offer() for lane in lanes[: len(offers)])
        if not own:
            raise LocalProtocolError("a request is accepted without a queue for the answers")
        answer = handshake.write_answer(shake, own, self.clock)
        found = self._start(lanes, offers, answer)
        found += [do.Put(*pair) for pair in zip(offers, answer.envelopes, strict=True)]
        return [*found, self.welcome()]

    def _answered(self, lane: Lane, envelope: bytes, may_reach: MayReach) -> list[Effect]:
        """Bob: read the answer, and start the lanes."""
        answer = handshake.read_answer(self.state.handshake, lane.key, envelope)
        handshake.check_offers(answer.hello.lanes, may_reach)
        return self._start([*self.lanes.values()], answer.hello.lanes, answer)

    def _start(
        self, lanes: Sequence[Lane], offers: Sequence[Offer], answer: Answer
    ) -> list[Effect]:
        """Start those of ``lanes`` for which the other side has a queue; give up the rest."""
        shake, count = self.state.handshake, min(len(lanes), len(offers))
        kept, taken = lanes[:count], offers[:count]
        is_bob = shake.role is Role.BOB
        start_all(kept, taken, answer.final, initiator=is_bob, clock=self.clock)
        self.lanes.clear()
        self.lanes.update((lane.state.number, lane) for lane in kept)
        handshake.note_answer(shake, answer)
        return [
            *(do.Remove(lane.state) for lane in lanes[count:]),
            *(
                do.Secure(lane.state.number, offer.sender_key)
                for lane, offer in zip(kept, taken, strict=True)
            ),
            do.Moved(Phase.PENDING),
        ]

    def welcome(self) -> Effect:
        """Say who we are, as the first thing by the lanes."""
        return self._say_control(Welcome(self.state.handshake.profile))

    # Lanes that come later

    def offer_lane(self, fresh: LaneState) -> list[Effect]:
        """Offer the lane of a `Widen`, for which there is a queue now."""
        return self.rotation.offer(fresh)

    def join_lane(self, fresh: LaneState) -> list[Effect]:
        """Take up the lane of a `Join`, for which there is a queue now."""
        return self.rotation.join(fresh)

    # What we say

    def say(self, kind: Kind, message_id: MessageId, payload: bytes) -> do.Store:
        """Write the next frame of our stream.

        Raises `LocalProtocolError` for a payload that fits no envelope: it would hold up all
        that follows.
        """
        if len(payload) > content.MAX_MESSAGE:
            raise LocalProtocolError(f"a message has more than {content.MAX_MESSAGE:,} bytes")
        stored = do.Store(self.outbox.append(kind, message_id, payload, self._now_ms()))
        self.state.nudge.arm(self.clock.now())
        return stored

    def _say_control(self, message: Message) -> do.Store:
        message_id = MessageId(self.clock.random(frames.MESSAGE_ID_SIZE))
        return self.say(Kind.CONTROL, message_id, content.encode(message))

    def seal(self, number: int, seq: int, data: bytes, signature: bytes) -> do.Sealed:
        """Seal a frame of ours for one lane."""
        envelope = self.lanes[number].seal(self.cid, seq, data, signature, self.clock)
        return do.Sealed(number, seq, envelope)

    def aside(self, message: Typing, available: Sequence[int]) -> list[do.Sealed]:
        """Say something of the moment, outside of the stream: it is not kept, nor proved."""
        return self._send_outside(message, available)

    def unsigned(self, message: OffRecord, available: Sequence[int]) -> list[do.Sealed]:
        """Say something that nobody signs, outside of the stream: not kept, nor proved."""
        return self._send_outside(message, available, Kind.OFF_RECORD)

    # What they say

    def receive(
        self, number: int, envelope: bytes, may_reach: MayReach = anywhere
    ) -> list[Effect]:
        """Take an envelope from our queue of a lane.

        ``may_reach`` says to which relays of others this side goes. Raises
        `RemoteProtocolError`.
        """
        if (lane := self.lanes.get(number)) is None:
            raise RemoteProtocolError("an envelope came by a lane that was given up")
        shake = self.state.handshake
        if not lane.started:
            return self._begun(lane, envelope, may_reach)
        try:
            data, signature = lane.open(self.cid, envelope, self.clock)
        except RepeatedError:
            return []
        except DecryptionError:
            if shake.first is None:
                lane.failures += 1
                raise
            # The same confirmation comes by every lane; another one is somebody else's.
            if shake.role is Role.ALICE:
                return self._confirmation(lane, envelope, may_reach)
            # So does the same answer.
            handshake.read_answer(shake, lane.key, envelope)
            return []
        # First what may be refused: then nothing is said, nor sealed, that would be lost with it.
        found = self._frame(lane, data, signature, may_reach)
        return [*found, *self.rotation.opened(lane), *self.rekey.arrived(lane)]

    def _begun(self, lane: Lane, envelope: bytes, may_reach: MayReach) -> list[Effect]:
        """Take what begins a lane."""
        if lane.state.number in self.state.rekey.numbers:
            return self.rekey.receive(lane, envelope, may_reach)
        if self.state.handshake.role is Role.BOB:
            return self._answered(lane, envelope, may_reach)
        return self._confirmation(lane, envelope, may_reach)

    def _confirmation(self, lane: Lane, envelope: bytes, may_reach: MayReach) -> list[Effect]:
        shake = self.state.handshake
        if shake.agreement_key is None or shake.code.is_address:
            raise DecryptionError
        if shake.phase is Phase.INVITED:
            handshake.check_fresh(shake.code, self.clock.now())
        side = Side(AgreementKey(shake.agreement_key), self.lanes[0].key)
        asked = handshake.read_confirmation(shake.code, side, lane.key, envelope)
        if shake.peer_agreement and asked.agreed.ckb != shake.peer_agreement:
            raise RemoteProtocolError("somebody else uses what was meant for one")
        if shake.phase is Phase.INVITED:
            handshake.check_offers(asked.hello.lanes, may_reach)
            return self.asked(asked)
        return [] if asked.agreed.ckb == shake.ckb else [do.Alarm(Danger.CODE_SEEN)]

    def _frame(
        self, lane: Lane, data: bytes, signature: bytes, may_reach: MayReach
    ) -> list[Effect]:
        frame = frames.decode(data)
        signed = Signed(frame, data, signature)
        self.theirs.check(signed)
        if not frame.kind.in_stream:
            return self._outside(lane, frame)
        found: list[Effect] = []
        for outcome in self.inbox.receive(lane.state.number, signed):
            match outcome:
                case Use(signed=signed):
                    found += self._use(signed, may_reach)
                case Hold(signed=signed):
                    found.append(do.Keep(signed))
                case Drop(stream=stream, seq=seq):
                    found.append(do.Release(stream, seq))
                case Skip(signed=signed):
                    found += _chained(signed)
                case Conflict():
                    found.append(do.Alarm(Danger.EQUIVOCATION))
        if any(isinstance(effect, do.Release) for effect in found):
            # What was missing came; if something else is missing now, it has its own patience.
            self.gaps.note(frame.stream, self.clock.monotonic(), missing=False)
        missing = self.inbox.gap(frame.stream) is not None
        self.gaps.note(frame.stream, self.clock.monotonic(), missing=missing)
        self.receipts.note(self.clock)
        if frame.stream not in self.state.unreceipted:
            self.state.unreceipted.append(frame.stream)
        return found

    def _use(self, signed: Signed, may_reach: MayReach) -> list[Effect]:
        frame, shake = signed.frame, self.state.handshake
        found = _chained(signed)
        try:
            message = content.decode(frame.payload)
        except RemoteProtocolError:
            # It is part of the chain, so it is kept, and what follows it is not held up.
            message = Unknown("damaged", frame.payload)
        if isinstance(message, Welcome):
            shake.peer_profile = message.profile
            if shake.phase is not Phase.ESTABLISHED:
                shake.phase = Phase.ESTABLISHED
                handshake.forget(shake)
                self.keys.begin()
                for lane in self.lanes.values():
                    lane.state.ratchet_key = None
            return [*found, do.Moved(Phase.ESTABLISHED)]
        if isinstance(message, KeyNext):
            return found  # taken with its place in the stream
        if isinstance(message, LaneAdd | LaneAccept | LaneRemove):
            # What breaks a rule stays part of the chain, and changes nothing.
            with suppress(RemoteProtocolError):
                found += self._change_lanes(message, may_reach)
            return found
        return [*found, do.Received(frame, message)]

    def _change_lanes(
        self, message: LaneAdd | LaneAccept | LaneRemove, may_reach: MayReach
    ) -> list[Effect]:
        match message:
            case LaneAdd():
                handshake.check_offers([message.offer], may_reach)
                return self.rotation.offered(message)
            case LaneAccept():
                handshake.check_offers([message.offer], may_reach)
                return self.rotation.accepted(message)
            case LaneRemove(number=number):
                return self.rotation.removed(number)

    def _outside(self, lane: Lane, frame: frames.Frame) -> list[Effect]:
        if frame.kind is Kind.COVER:
            return []
        message = content.decode(frame.payload)
        # What has to be signed is nothing without, and the other way round.
        off = frame.kind is Kind.OFF_RECORD
        match message if isinstance(message, OffRecord) == off else None:
            case ReceiptBody() as body:
                return [do.Acknowledged(body)]
            case LaneTest() as test:
                return self.rotation.tested(lane, test)
            case Resend() as wanted:
                return self._again(wanted)
            case Typing() | OtrAsk() | OtrAccept() | OtrEnd():
                return [do.Aside(frame, message)]
            case _:
                return []

    def _again(self, wanted: Resend) -> list[Effect]:
        if wanted.stream != self.state.outbox.stream or wanted.last > self.state.outbox.seq:
            raise RemoteProtocolError("a resend request is for frames never sent")
        first = max(wanted.first, self.state.outbox.covered + 1)
        return [do.Repeat(first, wanted.last)] if first <= wanted.last else []

    def cover(self, body: ReceiptBody, head: bytes) -> list[Effect]:
        """Check a receipt against the hash of our stream at its number."""
        first = self.state.outbox.covered + 1
        is_news = self.outbox.cover(None if self.private else self.theirs.known(), body, head)
        for seen in body.lanes:
            if (lane := self.lanes.get(seen.number)) is not None and lane.can_send:
                note_seen(lane, seen, self.clock.now(), self.rotation.schedule)
        if not is_news:
            return []
        self.keys.covered(body.seq)
        if self.state.outbox.covered == self.state.outbox.seq:
            self.state.nudge.rest()
        else:
            self.state.nudge.arm(self.clock.now())
        return [do.Covered(first, body.seq, body), *self.rotation.covered(body.seq)]

    # Time

    @property
    def due(self) -> float | None:
        """When `tick` has something to do, in seconds of the monotonic clock."""
        moments = [*self.gaps.due.values()]
        if self.receipts.due is not None:
            moments.append(self.receipts.due)
        if (left := self.state.nudge.left(self.clock.now())) is not None:
            moments.append(self.clock.monotonic() + left)
        return min(moments, default=None)

    @property
    def lanes_due(self) -> float | None:
        """When a lane or a key is to be replaced, in seconds of the monotonic clock, by `tick`."""
        if self.phase is not Phase.ESTABLISHED:
            return None
        now = self.clock.now()
        found = [self.rotation.left(now), self.keys.left(now)]
        left = min((each for each in found if each is not None), default=None)
        return None if left is None else max(self.clock.monotonic() + left, self.resting)

    @property
    def owes(self) -> bool:
        """Whether a restart has to take this connection up without waiting for an envelope."""
        return self.due is not None or self.state.rotation.adding is not None

    def hurry(self) -> None:
        """Make an owed receipt due now: this side is about to leave."""
        if self.receipts.due is not None:
            self.receipts.due = self.clock.monotonic()

    def tick(self, available: Sequence[int]) -> list[Effect]:
        """Send receipts, requests and repetitions that are due, by the lanes that can send now."""
        now = self.clock.monotonic()
        # With no lane that can send, nothing is changed: look again after a while.
        self.resting = 0.0 if available else now + RETRY
        if not available:
            self.state.nudge.postpone(self.clock.now())
            self.gaps.due = {name: max(due, now + RETRY) for name, due in self.gaps.due.items()}
            if self.receipts.due is not None:
                self.receipts.due = max(self.receipts.due, now + RETRY)
            return []
        messages: list[ReceiptBody | Resend] = []
        if self.receipts.take(now):
            ready = [name for name in self.state.unreceipted if self.state.streams[name].seq]
            messages += [self._receipt(name) for name in ready]
            self.state.unreceipted.clear()
        for stream in self.gaps.take(now):
            if (gap := self.inbox.gap(stream)) is not None:
                last = min(gap[1], gap[0] + MAX_RESEND - 1)
                messages.append(Resend(stream, gap[0], last))
        changes: list[Effect] = []
        if self.phase is Phase.ESTABLISHED:
            changes += self.rotation.wish(self.clock.now())
            changes += self.keys.wish(self.clock.now())
        # A lane that took too long has just been given up.
        left = [number for number in available if number in self.lanes]
        return [
            *changes,
            *self._nudge(left),
            *(sealed for said in messages for sealed in self._send_outside(said, left)),
        ]

    def _nudge(self, available: Sequence[int]) -> list[Effect]:
        """Repeat our newest frame if no receipt has come for long, and a relay has it."""
        newest = self.state.outbox.seq
        if not self.state.nudge.take(self.clock.now()):
            return []
        sealed = any(self.lanes[number].state.sealed >= newest for number in available)
        return [do.Repeat(newest, newest)] if sealed else []

    def _receipt(self, stream: bytes) -> ReceiptBody:
        state, ts_ms = self.state.streams[stream], self._now_ms()
        statement = frames.receipt_statement(self.cid, stream, state.seq, state.head, ts_ms)
        lanes = tuple(
            LaneSeen(number, state.lanes.get(number, 0), lane.missing)
            for number, lane in self.lanes.items()
            if lane.started
        )
        return ReceiptBody(stream, state.seq, ts_ms, self.outbox.sign(statement), lanes)

    def _by_lane(self, message: Message, number: int) -> do.Sealed:
        [sealed] = self._send_outside(message, [number])
        return sealed

    def _send_outside(
        self, message: Message, available: Sequence[int], kind: Kind = Kind.RECEIPT
    ) -> list[do.Sealed]:
        message_id = MessageId(self.clock.random(frames.MESSAGE_ID_SIZE))
        data, signature = self.outbox.outside(
            kind, message_id, content.encode(message), self._now_ms()
        )
        return [self.seal(number, 0, data, signature) for number in available]

    def _now_ms(self) -> int:
        return int(self.clock.now() * 1000)


def _chained(signed: Signed) -> list[Effect]:
    return [do.Release(signed.frame.stream, signed.frame.seq), do.Chained(signed)]
