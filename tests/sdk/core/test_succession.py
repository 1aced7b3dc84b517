"""Proof keys that change: on time, on both sides, through crashes, and only by their owner."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import pytest
from tests.sdk.core.test_connection_hostile import why
from tests.sdk.core.test_rekey import Handed, settled

from graphchat import content
from graphchat.content import KeyNext, Turn
from graphchat.core import frame as frames, record, restored
from graphchat.core.connection import Connection, ConnectionState
from graphchat.core.doubt import DAY, Schedule
from graphchat.core.frame import Kind
from graphchat.core.succession import REMEMBERED, announced_by, follows
from graphchat.crypto.keys import SigningKey, verify
from graphchat.errors import RemoteProtocolError
from graphchat.ids import ConnectionId
from graphchat.secret import Secret
from graphchat.testing.pair import Modes, Pair
from graphchat.testing.side import Side

VECTORS: Final = json.loads(Path(__file__).parents[2].joinpath("vectors/frames.json").read_text())
STRANGER: Final = SigningKey(Secret(b"x" * 32))
FRESH: Final = SigningKey(Secret(b"f" * 32))


def connected(lanes: int = 2, bob_lanes: int = 2) -> Pair:
    return Pair.by_invitation(lanes, bob_lanes).connect()


def first_key(side: Side) -> bytes:
    return SigningKey(side.connection.state.handshake.proof_key).public


def key(side: Side) -> bytes:
    """Return the key that signs the stream of a side now."""
    found = side.connection.outbox.key
    assert found is not None
    return found.public


def known(pair: Pair) -> bytes:
    """Return the key of Alice's stream as Bob knows it."""
    return pair.bob.connection.theirs.known()[0]


def change(side: Side) -> None:
    side.do(lambda machine: machine.keys.change())


def talk(pair: Pair, *texts: str) -> None:
    for text in texts:
        pair.alice.say(text)
    pair.settle()


def test_the_old_key_signs_the_new_one_and_both_sides_follow() -> None:
    pair = connected()
    talk(pair, "before")
    change(pair.alice)
    talk(pair, "after")
    assert pair.bob.texts == ["before", "after"]
    assert key(pair.alice) == known(pair) != first_key(pair.alice)
    [turn] = pair.alice.connection.state.keys.turns
    statement = frames.next_statement(
        pair.alice.connection.cid, turn.stream, turn.from_seq, turn.key
    )
    assert verify(first_key(pair.alice), statement, turn.signature)
    last = pair.alice.disk.said[-1]
    signed = frames.statement(pair.alice.connection.cid, frames.decode(last.data), last.data)
    assert verify(key(pair.alice), signed, last.signature)
    assert not pair.bob.refused


def test_the_old_key_is_forgotten_once_the_new_one_is_known() -> None:
    pair = connected()
    change(pair.alice)
    own, outbox = pair.alice.connection.state.keys, pair.alice.connection.outbox
    assert own.before is not None
    assert outbox.aside is not outbox.key
    pair.settle()
    assert pair.alice.connection.state.keys.before is None
    assert pair.alice.connection.outbox.aside == pair.alice.connection.outbox.key


def test_keys_change_with_time_and_with_what_they_have_signed() -> None:
    pair = connected()
    old = key(pair.alice), key(pair.bob)
    pair.clock.advance(0.7 * 7 * DAY)
    for side in pair.sides:
        side.tick()
    assert (key(pair.alice), key(pair.bob)) == old, "not before three quarters of the time"
    pair.clock.advance(0.6 * 7 * DAY)
    for side in pair.sides:
        side.tick()
    pair.settle()
    assert key(pair.alice) != old[0]
    assert key(pair.bob) != old[1]
    second = key(pair.alice)
    pair.alice.connection.rotation.schedule = Schedule(key_frames=20)
    for number in range(25):
        pair.alice.say(str(number))
    pair.settle()
    pair.alice.tick()
    assert key(pair.alice) != second
    pair.settle()
    assert pair.bob.texts == [str(number) for number in range(25)]
    assert not pair.bob.refused


def test_a_key_does_not_change_again_before_the_other_side_knows_it() -> None:
    pair = connected()
    for queue in pair.bob.queues.values():
        queue.down = True
    change(pair.alice)
    pair.clock.advance(30 * DAY)
    assert pair.alice.connection.keys.left(pair.clock.now()) is None
    assert pair.alice.connection.keys.wish(pair.clock.now()) == []


def test_a_private_connection_has_no_keys_to_change() -> None:
    pair = Pair.by_invitation(modes=Modes(code=True)).connect()
    pair.clock.advance(30 * DAY)
    assert pair.alice.connection.keys.left(pair.clock.now()) is None
    talk(pair, "hello")
    assert pair.bob.texts == ["hello"]


def test_what_comes_before_its_key_waits_for_it() -> None:
    pair = connected(lanes=1, bob_lanes=1)
    talk(pair, "one")
    [queue] = pair.bob.queues.values()
    change(pair.alice)
    pair.alice.send(0)
    queue.envelopes.clear()  # the relay loses what announces the key
    talk(pair, "two", "three")
    assert pair.bob.texts == ["one", "two", "three"]
    assert known(pair) == key(pair.alice)
    assert not pair.bob.refused


def test_a_receipt_by_the_old_key_comes_late_and_counts() -> None:
    pair = connected()
    pair.bob.say("from bob")
    pair.bob.step()
    pair.alice.step()
    pair.clock.advance(6)
    late = pair.alice.connection
    late.tick([0])  # its receipt is lost here; another is made below, by the old key
    change(pair.alice)
    pair.settle()
    pair.bob.say("more")
    pair.settle()
    outbox = pair.bob.connection.state.outbox
    assert outbox.covered == outbox.seq
    assert pair.alice.texts == ["from bob", "more"]


def test_many_changes_leave_little_behind() -> None:
    pair = connected(lanes=1, bob_lanes=1)
    for number in range(REMEMBERED + 4):
        change(pair.alice)
        talk(pair, str(number))
    [state] = [s for s in pair.bob.connection.state.streams.values() if s.turns]
    assert len(state.turns) == REMEMBERED
    assert len(pair.bob.texts) == REMEMBERED + 4


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_a_crash_at_any_boundary_loses_nothing(who: str) -> None:
    boundary, crashed = 0, True
    while crashed:
        pair = connected(lanes=1, bob_lanes=1)
        side: Side = getattr(pair, who)
        pair.alice.say("before")
        side.crash_in = boundary
        change(pair.alice)
        for _ in range(4):
            pair.settle()
        crashed = side.crashes > 0
        side.crash_in = None
        if not pair.alice.connection.state.keys.turns:  # the crash came before the first commit
            change(pair.alice)
        talk(pair, "after")
        assert pair.bob.texts in (["before", "after"], ["after"])
        assert known(pair) == key(pair.alice)
        boundary += 3
    assert boundary > 6


# Those who lie


def announce(bob: Side, signer: SigningKey, *, stream: bytes = b"", back: int = 0) -> None:
    """Say that ``FRESH`` comes next, signed by ``signer`` for that place, or another one."""
    machine = bob.connection
    own = machine.state.outbox
    statement = frames.next_statement(
        machine.cid, stream or own.stream, own.seq + 2 - back, FRESH.public
    )
    payload = content.encode(KeyNext(FRESH.public, signer.sign(statement)))
    bob.write(Kind.CONTROL, payload)


LIES: Final[dict[str, Callable[[Side, SigningKey], None]]] = {
    "a stranger": lambda bob, _own: announce(bob, STRANGER),
    "itself": lambda bob, _own: announce(bob, FRESH),
    "backwards": lambda bob, own: announce(bob, own, back=1),
    "for another stream": lambda bob, own: announce(bob, own, stream=b"another_"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_key_that_the_old_one_did_not_sign_for_here_changes_nothing(lie: str) -> None:
    pair = connected()
    own = pair.bob.connection.outbox.key
    assert own is not None
    LIES[lie](pair.bob, own)
    pair.bob.say("still the old key")
    pair.settle()
    assert pair.alice.connection.theirs.known() == [own.public]
    assert pair.alice.texts == ["still the old key"]
    assert pair.alice.disk.alarms == []


def test_a_key_takes_over_once() -> None:
    pair = connected()
    first = pair.bob.connection.outbox.key
    assert first is not None
    change(pair.bob)
    pair.settle()
    second = pair.bob.connection.outbox.key
    assert second is not None
    machine = pair.bob.connection
    own = machine.state.outbox
    for again in (first, second):
        statement = frames.next_statement(machine.cid, own.stream, own.seq + 2, again.public)
        payload = content.encode(KeyNext(again.public, second.sign(statement)))
        pair.bob.write(Kind.CONTROL, payload)
        pair.settle()
    assert pair.alice.connection.theirs.known()[0] == second.public
    assert len(pair.alice.connection.theirs.known()) == 2


def test_what_the_old_key_signs_after_the_change_is_refused() -> None:
    pair = connected()
    old = pair.bob.connection.outbox.key
    change(pair.bob)
    pair.settle()
    pair.bob.connection.outbox.key = old
    pair.bob.say("by the old key")
    pair.settle()
    assert pair.alice.texts == []
    assert set(why(pair.alice)) == {"a frame is not signed by its author"}


def test_what_the_new_key_signs_before_its_turn_is_dropped_and_the_true_one_comes() -> None:
    pair = connected(lanes=1, bob_lanes=1)
    machine = pair.alice.connection
    pair.alice.say("one")
    pair.alice.say("two")
    second = pair.alice.disk.said[-1]
    lie = STRANGER.sign(frames.statement(machine.cid, frames.decode(second.data), second.data))
    sealed = machine.seal(0, 0, second.data, lie)
    pair.bob.take(0, sealed.envelope)
    pair.settle()
    assert pair.bob.texts == ["one", "two"]


# After a backup was restored


def restore(pair: Pair, state: bytes) -> None:
    machine = pair.bob.connection
    old = record.load(state, ConnectionState)
    lanes = [lane.state for lane in machine.lanes.values()]
    restored.renew(old, lanes, pair.clock)
    pair.bob.connection = Connection(old, machine.lanes, pair.clock)


def test_a_restored_home_learns_the_keys_that_it_missed() -> None:
    pair = connected()
    talk(pair, "one")
    backup = record.dump(pair.bob.connection.state)
    change(pair.alice)
    talk(pair, "two")
    restore(pair, backup)
    theirs = pair.bob.connection.theirs
    assert key(pair.alice) not in theirs.known()
    turns = pair.alice.connection.state.keys.turns
    theirs.learn(turns)()
    assert key(pair.alice) in theirs.known()
    broken = [msgspec.structs.replace(turns[0], key=STRANGER.public)]
    with pytest.raises(RemoteProtocolError):
        theirs.learn(broken)


def test_a_restored_home_signs_its_new_stream_with_its_first_key() -> None:
    pair = connected()
    change(pair.bob)
    pair.settle()
    restore(pair, record.dump(pair.bob.connection.state))
    assert key(pair.bob) == first_key(pair.bob)
    assert pair.bob.connection.state.keys.turns == []


def test_turns_of_streams_stand_apart() -> None:
    cid = Pair.by_invitation().alice.connection.cid
    first = SigningKey(Secret(b"1" * 32))

    def turn(stream: bytes, seq: int, fresh: SigningKey, signer: SigningKey) -> Turn:
        statement = frames.next_statement(cid, stream, seq, fresh.public)
        return Turn(stream, seq, fresh.public, signer.sign(statement))

    one = turn(b"stream_1", 5, FRESH, first)
    assert follows(cid, first.public, [], one)
    assert follows(cid, first.public, [one], turn(b"stream_2", 5, STRANGER, first))
    assert not follows(cid, first.public, [one], turn(b"stream_1", 9, STRANGER, first))
    assert not follows(cid, first.public, [one], turn(b"stream_1", 5, STRANGER, FRESH))
    assert follows(cid, first.public, [one], turn(b"stream_1", 6, STRANGER, FRESH))


def test_the_vector_of_a_change_holds() -> None:
    vector = VECTORS["next"]
    cid, first = (
        ConnectionId(bytes.fromhex(VECTORS["cid"])),
        bytes.fromhex(VECTORS["proof_public"]),
    )
    stream = bytes.fromhex(vector["stream"])
    turn = announced_by(stream, vector["from_seq"] - 1, bytes.fromhex(vector["payload"]))
    assert turn is not None
    assert (turn.stream, turn.key.hex()) == (stream, vector["key"])
    statement = frames.next_statement(cid, stream, vector["from_seq"], turn.key)
    assert statement.hex() == vector["statement"]
    assert follows(cid, first, [], turn)


def test_a_restored_home_and_its_contact_talk_again_after_a_new_code() -> None:
    pair = connected()
    talk(pair, "one")
    backup = record.dump(pair.bob.connection.state)
    change(pair.alice)
    talk(pair, "two")
    restore(pair, backup)
    pair.bob.disk = replace(pair.bob.disk, frames={}, waiting=[], held={})
    pair.bob.do(lambda _machine: [])
    pair.alice.say("by a key that bob does not know")
    pair.settle()
    assert pair.bob.texts == ["one", "two"]
    Handed(pair, pair.alice).use(pair, pair.bob)
    settled(pair)
    assert pair.bob.texts[-2:] == ["by a key that bob does not know", "by the new keys"]
    assert pair.alice.texts == ["by the new keys, too"]
    assert known(pair) == key(pair.alice)
