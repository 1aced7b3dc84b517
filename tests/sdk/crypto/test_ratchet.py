from dataclasses import dataclass, field

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from graphchat.crypto import ratchet as module
from graphchat.crypto.aead import seal
from graphchat.crypto.agreement import lane_secrets
from graphchat.crypto.chains import AHEAD, ENDED, SKIPPED
from graphchat.crypto.envelope import SEALED_HEADER, Header, pack_body
from graphchat.crypto.kdf import chain_step
from graphchat.crypto.keys import AgreementKey
from graphchat.crypto.ratchet import Ratchet
from graphchat.errors import (
    DecryptionError,
    LocalProtocolError,
    RemoteProtocolError,
    RepeatedError,
    StoreError,
)
from graphchat.ids import ConnectionId
from graphchat.secret import Secret
from graphchat.testing.clock import FakeClock
from graphchat.wire.limits import SIZES, L, S

CID = ConnectionId(b"c" * 16)
LANE = lane_secrets(Secret(b"m" * 32), 0)
SIGNATURE = b"s" * 64
KEMS = [(False, False), (True, True), (True, False), (False, True)]


def pair(*, bob_kem: bool = False, alice_kem: bool = False) -> tuple[Ratchet, Ratchet]:
    eka = AgreementKey.generate(FakeClock(b"eka"))
    ekb = AgreementKey.generate(FakeClock(b"ekb"))
    bob = Ratchet.initiator(LANE, ekb, eka.public, FakeClock(b"start"), kem=bob_kem)
    return bob, Ratchet.responder(LANE, eka, kem=alice_kem)


def say(
    sender: Ratchet, receiver: Ratchet, clock: FakeClock, frame: bytes = b"frame"
) -> tuple[Ratchet, Ratchet]:
    envelope, sender = sender.seal(frame, SIGNATURE, None, CID, clock)
    read, signature, receiver = receiver.open(envelope, CID, clock)
    assert (read, signature) == (frame, SIGNATURE)
    return sender, receiver


def talking(*, kem: bool = False) -> tuple[Ratchet, Ratchet]:
    """Return two sides that both have sent and received."""
    clock = FakeClock(b"talk")
    bob, alice = pair(bob_kem=kem, alice_kem=kem)
    for _ in range(2):
        bob, alice = say(bob, alice, clock)
        alice, bob = say(alice, bob, clock)
    return bob, alice


@dataclass
class World:
    """Two sides and a network that loses, delays and repeats."""

    sides: list[Ratchet]
    clock: FakeClock = field(default_factory=FakeClock)
    sent: list[tuple[int, bytes, bytes]] = field(default_factory=list)
    opened: set[int] = field(default_factory=set)

    def send(self, sender: int) -> None:
        if not self.sides[sender].can_send:
            with pytest.raises(LocalProtocolError):
                self.sides[sender].seal(b"", b"", None, CID, self.clock)
            return
        frame = b"frame %d" % len(self.sent)
        signature = SIGNATURE if len(self.sent) % 2 else b""
        envelope, self.sides[sender] = self.sides[sender].seal(
            frame, signature, None, CID, self.clock
        )
        self.sent.append((1 - sender, envelope, frame + signature))

    def deliver(self, place: int) -> None:
        receiver, envelope, text = self.sent[place]
        before = self.sides[receiver]
        if place in self.opened:
            with pytest.raises(RepeatedError):
                before.open(envelope, CID, self.clock)
            return
        frame, signature, self.sides[receiver] = before.open(envelope, CID, self.clock)
        assert frame + signature == text
        self.opened.add(place)

    def restart(self, side: int) -> None:
        state = self.sides[side]
        self.sides[side] = Ratchet.decode(state.encode())
        assert self.sides[side] == state


# 30 steps make at most 15 chains of each side: repetitions are known for ENDED of them.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(0, 1)),
        st.tuples(st.just("deliver"), st.integers(0, 29)),
        st.tuples(st.just("newest"), st.just(0)),
        st.tuples(st.just("restart"), st.integers(0, 1)),
    ),
    min_size=12,
    max_size=30,
)


@pytest.mark.parametrize(("bob_kem", "alice_kem"), KEMS)
@given(steps=STEPS)
def test_every_frame_arrives_once_in_any_order_with_loss_and_repetition(
    *, steps: list[tuple[str, int]], bob_kem: bool, alice_kem: bool
) -> None:
    world = World(list(pair(bob_kem=bob_kem, alice_kem=alice_kem)))
    for what, number in steps:
        if what == "send":
            world.send(number)
        elif what == "restart":
            world.restart(number)
        elif world.sent:
            place = len(world.sent) - 1 if what == "newest" else number % len(world.sent)
            world.deliver(place)
    for place in reversed(range(len(world.sent))):
        world.deliver(place)
    assert not any(chain.skipped for side in world.sides for chain in side.receiving)


@pytest.mark.parametrize(("bob_kem", "alice_kem"), KEMS)
def test_ml_kem_is_used_when_both_have_it(*, bob_kem: bool, alice_kem: bool) -> None:
    clock = FakeClock()
    bob, alice = pair(bob_kem=bob_kem, alice_kem=alice_kem)
    assert bob.sending is not None
    assert bool(bob.sending.header.kem_key) == bob_kem
    bob, alice = say(bob, alice, clock)
    alice, bob = say(alice, bob, clock)
    for side in (bob, alice):
        assert side.sending is not None
        assert bool(side.sending.header.kem_ciphertext) == (bob_kem and alice_kem)


def test_the_root_holds_what_was_encapsulated() -> None:
    clock = FakeClock()
    bob, alice = pair(bob_kem=True, alice_kem=True)
    envelope, bob = bob.seal(b"", b"", None, CID, clock)
    _, _, alice = alice.open(envelope, CID, clock)
    envelope, alice = alice.seal(b"", b"", None, CID, clock)
    # A Bob with another decapsulation key knows every X25519 secret, and cannot open.
    assert bob.kem is not None
    wrong = replace(bob, kem=type(bob.kem).generate(FakeClock(b"wrong")))
    with pytest.raises(DecryptionError):
        wrong.open(envelope, CID, clock)
    bob.open(envelope, CID, clock)


def test_alice_can_send_after_she_opened_something() -> None:
    bob, alice = pair()
    assert (bob.can_send, alice.can_send) == (True, False)
    _, alice = say(bob, alice, FakeClock())
    assert alice.can_send


def test_an_envelope_has_the_size_that_was_asked_for_or_the_smallest() -> None:
    bob, _ = pair()
    assert len(bob.seal(b"frame", b"", None, CID, FakeClock())[0]) == S
    assert len(bob.seal(b"frame", b"", L, CID, FakeClock())[0]) == L
    with pytest.raises(LocalProtocolError):
        bob.seal(bytes(S), b"", S, CID, FakeClock())


# One bit of each byte, another in the next one; or all of them.
@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.slow)])
def test_every_changed_bit_is_refused(step: int) -> None:
    clock = FakeClock()
    bob, alice = talking()
    bob, alice = say(bob, alice, clock)
    envelope, _ = bob.seal(b"frame", SIGNATURE, None, CID, clock)
    before = alice.encode()
    changed = bytearray(envelope)
    for bit in range(0, len(envelope) * 8, step):
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DecryptionError):
            alice.open(bytes(changed), CID, clock)
        changed[bit // 8] ^= 1 << bit % 8
    assert bytes(changed) == envelope
    assert alice.encode() == before
    assert alice.open(envelope, CID, clock)[0] == b"frame"


@pytest.mark.parametrize("kem", [False, True])
def test_the_first_envelope_of_a_chain_is_refused_when_changed_and_leaves_no_trace(
    *, kem: bool
) -> None:
    clock = FakeClock()
    bob, alice = talking(kem=kem)
    envelope, _ = bob.seal(b"frame", SIGNATURE, None, CID, clock)
    before = alice.encode()
    for at in (0, 23, 24, 100, SEALED_HEADER - 1, SEALED_HEADER, SEALED_HEADER + 24, S - 1):
        changed = envelope[:at] + bytes([envelope[at] ^ 1]) + envelope[at + 1 :]
        with pytest.raises(DecryptionError):
            alice.open(changed, CID, clock)
    for wrong in (envelope[:-1], envelope[1:], envelope + b"\0", b"", envelope[:SEALED_HEADER]):
        with pytest.raises(DecryptionError):
            alice.open(wrong, CID, clock)
    with pytest.raises(DecryptionError):
        alice.open(envelope, ConnectionId(b"d" * 16), clock)
    assert alice.encode() == before
    assert alice.open(envelope, CID, clock)[0] == b"frame"


@pytest.mark.parametrize("size", SIZES)
def test_rubbish_is_refused(size: int) -> None:
    with pytest.raises(DecryptionError):
        talking()[1].open(FakeClock(b"rubbish").random(size), CID, FakeClock())


def test_header_and_body_of_two_envelopes_do_not_join() -> None:
    clock = FakeClock()
    bob, alice = talking()
    one, bob = bob.seal(b"one", b"", None, CID, clock)
    two, bob = bob.seal(b"two", b"", None, CID, clock)
    for start, end in ((one, two), (two, one)):
        with pytest.raises(DecryptionError):
            alice.open(start[:SEALED_HEADER] + end[SEALED_HEADER:], CID, clock)


def test_a_side_does_not_open_its_own_envelope() -> None:
    bob, alice = talking()
    for side in (bob, alice):
        with pytest.raises(DecryptionError):
            side.open(side.seal(b"", b"", None, CID, FakeClock())[0], CID, FakeClock())


def header_of(sender: Ratchet) -> Header:
    assert sender.sending is not None
    return sender.sending.header


def hostile(sender: Ratchet, header: Header) -> bytes:
    """Return an envelope of a sender who writes ``header`` into it."""
    assert sender.sending is not None
    forged = replace(sender, sending=replace(sender.sending, header=header))
    return forged.seal(b"frame", b"", None, CID, FakeClock())[0]


def losing(sender: Ratchet, count: int) -> Ratchet:
    """Return the sender after ``count`` envelopes that are lost."""
    assert sender.sending is not None
    key, header = sender.sending.key, sender.sending.header
    for _ in range(count):
        key = chain_step(key)[1]
    header = replace(header, number=header.number + count)
    return replace(sender, sending=replace(sender.sending, key=key, header=header))


def skipped(ratchet: Ratchet) -> int:
    return sum(len(chain.skipped) for chain in ratchet.receiving)


@pytest.mark.parametrize(
    "change",
    [
        {"key": bytes(32)},
        {"key": b"\x01" + bytes(31)},
        {"number": AHEAD + 1},
        {"number": 2**32 - 1},
        {"previous": 2**32 - 1},
        {"kem_key": b"\xff" * 1184},
    ],
    ids=str,
)
def test_a_hostile_header_is_refused_and_leaves_no_trace(change: dict[str, bytes | int]) -> None:
    # Each is the first of a new chain, so that its ratchet key matters.
    bob, alice = talking(kem=True)
    before = alice.encode()
    with pytest.raises(DecryptionError):
        alice.open(hostile(bob, replace(header_of(bob), **change)), CID, FakeClock())
    assert alice.encode() == before
    assert alice.open(bob.seal(b"frame", b"", None, CID, FakeClock())[0], CID, FakeClock())


def test_an_answer_to_an_ml_kem_key_that_nobody_sent_is_refused() -> None:
    bob, alice = talking()
    header = replace(header_of(bob), kem_ciphertext=bytes(1088))
    with pytest.raises(DecryptionError, match="nobody sent"):
        alice.open(hostile(bob, header), CID, FakeClock())


def test_a_malformed_header_under_the_right_key_is_refused() -> None:
    bob, alice = talking()
    assert bob.sending is not None
    for header in (b"\x04" + header_of(bob).pack()[1:], header_of(bob).pack()[:-1] + b"\x01"):
        start = seal(bob.sending.header_key, header, CID, FakeClock())
        body = pack_body(b"", b"", None)
        end = seal(chain_step(bob.sending.key)[0], body, CID + start, FakeClock())
        with pytest.raises(DecryptionError):
            alice.open(start + end, CID, FakeClock())


def test_a_sound_envelope_of_a_length_that_is_no_size_class_is_refused() -> None:
    bob, alice = talking()
    assert bob.sending is not None
    for padding, opens in ((S, True), (S - 1, False), (S + 1, False)):
        start = seal(bob.sending.header_key, header_of(bob).pack(), CID, FakeClock())
        body = bytes(padding - SEALED_HEADER - 40)
        envelope = start + seal(chain_step(bob.sending.key)[0], body, CID + start, FakeClock())
        assert len(envelope) == padding
        if opens:
            assert alice.open(envelope, CID, FakeClock())[:2] == (b"", b"")
        else:
            with pytest.raises(DecryptionError, match="size class"):
                alice.open(envelope, CID, FakeClock())


def test_a_lane_survives_the_loss_of_many_and_keeps_the_latest_keys() -> None:
    clock = FakeClock()
    bob, alice = pair()
    first, bob = bob.seal(b"first", b"", None, CID, clock)
    bob = losing(bob, AHEAD - SKIPPED - 1)
    late, bob = bob.seal(b"late", b"", None, CID, clock)
    bob = losing(bob, SKIPPED - 1)
    bob, alice = say(bob, alice, clock)
    assert skipped(alice) == SKIPPED
    with pytest.raises(RepeatedError):
        alice.open(first, CID, clock)
    assert alice.open(late, CID, clock)[0] == b"late"
    alice, bob = say(alice, bob, clock)
    say(bob, alice, clock)


def test_skipped_keys_stay_bounded_over_many_chains_and_the_oldest_are_dropped() -> None:
    clock = FakeClock()
    bob, alice = pair()
    early: list[bytes] = []
    for _ in range(ENDED + 4):
        lost, bob = bob.seal(b"lost", b"", None, CID, clock)
        early.append(lost)
        bob, alice = say(losing(bob, 99), alice, clock)
        bob = losing(bob, 50)
        alice, bob = say(alice, bob, clock)
        assert skipped(alice) <= SKIPPED
        assert len(alice.receiving) <= ENDED + 1
        assert len(alice.encode()) < SKIPPED * 40 + (ENDED + 1) * 90 + 5_000
    # Four chains left 150 each, or 100 for the newest that goes on: what came first is gone.
    assert alice.open(early[-1], CID, clock)[0] == b"lost"
    with pytest.raises(RepeatedError):
        alice.open(early[-6], CID, clock)
    with pytest.raises(DecryptionError):
        alice.open(early[0], CID, clock)


def test_a_repetition_is_known_for_some_chains_and_then_is_only_rubbish() -> None:
    clock = FakeClock()
    bob, alice = pair()
    envelope, bob = bob.seal(b"frame", b"", None, CID, clock)
    _, _, alice = alice.open(envelope, CID, clock)
    for _ in range(ENDED + 1):
        with pytest.raises(RepeatedError):
            alice.open(envelope, CID, clock)
        alice, bob = say(alice, bob, clock)
        bob, alice = say(bob, alice, clock)
    with pytest.raises(DecryptionError) as raised:
        alice.open(envelope, CID, clock)
    assert not isinstance(raised.value, RepeatedError)


def test_a_peer_with_a_key_that_is_none_does_not_start() -> None:
    own = AgreementKey.generate(FakeClock())
    with pytest.raises(RemoteProtocolError):
        Ratchet.initiator(LANE, own, bytes(32), FakeClock(), kem=False)


@pytest.mark.parametrize("kem", [False, True])
def test_a_stored_ratchet_goes_on_where_it_was(*, kem: bool) -> None:
    bob, alice = talking(kem=kem)
    bob, alice = say(losing(bob, 3), alice, FakeClock())
    for side in (bob, alice, *pair(bob_kem=kem)):
        assert Ratchet.decode(side.encode()) == side
    say(Ratchet.decode(bob.encode()), Ratchet.decode(alice.encode()), FakeClock())


@given(st.binary(max_size=100), st.integers(0))
def test_a_damaged_state_is_a_store_error(rubbish: bytes, cut: int) -> None:
    state = STATE.encode()
    for damaged in (rubbish, state[: cut % len(state)], state + b"\0"):
        with pytest.raises(StoreError):
            Ratchet.decode(damaged)


STATE = talking(kem=True)[1]


def test_secrets_are_not_shown() -> None:
    shown = repr(STATE)
    for secret in (STATE.root, STATE.own.seed, STATE.next_sending, STATE.next_receiving):
        assert secret.reveal().hex() not in shown
        assert repr(secret.reveal())[2:-1] not in shown


def test_a_stored_key_of_a_wrong_kind_or_length_is_a_store_error() -> None:
    encode = module.ENCODER.encode
    fields = [getattr(STATE, name) for name in Ratchet.__struct_fields__]
    assert Ratchet.decode(encode(fields)) == STATE
    for place, wrong in ((1, 5), (2, {"seed": b"short"}), (3, b"short")):
        with pytest.raises(StoreError):
            Ratchet.decode(encode([*fields[:place], wrong, *fields[place + 1 :]]))
