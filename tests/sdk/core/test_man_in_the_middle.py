"""Somebody stands in between, at each place where the threat model says that he cannot.

Each test is a try that fails: what he does, and what the two make of it.
"""

import pytest
from msgspec.structs import replace

from graphchat.core import handshake
from graphchat.core.effects import Danger
from graphchat.core.handshake import Phase
from graphchat.crypto.agreement import Side
from graphchat.crypto.keys import AgreementKey, SigningKey
from graphchat.errors import RemoteProtocolError
from graphchat.testing.clock import FakeClock
from graphchat.testing.pair import Code, Pair, asker
from graphchat.testing.queues import Network


def test_nobody_else_uses_what_was_offered_to_one() -> None:
    """An introducer who knows all shares asks in Bob's place, with a key of his own."""
    pair = Pair.by_invitation()
    shake = pair.alice.connection.state.handshake
    bobs = pair.bob.connection.state.handshake.agreement_key
    assert bobs is not None
    shake.peer_agreement = AgreementKey(bobs).public
    mallory = asker(pair.code, pair.network, pair.clock, 2)
    mallory.ask(pair.code.offers)
    mallory.work()
    for number in (0, 1):
        while pair.alice.queues[number].envelopes:
            pair.alice.receive(number)
    assert pair.alice.phase is Phase.INVITED
    assert [str(each) for each in pair.alice.refused] == [
        "somebody else uses what was meant for one"
    ] * 2
    pair.settle()
    assert (pair.alice.phase, pair.bob.phase) == (Phase.ESTABLISHED,) * 2


def test_who_uses_a_copied_code_first_raises_the_alarm_for_whom_it_was_made() -> None:
    pair = Pair.by_invitation()
    thief = asker(pair.code, pair.network, pair.clock, 2)
    thief.ask(pair.code.offers)
    thief.work()
    pair.bob.work()
    pair.settle()
    assert Danger.CODE_SEEN in pair.alice.disk.alarms
    # The one who came second is not let in by it.
    assert pair.bob.phase is Phase.REQUESTED


def test_a_relay_that_puts_keys_of_its_own_into_an_answer_opens_nothing() -> None:
    """It sees the queue ids, and may put what it likes there; it has no key of the code."""
    pair, other = Pair.by_invitation(), Pair.by_invitation(seed=b"the relay's own")
    other.bob.work()
    stolen = [queue.envelopes[0] for queue in other.alice.queues.values()]
    for number, envelope in enumerate(stolen):
        pair.alice.take(number, envelope)
    assert pair.alice.phase is Phase.INVITED
    assert len(pair.alice.refused) == 2
    pair.connect()
    assert pair.bob.phase is Phase.ESTABLISHED


def test_envelopes_of_another_connection_lane_or_direction_open_nothing() -> None:
    pair, other = Pair.by_invitation().connect(), Pair.by_invitation(seed=b"other").connect()
    for each in (pair, other):
        each.alice.say("hello")
        each.alice.send(0)
        each.alice.send(1)
    mine = [queue.envelopes[-1] for queue in pair.bob.queues.values()]
    theirs = [queue.envelopes[-1] for queue in other.bob.queues.values()]
    tries = [
        (pair.bob, 0, theirs[0]),  # of another connection
        (pair.bob, 1, mine[0]),  # of another lane
        (pair.bob, 0, mine[1]),
        (pair.alice, 0, mine[0]),  # sent back to its author
    ]
    for number, (side, lane, envelope) in enumerate(tries):
        before = len(side.refused)
        side.take(lane, envelope)
        assert len(side.refused) == before + 1, number
    assert pair.bob.texts == []


@pytest.mark.parametrize("cut", [1, 100, 4_000])
def test_a_shortened_or_lengthened_envelope_opens_nothing(cut: int) -> None:
    pair = Pair.by_invitation().connect()
    pair.alice.say("hello")
    pair.alice.send(0)
    envelope = pair.bob.queues[0].envelopes[-1]
    for changed in (envelope[:-cut], envelope + bytes(cut), envelope[:-cut] + bytes(cut)):
        pair.bob.take(0, changed)
    assert len(pair.bob.refused) == 3
    assert pair.bob.texts == []
    pair.settle()
    assert pair.bob.texts == ["hello"]


def test_a_repeated_envelope_says_nothing_twice() -> None:
    pair = Pair.by_invitation().connect()
    pair.alice.say("once")
    pair.settle()
    for number, queue in pair.bob.queues.items():
        for envelope in list(queue.seen):
            pair.bob.take(number, envelope)
    pair.settle()
    assert pair.bob.texts == ["once"]
    assert pair.bob.disk.alarms == []


def test_a_handshake_of_somebody_in_the_middle_shows_other_words() -> None:
    """Whoever can replace the code itself stands between; then, and only then, words differ."""
    to_alice, to_bob = (
        Pair.by_invitation(seed=b"a").connect(),
        Pair.by_invitation(seed=b"b").connect(),
    )
    hers = to_alice.alice.connection.state.handshake.words
    his = to_bob.bob.connection.state.handshake.words
    assert hers != his
    honest = Pair.by_invitation(seed=b"c").connect()
    assert (
        honest.alice.connection.state.handshake.words
        == honest.bob.connection.state.handshake.words
    )


@pytest.mark.parametrize("field", ["proof", "signature", "lanes"])
def test_no_part_of_an_answer_can_be_another(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even who has the key that seals it cannot change what Alice has signed."""
    pair = Pair.by_invitation()
    other = Pair.by_invitation(seed=b"other").connect().alice.connection.state.handshake
    strange = {
        "proof": AgreementKey.generate(FakeClock()).public,
        "signature": other.signature,
        "lanes": (),
    }
    hello = handshake._hello

    def changed(body: bytes) -> handshake.Hello:
        found = hello(body)
        if field == "lanes":
            first = replace(found.lanes[0], base="https://relay.example/q/")
            return replace(found, lanes=(first, *found.lanes[1:]))
        return replace(found, **{field: strange[field]})

    pair.bob.work()
    pair.alice.receive(0)
    pair.alice.work()
    monkeypatch.setattr(handshake, "_hello", changed)
    before = pair.bob.phase
    while pair.bob.queues[0].envelopes:
        pair.bob.receive(0)
    assert pair.bob.phase is before
    assert pair.bob.refused


def test_a_key_of_small_order_is_refused() -> None:
    for point in (bytes(32), b"\x01" + bytes(31)):
        with pytest.raises(RemoteProtocolError, match="small order"):
            AgreementKey.generate(FakeClock()).exchange(point)


def test_who_has_seen_the_code_and_keeps_all_traffic_reads_nothing() -> None:
    """He has the secret of the code, and its public keys; those of the two he has not."""
    pair = Pair.by_invitation()
    own = AgreementKey.generate(FakeClock(b"mallory"))
    code = pair.code.keys
    pair.bob.work()
    first = [envelope for queue in pair.alice.queues.values() for envelope in queue.seen]
    pair.settle()
    answers = [queue.seen[0] for queue in pair.bob.queues.values()]
    for envelope in [*first, *answers]:
        with pytest.raises(RemoteProtocolError):
            handshake.read_confirmation(code, Side(own, own), own, envelope)
    # Used once, it opens nothing more.
    late = asker(pair.code, pair.network, pair.clock, 2)
    late.ask(pair.code.offers)
    late.work()
    pair.settle()
    assert late.phase is Phase.REQUESTED
    assert pair.alice.connection.state.handshake.peer_proof == bobs_key(pair)


def bobs_key(pair: Pair) -> bytes:
    return SigningKey(pair.bob.connection.state.handshake.proof_key).public


def test_two_codes_of_one_person_have_nothing_in_common() -> None:
    network, clock = Network(), FakeClock()
    parts: list[bytes] = []
    for _ in range(2):
        code = Code.make(network, clock, 2, is_address=False)
        assert code.keys.psk is not None
        parts += [code.keys.id, code.keys.psk.reveal(), AgreementKey(code.agreement_key).public]
        parts += [part for lane in code.offers for part in (lane.sender_id, lane.ratchet_key)]
    assert len(set(parts)) == len(parts)


def test_a_thief_of_the_keys_of_today_opens_nothing_of_yesterday() -> None:
    pair = Pair.by_invitation().connect()
    pair.alice.say("yesterday")
    pair.settle()
    pair.bob.say("seen")
    pair.settle()
    recorded = {number: list(queue.seen) for number, queue in pair.bob.queues.items()}
    thief = pair.bob.disk.load(pair.clock)
    opened = 0
    for number, envelopes in recorded.items():
        for envelope in envelopes:
            try:
                thief.lanes[number].open(thief.cid, envelope, pair.clock)
            except RemoteProtocolError:
                continue
            opened += 1
    assert any(envelopes for envelopes in recorded.values())
    assert opened == 0
