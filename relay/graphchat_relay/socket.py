"""The WebSocket face of a relay: one `Socket` for each connection."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from graphchat.errors import StoreError
from graphchat.wire.base64url import to_text
from graphchat.wire.frames import decode_client
from graphchat.wire.limits import INLINE, SIZES, S
from graphchat.wire.rest import Message
from graphchat.wire.signing import NONCE_BYTES, socket_bytes
from graphchat.wire.socket import (
    Attach,
    Attached,
    ClientObject,
    Deleted,
    DeleteMessage,
    End,
    Invalid,
    Push,
    Ready,
    Send,
    Sent,
    Session,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)
from graphchat.wire.uri import ID_CHARACTERS
from graphchat_relay.auth import Proof
from graphchat_relay.line import Line, Waiting
from graphchat_relay.outbox import LOOK, Outbox
from graphchat_relay.pace import Pace
from graphchat_relay.service.queues import (
    Attachment,
    Entry,
    LiveQueue,
    Refusal,
    Subscription,
)
from graphchat_relay.service.relay import Relay
from graphchat_relay.service.traffic import Deleting, Sending
from graphchat_relay.site import Site

# RFC 6455, 7.4.1: against the rules, which are ours.
POLICY: Final = 1008
# Seconds that one who brings much waits while memory is short.
RELIEF: Final = 1.0
LENGTHS: Final = frozenset(SIZES)


class Socket:
    """A client's connection: what it may do, and what waits to be sent to it."""

    __slots__ = (
        "__weakref__",
        "_attached",
        "_invalid",
        "_line",
        "_nonce",
        "_outbox",
        "_pace",
        "_relay",
        "_site",
        "_stalled",
        "_subscribed",
    )

    def __init__(self, relay: Relay, site: Site, nonce: bytes, line: Line, pace: Pace) -> None:
        assert len(nonce) == NONCE_BYTES
        self._relay = relay
        self._site = site
        self._nonce = to_text(nonce)
        self._line = line
        self._pace = pace
        # Invalid objects of the frame that is being done.
        self._invalid = 0
        self._outbox = Outbox(line, self._resume, relay.ledger, relay.limits.outbox_bytes)
        # By the last part of the URI. A grant lasts as long as the socket.
        self._subscribed: dict[str, LiveQueue] = {}
        self._attached: dict[str, Attachment] = {}
        self._stalled: dict[LiveQueue, None] = {}

    async def run(self) -> None:
        """Serve until the client leaves."""
        self._outbox.put(Session(self._nonce, self._site.identity))
        try:
            await self._line.serve(self)
        finally:
            self._leave()

    async def close(self, code: int) -> None:
        """Ask the client to go; break the connection if it does not listen."""
        self._outbox.shut()
        await self._line.close(code)

    def abort(self) -> None:
        """Break the connection."""
        self._outbox.shut()
        self._line.abort()

    # What the line calls.

    def take(self, frame: str | bytes) -> Waiting | None:
        """Do everything that one frame asks; only opening queues has to wait for something."""
        self._outbox.binary = isinstance(frame, bytes)
        objects = decode_client(frame)
        self._invalid = 0
        done = self._do(objects)
        rest = objects[done:]
        pause = self._pace.after(len(objects), len(frame), self._invalid)
        if self._relay.ledger.over and len(frame) > S:
            pause = max(pause, RELIEF)
        return (
            self._wait(rest, pause)
            if rest or pause or self._invalid or self._outbox.full
            else None
        )

    def resume(self) -> None:
        self._outbox.flush()

    def lost(self) -> None:
        self._outbox.shut()

    @property
    def patience(self) -> float:
        return self._relay.limits.stall_seconds

    def stalled(self) -> None:
        self.shed()

    def hold(self, count: int) -> None:
        self._relay.ledger.hold(count)

    # What the ledger calls.

    @property
    def held(self) -> int:
        return self._outbox.size + self._line.held

    def shed(self) -> None:
        """Break the connection: its peer keeps the relay waiting, or holds too much."""
        self._relay.metrics.evicted += 1
        self.abort()

    async def _wait(self, objects: Sequence[ClientObject | Invalid], pause: float) -> None:
        await self._handle(objects)
        if self._invalid and not self._pace.bears(self._invalid):
            self._relay.metrics.cut += 1
            await self.close(POLICY)
            return
        if pause:
            self._relay.metrics.slowed += 1
            await self._sleep(pause)
        if self._outbox.full:
            await self._outbox.drained()

    async def _sleep(self, seconds: float) -> None:
        """Let the peer wait; return soon after it has gone."""
        while seconds > 0 and not self._outbox.closed and not self._line.broken:
            await asyncio.sleep(min(seconds, LOOK))
            seconds -= LOOK

    # What the service calls.

    @property
    def writable(self) -> bool:
        return not self._outbox.full

    def push(self, uri: str, entry: Entry) -> None:
        size = entry.size
        body = entry.msg if size <= INLINE and entry.msg is not None else b""
        self._outbox.push(Push(uri, Message(entry.id, entry.ts, size, body)))

    def stall(self, queue: LiveQueue) -> None:
        self._stalled[queue] = None

    def end(self, uri: str) -> None:
        self._outbox.put(End(uri))

    def ready(self, uri: str) -> None:
        self._outbox.put(Ready(uri))

    def _resume(self) -> None:
        stalled, self._stalled = self._stalled, {}
        for queue in stalled:
            self._relay.pump(queue)

    def _leave(self) -> None:
        self._outbox.shut()
        for queue in self._subscribed.values():
            self._relay.unsubscribe(queue, self)
            self._relay.release(queue)
        for attachment in self._attached.values():
            self._detach(attachment)

    def _detach(self, attachment: Attachment) -> None:
        queue = attachment.queue
        if attachment in queue.starved:
            queue.starved.remove(attachment)
        self._relay.release(queue)

    # What the client asks.

    async def _handle(self, objects: Sequence[ClientObject | Invalid]) -> None:
        while objects:
            opening = _opening(objects)
            if opening:
                await self._open(opening)
            objects = objects[len(opening) :]
            objects = objects[self._do(objects) :]

    def _do(self, objects: Sequence[ClientObject | Invalid]) -> int:
        """Do what is asked, up to what opens a queue; return how much was done."""
        sendings: list[Sending] = []
        deletings: list[Deleting] = []
        for place, found in enumerate(objects):
            kind = type(found)
            if kind is Send:
                self._send(found, sendings)  # type: ignore[arg-type] # a look at the type is the fastest
            elif kind is DeleteMessage:
                self._delete(found, deletings)  # type: ignore[arg-type] # as above
            else:
                self._move(sendings, deletings)
                if isinstance(found, Subscribe | Attach):
                    return place
                sendings, deletings = [], []
                self._act(found)  # type: ignore[arg-type] # as above
        self._move(sendings, deletings)
        return len(objects)

    def _move(self, sendings: Sequence[Sending], deletings: Sequence[Deleting]) -> None:
        # What is deleted makes room for what is sent.
        if deletings:
            self._relay.delete(deletings)
        if sendings:
            self._relay.send(sendings)

    def _act(self, found: Unsubscribe | Invalid) -> None:
        if isinstance(found, Unsubscribe):
            self._unsubscribe(found)
        else:
            self._invalid += 1
            self._outbox.put(found)

    def _send(self, found: Send, to: list[Sending]) -> None:
        attachment = self._attached.get(found.sender_uri[-ID_CHARACTERS:])
        if len(found.msg) not in LENGTHS:
            self._invalid += 1
            self._outbox.put(Invalid("/msg", found.id))
        elif attachment is None:
            self._outbox.put(Sent(found.id, ok=False, error="unauthorized"))
        else:
            sent = attachment.done
            to.append((attachment.queue, found.id, found.msg, sent, attachment.signed))

    def _sent(self, attached: str, name: str, refusal: Refusal) -> None:
        self._outbox.put(Sent(name, ok=not refusal, error=refusal))
        if refusal == "quota" and not self._outbox.closed:
            self._relay.starve(self._attached[attached])

    def _delete(self, found: DeleteMessage, to: list[Deleting]) -> None:
        queue = self._subscribed.get(found.recipient_uri[-ID_CHARACTERS:])
        if queue is None:
            self._outbox.put(Deleted(found.id, ok=False, error="unauthorized"))
        else:
            to.append((queue, found.message_id, found.id, self._deleted))

    def _deleted(self, name: str, refusal: Refusal) -> None:
        self._outbox.put(Deleted(name, ok=not refusal, error=refusal))

    def _unsubscribe(self, found: Unsubscribe) -> None:
        queue = self._subscribed.pop(found.recipient_uri[-ID_CHARACTERS:], None)
        if queue is not None:
            self._relay.unsubscribe(queue, self)
            self._relay.release(queue)
        self._outbox.put(Unsubscribed(found.id, ok=True))

    async def _open(self, wanted: Sequence[Subscribe | Attach]) -> None:
        """Open queues, many with one look-up."""
        subscribes = [found for found in wanted if isinstance(found, Subscribe)]
        attaches = [found for found in wanted if isinstance(found, Attach)]
        try:
            if subscribes:
                proofs = [self._proof(o.recipient_uri, "subscribe", o.auth) for o in subscribes]
                queues = await self._relay.recipients(proofs)
                for asked, queue in zip(subscribes, queues, strict=True):
                    self._subscribe(asked, queue)
                subscribes = []
            if attaches:
                proofs = [self._proof(o.sender_uri, "attach", o.auth) for o in attaches]
                queues = await self._relay.senders(proofs)
                for attach, queue in zip(attaches, queues, strict=True):
                    self._attach(attach, queue)
        except StoreError:
            for late in subscribes:
                self._outbox.put(Subscribed(late.id, ok=False, error="busy"))
            for attach in attaches:
                self._outbox.put(Attached(attach.id, ok=False, error="busy"))

    def _subscribe(self, asked: Subscribe, queue: LiveQueue | None) -> None:
        if refusal := self._refusal(queue):
            self._outbox.put(Subscribed(asked.id, ok=False, error=refusal))
            return
        assert queue is not None
        name = asked.recipient_uri[-ID_CHARACTERS:]
        if name in self._subscribed:
            self._relay.release(queue)  # it was held already
        self._subscribed[name] = queue
        self._outbox.put(Subscribed(asked.id, ok=True))
        self._relay.subscribe(queue, Subscription(self, asked.recipient_uri))

    def _attach(self, asked: Attach, queue: LiveQueue | None) -> None:
        if refusal := self._refusal(queue):
            self._outbox.put(Attached(asked.id, ok=False, error=refusal))
            return
        assert queue is not None
        name = asked.sender_uri[-ID_CHARACTERS:]
        before = self._attached.get(name)
        self._attached[name] = Attachment(
            *(self, asked.sender_uri, queue, partial(self._sent, name)), signed=bool(asked.auth)
        )
        if before is not None:
            self._detach(before)
        self._outbox.put(Attached(asked.id, ok=True))

    def _refusal(self, queue: LiveQueue | None) -> Refusal:
        if queue is None:
            return "unauthorized"
        if len(self._subscribed) + len(self._attached) >= self._relay.limits.queues_per_socket:
            self._relay.release(queue)
            return "busy"
        return ""

    def _proof(self, uri: str, kind: str, auth: bytes) -> Proof:
        data = socket_bytes(self._site.fingerprint, self._nonce, uri, kind)
        return Proof(uri.rpartition("/")[2], data, auth)


def _opening(objects: Sequence[ClientObject | Invalid]) -> list[Subscribe | Attach]:
    """Return those in front that open a queue."""
    found: list[Subscribe | Attach] = []
    for one in objects:
        if not isinstance(one, Subscribe | Attach):
            break
        found.append(one)
    return found
