"""What comes by our queues and is not what an honest client sends."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from random import Random

import pytest
from tests.sdk.client.people import (
    PATIENCE,
    Home,
    Place,
    WrongClock,
    introduce,
    one,
    take,
    texts,
    until,
)

from graphchat import (
    Alarm,
    Client,
    Contact,
    ContactRequested,
    MessageReceived,
    Text,
)
from graphchat.client import codes, receive
from graphchat.client.live import relay_of
from graphchat.client.queues import make_lanes
from graphchat.clock import SystemClock
from graphchat.codes import Code
from graphchat.content import ProfileCard, Unknown, encode
from graphchat.core import frame as frames
from graphchat.core.effects import Put
from graphchat.core.frame import Frame, Kind
from graphchat.crypto.keys import SigningKey
from graphchat.errors import BadRequestError, QuotaError
from graphchat.ids import QueueId
from graphchat.testing.clock import FakeClock
from graphchat.testing.proxy import FaultProxy
from graphchat.transport import HttpTransport, Transport
from graphchat.wire.limits import OPEN_QUOTA_MESSAGES, SIZES, XL, L, M, S
from graphchat.wire.uri import RelayAddress

TAGS = count(10**9)


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    """Return what anybody can use who has the link of a code."""
    found = HttpTransport(SystemClock())
    yield found
    await found.close()


@dataclass
class Liar:
    """Somebody who has the keys of ``contact`` at ``home``, and sends whatever they like."""

    home: Home
    contact: Contact

    def send(self, envelope: bytes, lane: int = 0) -> None:
        """Send ``envelope`` by a lane, signed as the relay wants it."""
        engine = self.home.client.engine
        live = engine.context.lives[self.contact.row_id]
        state, relay = live.connection.lanes[lane].state, live.lane_relay(lane)
        assert state.peer is not None
        assert relay is not None
        tag = next(TAGS)
        engine.links.of(live.profile, relay).link.send(
            QueueId(state.peer.sender_id), SigningKey(state.sender_key), envelope, tag, f"r{tag}"
        )

    def sealed(self, data: bytes, signature: bytes = bytes(64), lane: int = 0) -> bytes:
        """Return an envelope that opens; the lane of the honest client knows of it."""
        machine = self.home.client.engine.context.lives[self.contact.row_id].connection
        return machine.lanes[lane].seal(machine.cid, 0, data, signature, SystemClock())

    def signed(self, frame: Frame) -> bytes:
        machine = self.home.client.engine.context.lives[self.contact.row_id].connection
        data = frames.encode(frame)
        return self.sealed(data, frames.sign(machine.outbox.key, machine.cid, frame, data))

    def frame(self, seq: int, *, payload: bytes, kind: Kind = Kind.CONTENT, **other: int) -> Frame:
        clock = SystemClock()
        machine = self.home.client.engine.context.lives[self.contact.row_id].connection
        prev = machine.state.outbox.head if seq else frames.NO_HASH
        ts_ms = other.get("ts_ms", int(clock.now() * 1000))
        stream = machine.state.outbox.stream
        return Frame(kind, clock.random(16), stream, seq, ts_ms, prev, payload)


async def talk(alice: Home, bob: Home, hers: Contact, his: Contact) -> None:
    """Fail unless both hear each other, and nothing else."""
    await hers.post("to Bob")
    assert await texts(bob.me, 1) == ["to Bob"]
    await his.post("to Alice")
    assert await texts(alice.me, 1) == ["to Alice"]


async def emptied(home: Home) -> None:
    """Return once the client has nothing to do with what relays have."""
    engine = home.client.engine

    async def nothing(turn: object) -> None: ...

    for _ in range(20):
        await asyncio.sleep(0.01)
        await engine.do(nothing)


async def test_garbage_of_every_size_is_dropped(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    alice, bob = await place.pair("one", "two")
    hers, his = await introduce(alice.me, bob.me)
    liar, random = Liar(bob, his), Random(1)
    for size in SIZES:
        for lane in (0, 1):
            liar.send(random.randbytes(size), lane)
            liar.send(bytes(size), lane)
    await talk(alice, bob, hers, his)
    await emptied(alice)
    assert not [record for record in caplog.records if record.name.startswith("graphchat")]
    # What cannot be opened is deleted like the rest: nothing of it comes again.
    await until(lambda: stored(place) == 0)


def stored(place: Place) -> int:
    """Return how many envelopes the relays keep."""
    totals = [relay.metrics for relay in place.relays.values()]
    return sum(each["received"] - each["deleted"] for each in totals)


async def test_flipped_bits_are_noticed(place: Place) -> None:
    alice, bob = await place.pair()
    hers, his = await introduce(alice.me, bob.me)
    liar, random = Liar(bob, his), Random(2)
    good = liar.sealed(b"whatever")
    for _ in range(100):
        flipped = bytearray(good)
        flipped[random.randrange(len(good))] ^= 1 << random.randrange(8)
        liar.send(bytes(flipped))
    liar.send(good[:-S] + good)
    await talk(alice, bob, hers, his)


async def test_lies_with_the_right_keys_are_dropped(place: Place) -> None:
    alice, bob = await place.pair()
    hers, his = await introduce(alice.me, bob.me)
    await talk(alice, bob, hers, his)
    liar = Liar(bob, his)
    hello = encode(Text("lie"))
    future = int(SystemClock().now() * 1000) + 25 * 3600 * 1000
    for data in (b"", b"x", b"\xc1" * 100, b"\x91" * 2000, bytes(1000)):
        liar.send(liar.sealed(data))
    for lie in (
        liar.frame(1, payload=hello),
        liar.frame(10**9, payload=hello),
        liar.frame(2**63, payload=hello),
        liar.frame(0, payload=hello, kind=Kind.RECEIPT),
        liar.frame(0, payload=b"\xc1", kind=Kind.RECEIPT),
        liar.frame(0, payload=hello, kind=Kind.COVER),
        liar.frame(99, payload=hello, ts_ms=future),
    ):
        liar.send(liar.signed(lie))
        liar.send(liar.sealed(frames.encode(lie)))  # not signed at all
    await talk(alice, bob, hers, his)
    events = await alice.me.pending_events()
    assert not [each for each in events if isinstance(each, MessageReceived)]


async def test_two_truths_with_one_number_raise_an_alarm(place: Place) -> None:
    alice, bob = await place.pair()
    hers, his = await introduce(alice.me, bob.me)
    liar = Liar(bob, his)
    next_number = bob.client.engine.context.lives[his.row_id].connection.state.outbox.seq + 1
    lie = liar.signed(liar.frame(next_number, payload=encode(Text("to you"))))
    await his.post("to others")
    liar.send(lie)
    assert await texts(alice.me, 1) == ["to others"]
    event = await one(alice.me, Alarm)
    assert event.contact == hers
    assert "two different messages" in event.warning
    await talk(alice, bob, hers, his)


async def test_a_clock_that_was_set_back_stops_nobody(place: Place) -> None:
    """A frame that waits for those before it was checked when it came."""
    alice, bob = await place.pair()
    hers, his = await introduce(alice.me, bob.me)
    liar = Liar(bob, his)
    ahead = bob.client.engine.context.lives[his.row_id].connection.state.outbox.seq + 2
    liar.send(liar.signed(liar.frame(ahead, payload=encode(Text("never complete")))))
    live = alice.client.engine.context.lives[hers.row_id]
    await until(lambda: len(live.connection.inbox.held) == 1)
    await alice.close()
    long_ago = FakeClock(SystemClock().random(16), now=1_000_000_000.0)
    async with Client(alice.path, clock=long_ago) as client:
        [contact] = await (await client.profile()).contacts()
        assert contact.state == "established"
        live = client.engine.context.lives[contact.row_id]
        assert len(live.connection.inbox.held) == 1


async def test_a_fetch_that_breaks_is_done_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "REDELIVERY", 0.05)
    relay = await place.relay("one")
    async with FaultProxy(RelayAddress.parse(relay.uri)) as proxy:
        alice, bob = await place.home("Alice", [relay]), await place.home("Bob", [])
        await bob.client.add_relay(proxy.relay.text)
        hers, _ = await introduce(alice.me, bob.me)
        proxy.delay = 0.02  # so that a fetch can be seen
        large = ["x" * 50_000 + str(number) for number in range(4)]
        for text in large:
            await hers.post(text)
        await until(lambda: bool(bob.client.engine.receiver._tasks))
        proxy.cut()
        assert await texts(bob.me, 4) == large
        await bob.close()


async def test_fetches_that_are_refused_do_not_multiply(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that is wrong makes every fetch fail, until it is right again."""
    monkeypatch.setattr(receive, "REDELIVERY", 0.05)
    alice, bob = await place.pair()
    hers, _ = await introduce(alice.me, bob.me)
    await bob.close()
    large = ["x" * 50_000 + str(number) for number in range(6)]
    for text in large:
        await hers.send(text)
    fetch, asked = HttpTransport.fetch, list[str]()
    running, at_once = list[str](), list[list[str]]()

    async def watched(
        self: HttpTransport, relay: RelayAddress, queue: QueueId, key: SigningKey, name: str
    ) -> bytes:
        asked.append(name)
        running.append(name)
        at_once.append([*running])
        try:
            await asyncio.sleep(0.01)
            return await fetch(self, relay, queue, key, name)
        finally:
            running.remove(name)

    monkeypatch.setattr(HttpTransport, "fetch", watched)
    clock = WrongClock(600)
    await bob.reopen(clock=clock)
    await until(lambda: len(asked) >= 3 * len(large))
    await asyncio.sleep(1.0)
    # After 0, 0.05, 0.15, 0.35, 0.75 and 1.55 seconds; a receipt may have begun it anew.
    assert len(asked) <= 10 * len(large)
    assert len(bob.client.engine.receiver._fetching) <= len(large)
    clock.off = 0.0
    assert await texts(bob.me, 6) == large
    for names in at_once:
        assert len(names) == len(set(names)) <= receive.FETCHES_FROM_ONE


async def test_no_more_fetches_wait_than_are_known(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "REDELIVERY", 0.05)
    monkeypatch.setattr(receive, "MOST_KNOWN", 2)
    alice, bob = await place.pair()
    hers, _ = await introduce(alice.me, bob.me)
    await bob.close()
    large = ["x" * 50_000 + str(number) for number in range(6)]
    for text in large:
        await hers.send(text)
    await bob.reopen()
    fetching = bob.client.engine.receiver._fetching
    most = 0

    def notice() -> bool:
        nonlocal most
        most = max(most, len(fetching))
        return stored(place) == 0

    await until(notice)
    assert most <= 2
    assert await texts(bob.me, 6) == large


async def test_a_message_of_a_later_version_is_kept(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    await his.post(Unknown("hologram", b"\x81\xa4type\xa8hologram"))
    await his.post("after it")
    events = await take(alice.me, MessageReceived, 2)
    assert isinstance(events[0].message, Unknown)
    assert events[0].message.type == "hologram"
    assert [line.message for line in await hers.history()] == [
        events[0].message,
        Text("after it"),
    ]


async def test_relays_refuse_what_is_no_envelope(alice: Home, transport: Transport) -> None:
    code = Code.parse((await alice.me.invite()).link)
    [lane] = code.lanes
    for size in (0, 1, S - 1, S + 1, M + 1):
        with pytest.raises(BadRequestError):
            await transport.put(relay_of(lane.relay, lane.base), lane.sender_id, bytes(size))


async def test_garbage_at_an_open_queue_stops_nobody(place: Place, transport: Transport) -> None:
    alice, bob = await place.pair("one", "two")
    invitation, address = await alice.me.invite(), await alice.me.create_address()
    random = Random(3)
    for link in (invitation.link, address.link):
        for lane in Code.parse(link).lanes:
            for size in (S, M, L, XL):
                relay = relay_of(lane.relay, lane.base)
                await transport.put(relay, lane.sender_id, random.randbytes(size))
    async with asyncio.timeout(PATIENCE):
        await (await bob.me.connect(invitation.link)).established()
        await bob.me.connect(address.link, text="me too")
    assert (await one(alice.me, ContactRequested)).text == "me too"


async def test_an_open_queue_that_is_flooded_opens_again(
    place: Place, transport: Transport
) -> None:
    alice, bob = await place.pair()
    address = await alice.me.create_address()
    [lane] = Code.parse(address.link).lanes
    await alice.close()
    relay = relay_of(lane.relay, lane.base)
    for _ in range(OPEN_QUOTA_MESSAGES):
        await transport.put(relay, lane.sender_id, bytes(S))
    with pytest.raises(QuotaError):
        await transport.put(relay, lane.sender_id, bytes(S))
    await alice.reopen()
    await bob.me.connect(address.link, text="after the flood")
    assert (await one(alice.me, ContactRequested)).text == "after the flood"


async def test_flipped_bits_in_a_request_are_noticed(place: Place, transport: Transport) -> None:
    alice, bob = await place.pair()
    address = await alice.me.create_address()
    code, clock, random = Code.parse(address.link), SystemClock(), Random(4)
    lanes = await make_lanes(transport, bob.client.relays, 1, clock, distinct=False)
    _, effects = codes.answer(
        code, lanes, codes.Asker(ProfileCard("Mallory", "person"), "hello"), clock
    )
    [put] = [effect for effect in effects if isinstance(effect, Put)]
    relay = relay_of(put.offer.relay, put.offer.base)
    for _ in range(12):
        flipped = bytearray(put.envelope)
        flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
        await transport.put(relay, QueueId(put.offer.sender_id), bytes(flipped))
    for _ in range(3):
        await transport.put(relay, QueueId(put.offer.sender_id), put.envelope)
    assert (await one(alice.me, ContactRequested)).text == "hello"
    await emptied(alice)
    assert [request.name for request in await alice.me.requests()] == ["Mallory"]


async def test_who_saw_the_code_raises_an_alarm(place: Place) -> None:
    """Two people scan one invitation before it is answered: the second is refused."""
    alice, bob = await place.pair()
    mallory = await place.home("Mallory", [place.relays["one"]])
    invitation = await alice.me.invite()
    await alice.close()
    his = await bob.me.connect(invitation.link)
    theirs = await mallory.me.connect(invitation.link)
    async with asyncio.timeout(PATIENCE):
        await his.asked()
        await theirs.asked()
        await alice.reopen()
        event = await one(alice.me, Alarm)
        await event.contact.established()
    assert event.contact.name in {"Bob", "Mallory"}
    assert "seen the code" in event.warning
    assert len(await alice.me.contacts()) == 1
