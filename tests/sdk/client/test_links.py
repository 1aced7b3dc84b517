"""Sockets to relays that others name: few, and only while somebody sends there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

import pytest
from tests.sdk.client.people import Home, Place, introduce, texts, until
from tests.sdk.transport.scripted import ScriptedRelay, ok, serving

from graphchat import Profile
from graphchat.client import codes, links, places
from graphchat.client.links import Links
from graphchat.client.live import Live, Traffic, Waiting
from graphchat.clock import SystemClock
from graphchat.content import ProfileCard
from graphchat.content.lanes import Offer
from graphchat.core.lane import LaneState
from graphchat.crypto.keys import SigningKey
from graphchat.ids import QueueId
from graphchat.secret import Secret
from graphchat.testing.proxy import FaultProxy
from graphchat.wire.socket import ClientObject, Send, ServerObject, Subscribe
from graphchat.wire.uri import RelayAddress

CLOCK = SystemClock()
ROWS = count(1000)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look soon who waits and what is not used."""
    monkeypatch.setattr(links, "LOOK", 0.05)
    monkeypatch.setattr(links, "SWEEP", 0.05)


def mute(asked: ClientObject) -> ServerObject | None:
    return None if isinstance(asked, Send) else ok(asked)


@dataclass
class Net:
    """The sockets of ``home``, and a server that is a relay at any path."""

    home: Home
    relay: ScriptedRelay

    @property
    def links(self) -> Links:
        return self.home.client.engine.links

    def address(self, path: str) -> RelayAddress:
        base = f"{self.relay.address.base.removesuffix('/q')}/{path}"
        return RelayAddress(base, self.relay.address.fingerprint)

    def contact(self, path: str) -> Live:
        """Return a contact that receives at this path of the server."""
        relay, random = self.address(path), CLOCK.random
        secret = Secret(random(32))
        lane = LaneState(
            number=0,
            relay=relay.fingerprint,
            base=relay.base,
            recipient_id=random(18),
            sender_id=random(18),
            recipient_key=secret,
            sender_key=secret,
            ratchet_key=secret,
        )
        _, machine = codes.invitation([lane], ProfileCard("Eve", "person"), CLOCK)
        key = random(32)
        machine.lanes[0].state.peer = Offer(relay.fingerprint, relay.base, random(18), key, key)
        live = Live(next(ROWS), 1, path, "person", 0, machine, {0: Traffic()})
        self.home.client.engine.context.lives[live.id] = live
        return live

    def busy(self, live: Live) -> Live:
        live.traffic[0].waiting[1] = Waiting(1, 1, "r", b"")
        return live

    def watch(self, live: Live) -> Live:
        self.links.watch(live)
        return live

    def up(self) -> set[str]:
        """Return the paths of the server to which there is a socket."""
        known = {
            base.rpartition("/")[2]: entry.up
            for (_, base, _), entry in self.links._entries.items()
            if base.startswith(self.address("").base)
        }
        return {path for path, is_up in known.items() if is_up}

    def is_up(self, *paths: str) -> Callable[[], bool]:
        return lambda: self.up() == set(paths)


@pytest.fixture
async def net(alice: Home) -> AsyncIterator[Net]:
    async with opened(alice) as found:
        yield found


@asynccontextmanager
async def opened(home: Home) -> AsyncIterator[Net]:
    # What is handed over gets no answer, so that who has something to send goes on having it.
    async with serving(ScriptedRelay(script=mute)) as relay:
        net = Net(home, relay)
        yield net
        for row_id in [row for row in home.client.engine.context.lives if row >= 1000]:
            del home.client.engine.context.lives[row_id]
        await home.close()


async def test_paths_of_one_host_have_few_sockets(net: Net) -> None:
    for number in range(3 * places.OF_HOST):
        net.watch(net.contact(f"p{number}"))
    expected = {f"p{number}" for number in range(places.OF_HOST)}
    await until(net.is_up(*expected))
    await asyncio.sleep(0.2)
    assert net.up() == expected
    assert len(net.relay.seen) == places.OF_HOST


async def test_who_has_something_to_send_gets_the_place_of_who_has_not(net: Net) -> None:
    for number in range(places.OF_HOST):
        net.watch(net.contact(f"p{number}"))
    await until(lambda: len(net.up()) == places.OF_HOST)
    net.watch(net.busy(net.contact("late")))
    await until(lambda: "late" in net.up())
    assert len(net.up()) == places.OF_HOST


async def test_who_waits_gets_its_turn(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "TURN", 0.2)
    monkeypatch.setattr(places, "OTHERS", 1)
    seen: set[str] = set()
    names = {"a", "b", "c"}
    for name in sorted(names):
        net.watch(net.busy(net.contact(name)))

    def all_had_a_turn() -> bool:
        seen.update(net.up())
        assert len(net.up()) <= 1
        return seen == names

    await until(all_had_a_turn)
    # And again, for as long as they have something to send.
    seen.clear()
    await until(all_had_a_turn)


async def test_who_waits_and_has_nothing_to_send_any_more_is_not_connected(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "OTHERS", 1)
    net.watch(net.busy(net.contact("a")))
    late = net.watch(net.busy(net.contact("late")))
    await until(net.is_up("a"))
    assert net.links.of(1, net.address("late")).waits
    late.traffic[0].waiting.clear()
    await until(lambda: not net.links.of(1, net.address("late")).waits)
    assert net.links._looking is None
    assert len(net.links.entries) == 1  # no queues of ours yet


async def test_sockets_by_which_we_receive_need_no_place(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "OTHERS", 1)
    key = SigningKey.generate(CLOCK)
    queues = [QueueId(CLOCK.random(18)) for _ in range(3)]
    net.watch(net.busy(net.contact("other")))
    for number, queue in enumerate(queues):
        net.links.subscribe(1, net.address(f"p{number}"), queue, key)
    await until(net.is_up("other", "p0", "p1", "p2"))
    await until(lambda: len([s for s in net.relay.said if isinstance(s, Subscribe)]) == 3)
    # Once we do not receive there any more, it is closed, unless somebody sends by it.
    net.watch(net.busy(net.contact("p1")))
    for number, queue in enumerate(queues):
        net.links.forget(1, net.address(f"p{number}"), queue)
    await until(net.is_up("other"))
    assert net.links.of(1, net.address("p1")).waits
    assert len(net.links._entries) == 2


async def test_a_socket_without_contacts_is_closed(net: Net) -> None:
    lives = [net.watch(net.contact(path)) for path in ("a", "b")]
    await until(net.is_up("a", "b"))
    del net.home.client.engine.context.lives[lives[0].id]
    net.links.forget(1, net.address("a"), b"q" * 18)
    await until(net.is_up("b"))
    lives[1].connection.lanes.clear()
    net.links.forget(1, net.address("a"), b"q" * 18)
    await until(net.is_up())
    assert not [name for name in net.links._entries if name[1] != net.home.relays[0]]


async def test_sockets_end_with_the_last_contact_and_address(place: Place) -> None:
    here, there = await place.relay("here"), await place.relay("there")
    alice, bob = await place.home("Alice", [here]), await place.home("Bob", [there])
    hers, his = await introduce(alice.me, bob.me)
    address = await alice.me.create_address()
    engine = alice.client.engine
    await until(lambda: len([entry for entry in engine.links.entries if entry.up]) == 2)
    await his.post("hello")
    assert await texts(alice.me, 1) == ["hello"]
    await hers.remove()
    await until(lambda: len(engine.links.entries) == 1)
    await address.delete()
    await until(lambda: engine.links.entries == [])
    assert not engine.links._entries
    # And they come back with the next contact.
    again, _ = await introduce(alice.me, bob.me)
    await again.post("back")
    assert await texts(bob.me, 1) == ["back"]


async def test_each_profile_has_connections_of_its_own(alice: Home) -> None:
    async with FaultProxy(RelayAddress.parse(alice.relays[0])) as proxy:
        await alice.client.remove_relay(alice.relays[0])
        await alice.client.add_relay(proxy.relay.text, check=False)
        other = await alice.client.create_profile(Profile("Other"))
        for me in (alice.me, other, alice.me, other):
            await me.invite()
        await until(lambda: len([e for e in alice.client.engine.links.entries if e.up]) == 2)
        # Of each profile one connection for requests, and one that is a socket.
        assert proxy.accepted == 4
        await alice.close()
