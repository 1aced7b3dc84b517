"""Two connections that talk through simulated relays: the end-to-end protocol in one place.

pair = Pair.by_invitation()
pair.settle()
pair.alice.say("hello")
pair.bob.crash_in = 2
pair.settle()
assert pair.bob.texts == ["hello"]
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple, Self, final

from msgspec.structs import replace

from graphchat.clock import Clock
from graphchat.content import ProfileCard
from graphchat.content.lanes import Offer
from graphchat.core import handshake
from graphchat.core.connection import Connection
from graphchat.core.handshake import Asked, CodeKeys, HandshakeState, Mode, Phase, Role
from graphchat.core.lane import LaneState
from graphchat.crypto import agreement, kem
from graphchat.crypto.agreement import Side as Keys
from graphchat.crypto.keys import AgreementKey
from graphchat.secret import Secret
from graphchat.testing.clock import FakeClock
from graphchat.testing.queues import Network, Queue, new_lane
from graphchat.testing.side import Side

# Simulated seconds that `settle` waits for what is due: several requests for missing frames.
PATIENCE: Final = 200.0


def secret(clock: Clock, size: int = 32) -> Secret:
    return Secret(clock.random(size))


def mode_of(*, private: bool) -> Mode:
    return Mode.PRIVATE if private else Mode.PROVABLE


def card(name: str) -> ProfileCard:
    return ProfileCard(name, "person")


@final
@dataclass(slots=True)
class Code:
    """An invitation or address with its private keys, which are never forgotten here."""

    keys: CodeKeys
    agreement_key: Secret
    lanes: list[LaneState]

    @classmethod
    def make(
        cls,
        network: Network,
        clock: Clock,
        lanes: int,
        *,
        is_address: bool,
        private: bool = False,
    ) -> Self:
        psk = None if is_address else secret(clock)
        name = clock.random(16)
        keys = CodeKeys(sha256(name).digest(), name, psk, is_address, private)
        states = [new_lane(number, network, clock) for number in range(lanes)]
        return cls(keys, secret(clock), states)

    @property
    def offers(self) -> list[Offer]:
        """The lanes as the code shows them: without the keys of the sender."""
        return [
            Offer(s.relay, s.base, s.sender_id, self._public(s), bytes(32)) for s in self.lanes
        ]

    def _public(self, state: LaneState) -> bytes:
        return self.key(state.number).public

    def key(self, number: int) -> AgreementKey:
        """Return ``EKA`` of one lane."""
        ratchet_key = self.lanes[number].ratchet_key
        assert ratchet_key is not None
        return AgreementKey(ratchet_key)

    def read(self, number: int, envelope: bytes) -> Asked:
        """Open what came to a queue of an address. Raises `RemoteProtocolError`."""
        side = Keys(AgreementKey(self.agreement_key), self.key(0))
        return handshake.read_confirmation(self.keys, side, self.key(number), envelope)


def asker(  # noqa: PLR0913 - what the one who asks chooses
    code: Code,
    network: Network,
    clock: FakeClock,
    lanes: int,
    *,
    text: str = "",
    private: bool = False,
) -> Side:
    """Make somebody who has the code, and has asked nothing yet."""
    own = secret(clock)
    cid = code.keys.id
    if code.keys.is_address:
        cid = agreement.address_connection_id(cid, AgreementKey(own).public)
    state = HandshakeState(
        Role.BOB, Phase.REQUESTED, code.keys, cid, card("Bob"), secret(clock), own, text=text
    )
    state.mode = mode_of(private=private or code.keys.private)
    if code.keys.is_address:
        state.kem_key = secret(clock, kem.SEED)
    state.peer_agreement = AgreementKey(code.agreement_key).public
    state.peer_lanes = tuple(code.offers)
    states = [new_lane(number, network, clock) for number in range(lanes)]
    return Side(Connection.begin(state, states, clock), network, clock)


def inviter(code: Code, network: Network, clock: FakeClock) -> Side:
    """Make Alice, whose invitation is out."""
    state = HandshakeState(
        Role.ALICE,
        Phase.INVITED,
        code.keys,
        code.keys.id,
        card("Alice"),
        secret(clock),
        code.agreement_key,
        mode=mode_of(private=code.keys.private),
    )
    # Copies, so that the code can still be used when its owner has forgotten the keys.
    lanes = [replace(each) for each in code.lanes]
    return Side(Connection.begin(state, lanes, clock), network, clock)


def answerer(code: Code, network: Network, clock: FakeClock, asked: Asked, lanes: int) -> Side:
    """Make Alice as the one whom somebody asked at her address: she has accepted nothing yet."""
    state = HandshakeState(
        Role.ALICE,
        Phase.INVITED,
        code.keys,
        asked.cid,
        card("Alice"),
        secret(clock),
        secret(clock),
    )
    machine = Connection.begin(state, [], clock)
    machine.asked(asked)
    fresh = tuple(new_lane(number, network, clock) for number in range(lanes))
    return Side(machine, network, clock, fresh=fresh)


class Modes(NamedTuple):
    """Who wants a private connection: whoever made the code, whoever uses it."""

    code: bool = False
    asker: bool = False


BOTH_PROVABLE: Final = Modes()


@final
@dataclass(slots=True)
class Pair:
    """Alice made the code, Bob scanned it and has asked."""

    code: Code
    alice: Side
    bob: Side
    network: Network
    clock: FakeClock

    @classmethod
    def by_invitation(
        cls, lanes: int = 2, bob_lanes: int = 2, seed: bytes = b"", modes: Modes = BOTH_PROVABLE
    ) -> Self:
        """Stop before the first confirmation is in a queue."""
        network, clock = Network(), FakeClock(seed)
        code = Code.make(network, clock, lanes, is_address=False, private=modes.code)
        alice = inviter(code, network, clock)
        bob = asker(code, network, clock, bob_lanes, private=modes.asker)
        bob.ask(code.offers)
        return cls(code, alice, bob, network, clock)

    @classmethod
    def by_address(
        cls, lanes: int = 2, bob_lanes: int = 2, seed: bytes = b"", modes: Modes = BOTH_PROVABLE
    ) -> Self:
        """Stop before Alice accepts what came by the first queue of her address."""
        network, clock = Network(), FakeClock(seed)
        code = Code.make(network, clock, lanes, is_address=True, private=modes.code)
        bob = asker(code, network, clock, bob_lanes, text="May I?", private=modes.asker)
        bob.ask(code.offers)
        bob.work()
        asked = code.read(0, network.queues[code.lanes[0].sender_id].envelopes[0])
        alice = answerer(code, network, clock, asked, lanes)
        return cls(code, alice, bob, network, clock)

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.alice, self.bob

    @property
    def queues(self) -> list[Queue]:
        """All queues that lanes of the two receive by."""
        return [queue for side in self.sides for queue in side.queues.values()]

    def connect(self) -> Self:
        """Finish the handshake by honest relays."""
        if self.alice.phase is Phase.REQUESTED:
            self.alice.accept()
        self.settle()
        return self

    def settle(self) -> None:
        """Let both do all they have to, and time pass, until nothing is due or it takes long."""
        end = self.clock.monotonic() + PATIENCE
        while True:
            busy = True
            while busy:
                busy = self.alice.step() | self.bob.step()
            due = [at for side in self.sides if (at := side.connection.due) is not None]
            if not due or min(due) > end:
                return
            self.clock.advance(max(0.0, min(due) - self.clock.monotonic()))
            for side in self.sides:
                side.tick()
