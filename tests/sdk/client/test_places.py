from collections.abc import AsyncIterator

import pytest
from tests.sdk.transport.scripted import Recorder

from graphchat.client.places import OF_HOST, OTHERS, TURN, Places
from graphchat.client.sockets import Entry, Name, now
from graphchat.clock import SystemClock
from graphchat.ids import Fingerprint
from graphchat.transport import HttpTransport, Transport
from graphchat.wire.uri import RelayAddress


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    found = HttpTransport(SystemClock())
    yield found
    await found.close()


class Room:
    """Places, and who in them has something to send."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.busy: set[Name] = set()
        self.places = Places(lambda name, _: name in self.busy)
        self.entries: dict[Name, Entry] = {}

    def name(self, host: str, path: str = "q", profile: int = 1) -> Name:
        return profile, f"https://{host}.example/{path}", bytes(16)

    def take(self, name: Name, *, busy: bool = False, up: bool = True, ago: float = 0.0) -> None:
        link = self.transport.link(RelayAddress(name[1], Fingerprint(name[2])), Recorder())
        entry = self.entries[name] = Entry(link, up=up, opened=now() - ago, used=now() - ago)
        self.places.take(name, entry)
        if busy:
            self.busy.add(name)

    def rival(self, name: Name) -> Name | None:
        found = self.places.rival(name)
        return None if found is None else found[0]


async def test_paths_of_one_host_share_few_places(transport: Transport) -> None:
    room = Room(transport)
    for number in range(OF_HOST):
        assert room.places.has_room(room.name("a", f"p{number}"))
        room.take(room.name("a", f"p{number}"), ago=number)
    assert not room.places.has_room(room.name("a", "more"))
    assert room.places.has_room(room.name("a", "more", profile=2))
    room.take(room.name("b"), ago=1000)
    # Nobody else has to give way for one more path: the one of them that rested longest.
    assert room.rival(room.name("a", "more")) == room.name("a", f"p{OF_HOST - 1}")
    room.places.leave(room.name("a", "p0"))
    assert room.places.has_room(room.name("a", "more"))


async def test_all_hosts_together_have_so_many_places(transport: Transport) -> None:
    room = Room(transport)
    for number in range(OTHERS):
        assert room.places.has_room(room.name(f"h{number}"))
        room.take(room.name(f"h{number}"), busy=number != 7, ago=10 * TURN)
    assert not room.places.has_room(room.name("more"))
    assert room.rival(room.name("more")) == room.name("h7")


async def test_who_has_something_to_send_keeps_its_place_for_a_turn(transport: Transport) -> None:
    room = Room(transport)
    for number in range(OF_HOST):
        room.take(room.name("a", f"p{number}"), busy=True, ago=TURN - 5 + number)
    assert room.rival(room.name("a", "more")) is None
    room.take(room.name("a", "p1"), busy=True, ago=TURN + 1)
    room.take(room.name("a", "p2"), busy=True, ago=TURN + 2)
    assert room.rival(room.name("a", "more")) == room.name("a", "p2")


async def test_who_cannot_connect_gives_way_before_who_works(transport: Transport) -> None:
    room = Room(transport)
    for number in range(OF_HOST):
        room.take(room.name("a", f"p{number}"), busy=True, ago=10 * TURN)
    room.take(room.name("a", "p3"), busy=True, up=False, ago=TURN - 5)
    assert room.rival(room.name("a", "more")) is None
    room.take(room.name("a", "p3"), busy=True, up=False, ago=TURN + 1)
    assert room.rival(room.name("a", "more")) == room.name("a", "p3")
    room.busy.clear()
    room.take(room.name("a", "p3"), up=False)
    assert room.rival(room.name("a", "more")) == room.name("a", "p3")
