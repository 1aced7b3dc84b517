"""What subscribers are pushed: the oldest messages of a queue, and few at a time."""

from collections.abc import Callable
from typing import Final

from graphchat.wire.limits import IN_FLIGHT, INLINE
from graphchat_relay.metrics import Metrics
from graphchat_relay.service.loader import Loader
from graphchat_relay.service.queues import LiveQueue, State
from graphchat_relay.store import Store

STORED: Final = State.STORED


class Window:
    def __init__(
        self, store: Store, metrics: Metrics, dropped: Callable[[LiveQueue], None]
    ) -> None:
        self._metrics = metrics
        self.loader: Final = Loader(store, self.pump, dropped)

    def pump(self, queue: LiveQueue) -> None:
        """Push what the window has room for."""
        subscription, unseen = queue.subscription, queue.unseen
        if not unseen or subscription is None:
            return
        reader = subscription.reader
        while unseen and queue.in_flight < IN_FLIGHT:
            entry = unseen[0]
            if entry.state > STORED:
                unseen.popleft()
                continue
            if not reader.writable:
                reader.stall(queue)
                return
            if entry.msg is None and entry.size <= INLINE:
                self.loader.want(queue)
                return
            unseen.popleft()
            entry.pushed = True
            queue.in_flight += 1
            self._metrics.pushed += 1
            reader.push(subscription.uri, entry)
            if entry.state is STORED:
                queue.let_go(entry)
