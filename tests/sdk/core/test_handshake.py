from collections.abc import Callable
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings, strategies as st
from msgspec.structs import replace

from graphchat.content import ProfileCard
from graphchat.content.lanes import MAX_LANES, Offer
from graphchat.core import handshake
from graphchat.core.effects import Danger
from graphchat.core.handshake import GRACE, Asked, Hello, Phase
from graphchat.crypto import agreement, handshake as boxes, kem
from graphchat.crypto.agreement import Agreed, Origin
from graphchat.crypto.keys import AgreementKey, SigningKey
from graphchat.errors import DecryptionError, LocalProtocolError, RemoteProtocolError, StateError
from graphchat.ids import ConnectionId
from graphchat.secret import Secret
from graphchat.testing.pair import Code, Pair, answerer, asker
from graphchat.testing.side import Side

MAKERS: Final = [Pair.by_invitation, Pair.by_address]
both_codes: Final = pytest.mark.parametrize("make", MAKERS, ids=["invitation", "address"])

# A point of small order: every exchange with it gives zero bytes.
NO_KEY: Final = bytes(32)


def is_up(pair: Pair) -> bool:
    """Tell whether a text arrives in both directions."""
    pair.alice.say("from Alice")
    pair.bob.say("from Bob")
    pair.settle()
    return pair.alice.texts[-1:] == ["from Bob"] and pair.bob.texts[-1:] == ["from Alice"]


def agreed_by(bob: Side) -> Agreed:
    shake = bob.connection.state.handshake
    assert shake.first is not None
    return Agreed(shake.code.hash, shake.ckb, shake.ekb0, shake.first)


def hello_of(bob: Side, *, text: str = "") -> Hello:
    """Return what an honest Bob says first."""
    machine, shake = bob.connection, bob.connection.state.handshake
    proof = SigningKey(shake.proof_key)
    statement = Origin(shake.code.hash, machine.cid, shake.ckb).confirmation_statement(
        proof.public
    )
    key = kem.KemKey(shake.kem_key).public if shake.kem_key else b""
    offers = tuple(lane.offer() for lane in machine.lanes.values())
    return Hello(offers, proof.public, proof.sign(statement), shake.profile, key, text)


def confirm(pair: Pair, body: bytes) -> bytes:
    """Seal any body as a confirmation of Bob's to the first queue of the code."""
    return boxes.seal_confirmation(agreed_by(pair.bob), pair.code.key(0).public, body, pair.clock)


# What people do


@both_codes
def test_a_code_makes_a_connection(make: Callable[[], Pair]) -> None:
    pair = make().connect()
    alice, bob = (side.connection.state.handshake for side in pair.sides)
    assert alice.phase is bob.phase is Phase.ESTABLISHED
    assert alice.cid == bob.cid
    assert alice.peer_profile == ProfileCard("Bob", "person")
    assert bob.peer_profile == ProfileCard("Alice", "person")
    assert len(alice.words) == len(set(alice.words)) == 6
    assert alice.words == bob.words
    assert is_up(pair)
    for side in pair.sides:
        assert not side.disk.work
        assert not side.disk.alarms
        assert not side.refused


def test_a_confirmation_goes_only_where_this_side_goes() -> None:
    pair = Pair.by_invitation()
    pair.bob.work()
    envelope, machine = pair.alice.queues[0].envelopes[0], pair.alice.connection
    before, asked_for = pair.alice.visible(), list[str]()

    def nowhere(base: str) -> bool:
        asked_for.append(base)
        return False

    with pytest.raises(RemoteProtocolError, match="not for others to name"):
        machine.receive(0, envelope, nowhere)
    assert asked_for == [pair.bob.connection.lanes[0].state.base]
    assert pair.alice.visible() == before
    assert is_up(pair.connect())


@both_codes
def test_an_answer_goes_only_where_this_side_goes(make: Callable[[], Pair]) -> None:
    pair = make()
    pair.bob.work()
    if pair.alice.phase is Phase.REQUESTED:
        pair.alice.accept()
    pair.alice.step()
    pair.alice.work()
    envelope, machine = pair.bob.queues[0].envelopes[0], pair.bob.connection
    before = pair.bob.visible()
    with pytest.raises(RemoteProtocolError, match="not for others to name"):
        machine.receive(0, envelope, lambda _: False)
    assert pair.bob.visible() == before
    assert is_up(pair.connect())


@both_codes
def test_each_queue_takes_messages_of_the_other_side_only(make: Callable[[], Pair]) -> None:
    pair = make().connect()
    for side, other in (pair.sides, pair.sides[::-1]):
        keys = [
            SigningKey(lane.state.sender_key).public for lane in other.connection.lanes.values()
        ]
        assert [queue.sender for queue in side.queues.values()] == keys


def test_a_request_at_an_address_says_who_and_why_and_waits() -> None:
    pair = Pair.by_address()
    shake = pair.alice.connection.state.handshake
    assert shake.text == "May I?"
    assert shake.peer_profile == ProfileCard("Bob", "person")
    pair.settle()
    assert (pair.alice.phase, pair.bob.phase) == (Phase.REQUESTED, Phase.REQUESTED)
    assert pair.bob.connection.state.handshake.peer_profile is None


def test_an_invitation_waits_until_it_is_accepted() -> None:
    pair = Pair.by_invitation()
    pair.alice.accepts = False
    pair.settle()
    assert (pair.alice.phase, pair.bob.phase) == (Phase.REQUESTED, Phase.REQUESTED)
    pair.alice.accept()
    assert is_up(pair)


@both_codes
def test_each_side_moves_on_only_with_what_the_other_sent(make: Callable[[], Pair]) -> None:
    pair = make()
    alice, bob = pair.sides
    bob.work()
    if alice.phase is Phase.INVITED:
        alice.receive(0)
    else:
        alice.accept()
    assert (alice.phase, bob.phase) == (Phase.PENDING, Phase.REQUESTED)
    alice.work()
    bob.receive(0)
    assert (alice.phase, bob.phase) == (Phase.PENDING, Phase.PENDING)
    assert alice.connection.lanes[1].can_send, "a relay of hers that drops does not silence Alice"
    bob.send(1)
    if len(alice.queues[1].envelopes) > 1:
        alice.receive(1)  # The copy of the confirmation.
    alice.receive(1)
    assert (alice.phase, bob.phase) == (Phase.ESTABLISHED, Phase.PENDING)
    bob.work()
    alice.send(1)
    bob.receive(1, len(bob.queues[1].envelopes) - 1)
    assert (alice.phase, bob.phase) == (Phase.ESTABLISHED, Phase.ESTABLISHED)


@pytest.mark.parametrize("lanes", [1, 3, MAX_LANES])
@both_codes
def test_any_number_of_lanes_will_do(make: Callable[[int, int], Pair], lanes: int) -> None:
    pair = make(lanes, lanes).connect()
    assert all(lane.can_send for side in pair.sides for lane in side.connection.lanes.values())
    assert is_up(pair)


@pytest.mark.parametrize(("alice", "bob"), [(3, 1), (3, 2), (1, 3)])
@both_codes
def test_lanes_that_one_side_does_not_have_are_given_up(
    make: Callable[[int, int], Pair], alice: int, bob: int
) -> None:
    pair = make(alice, bob)
    queues = set(pair.network.queues)
    pair.connect()
    assert [len(side.connection.lanes) for side in pair.sides] == [min(alice, bob)] * 2
    assert len(queues - set(pair.network.queues)) == abs(alice - bob), "their queues stay behind"
    assert is_up(pair)
    for side in pair.sides:
        side.take(2, bytes(4608))
        assert str(side.refused[-1]) == "an envelope came by a lane that was given up"


# What relays do


@both_codes
@pytest.mark.parametrize("dead", [0, 1])
@pytest.mark.parametrize("whose", ["alice", "bob", "both"])
def test_one_lane_is_enough_and_the_other_heals_later(
    make: Callable[[], Pair], dead: int, whose: str
) -> None:
    pair = make()
    ids = [lane.sender_id for lane in (pair.alice.fresh or pair.code.lanes)]
    queues = {
        "alice": [pair.network.queues[ids[dead]]],
        "bob": [pair.bob.queues[dead]],
    }
    queues["both"] = queues["alice"] + queues["bob"]
    for queue in queues[whose]:
        queue.down = True
    pair.connect()
    assert (pair.alice.phase, pair.bob.phase) == (Phase.ESTABLISHED, Phase.ESTABLISHED)
    assert is_up(pair)
    for queue in queues[whose]:
        queue.down = False
    pair.settle()
    for queue in (pair.alice.queues[1 - dead], pair.bob.queues[1 - dead]):
        queue.down = True
    assert is_up(pair)


@settings(max_examples=30)
@given(
    make=st.sampled_from(MAKERS),
    to_alice=st.lists(st.integers(0, 2), min_size=1, max_size=7),
    to_bob=st.lists(st.integers(0, 2), min_size=1, max_size=7),
)
def test_any_copies_of_confirmation_and_answer_in_any_order_will_do(
    make: Callable[[int, int], Pair], to_alice: list[int], to_bob: list[int]
) -> None:
    pair = make(3, 3)
    alice, bob = pair.sides
    bob.work()
    if not alice.connection.state.handshake.code.is_address:
        copies = [queue.envelopes.pop() for queue in alice.queues.values()]
        for lane in to_alice:
            alice.take(lane, copies[lane])
    else:
        alice.accept()
    assert alice.phase is Phase.PENDING
    alice.work()
    copies = [queue.envelopes.pop() for queue in bob.queues.values()]
    for lane in to_bob:
        bob.take(lane, copies[lane])
    assert bob.phase is Phase.PENDING
    assert not alice.refused
    assert not bob.refused
    assert not alice.disk.alarms
    assert is_up(pair)


@both_codes
@pytest.mark.parametrize("who", ["alice", "bob"])
def test_a_crash_at_any_boundary_does_no_harm(make: Callable[[], Pair], who: str) -> None:
    for boundary in range(100):
        pair = make()
        side: Side = getattr(pair, who)
        side.crash_in = boundary
        pair.connect()
        # After the first boundaries Alice has to be told again to accept.
        if pair.alice.phase is Phase.REQUESTED:
            pair.connect()
        side.crash_in = None
        assert is_up(pair), f"crash at {boundary}"
        assert not side.disk.alarms
        if not side.crashes:
            break
    assert 20 < boundary < 99, "the crash came at every boundary there is"


@settings(max_examples=50)
@given(position=st.integers(0, 4607), bit=st.integers(0, 7), answer=st.booleans())
def test_a_changed_handshake_envelope_is_refused(
    position: int,
    bit: int,
    answer: bool,  # noqa: FBT001 - hypothesis chooses
) -> None:
    pair = Pair.by_invitation()
    victim = pair.alice
    pair.bob.work()
    if answer:
        victim = pair.bob
        pair.alice.receive(0)
        pair.alice.work()
    envelope = bytearray(victim.queues[0].envelopes[0])
    envelope[position] ^= 1 << bit
    victim.take(0, bytes(envelope))
    assert isinstance(victim.refused[0], DecryptionError)
    assert is_up(pair)


@both_codes
def test_garbage_is_refused_while_the_welcome_is_awaited(make: Callable[[], Pair]) -> None:
    pair = make()
    pair.bob.work()
    if pair.alice.phase is Phase.INVITED:
        pair.alice.receive(0)
    else:
        pair.alice.accept()
    pair.alice.work()
    pair.bob.receive(0)
    for side in pair.sides:
        assert side.phase is Phase.PENDING
        for lane in range(2):
            side.take(lane, bytes(4608))
        assert [type(error) for error in side.refused] == [DecryptionError] * 2
    assert is_up(pair)


def test_nothing_is_accepted_or_answered_before_somebody_asked() -> None:
    pair = Pair.by_invitation()
    with pytest.raises(StateError):
        pair.alice.accept()
    with pytest.raises(LocalProtocolError):
        answers(pair)(tuple(pair.code.offers))


@pytest.mark.parametrize("size", [0, 1, 47, 48, 4607, 4609, 15360])
@both_codes
def test_an_envelope_of_another_length_is_refused(make: Callable[[], Pair], size: int) -> None:
    pair = make()
    pair.bob.take(0, bytes(size))
    pair.connect()
    for side in pair.sides:
        side.take(0, bytes(size))
    assert [len(side.refused) for side in pair.sides] == [1, 2]
    assert is_up(pair)


# What other people do


@pytest.mark.parametrize("accepted", [False, True])
def test_a_second_person_with_the_code_raises_an_alarm(
    accepted: bool,  # noqa: FBT001 - a case
) -> None:
    pair = Pair.by_invitation()
    alice = pair.alice
    alice.accepts = accepted
    pair.bob.work()
    alice.receive(0)
    assert alice.phase is (Phase.PENDING if accepted else Phase.REQUESTED)
    thief = asker(pair.code, pair.network, pair.clock, 2)
    thief.ask(pair.code.offers)
    thief.work()
    pair.settle()
    assert alice.disk.alarms == [Danger.CODE_SEEN] * 2, "one for each queue"
    assert thief.phase is Phase.REQUESTED
    if not accepted:
        alice.accept()
    assert is_up(pair)
    assert alice.connection.state.handshake.ckb == pair.bob.connection.state.handshake.ckb


def test_a_thief_who_comes_first_is_what_the_safety_words_are_for() -> None:
    pair = Pair.by_invitation()
    thief = asker(pair.code, pair.network, pair.clock, 2)
    thief.ask(pair.code.offers)
    thief.work()
    pair.alice.receive(0)
    pair.bob.work()
    pair.alice.receive(0)
    assert pair.alice.disk.alarms == [Danger.CODE_SEEN]


def test_after_the_handshake_no_other_confirmation_can_be_read() -> None:
    pair = Pair.by_invitation()
    thief = asker(pair.code, pair.network, pair.clock, 2)
    thief.ask(pair.code.offers)
    pair.connect()
    thief.work()
    assert not any(queue.envelopes for queue in pair.alice.queues.values()), "they are secured"
    late = confirm(Pair(pair.code, pair.alice, thief, pair.network, pair.clock), b"")
    pair.alice.take(0, late)
    assert isinstance(pair.alice.refused[0], DecryptionError)
    assert pair.alice.disk.alarms == []


def test_who_knows_the_queues_but_not_the_psk_cannot_ask() -> None:
    pair = Pair.by_invitation()
    keys = replace(pair.code.keys, psk=Secret(bytes(32)))
    outsider = asker(
        Code(keys, pair.code.agreement_key, pair.code.lanes), pair.network, pair.clock, 2
    )
    outsider.ask(pair.code.offers)
    outsider.work()
    pair.alice.receive(0)
    assert isinstance(pair.alice.refused[0], DecryptionError)
    assert pair.alice.phase is Phase.INVITED
    assert is_up(pair)


def test_a_confirmation_for_another_code_is_refused() -> None:
    pair, other = Pair.by_invitation(), Pair.by_invitation(seed=b"other")
    other.bob.work()
    pair.alice.take(0, other.alice.queues[0].envelopes[0])
    assert isinstance(pair.alice.refused[0], DecryptionError)
    assert is_up(pair)


# What a hostile contact does


def bad_hellos(bob: Side) -> dict[str, bytes]:
    good = hello_of(bob)
    first, second = good.lanes

    def body(**changes: object) -> bytes:
        return msgspec.msgpack.encode(replace(good, **changes))

    def second_at(base: str) -> bytes:
        return body(lanes=(first, replace(second, base=base)))

    fields = msgspec.to_builtins(good, builtin_types=(bytes,))
    return {
        "a signature of nobody": body(signature=bytes(64)),
        "the signature of another key": body(proof=SigningKey(Secret(bytes(32))).public),
        "lanes that begin with another key": body(lanes=(second, first)),
        "no lanes": body(lanes=()),
        "too many lanes": body(lanes=(first, *[second] * MAX_LANES)),
        "a relay without TLS": second_at("http://relay.example/q"),
        "a relay that is not canonical": second_at("https://RELAY.example/q"),
        "a relay with a token": second_at("https://relay.example/q/token"),
        "no relay": second_at("gopher"),
        "too long a text": body(text="x" * 1001),
        "too long a name": msgspec.msgpack.encode(
            fields | {"profile": {"name": "x" * 101, "kind": "person"}}
        ),
        "a name that is not UTF-8": msgspec.msgpack.encode(good).replace(b"Bob", b"B\xffb"),
        "a strange kind": msgspec.msgpack.encode(
            fields | {"profile": {"name": "Bob", "kind": "god"}}
        ),
        "a short proof": body(proof=bytes(31)),
        "too long a KEM key": body(kem=bytes(kem.PUBLIC + 1)),
        "an array": b"\x93\x01\x02\x03",
        "a deep array": b"\x91" * 2000,
        "nothing": b"",
    }


@pytest.mark.parametrize("fault", bad_hellos(Pair.by_invitation().bob))
def test_a_confirmation_that_breaks_a_rule_is_refused(fault: str) -> None:
    pair = Pair.by_invitation()
    pair.alice.take(0, confirm(pair, bad_hellos(pair.bob)[fault]))
    assert len(pair.alice.refused) == 1
    assert pair.alice.phase is Phase.INVITED
    assert is_up(pair)


def test_the_hellos_are_refused_for_their_faults_only() -> None:
    pair = Pair.by_invitation()
    pair.alice.take(0, confirm(pair, msgspec.msgpack.encode(hello_of(pair.bob, text="x" * 1000))))
    assert not pair.alice.refused
    assert pair.alice.phase is Phase.PENDING


def test_fields_of_a_later_version_are_ignored() -> None:
    pair = Pair.by_invitation()
    fields = msgspec.to_builtins(hello_of(pair.bob), builtin_types=(bytes,))
    pair.alice.take(0, confirm(pair, msgspec.msgpack.encode(fields | {"later": [1, 2]})))
    assert pair.alice.phase is Phase.PENDING


@pytest.mark.parametrize("size", [0, kem.PUBLIC - 1])
def test_a_request_at_an_address_needs_an_ml_kem_key(size: int) -> None:
    pair = Pair.by_address()
    body = msgspec.msgpack.encode(replace(hello_of(pair.bob), kem=bytes(size)))
    with pytest.raises(RemoteProtocolError, match="has no ML-KEM key"):
        pair.code.read(0, confirm(pair, body))


def requested(pair: Pair, hello: Hello) -> Side:
    """Return an Alice who was asked with ``hello``."""
    asked: Asked = pair.code.read(0, confirm(pair, msgspec.msgpack.encode(hello)))
    return answerer(pair.code, pair.network, pair.clock, asked, 2)


@pytest.mark.parametrize("fault", ["ML-KEM", "X25519"])
def test_a_request_with_a_key_that_is_none_cannot_be_accepted(fault: str) -> None:
    pair = Pair.by_address()
    good = hello_of(pair.bob)
    first, second = good.lanes
    if fault == "ML-KEM":
        alice = requested(pair, replace(good, kem=b"\xff" * kem.PUBLIC))
    else:
        alice = requested(pair, replace(good, lanes=(first, replace(second, ratchet_key=NO_KEY))))
    before = alice.visible()
    for _ in range(2):
        with pytest.raises(RemoteProtocolError):
            alice.accept()
        assert alice.visible() == before
    assert alice.connection.lanes == {}


def test_a_request_is_not_accepted_without_queues() -> None:
    pair = Pair.by_address()
    pair.alice.fresh = ()
    with pytest.raises(LocalProtocolError):
        pair.alice.accept()
    assert pair.alice.phase is Phase.REQUESTED


@both_codes
def test_nothing_is_accepted_twice(make: Callable[[], Pair]) -> None:
    pair = make().connect()
    for side in pair.sides:
        with pytest.raises(StateError):
            side.accept()


def answers(pair: Pair) -> Callable[[tuple[Offer, ...]], bytes]:
    """Return what makes an answer with any lanes, as Alice can."""
    shake = pair.alice.connection.state.handshake

    def answer(offers: tuple[Offer, ...]) -> bytes:
        made = handshake.write_answer(shake, offers, pair.clock)
        return made.envelopes[0]

    return answer


def asked_by_invitation() -> Pair:
    pair = Pair.by_invitation()
    pair.alice.accepts = False
    pair.bob.work()
    pair.alice.receive(0)
    return pair


@pytest.mark.parametrize("field", ["relay", "base", "sender_id", "ratchet_key"])
def test_an_answer_names_the_queues_of_the_invitation(field: str) -> None:
    pair = asked_by_invitation()
    values = {
        "relay": bytes(16),
        "base": "https://relay.example/q",
        "sender_id": bytes(18),
        "ratchet_key": AgreementKey(Secret(bytes(32))).public,
    }
    first, second = (lane.offer() for lane in pair.alice.connection.lanes.values())
    pair.bob.take(0, answers(pair)((first, replace(second, **{field: values[field]}))))
    assert str(pair.bob.refused[0]) == "an answer names other queues than the code"
    assert pair.bob.phase is Phase.REQUESTED
    pair.alice.accept()
    assert is_up(pair)


def test_an_answer_has_no_more_lanes_than_the_invitation() -> None:
    pair = asked_by_invitation()
    first, second = (lane.offer() for lane in pair.alice.connection.lanes.values())
    pair.bob.take(0, answers(pair)((first, second, second)))
    assert len(pair.bob.refused) == 1


def test_an_answer_with_one_bad_key_starts_no_lane() -> None:
    pair = Pair.by_address()
    first, second = (lane.ratchet_key for lane in pair.alice.fresh)
    assert first is not None
    assert second is not None
    offers = [
        Offer(lane.relay, lane.base, lane.sender_id, key, SigningKey(lane.sender_key).public)
        for lane, key in zip(pair.alice.fresh, (AgreementKey(first).public, NO_KEY), strict=True)
    ]
    pair.bob.take(0, answers(pair)(tuple(offers)))
    assert len(pair.bob.refused) == 1
    assert not any(lane.started for lane in pair.bob.connection.lanes.values())
    pair.connect()
    assert is_up(pair)


def test_an_answer_has_to_be_signed_by_the_key_that_it_names() -> None:
    pair = asked_by_invitation()
    shake = pair.alice.connection.state.handshake
    offers = tuple(lane.offer() for lane in pair.alice.connection.lanes.values())
    good = handshake.write_answer(shake, offers, pair.clock).hello
    for bad in (
        replace(good, signature=bytes(64)),
        replace(good, proof=SigningKey(Secret(bytes(32))).public),
    ):
        envelope = boxes.seal_answer(
            agreed_by(pair.bob),
            pair.bob.connection.lanes[0].key.public,
            msgspec.msgpack.encode(bad),
            pair.clock,
        )
        pair.bob.take(0, envelope)
        assert str(pair.bob.refused[-1]) == "an answer is not signed by its author"
    pair.alice.accept()
    assert is_up(pair)


@pytest.mark.parametrize("size", [0, kem.CIPHERTEXT - 1])
def test_an_answer_from_an_address_needs_an_ml_kem_ciphertext(size: int) -> None:
    pair = Pair.by_address()
    shake = pair.alice.connection.state.handshake
    offers = tuple(pair.code.offers)
    good = handshake.write_answer(shake, offers, pair.clock).hello
    envelope = boxes.seal_answer(
        agreed_by(pair.bob),
        pair.bob.connection.lanes[0].key.public,
        msgspec.msgpack.encode(replace(good, kem=bytes(size))),
        pair.clock,
    )
    pair.bob.take(0, envelope)
    assert str(pair.bob.refused[0]) == "An ML-KEM ciphertext is not valid."


# Keys


@both_codes
def test_the_secrets_of_the_handshake_are_forgotten(make: Callable[[], Pair]) -> None:
    pair = make()
    secrets: set[bytes] = set()
    roots: set[bytes] = set()

    def note() -> None:
        for side in pair.sides:
            shake = side.connection.state.handshake
            found = [shake.agreement_key, shake.kem_key, shake.first, shake.final, shake.code.psk]
            found += [lane.state.ratchet_key for lane in side.connection.lanes.values()]
            secrets.update(secret.reveal() for secret in found if secret is not None)
            if shake.final is not None:
                lanes = [agreement.lane_secrets(shake.final, number) for number in range(2)]
                roots.update(lane.root.reveal() for lane in lanes)

    note()
    pair.bob.work()
    if pair.alice.phase is Phase.REQUESTED:
        pair.alice.accept()
    else:
        pair.alice.receive(0)
    pair.alice.work()
    pair.bob.receive(0)
    note()
    stored = b"".join(b"".join([side.disk.machine, *side.disk.lanes]) for side in pair.sides)
    assert all(secret in stored for secret in secrets)
    assert is_up(pair)
    stored = b"".join(b"".join([side.disk.machine, *side.disk.lanes]) for side in pair.sides)
    assert len(secrets) >= 8
    assert not any(secret in stored for secret in secrets | roots)


def test_with_an_address_ml_kem_makes_another_final_secret() -> None:
    for make, is_same in ((Pair.by_invitation, True), (Pair.by_address, False)):
        pair = make()
        pair.bob.work()
        pair.alice.receive(0) if is_same else pair.alice.accept()
        shake = pair.alice.connection.state.handshake
        assert (shake.final == shake.first) is is_same


def publics(side: Side) -> set[bytes]:
    """Return all that the other side learns of this one."""
    shake = side.connection.state.handshake
    offers = [lane.offer() for lane in side.connection.lanes.values()]
    keys = {value for each in offers for value in (each.ratchet_key, each.sender_key)}
    return keys | {offer.sender_id for offer in offers} | {SigningKey(shake.proof_key).public}


def test_two_contacts_by_one_address_share_no_key_and_no_queue() -> None:
    pair = Pair.by_address()
    second = asker(pair.code, pair.network, pair.clock, 2)
    second.ask(pair.code.offers)
    second.work()
    queue = pair.network.queues[pair.code.lanes[0].sender_id]
    other = answerer(
        pair.code, pair.network, pair.clock, pair.code.read(0, queue.envelopes[-1]), 2
    )
    pair.alice.accept()
    other.accept()
    seen = [publics(pair.alice), publics(other)]
    code = {value for offer in pair.code.offers for value in (offer.ratchet_key, offer.sender_id)}
    assert not seen[0] & seen[1]
    assert not (seen[0] | seen[1]) & code
    assert pair.alice.connection.cid != other.connection.cid


def test_the_id_of_a_connection_by_address_follows_from_the_asker() -> None:
    pair = Pair.by_address()
    shake = pair.bob.connection.state.handshake
    expected = agreement.address_connection_id(pair.code.keys.id, shake.ckb)
    assert pair.alice.connection.cid == pair.bob.connection.cid == expected
    assert pair.alice.connection.cid != ConnectionId(pair.code.keys.id)


@pytest.mark.parametrize(("late", "phase"), [(0.0, Phase.ESTABLISHED), (1.0, Phase.INVITED)])
def test_a_code_is_not_taken_long_after_its_time(late: float, phase: Phase) -> None:
    pair = Pair.by_invitation()
    shake = pair.alice.connection.state.handshake
    shake.code = msgspec.structs.replace(shake.code, until=int(pair.clock.now()))
    pair.clock.advance(GRACE + late)
    pair.connect()
    assert pair.alice.phase is phase
