from collections.abc import Collection

from tests.relay.service.doubles import World, settle

from graphchat.clock import SystemClock
from graphchat_relay.bus import Gap, LocalBus, Wake
from graphchat_relay.service.relay import Relay
from graphchat_relay.store.memory import MemoryStore


class Wire:
    """Joins the buses of two replicas in one process."""

    def __init__(self) -> None:
        self.ends: list[Bus] = []
        self.cut = False


class Bus:
    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.wakes: list[Wake] = []
        self.gaps: list[Gap] = []
        wire.ends.append(self)

    def publish(self, ids: Collection[bytes]) -> None:
        for other in self.wire.ends:
            if other is not self and not self.wire.cut:
                for wake in other.wakes:
                    wake(ids)

    def on_wake(self, wake: Wake) -> None:
        self.wakes.append(wake)

    def on_gap(self, gap: Gap) -> None:
        self.gaps.append(gap)


async def test_a_message_stored_by_one_replica_reaches_the_subscriber_at_another() -> None:
    store, wire = MemoryStore(), Wire()
    first, second = (Relay(store, SystemClock(), bus=Bus(wire)) for _ in range(2))
    # Positions come from the store; each replica has its own range here.
    async with first.running(), second.running():
        second._position = 1_000_000
        at_first, at_second = World(first, store), World(second, store)
        queue = await at_first.queue()
        ear = at_first.subscribe(queue)
        same = await at_second.open()
        at_second.send(same, "hello")
        await settle()
        assert [body and body.strip() for _, body in ear.pushed] == [b"hello"]
        # A hint that was lost is made up for when the bus says so.
        wire.cut = True
        at_second.send(same, "again")
        await settle()
        assert len(ear.pushed) == 1
        for gap in wire.ends[0].gaps:
            gap()
        await settle()
        assert len(ear.pushed) == 2


async def test_a_single_process_needs_no_bus() -> None:
    bus = LocalBus()
    called: list[object] = []
    bus.on_wake(called.append)
    bus.on_gap(lambda: called.append(None))
    bus.publish([b"id"])
    assert called == []
