"""New keys for a connection, by a code that its two people hand over once more.

The code begins a handshake of its own, as an invitation does, inside the connection: its lanes
take the place of all others. It heals lanes that are out of step after a restored backup, and
whoever scans a code of somebody who has scanned theirs knows who that is.
docs/protocol.md, section 12.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec

from graphchat.clock import Clock
from graphchat.content.lanes import LaneTest, Offer
from graphchat.core import effects as do, handshake
from graphchat.core.effects import Danger, Effect
from graphchat.core.handshake import Answer, HandshakeState, Hello, MayReach, Phase, Role
from graphchat.core.lane import Lane, LaneState, start_all
from graphchat.core.rotation import Rotation
from graphchat.core.succession import OwnKeys, TheirKeys
from graphchat.crypto.agreement import Side
from graphchat.crypto.keys import AgreementKey
from graphchat.errors import DecryptionError, RemoteProtocolError, StateError
from graphchat.ids import ConnectionId

ID_SIZE: Final = 16
KNOWN: Final = "This code was used here already, or is your own."
# Numbers of lanes that come by codes; those of `rotation` stay far below.
FIRST_NUMBER: Final = 2**52


class RekeyState(msgspec.Struct):
    """What is stored of the newest code; without ``shake`` there is none, or it is done."""

    shake: HandshakeState | None = None
    numbers: tuple[int, ...] = ()
    """Of its lanes, in the order of the code."""
    code: bytes = b""
    """``H`` of it, also when it is done: a code works once."""


def rekey_id(cid: ConnectionId, key: bytes) -> bytes:
    """Return the id of a code for a connection; ``key`` is the X25519 key in it."""
    return sha256(b"gc/1 rekey" + cid + key).digest()[:ID_SIZE]


def lane_number(code_hash: bytes, index: int) -> int:
    """Return the number of a lane of the code with this ``H``."""
    name = sha256(b"gc/1 rekey lanes" + code_hash).digest()
    return FIRST_NUMBER + 8 * int.from_bytes(name[:6], "big") + index


@dataclass(slots=True)
class Rekey:
    """Adds the lanes of a code to ``lanes``, and has the others leave once these work."""

    state: RekeyState
    lanes: dict[int, Lane]
    main: HandshakeState
    clock: Clock
    rotation: Rotation
    own: OwnKeys
    theirs: TheirKeys

    def offer(self, shake: HandshakeState, fresh: Sequence[LaneState]) -> list[Effect]:
        """Wait for somebody to use a code; one that was made before does not work any more."""
        found = self._forget()
        self._keep(shake, fresh)
        return found

    def knows(self, code_hash: bytes) -> bool:
        """Tell whether the code with this ``H`` is ours, or was used here."""
        return code_hash == self.state.code or lane_number(code_hash, 0) in self.lanes

    def use(
        self, shake: HandshakeState, fresh: Sequence[LaneState], code: Sequence[Offer]
    ) -> list[Effect]:
        """Use a code of the other side: confirm to every queue of it.

        Raises `StateError` for one that is known: its lanes are there.
        """
        if self.knows(shake.code.hash):
            raise StateError(KNOWN)
        found = self._forget()
        lanes = self._keep(shake, fresh)
        shake.turns = tuple(self.own.turns)
        handshake.start_as_bob(shake, lanes[0].key, code[0].ratchet_key)
        offers = tuple(lane.offer() for lane in lanes)
        keys = [lane.ratchet_key for lane in code]
        envelopes = handshake.write_confirmation(shake, offers, keys, self.clock)
        return [*found, *(do.Put(*pair) for pair in zip(code, envelopes, strict=True))]

    def refused(self) -> list[Effect]:
        """Note that a queue of the code took no confirmation; after the last one, give up."""
        shake = self.state.shake
        if shake is None or (shake.role, shake.phase) != (Role.BOB, Phase.REQUESTED):
            return []
        shake.refusals += 1
        if shake.refusals < len(shake.peer_lanes):
            return []
        return [*self._forget(), do.Alarm(Danger.REKEY_REFUSED)]

    def receive(self, lane: Lane, envelope: bytes, may_reach: MayReach) -> list[Effect]:
        """Take what came by a lane of the code that has not started.

        Raises `RemoteProtocolError`.
        """
        shake = self.state.shake
        if shake is None:
            raise DecryptionError
        if shake.role is Role.BOB:
            answer = handshake.read_answer(shake, lane.key, envelope)
            take = self._check(answer.hello)
            handshake.check_offers(answer.hello.lanes, may_reach)
            found = self._start(shake, answer.hello.lanes, answer)
            take()
            return found
        assert shake.agreement_key is not None
        handshake.check_fresh(shake.code, self.clock.now())
        side = Side(AgreementKey(shake.agreement_key), self._own()[0].key)
        asked = handshake.read_confirmation(shake.code, side, lane.key, envelope)
        take = self._check(asked.hello)
        handshake.check_offers(asked.hello.lanes, may_reach)
        # On a copy: an answer that cannot be written changes nothing.
        shake = msgspec.structs.replace(shake)
        handshake.note_request(shake, asked)
        shake.turns = tuple(self.own.turns)
        offers = shake.peer_lanes[: len(self.state.numbers)]
        own = tuple(each.offer() for each in self._own()[: len(offers)])
        answer = handshake.write_answer(shake, own, self.clock)
        found = self._start(shake, offers, answer)
        take()
        return [*found, *(do.Put(*pair) for pair in zip(offers, answer.envelopes, strict=True))]

    def arrived(self, lane: Lane) -> list[Effect]:
        """Have all older lanes leave, once something has come by a lane of the code."""
        shake = self.state.shake
        if shake is None or lane.state.number not in self.state.numbers or not lane.started:
            return []
        both_ways = shake.role is not self.main.role
        self.main.otr = shake.otr
        numbers, self.state.shake = self.state.numbers, None
        found: list[Effect] = [do.Rekeyed(both_ways)]
        for number in [known for known in self.lanes if known not in numbers]:
            found += self.rotation.leave(number)
        return found

    # Inside

    def _keep(self, shake: HandshakeState, fresh: Sequence[LaneState]) -> list[Lane]:
        for index, state in enumerate(fresh):
            state.number = lane_number(shake.code.hash, index)
            self.lanes[state.number] = Lane(state)
        self.state.shake, self.state.code = shake, shake.code.hash
        self.state.numbers = tuple(state.number for state in fresh)
        return self._own()

    def _own(self) -> list[Lane]:
        return [self.lanes[number] for number in self.state.numbers if number in self.lanes]

    def _forget(self) -> list[Effect]:
        """Give up a code that nobody has used."""
        waiting = [] if self.state.shake is None else self._own()
        idle = [lane for lane in waiting if not lane.started]
        for lane in idle:
            del self.lanes[lane.state.number]
        self.state.shake, self.state.numbers = None, ()
        return [do.Remove(lane.state) for lane in idle]

    def _check(self, hello: Hello) -> Callable[[], None]:
        """Return what takes the proof keys that a restored home has missed.

        Raises `RemoteProtocolError` for somebody else who has the code.
        """
        if hello.proof != self.main.peer_proof:
            raise RemoteProtocolError("a code was used by somebody else than the contact")
        return self.theirs.learn(hello.next)

    def _start(
        self, shake: HandshakeState, offers: Sequence[Offer], answer: Answer
    ) -> list[Effect]:
        own, is_bob = self._own(), shake.role is Role.BOB
        count = min(len(own), len(offers))
        kept, taken = own[:count], offers[:count]
        start_all(kept, taken, answer.final, initiator=is_bob, clock=self.clock)
        found: list[Effect] = []
        for lane in own[count:]:
            del self.lanes[lane.state.number]
            found.append(do.Remove(lane.state))
        for lane, offer in zip(kept, taken, strict=True):
            lane.state.ratchet_key = None
            found.append(do.Secure(lane.state.number, offer.sender_key))
        handshake.note_answer(shake, answer)
        handshake.forget(shake)
        self.state.shake = shake
        self.state.numbers = tuple(lane.state.number for lane in kept)
        by_lane = self.rotation.by_lane
        found += [by_lane(LaneTest(number, heard=False), number) for number in self.state.numbers]
        return found
