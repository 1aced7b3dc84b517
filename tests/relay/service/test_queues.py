from tests.relay.service.doubles import Ear

from graphchat_relay.ledger import Ledger
from graphchat_relay.service.queues import Entry, LiveQueue, State, Subscription


def entry(queue: LiveQueue, number: int, state: State = State.STORED) -> Entry:
    found = Entry(queue, number, str(number), 0, 10, b"x" * 10, state)
    queue.add(found)
    return found


def test_reading_begins_at_the_oldest_that_is_not_deleted() -> None:
    queue = LiveQueue(1, b"r", b"s", Ledger())
    entries = [entry(queue, n, state) for n, state in enumerate(State)]
    entries[0].pushed = True
    queue.in_flight = 1
    queue.start_reading(Subscription(Ear(), "uri"))
    assert queue.unseen is not None
    states = [found.state for found in queue.unseen]
    assert states == [State.PENDING, State.WRITING, State.STORED]
    assert queue.in_flight == 0


def test_dropping_gives_room_in_window_and_quota() -> None:
    queue = LiveQueue(1, b"r", b"s", Ledger())
    found = entry(queue, 1)
    found.pushed = True
    queue.in_flight = 1
    assert queue.bytes == 10
    for _ in range(2):
        queue.drop(found)
        assert (queue.bytes, queue.in_flight, found.state) == (0, 0, State.GONE)
        assert found.msg is None


def test_nobody_reading_means_no_bodies_in_memory() -> None:
    queue = LiveQueue(1, b"r", b"s", Ledger())
    stored, pending = entry(queue, 1), entry(queue, 2, State.PENDING)
    subscription = Subscription(Ear(), "uri")
    queue.start_reading(subscription)
    assert queue.stop_reading() is subscription
    assert queue.stop_reading() is None
    assert stored.msg is None
    assert pending.msg is not None, "it is not on the medium yet"
