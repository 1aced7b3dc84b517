from typing import Final

import pytest
from msgspec.structs import replace

from graphchat.core import record
from graphchat.core.lane import Lane, LaneState
from graphchat.crypto.agreement import LaneSecrets
from graphchat.crypto.keys import AgreementKey, SigningKey
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
from graphchat.testing.queues import Network, new_lane as lane

CID: Final = ConnectionId(b"c" * 16)
SECRETS: Final = LaneSecrets(Secret(b"r" * 32), Secret(b"b" * 32), Secret(b"a" * 32))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(b"lane")


@pytest.fixture
def ends(clock: FakeClock) -> tuple[Lane, Lane]:
    """Make the two ends of a lane: that of the initiator, and the other."""
    bob, alice = (Lane(lane(0, Network(), clock)) for _ in range(2))
    offers = bob.offer(), alice.offer()
    for own, peer, initiator in ((bob, offers[1], True), (alice, offers[0], False)):
        own.start(own.prepare(SECRETS, peer, initiator=initiator, clock=clock), peer)
    return bob, alice


def reloaded(end: Lane) -> Lane:
    return Lane(record.load(record.dump(end.snapshot()), LaneState))


def test_an_offer_shows_public_keys_only(clock: FakeClock) -> None:
    state = lane(0, Network(), clock)
    offer = Lane(state).offer()
    assert state.ratchet_key is not None
    assert offer.ratchet_key == AgreementKey(state.ratchet_key).public
    assert offer.sender_key == SigningKey(state.sender_key).public
    shown = record.dump(offer)
    for secret in (state.ratchet_key, state.sender_key, state.recipient_key):
        assert secret.reveal() not in shown
    assert state.recipient_id not in shown


def test_frames_go_both_ways_whoever_speaks_first(
    ends: tuple[Lane, Lane], clock: FakeClock
) -> None:
    bob, alice = ends
    assert [bob.can_send, alice.can_send] == [True, True]
    early = alice.seal(CID, 1, b"early", b"", clock)
    envelope = bob.seal(CID, 1, b"frame", b"s" * 64, clock)
    assert alice.open(CID, envelope, clock) == (b"frame", b"s" * 64)
    assert bob.open(CID, early, clock) == (b"early", b"")
    assert bob.open(CID, alice.seal(CID, 1, b"back", b"", clock), clock) == (b"back", b"")


@pytest.mark.parametrize("bobs", [True, False])
@pytest.mark.parametrize("alices", [True, False])
def test_a_lane_is_post_quantum_once_each_side_has_the_key_of_the_other(
    clock: FakeClock, *, bobs: bool, alices: bool
) -> None:
    bob, alice = (Lane(lane(0, Network(), clock)) for _ in range(2))
    offers = bob.offer(), alice.offer()
    assert not bob.post_quantum
    bob.start(
        Ratchet.initiator(SECRETS, bob.key, offers[1].ratchet_key, clock, kem=bobs), offers[1]
    )
    alice.start(Ratchet.responder(SECRETS, alice.key, kem=alices), offers[0])
    assert not bob.post_quantum
    assert not alice.post_quantum
    for _ in range(2):
        alice.open(CID, bob.seal(CID, 1, b"", b"", clock), clock)
        bob.open(CID, alice.seal(CID, 1, b"", b"", clock), clock)
        assert reloaded(alice).post_quantum == reloaded(bob).post_quantum == (bobs and alices)


def test_a_stored_lane_goes_on_where_it_was(ends: tuple[Lane, Lane], clock: FakeClock) -> None:
    bob, alice = ends
    for number in range(1, 6):
        bob, alice = reloaded(bob), reloaded(alice)
        envelope = bob.seal(CID, number, str(number).encode(), b"", clock)
        assert reloaded(alice).open(CID, envelope, clock)[0] == str(number).encode()
        assert alice.open(CID, envelope, clock)[0] == str(number).encode()
        with pytest.raises(RepeatedError):
            reloaded(alice).open(CID, envelope, clock)
        answer = alice.seal(CID, number, b"", b"", clock)
        bob.open(CID, answer, clock)
    assert reloaded(bob).state.sealed == 5
    assert reloaded(bob).state.peer == ends[0].state.peer


def test_what_was_sealed_last_is_the_highest_number(
    ends: tuple[Lane, Lane], clock: FakeClock
) -> None:
    bob, _ = ends
    for seq, sealed in ((3, 3), (1, 3), (0, 3), (4, 4)):
        bob.seal(CID, seq, b"", b"", clock)
        assert bob.state.sealed == sealed


def test_a_refused_envelope_changes_nothing(ends: tuple[Lane, Lane], clock: FakeClock) -> None:
    bob, alice = ends
    envelope = bob.seal(CID, 1, b"frame", b"", clock)
    before = record.dump(alice.snapshot())
    for bad in (b"", bytes(len(envelope)), envelope[:-1] + bytes([envelope[-1] ^ 1])):
        with pytest.raises(DecryptionError):
            alice.open(CID, bad, clock)
    with pytest.raises(DecryptionError):
        alice.open(ConnectionId(bytes(16)), envelope, clock)
    assert record.dump(alice.snapshot()) == before
    assert alice.open(CID, envelope, clock)[0] == b"frame"


def test_a_frame_that_fits_no_envelope_changes_nothing(
    ends: tuple[Lane, Lane], clock: FakeClock
) -> None:
    bob, _ = ends
    before = record.dump(bob.snapshot())
    with pytest.raises(LocalProtocolError):
        bob.seal(CID, 1, bytes(800_000), b"", clock)
    assert record.dump(bob.snapshot()) == before


def test_a_lane_before_the_handshake_seals_and_opens_nothing(clock: FakeClock) -> None:
    fresh = Lane(lane(0, Network(), clock))
    assert not fresh.started
    assert not fresh.can_send
    with pytest.raises(LocalProtocolError):
        fresh.seal(CID, 1, b"", b"", clock)
    with pytest.raises(RemoteProtocolError):
        fresh.open(CID, bytes(4608), clock)
    assert not reloaded(fresh).started


def test_a_key_of_small_order_starts_nothing(clock: FakeClock) -> None:
    fresh = Lane(lane(0, Network(), clock))
    bad = replace(fresh.offer(), ratchet_key=bytes(32))
    with pytest.raises(RemoteProtocolError):
        fresh.prepare(SECRETS, bad, initiator=True, clock=clock)
    assert not fresh.started


def test_the_first_key_is_gone_after_the_handshake(ends: tuple[Lane, Lane]) -> None:
    bob, _ = ends
    bob.state.ratchet_key = None
    with pytest.raises(LocalProtocolError):
        bob.offer()
    assert reloaded(bob).can_send


def test_a_damaged_ratchet_is_an_error_of_the_store(clock: FakeClock) -> None:
    state = lane(0, Network(), clock)
    with pytest.raises(StoreError):
        Lane(replace(state, ratchet=b"\x90"))
