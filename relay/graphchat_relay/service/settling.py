"""What becomes of messages: safe, stored, deleted or given up; whoever waits for it is told."""

from collections.abc import Callable, Collection, Iterable
from typing import Final

from graphchat_relay.service.queues import Entry, LiveQueue, Refusal, State
from graphchat_relay.service.room import Room
from graphchat_relay.service.shared import Shared
from graphchat_relay.service.window import Window

# In a transaction, or on the way to one: the queue is held until that is over.
HELD: Final = frozenset({State.PENDING, State.WRITING, State.DOOMED, State.DELETING})


class Settling:
    def __init__(
        self,
        shared: Shared,
        room: Room,
        window: Window,
        changed: Callable[[Iterable[LiveQueue]], None],
        failed: Callable[[], None],
    ) -> None:
        self._recent = shared.recent
        self._metrics = shared.metrics
        self._live = shared.live
        self._room = room
        self._window = window
        self._changed = changed
        self._failed = failed

    def settled(self, added: list[Entry], removed: list[Entry], ok: bool) -> list[Entry]:  # noqa: FBT001 - a callback
        """Take note of the end of a transaction; return what has to be removed now."""
        if not ok:
            self._metrics.failures += 1
            self.abandon(added, "busy")
            for entry in removed:
                self._undelete(entry)
            for queue in {entry.queue for entry in added}:
                self._room.make_room(queue)
            self._failed()
            return []
        self._metrics.stored += len(added)
        doomed = [entry for entry in added if self._stored(entry)]
        for entry in removed:
            self._deleted(entry)
        self._changed({entry.queue for entry in added if entry.queue.subscription is None})
        return doomed

    def safe(self, entry: Entry) -> None:
        """Answer the sender: the message is on the medium, or its recipient has it."""
        if entry.digest:
            self._recent.settle(entry.digest)
        senders, entry.senders = entry.senders, ()
        for name, done in senders:
            done(name, "")

    def abandon(self, entries: Collection[Entry], refusal: Refusal) -> None:
        """Drop messages that were never safe."""
        for entry in entries:
            held = entry.state in HELD
            if entry.digest and entry.senders:
                self._recent.forget(entry.digest)
            entry.queue.drop(entry)
            senders, entry.senders = entry.senders, ()
            deleters, entry.deleters = entry.deleters, ()
            for name, done in senders:
                done(name, refusal)
            for name, done in deleters:
                done(name, "")
            if held:
                self._live.release(entry.queue)

    def _stored(self, entry: Entry) -> bool:
        """Note that the medium has it; tell whether it was deleted meanwhile."""
        entry.queue.let_go(entry)
        if entry.state is State.DOOMED:
            entry.state = State.DELETING
            return True
        # Otherwise the queue was removed meanwhile, and everybody was answered.
        if entry.state is State.WRITING:
            entry.state = State.STORED
            self.safe(entry)
            self._live.release(entry.queue)
        return False

    def _deleted(self, entry: Entry) -> None:
        if entry.state is State.GONE:
            return
        queue = entry.queue
        if self._room.is_full(queue):
            self._changed([queue])  # a sender may wait for room at another replica
        queue.drop(entry)
        deleters, entry.deleters = entry.deleters, ()
        for name, done in deleters:
            done(name, "")
        self._room.make_room(queue)
        self._live.release(queue)

    def _undelete(self, entry: Entry) -> None:
        """Keep what the store failed to remove: its recipient must try again."""
        if entry.state is State.GONE:
            return
        entry.state = State.STORED
        entry.queue.put_back(entry)
        deleters, entry.deleters = entry.deleters, ()
        for name, done in deleters:
            done(name, "busy")
        self._window.pump(entry.queue)
        self._live.release(entry.queue)
