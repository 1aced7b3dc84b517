"""The receiving half of a talk over one socket: subscriptions, pushes and deletions."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from graphchat.crypto.keys import SigningKey
from graphchat.errors import RateError, RelayError, RemoteProtocolError
from graphchat.ids import QueueId
from graphchat.transport.outgoing import Outgoing
from graphchat.transport.ports import Delivery, Listener
from graphchat.transport.session import Session
from graphchat.wire.limits import OBJECT_ID, QUOTA_MESSAGES, SIZES
from graphchat.wire.rest import Message
from graphchat.wire.socket import DeleteMessage, End, Push, Subscribe, Unsubscribe

# A relay pushes at most 32 messages of a queue and then waits; this leaves it some slack.
MOST_PUSHED: Final = QUOTA_MESSAGES
# Seconds until a queue is asked for again that the relay took away or refused, at most the
# second: a wrong clock or a restored relay heals, and another subscriber is not fought.
FIRST_REST: Final = 60.0
LAST_REST: Final = 3600.0
# It becomes part of a path when the message is fetched.
MESSAGE_ID: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{OBJECT_ID}}}", re.ASCII)

_Asked = Subscribe | DeleteMessage


@dataclass(slots=True)
class _Subscription:
    queue: QueueId
    pushed: int = 0
    """Messages that came and are not deleted yet."""


@dataclass(slots=True)
class _Rest:
    until: float
    seconds: float


class Receiving:
    """What this side asked about its queues.

    ``wanted`` are the queues to subscribe to; one that the relay ends or refuses rests, and is
    asked for again.
    """

    def __init__(
        self,
        session: Session,
        listener: Listener,
        wanted: dict[QueueId, SigningKey],
        outgoing: Outgoing,
        now: Callable[[], float],
    ) -> None:
        self._session = session
        self._listener = listener
        self._wanted = wanted
        self._outgoing = outgoing
        self._now = now
        self._subscribed: dict[str, _Subscription] = {}
        self._asked: dict[str, tuple[float, _Asked]] = {}
        self._again: list[_Asked] = []
        self._rests: dict[QueueId, _Rest] = {}
        for queue in wanted:
            self.subscribe(queue)

    def subscribe(self, queue: QueueId) -> None:
        self._outgoing.put(lambda: self._subscription(queue))

    def unsubscribe(self, queue: QueueId) -> None:
        uri = self._uri(queue)
        self._rests.pop(queue, None)
        if self._subscribed.pop(uri, None):
            stop = Unsubscribe(self._outgoing.new_id(), uri)
            self._outgoing.put(lambda: stop)

    def delete(self, queue: QueueId, message_id: str) -> None:
        uri = self._uri(queue)
        if subscription := self._subscribed.get(uri):
            subscription.pushed -= 1
            self._ask(DeleteMessage(self._outgoing.new_id(), uri, message_id))

    def pushed(self, push: Push) -> Delivery | None:
        """Return what came; None if it is of a queue that was just unsubscribed from.

        Raises `RemoteProtocolError` if no relay would say so.
        """
        subscription = self._subscribed.get(push.recipient_uri)
        if subscription is None:
            return None
        subscription.pushed += 1
        if subscription.pushed > MOST_PUSHED or not _is_sane(push.message):
            raise RemoteProtocolError("a push breaks the rules")
        message = push.message
        return Delivery(subscription.queue, message.id, message.size, message.msg or None)

    def ended(self, end: End) -> None:
        if subscription := self._subscribed.pop(end.recipient_uri, None):
            self._rest(subscription.queue)
            self._listener.ended(self._session.relay, subscription.queue)

    def answered(self, name: str, error: RelayError | None) -> None:
        """Take the answer to the object with the id ``name``, if it is one of this half."""
        _, asked = self._asked.pop(name, (0.0, None))
        if asked is None or error is None:
            return
        if isinstance(error, RateError):
            self._again.append(asked)
        elif isinstance(asked, Subscribe):
            self._refused(asked, error)
        # A deletion that is refused needs no answer: the message is gone.

    def retry(self) -> None:
        """Ask again what the relay had no time for, and for queues that rested long enough."""
        again, self._again = self._again, []
        for asked in again:
            if asked.recipient_uri in self._subscribed:
                self._ask(asked)
        now = self._now()
        for queue, rest in self._rests.items():
            if rest.until <= now and self._uri(queue) not in self._subscribed:
                self.subscribe(queue)

    def asked_since(self) -> float:
        """Return when the oldest question without an answer was asked."""
        return next((since for since, _ in self._asked.values()), self._now())

    def _refused(self, asked: Subscribe, error: RelayError) -> None:
        if subscription := self._subscribed.pop(asked.recipient_uri, None):
            self._rest(subscription.queue)
            self._listener.refused(self._session.relay, subscription.queue, error)

    def _rest(self, queue: QueueId) -> None:
        now, seconds, last = self._now(), FIRST_REST, self._rests.get(queue)
        if last is not None and now - last.until < LAST_REST:
            seconds = min(2 * last.seconds, LAST_REST)
        self._rests[queue] = _Rest(now + seconds, seconds)

    def _subscription(self, queue: QueueId) -> Subscribe | None:
        uri = self._uri(queue)
        key = self._wanted.get(queue)
        if key is None or uri in self._subscribed:
            return None
        self._subscribed[uri] = _Subscription(queue)
        auth = self._session.auth(key, uri, "subscribe")
        asked = Subscribe(self._outgoing.new_id(), uri, auth)
        self._asked[asked.id] = (self._now(), asked)
        return asked

    def _ask(self, asked: _Asked) -> None:
        def leave() -> _Asked:
            self._asked[asked.id] = (self._now(), asked)
            return asked

        self._outgoing.put(leave)

    def _uri(self, queue: QueueId) -> str:
        return self._session.relay.queue_uri(queue)


def _is_sane(message: Message) -> bool:
    is_whole = not message.msg or len(message.msg) == message.size
    return is_whole and message.size in SIZES and bool(MESSAGE_ID.fullmatch(message.id))
