"""New keys by a code that is handed over once more, and what a thief of it cannot do."""

from hashlib import sha256

import pytest
from msgspec.structs import replace

from graphchat.content.lanes import Offer
from graphchat.core.effects import Danger
from graphchat.core.handshake import CodeKeys, HandshakeState, Phase, Role
from graphchat.core.lane import Lane, LaneState
from graphchat.core.rekey import FIRST_NUMBER, lane_number, rekey_id
from graphchat.crypto.keys import AgreementKey
from graphchat.errors import StateError
from graphchat.ids import ConnectionId
from graphchat.secret import Secret
from graphchat.testing.pair import Pair
from graphchat.testing.queues import new_lane
from graphchat.testing.side import Side


class Handed:
    """A code that one side has made, as the other gets to see it."""

    def __init__(self, pair: Pair, maker: Side, lanes: int = 2) -> None:
        clock, main = pair.clock, maker.connection.state.handshake
        key, psk = AgreementKey(Secret(clock.random(32))), Secret(clock.random(32))
        self.key = key.public
        self.keys = CodeKeys(sha256(clock.random(16)).digest(), main.cid, psk, is_address=False)
        self.fresh = [new_lane(number, pair.network, clock) for number in range(lanes)]
        self.offers = [offer(state) for state in self.fresh]
        shake = HandshakeState(
            Role.ALICE, Phase.INVITED, self.keys, main.cid, main.profile, main.proof_key, key.seed
        )
        maker.do(lambda machine: machine.rekey.offer(shake, self.fresh))

    def use(self, pair: Pair, user: Side, lanes: int = 2) -> None:
        clock, main = pair.clock, user.connection.state.handshake
        shake = HandshakeState(
            Role.BOB,
            Phase.REQUESTED,
            self.keys,
            main.cid,
            main.profile,
            main.proof_key,
            Secret(clock.random(32)),
            peer_agreement=self.key,
            peer_lanes=tuple(self.offers),
        )
        fresh = [new_lane(number, pair.network, clock) for number in range(lanes)]
        user.do(lambda machine: machine.rekey.use(shake, fresh, self.offers))


def offer(state: LaneState) -> Offer:
    return replace(Lane(state).offer(), sender_key=bytes(32))


def settled(pair: Pair) -> None:
    pair.settle()
    pair.alice.say("by the new keys")
    pair.bob.say("by the new keys, too")
    pair.settle()


def check_new(pair: Pair) -> None:
    """Both talk by the lanes of the code, and by no other."""
    for side in pair.sides:
        numbers = set(side.connection.lanes)
        assert min(numbers) >= FIRST_NUMBER
        assert side.connection.state.rekey.shake is None
    assert set(pair.alice.connection.lanes) == set(pair.bob.connection.lanes)
    assert pair.bob.texts[-1] == "by the new keys"
    assert pair.alice.texts[-1] == "by the new keys, too"
    assert len(pair.queues) == len(pair.network.queues), "old queues are deleted"


@pytest.mark.parametrize(("maker", "both_ways"), [("alice", False), ("bob", True)])
def test_a_code_replaces_all_lanes_and_tells_whether_both_have_scanned(
    maker: str, *, both_ways: bool
) -> None:
    pair = Pair.by_invitation().connect()
    one: Side = getattr(pair, maker)
    other = pair.bob if one is pair.alice else pair.alice
    pair.alice.say("before")
    Handed(pair, one).use(pair, other)
    settled(pair)
    check_new(pair)
    assert pair.alice.disk.rekeyed == pair.bob.disk.rekeyed == [both_ways]
    assert pair.bob.texts == ["before", "by the new keys"]


def test_a_code_heals_lanes_of_which_none_works() -> None:
    pair = Pair.by_invitation().connect()
    for lane in pair.alice.connection.lanes.values():
        lane.state.stale = True
    pair.alice.say("waits")
    pair.settle()
    assert pair.bob.texts == []
    Handed(pair, pair.alice).use(pair, pair.bob)
    settled(pair)
    check_new(pair)
    assert pair.bob.texts == ["waits", "by the new keys"]


@pytest.mark.parametrize(("made", "used"), [(1, 2), (2, 1), (3, 3)])
def test_lanes_that_only_one_side_has_are_given_up(made: int, used: int) -> None:
    pair = Pair.by_invitation().connect()
    Handed(pair, pair.alice, made).use(pair, pair.bob, used)
    settled(pair)
    check_new(pair)
    assert len(pair.alice.connection.lanes) == min(made, used)


def test_a_code_is_used_once() -> None:
    pair = Pair.by_invitation().connect()
    code = Handed(pair, pair.alice)
    code.use(pair, pair.bob)
    settled(pair)
    before = pair.bob.visible()
    for side in pair.sides:
        with pytest.raises(StateError, match="used here already"):
            code.use(pair, side)
    assert pair.bob.visible() == before


def test_a_newer_code_makes_the_one_before_worthless() -> None:
    pair = Pair.by_invitation().connect()
    first = Handed(pair, pair.alice)
    second = Handed(pair, pair.alice)
    first.use(pair, pair.bob)
    pair.settle()
    pair.bob.do(lambda machine: machine.rekey.refused())
    pair.bob.do(lambda machine: machine.rekey.refused())
    assert pair.bob.disk.alarms == [Danger.REKEY_REFUSED]
    assert set(pair.bob.connection.lanes) == {0, 1}, "nothing has changed"
    second.use(pair, pair.bob)
    settled(pair)
    check_new(pair)


def test_a_thief_of_the_code_who_is_not_the_contact_changes_nothing() -> None:
    pair = Pair.by_invitation().connect()
    stranger = Pair.by_invitation(seed=b"another").connect()
    code = Handed(pair, pair.alice)
    before = pair.alice.visible()
    main = stranger.bob.connection.state.handshake
    main.cid = pair.alice.connection.state.handshake.cid
    thief = stranger.bob
    thief.network = pair.network
    code.use(pair, thief)
    thief.work()
    [number, *_] = pair.alice.connection.state.rekey.numbers
    pair.alice.receive(number)
    assert "somebody else" in str(pair.alice.refused[-1])
    assert pair.alice.visible() == before
    assert pair.alice.disk.rekeyed == []


@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.slow), 9])
@pytest.mark.parametrize("who", ["alice", "bob"])
def test_a_crash_at_any_boundary_of_a_rekey_does_no_harm(who: str, step: int) -> None:
    for boundary in range(0, 200, step):
        pair = Pair.by_invitation().connect()
        code = Handed(pair, pair.alice)
        code.use(pair, pair.bob)
        side: Side = getattr(pair, who)
        side.crash_in = boundary
        pair.settle()
        side.crash_in, finished = None, side.crash_in is not None
        settled(pair)
        check_new(pair)
        if finished:
            return
    pytest.fail("there are more boundaries than expected")


def test_ids_and_numbers_differ_by_connection_key_and_place() -> None:
    one, other = ConnectionId(b"1" * 16), ConnectionId(b"2" * 16)
    assert len({rekey_id(one, b"k"), rekey_id(other, b"k"), rekey_id(one, b"l")}) == 3
    numbers = {lane_number(code, index) for code in (b"a", b"b") for index in range(8)}
    assert len(numbers) == 16
    assert all(FIRST_NUMBER <= number <= 2**53 for number in numbers)
