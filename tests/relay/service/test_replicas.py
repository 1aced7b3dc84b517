"""Two replicas in one process, on one store, with a wire between them that can be cut."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from tests.relay.service.doubles import Ear, FailingStore, World, settle
from tests.relay.store.contract import row

from graphchat.clock import SystemClock
from graphchat_relay.bus import Gap, News, Wake
from graphchat_relay.limits import Limits
from graphchat_relay.service import replicas
from graphchat_relay.service.relay import Relay
from graphchat_relay.service.replicas import Peers
from graphchat_relay.store.memory import MemoryStore


@dataclass
class Wire:
    """Joins buses; what is published while it is cut is lost."""

    ends: list["Bus"] = field(default_factory=list["Bus"])
    cut: bool = False

    def heal(self) -> None:
        self.cut = False
        for end in self.ends:
            for gap in end.gaps:
                gap()


class Bus:
    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.wakes: list[Wake] = []
        self.gaps: list[Gap] = []
        wire.ends.append(self)

    def publish(self, news: News) -> None:
        for other in self.wire.ends:
            if other is not self and not self.wire.cut:
                for wake in other.wakes:
                    wake(news)

    def on_wake(self, wake: Wake) -> None:
        self.wakes.append(wake)

    def on_gap(self, gap: Gap) -> None:
        self.gaps.append(gap)

    async def run(self) -> None:
        """Do nothing: publishing carries at once."""


@dataclass
class Pair:
    wire: Wire
    one: World
    two: World


@asynccontextmanager
async def paired(
    store: MemoryStore | None = None, limits: Limits | None = None
) -> AsyncIterator[Pair]:
    found, wire = store or MemoryStore(), Wire()
    first, second = (
        Relay(found, SystemClock(), limits, Peers(found, Bus(wire))) for _ in range(2)
    )
    async with first.running(), second.running():
        yield Pair(wire, World(first, found), World(second, found))


def texts(ear: Ear) -> list[bytes]:
    return [body.strip() for _, body in ear.pushed if body is not None]


async def test_a_message_stored_by_one_replica_reaches_the_subscriber_at_another() -> None:
    async with paired() as pair:
        queue = await pair.one.queue()
        ear = pair.one.subscribe(queue)
        same = await pair.two.open()
        answers = pair.two.send(same, "hello")
        await settle()
        assert texts(ear) == [b"hello"]
        assert answers == [""]
        # A hint that was lost is made up for when the bus says so.
        pair.wire.cut = True
        pair.two.send(same, "again")
        await settle()
        assert len(ear.pushed) == 1
        pair.wire.heal()
        await settle()
        assert texts(ear) == [b"hello", b"again"]


async def test_without_any_hint_a_replica_looks_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "SOONEST", 0.01)
    monkeypatch.setattr(replicas, "LATEST", 0.02)
    async with paired() as pair:
        pair.wire.cut = True
        ear = pair.one.subscribe(await pair.one.queue())
        pair.two.send(await pair.two.open(), "hello")
        await settle()
        await settle()
        assert texts(ear) == [b"hello"]


async def test_what_was_deleted_at_one_replica_is_forgotten_at_the_other() -> None:
    async with paired(limits=Limits(quota_messages=2)) as pair:
        reader = await pair.one.queue()
        ear = pair.one.subscribe(reader)
        queue, sender = await pair.two.open(), Ear()
        attachment = pair.two.attach(queue, sender)
        for text in ("a", "b"):
            pair.two.send(queue, text)
        await settle()
        assert pair.two.send(queue, "c") == ["quota"]
        pair.two.relay.starve(attachment)
        assert sender.readied == []
        pair.one.delete(reader, ear.ids[0])
        await settle()
        assert sender.readied == [attachment.uri]
        assert pair.two.send(queue, "c") == []
        await settle()
        assert texts(ear) == [b"a", b"b", b"c"]


async def test_a_second_subscriber_at_another_replica_ends_the_first() -> None:
    async with paired() as pair:
        first = pair.one.subscribe(await pair.one.queue())
        await settle()
        second = pair.two.subscribe(await pair.two.open())
        await settle()
        assert (len(first.ended), len(second.ended)) == (1, 0)
        third = pair.one.subscribe(await pair.one.open())
        await settle()
        assert (len(second.ended), len(third.ended)) == (1, 0)


async def test_of_two_subscribers_one_stays_when_the_wire_is_whole_again() -> None:
    async with paired() as pair:
        pair.wire.cut = True
        first = pair.one.subscribe(await pair.one.queue())
        second = pair.two.subscribe(await pair.two.open())
        await settle()
        assert first.ended == second.ended == []
        pair.wire.heal()
        await settle()
        assert len(first.ended) + len(second.ended) == 1


async def test_a_queue_that_is_secured_or_gone_is_so_everywhere() -> None:
    async with paired() as pair:
        await pair.one.store.create(row("one"))
        queue, same = await pair.one.open(), await pair.two.open()
        await pair.one.relay.secure(queue, b"s" * 32)
        await settle()
        assert same.sender_key == b"s" * 32
        ear = pair.two.subscribe(same)
        await pair.one.relay.remove(queue)
        await settle()
        assert same.gone
        assert len(ear.ended) == 1
        assert pair.two.relay.live.all() == []


async def test_who_comes_from_another_replica_is_behind_what_it_said_there() -> None:
    async with paired() as pair:
        pair.wire.cut = True
        queue = await pair.one.queue()
        ear = pair.one.subscribe(queue)
        pair.two.send(await pair.two.open(), "first")
        await settle()
        rows = await pair.one.store.by_recipient([row("one").recipient])
        await pair.one.relay._doors.admit(list(rows.values()))  # as a sender is let in
        pair.one.send(queue, "second")
        await settle()
        assert texts(ear) == [b"first", b"second"]


async def test_a_store_that_fails_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "PAUSE", 0.005)
    store = FailingStore()
    async with paired(store) as pair:
        ear = pair.one.subscribe(await pair.one.queue())
        pair.two.send(await pair.two.open(), "hello")
        store.unreadable = True
        await settle()
        assert ear.pushed == []
        store.unreadable = False
        await settle()
        assert texts(ear) == [b"hello"]
