"""The hot path: messages are sent and deleted, all those of a frame in one go.

What costs the same for one as for many is done once for all of them: a look at the clock, at the
writer, at a window. Nothing here waits: who sends or deletes is called back.
"""

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from graphchat.wire.base64url import to_text
from graphchat_relay.service.queues import Done, Entry, LiveQueue, State
from graphchat_relay.service.room import Room
from graphchat_relay.service.settling import Settling
from graphchat_relay.service.shared import Shared
from graphchat_relay.service.window import Window
from graphchat_relay.service.writer import Writer

# Names of messages that are drawn at once: each call for randomness is one to the kernel.
DRAWN: Final = 256
PENDING: Final = State.PENDING

Sending: TypeAlias = tuple[LiveQueue, str, bytes, Done, bool]
"""Into which queue, by which name, which envelope, who is told, and whether it was signed for."""
Deleting: TypeAlias = tuple[LiveQueue, str, str, Done]
"""From which queue, the message's id, the name of the request, and who is told."""


class Traffic:
    def __init__(self, shared: Shared, room: Room, window: Window, settling: Settling) -> None:
        self._clock = shared.clock
        self._limits = shared.limits
        self._metrics = shared.metrics
        self._live = shared.live
        self._recent = shared.recent
        self._ledger = shared.ledger
        self._room = room
        self._pump = window.pump
        self._settling = settling
        self.writer: Final = Writer(shared.store, settling.settled)
        self._names: list[str] = []

    def send(self, sendings: Sequence[Sending]) -> list[LiveQueue]:
        """Put envelopes into queues. Return those queues that had no room.

        The same name is the same request come again. Each ``done`` is called once the message is
        safe: on the medium, or deleted by its recipient.
        """
        accepted: list[Entry] = []
        full: list[LiveQueue] = []
        ts, names = int(self._clock.now()), self._draw(len(sendings))
        # Who takes part is looked up once.
        recent, room, most = self._recent, self._room.messages, self._limits.quota_bytes
        pending = self._limits.pending_bytes - self.writer.pending_bytes
        left = before = min(pending, self._ledger.room)
        for queue, name, msg, done, signed in sendings:
            if queue.gone or (queue.sender_key and not signed):
                self._metrics.refused += 1
                done(name, "unauthorized")
                continue
            digest = recent.digest(queue.key, name, msg) if name else 0
            if digest and digest in recent:
                self._again(digest, name, done)
                continue
            size = len(msg)
            if len(queue.entries) >= room(queue) or queue.bytes + size > most:
                full.append(queue)
                done(name, "quota")
                continue
            if size > left:
                self._metrics.shed += 1
                done(name, "busy")
                continue
            left -= size
            entry = Entry(queue, 0, names.pop(), ts, size, msg, PENDING)
            entry.senders = ((name, done),)
            queue.add(entry)
            queue.holds += 1
            if digest:
                entry.digest = digest
                recent.add(digest, entry)
            if queue.unseen is not None:
                queue.unseen.append(entry)
            accepted.append(entry)
        self._ledger.hold(before - left)
        self._metrics.over_quota += len(full)
        self._go(accepted)
        return full

    def delete(self, deletings: Iterable[Deleting]) -> None:
        """Delete messages. One that is not there is deleted already."""
        touched: dict[LiveQueue, None] = {}
        for queue, message_id, name, done in deletings:
            entry = queue.entries.get(message_id)
            if entry is None:
                done(name, "")
                continue
            if entry.pushed:
                entry.shown = queue.subscription
                queue.leave_window(entry)
            self._metrics.deleted += 1
            touched[queue] = None
            if entry.state is PENDING:
                self._elide(entry)
                done(name, "")
            else:
                entry.deleters += ((name, done),)
                self._remove(entry)
        for queue in touched:
            if queue.unseen:
                self._pump(queue)
            if queue.starved:
                self._room.make_room(queue)

    def _go(self, accepted: Sequence[Entry]) -> None:
        """Push what was accepted, and have it written."""
        if not accepted:
            return
        self._metrics.received += len(accepted)
        for queue in {entry.queue: None for entry in accepted}:
            self._pump(queue)
        self.writer.add(accepted)

    def _again(self, digest: int, name: str, done: Done) -> None:
        """Answer a repetition when the first is."""
        known = self._recent.get(digest)
        if known is None:
            done(name, "")
        else:
            known.senders += ((name, done),)

    def _elide(self, entry: Entry) -> None:
        self._metrics.elided += 1
        self._settling.safe(entry)
        entry.queue.drop(entry)
        self._live.release(entry.queue)

    def _remove(self, entry: Entry) -> None:
        if entry.state is State.WRITING:
            entry.state = State.DOOMED
            self._settling.safe(entry)
        elif entry.state is State.STORED:
            entry.state = State.DELETING
            entry.queue.holds += 1
            self.writer.remove(entry)

    def _draw(self, count: int) -> list[str]:
        """Return a stock of at least so many names, each of 16 random characters."""
        while len(self._names) < count:
            pool = to_text(self._clock.random(12 * DRAWN))
            self._names += [pool[start : start + 16] for start in range(0, len(pool), 16)]
        return self._names
