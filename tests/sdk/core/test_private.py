"""A private conversation: nothing in it is signed, and either side could have made it up."""

from dataclasses import replace
from typing import Final

import msgspec
import pytest

from graphchat.content import LaneSeen, ReceiptBody, Text, decode, encode
from graphchat.core import frame as frames, record
from graphchat.core.frame import Frame, Kind
from graphchat.core.handshake import Hello, Mode, Phase, origin
from graphchat.core.inbox import Inbox, Signed, Use
from graphchat.crypto import handshake as boxes
from graphchat.crypto.agreement import Agreed
from graphchat.crypto.keys import SigningKey, verify
from graphchat.errors import RemoteProtocolError
from graphchat.testing.hostile import Hostile
from graphchat.testing.pair import Modes, Pair
from graphchat.testing.side import Side

WISHES: Final = [Modes(code=True), Modes(asker=True), Modes(code=True, asker=True)]


def talk(pair: Pair) -> Pair:
    pair.connect()
    pair.alice.say("Sell the boat.")
    pair.bob.say("For how much?")
    pair.settle()
    return pair


@pytest.mark.parametrize("modes", WISHES)
@pytest.mark.parametrize("by_address", [False, True])
def test_a_connection_is_private_if_either_side_asks(modes: Modes, *, by_address: bool) -> None:
    make = Pair.by_address if by_address else Pair.by_invitation
    pair = talk(make(modes=modes))
    for side in pair.sides:
        assert side.phase is Phase.ESTABLISHED
        assert side.connection.state.handshake.mode is Mode.PRIVATE
        assert side.refused == []
    assert (pair.alice.texts, pair.bob.texts) == (["For how much?"], ["Sell the boat."])
    assert pair.alice.connection.state.handshake.words == pair.bob.connection.state.handshake.words


def test_nobody_asks_and_it_is_provable() -> None:
    pair = talk(Pair.by_invitation())
    assert [side.connection.state.handshake.mode for side in pair.sides] == [Mode.PROVABLE] * 2
    assert all(written.signature for side in pair.sides for written in side.disk.said)


def test_a_restart_keeps_the_mode() -> None:
    pair = talk(Pair.by_invitation(modes=Modes(asker=True)))
    for side in pair.sides:
        side.reload()
    pair.alice.say("Still private?")
    pair.settle()
    assert pair.bob.texts[-1] == "Still private?"
    assert pair.alice.disk.said[-1].signature == b""


# Who lies about the mode


def hello_in(pair: Pair, mode: Mode) -> bytes:
    """Return a confirmation of Bob's, well signed, in another mode than he is in."""
    shake = pair.bob.connection.state.handshake
    proof, private = SigningKey(shake.proof_key), mode is Mode.PRIVATE
    statement = replace(origin(shake), private=private).confirmation_statement(proof.public)
    offers = tuple(lane.offer() for lane in pair.bob.connection.lanes.values())
    hello = Hello(offers, proof.public, proof.sign(statement), shake.profile, mode=mode)
    assert shake.first is not None
    agreed = Agreed(shake.code.hash, shake.ckb, shake.ekb0, shake.first)
    text = msgspec.msgpack.encode(hello)
    return boxes.seal_confirmation(agreed, pair.code.key(0).public, text, pair.clock)


def test_a_private_code_makes_no_provable_connection() -> None:
    pair = Pair.by_invitation(modes=Modes(code=True))
    pair.alice.take(0, hello_in(pair, Mode.PROVABLE))
    assert [str(error) for error in pair.alice.refused] == [
        "a confirmation wants to sign what the code says is private"
    ]
    assert pair.alice.phase is Phase.INVITED


def test_an_answer_in_another_mode_is_refused() -> None:
    """Alice's client takes the mode that she was told, and Bob knows what he has told her."""
    pair = Pair.by_invitation()
    pair.alice.take(0, hello_in(pair, Mode.PRIVATE))
    pair.settle()
    assert "an answer is in another mode than the confirmation" in map(str, pair.bob.refused)
    assert pair.bob.phase is Phase.REQUESTED


def test_the_signature_is_for_the_mode() -> None:
    pair = Pair.by_invitation()
    shake = pair.bob.connection.state.handshake
    key = SigningKey(shake.proof_key).public
    assert verify(key, origin(shake).confirmation_statement(key), shake.signature)
    private = replace(origin(shake), private=True)
    assert not verify(key, private.confirmation_statement(key), shake.signature)


def test_a_signed_frame_in_a_private_connection_is_refused() -> None:
    pair = talk(Pair.by_invitation(modes=Modes(asker=True)))
    bob, key = Hostile(pair.bob, pair.alice), pair.bob.connection.state.handshake.proof_key
    frame = bob.frame(3, text="You said so.")
    data = frames.encode(frame)
    bob.send_bytes(data, frames.sign(SigningKey(key), pair.bob.connection.cid, frame, data))
    assert str(pair.alice.refused[-1]) == "a frame of a private connection is signed"
    assert "You said so." not in pair.alice.texts


def test_an_unsigned_frame_in_a_provable_connection_is_refused() -> None:
    pair = talk(Pair.by_invitation())
    bob = Hostile(pair.bob, pair.alice)
    bob.send_bytes(frames.encode(bob.frame(3, text="I deny it.")), b"")
    assert str(pair.alice.refused[-1]) == "a frame is not signed by its author"
    assert "I deny it." not in pair.alice.texts


def receipt(pair: Pair, signature: bytes) -> tuple[ReceiptBody, bytes]:
    """Return a receipt of Bob's for all that Alice has said, and her hash of it."""
    pair.alice.say("Did you get this?")
    written = pair.alice.disk.said[-1]
    stream = pair.alice.connection.state.outbox.stream
    return ReceiptBody(stream, written.seq, 7, signature, (LaneSeen(0, 0),)), written.head


def test_receipts_are_signed_if_and_only_if_the_connection_is_provable() -> None:
    private, provable = Pair.by_invitation(modes=Modes(asker=True)), Pair.by_invitation()
    body, head = receipt(talk(private), bytes(64))
    with pytest.raises(RemoteProtocolError, match="a private connection is signed"):
        private.alice.connection.cover(body, head)
    assert private.alice.connection.cover(msgspec.structs.replace(body, signature=b""), head)
    body, head = receipt(talk(provable), b"")
    with pytest.raises(RemoteProtocolError, match="not signed"):
        provable.alice.connection.cover(body, head)


# What a private conversation leaves behind


def signatures_by(author: Side) -> list[bytes]:
    """Return what ``author`` would have signed in a provable connection. Ed25519 has no dice."""
    machine = author.connection
    key, stream = SigningKey(machine.state.handshake.proof_key), machine.state.outbox.stream
    return [
        key.sign(frames.sent_statement(machine.cid, stream, written.seq, written.head))
        for written in author.disk.said
    ]


def held_by(side: Side) -> bytes:
    """Return all that a side has kept, and all frames that it can have seen."""
    machine = side.connection
    lanes = b"".join(record.dump(lane.snapshot()) for lane in machine.lanes.values())
    heard = b"".join(frames.encode(each.frame) for each in side.disk.received)
    kept = b"".join(data + signature for data, signature in side.disk.held.values())
    return record.dump(machine.state) + lanes + heard + kept


def test_no_signature_over_anything_that_was_said_is_left() -> None:
    pair = talk(Pair.by_invitation(modes=Modes(code=True)))
    for side, other in (pair.sides, pair.sides[::-1]):
        assert all(written.signature == b"" for written in side.disk.said)
        assert not any(signature in held_by(other) for signature in signatures_by(side))
    # The same test finds them where they are.
    pair = talk(Pair.by_invitation())
    found = [written.signature for written in pair.alice.disk.said]
    assert found == signatures_by(pair.alice)


def test_what_is_left_is_that_a_connection_was_made() -> None:
    """The one signature of the other side is over keys: it says `private`, and nothing more."""
    pair = talk(Pair.by_invitation(modes=Modes(code=True)))
    shake = pair.bob.connection.state.handshake
    own = SigningKey(shake.proof_key).public
    statement = origin(shake).answer_statement(shake.peer_proof, own)
    assert verify(shake.peer_proof, statement, shake.peer_signature)
    assert statement[-1:] == b"\1"
    assert len(statement) == len(b"gc/1 hello") + 32 + 16 + 32 + 32 + 32 + 1


def forged(side: Side, stream: bytes, texts: list[str]) -> list[Signed]:
    """Make up what the owner of ``stream`` said, with what ``side`` knows."""
    cid, clock = side.connection.cid, side.clock
    head, found = frames.first_hash(cid, stream), []
    for seq, text in enumerate(texts, 1):
        name, now_ms = clock.random(16), int(clock.now() * 1000)
        frame = Frame(Kind.CONTENT, name, stream, seq, now_ms, head, encode(Text(text)))
        data = frames.encode(frame)
        found.append(Signed(frame, data, b""))
        head = frames.next_hash(head, data)
    return found


def accepted(side: Side, transcript: list[Signed]) -> list[str]:
    """Return what a judge reads in a transcript, by every check that a client has."""
    cid = side.connection.cid
    inbox, found = Inbox(cid, {}), []
    for signed in transcript:
        frames.check(None, cid, frames.decode(signed.data), signed.data, signed.signature)
        [outcome] = inbox.receive(0, signed)
        assert isinstance(outcome, Use)
        message = decode(outcome.signed.frame.payload)
        found.append(message.text if isinstance(message, Text) else "")
    return found


def test_either_side_can_make_up_a_conversation_as_good_as_the_true_one() -> None:
    pair = talk(Pair.by_invitation(modes=Modes(code=True)))
    for side, other in (pair.sides, pair.sides[::-1]):
        stream = other.connection.state.outbox.stream
        true = [Signed(written.frame, written.data, b"") for written in other.disk.said]
        lies = forged(side, stream, ["", "Take all my money.", "I mean it."])
        assert accepted(side, true) == ["", side.texts[0]]
        assert accepted(side, lies) == ["", "Take all my money.", "I mean it."]


def test_where_it_is_provable_a_made_up_conversation_is_refused() -> None:
    pair = talk(Pair.by_invitation())
    [lie] = forged(pair.bob, pair.alice.connection.state.outbox.stream, ["Take all my money."])
    key = pair.bob.connection.state.handshake.peer_proof
    with pytest.raises(RemoteProtocolError, match="not signed"):
        frames.check(key, pair.bob.connection.cid, lie.frame, lie.data, lie.signature)
