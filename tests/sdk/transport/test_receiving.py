from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from tests.sdk.transport.scripted import ADDRESS, KEY, NONCE, QUEUE, Recorder

from graphchat.crypto.keys import SigningKey
from graphchat.errors import RateError, RemoteProtocolError, UnauthorizedError
from graphchat.ids import QueueId
from graphchat.transport import Delivery
from graphchat.transport.outgoing import Outgoing
from graphchat.transport.receiving import FIRST_REST, LAST_REST, MOST_PUSHED, Receiving
from graphchat.transport.session import Session
from graphchat.wire.frames import decode_client
from graphchat.wire.limits import XXL, S
from graphchat.wire.rest import Message
from graphchat.wire.socket import ClientObject, DeleteMessage, End, Push, Subscribe, Unsubscribe

URI = ADDRESS.queue_uri(QUEUE)
OTHER = QueueId(b"o" * 18)


@dataclass
class Half:
    wanted: dict[QueueId, SigningKey] = field(default_factory=dict)
    listener: Recorder = field(default_factory=Recorder)
    time: float = 0.0

    def __post_init__(self) -> None:
        self.outgoing = Outgoing(lambda: None)
        self.receiving = Receiving(
            Session(ADDRESS, NONCE), self.listener, self.wanted, self.outgoing, lambda: self.time
        )

    def said(self) -> list[ClientObject]:
        found: list[ClientObject] = []
        while frame := self.outgoing.frame():
            found += [said for said in decode_client(frame) if isinstance(said, ClientObject)]
        return found

    def subscribe(self, queue: QueueId = QUEUE) -> None:
        self.wanted[queue] = KEY
        self.receiving.subscribe(queue)

    def subscribed(self) -> "Half":
        self.subscribe()
        [asked] = self.said()
        self.receiving.answered(asked.id, None)
        return self


def push(name: str = "m", size: int = S, body: bytes | None = None, uri: str = URI) -> Push:
    return Push(uri, Message(name, 5, size, bytes(size) if body is None else body))


def test_what_is_wanted_from_the_start_is_asked_first() -> None:
    half = Half({QUEUE: KEY, OTHER: KEY})
    asked = [found.recipient_uri for found in half.said() if isinstance(found, Subscribe)]
    assert asked == [URI, ADDRESS.queue_uri(OTHER)]


def test_a_queue_is_subscribed_to_once() -> None:
    half = Half()
    half.subscribe()
    half.subscribe()
    assert len(half.said()) == 1
    half.subscribe()
    assert half.said() == []


def test_what_was_unsubscribed_from_before_it_left_is_never_said() -> None:
    half = Half()
    half.subscribe()
    del half.wanted[QUEUE]
    half.receiving.unsubscribe(QUEUE)
    assert half.said() == []


def test_unsubscribe_and_subscribe_again() -> None:
    half = Half().subscribed()
    half.receiving.unsubscribe(QUEUE)
    half.receiving.unsubscribe(QUEUE)
    half.subscribe()
    assert [type(found) for found in half.said()] == [Unsubscribe, Subscribe]


def test_pushes_of_other_queues_are_left_alone() -> None:
    assert Half().receiving.pushed(push()) is None
    half = Half().subscribed()
    half.receiving.unsubscribe(QUEUE)
    assert half.receiving.pushed(push()) is None


def test_a_message_that_is_too_long_to_push_has_no_body() -> None:
    delivery = Half().subscribed().receiving.pushed(push("m", XXL, b""))
    assert delivery == Delivery(QUEUE, "m", XXL, None)


@pytest.mark.parametrize(
    "bad",
    [
        push("../m"),
        push(""),
        push("m" * 65),
        push("m", S + 1),
        push("m", 0, b""),
        push("m", -1, b""),
        push("m", XXL, bytes(S)),
    ],
)
def test_a_push_that_no_relay_makes_is_refused(bad: Push) -> None:
    with pytest.raises(RemoteProtocolError):
        Half().subscribed().receiving.pushed(bad)


def test_a_relay_that_does_not_wait_for_deletions_is_left() -> None:
    half = Half().subscribed()
    for number in range(3 * MOST_PUSHED):
        assert half.receiving.pushed(push(f"m{number}"))
        half.receiving.delete(QUEUE, f"m{number}")
    for number in range(MOST_PUSHED):
        assert half.receiving.pushed(push(f"n{number}"))
    with pytest.raises(RemoteProtocolError):
        half.receiving.pushed(push())


def test_a_deletion_of_a_queue_without_subscription_is_not_said() -> None:
    half = Half()
    half.receiving.delete(QUEUE, "m")
    assert half.said() == []


def test_a_refusal_is_told_once() -> None:
    half = Half()
    half.subscribe()
    [asked] = half.said()
    half.receiving.answered(asked.id, UnauthorizedError())
    half.receiving.answered(asked.id, UnauthorizedError())
    assert half.listener.heard == [("refused", QUEUE, "UnauthorizedError")]
    half.subscribe()
    assert len(half.said()) == 1


def test_a_busy_relay_is_asked_again() -> None:
    half = Half().subscribed()
    half.receiving.pushed(push())
    half.receiving.delete(QUEUE, "m")
    half.subscribe(OTHER)
    asked = half.said()
    assert [type(found) for found in asked] == [DeleteMessage, Subscribe]
    for found in asked:
        half.receiving.answered(found.id, RateError())
    assert half.said() == []
    half.receiving.retry()
    assert half.said() == asked
    half.receiving.retry()
    assert half.said() == []
    assert half.listener.heard == []


def test_a_busy_relay_is_not_asked_again_for_what_is_no_longer_wanted() -> None:
    half = Half()
    half.subscribe()
    [asked] = half.said()
    half.receiving.answered(asked.id, RateError())
    half.receiving.unsubscribe(QUEUE)
    half.said()
    half.receiving.retry()
    assert half.said() == []


def test_a_deletion_that_is_refused_is_no_news() -> None:
    half = Half().subscribed()
    half.receiving.delete(QUEUE, "m")
    [asked] = half.said()
    half.receiving.answered(asked.id, UnauthorizedError())
    assert half.listener.heard == []


def test_an_end_is_told_once() -> None:
    half = Half().subscribed()
    half.receiving.ended(End(URI))
    half.receiving.ended(End(URI))
    half.receiving.ended(End("https://other/q/x"))
    assert half.listener.heard == [("ended", QUEUE)]


def refuse(half: Half) -> None:
    [asked] = half.said()
    assert isinstance(asked, Subscribe)
    half.receiving.answered(asked.id, UnauthorizedError())


def end(half: Half) -> None:
    [asked] = half.said()
    assert isinstance(asked, Subscribe)
    half.receiving.answered(asked.id, None)
    half.receiving.ended(End(URI))


@pytest.mark.parametrize("lose", [refuse, end])
def test_a_queue_that_was_lost_is_asked_for_again_and_more_and_more_slowly(
    lose: Callable[[Half], None],
) -> None:
    half = Half()
    half.subscribe()
    rest = FIRST_REST
    for _ in range(10):
        lose(half)
        half.time += rest - 1
        half.receiving.retry()
        assert half.said() == []
        half.time += 1
        half.receiving.retry()
        half.receiving.retry()
        rest = min(2 * rest, LAST_REST)
    assert rest == LAST_REST
    [asked] = half.said()
    half.receiving.answered(asked.id, None)
    half.time += 2 * LAST_REST
    half.receiving.retry()
    assert half.said() == []
    half.receiving.ended(End(URI))
    half.time += FIRST_REST
    half.receiving.retry()
    assert len(half.said()) == 1


def test_a_queue_that_was_lost_and_is_not_wanted_any_more_is_not_asked_for() -> None:
    half = Half()
    half.subscribe()
    refuse(half)
    del half.wanted[QUEUE]
    half.receiving.unsubscribe(QUEUE)
    half.time += FIRST_REST
    half.receiving.retry()
    assert half.said() == []


def test_a_queue_that_was_lost_is_asked_for_on_the_next_socket() -> None:
    half = Half()
    half.subscribe()
    refuse(half)
    assert len(Half(half.wanted).said()) == 1


def test_the_age_of_the_oldest_question_is_known() -> None:
    half = Half()
    half.time = 5.0
    assert half.receiving.asked_since() == 5.0
    half.subscribe()
    half.time = 7.0
    [first] = half.said()
    half.time = 9.0
    half.subscribe(OTHER)
    half.said()
    assert half.receiving.asked_since() == 7.0
    half.receiving.answered(first.id, None)
    assert half.receiving.asked_since() == 9.0
