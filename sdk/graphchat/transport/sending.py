"""The sending half of a talk over one socket: attachments, envelopes and their fates."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from graphchat.crypto.keys import SigningKey
from graphchat.errors import RelayError, UnauthorizedError
from graphchat.ids import QueueId
from graphchat.transport.outgoing import Outgoing
from graphchat.transport.ports import Listener
from graphchat.transport.session import Session
from graphchat.wire.socket import Attach, Ready, Send

# Envelopes without an answer that one socket holds. Who has more waits, and asks again.
MOST_BYTES: Final = 32 * 2**20
MOST_ENVELOPES: Final = 8192


@dataclass(frozen=True, slots=True)
class Envelope:
    """One call of `Link.send`."""

    sender: QueueId
    key: SigningKey | None
    """None: the queue is open, and nothing is signed."""
    data: bytes
    tag: int
    request_id: str


@dataclass(slots=True)
class _Pending:
    """An envelope whose fate is not known yet."""

    object: Send
    tags: list[int]
    left: float | None = None
    """When it was written to the socket."""


@dataclass(slots=True)
class _Attachment:
    queue: QueueId
    ready: bool = False
    waiting: list[_Pending] = field(default_factory=list)


class Sending:
    def __init__(
        self,
        session: Session,
        listener: Listener,
        outgoing: Outgoing,
        now: Callable[[], float],
    ) -> None:
        self._session = session
        self._listener = listener
        self._outgoing = outgoing
        self._now = now
        self._held = 0
        self._pending: dict[str, _Pending] = {}
        self._attached: dict[str, _Attachment] = {}
        # By the id of the question: the URI, and when it left.
        self._attaching: dict[str, tuple[str, float]] = {}

    @property
    def is_full(self) -> bool:
        return self._held >= MOST_BYTES or len(self._pending) >= MOST_ENVELOPES

    def send(self, envelope: Envelope) -> None:
        """Send, or attach first and then send."""
        if known := self._pending.get(envelope.request_id):
            known.tags.append(envelope.tag)  # it is on its way already
            return
        uri = self._session.relay.queue_uri(envelope.sender)
        pending = _Pending(Send(envelope.request_id, uri, envelope.data), [envelope.tag])
        self._pending[envelope.request_id] = pending
        self._held += len(envelope.data)
        attachment = self._attached.get(uri)
        if attachment is None:
            attachment = self._attached[uri] = _Attachment(envelope.sender)
            self._attach(uri, envelope.key)
        if attachment.ready:
            self._write(pending)
        else:
            attachment.waiting.append(pending)

    def answered(self, name: str, error: RelayError | None) -> None:
        """Take the answer to the object with the id ``name``, if it is one of this half."""
        if attaching := self._attaching.pop(name, None):
            self._attachment_answered(attaching[0], error)
        elif (pending := self._pending.get(name)) and pending.left is not None:
            if isinstance(error, UnauthorizedError) and self._is_ready(pending.object.sender_uri):
                del self._attached[pending.object.sender_uri]  # the next send attaches anew
            self._settle(pending, error)

    def ready(self, ready: Ready) -> None:
        if attachment := self._attached.get(ready.sender_uri):
            self._listener.ready(self._session.relay, attachment.queue)

    def end(self, error: RelayError) -> None:
        """Answer all that waits: the socket is gone."""
        for pending in [*self._pending.values()]:
            self._settle(pending, error)

    def asked_since(self) -> float:
        """Return when the oldest question or envelope without an answer left."""
        envelopes = (p.left for p in self._pending.values() if p.left is not None)
        questions = (left for _, left in self._attaching.values())
        return min(chain(envelopes, questions), default=self._now())

    def _attach(self, uri: str, key: SigningKey | None) -> None:
        def leave() -> Attach:
            name = self._outgoing.new_id()
            self._attaching[name] = uri, self._now()
            auth = b"" if key is None else self._session.auth(key, uri, "attach")
            return Attach(name, uri, auth)

        self._outgoing.put(leave)

    def _attachment_answered(self, uri: str, error: RelayError | None) -> None:
        attachment = self._attached[uri]
        waiting, attachment.waiting = attachment.waiting, []
        if error is None:
            attachment.ready = True
            for pending in waiting:
                self._write(pending)
            return
        del self._attached[uri]
        for pending in waiting:
            self._settle(pending, error)

    def _write(self, pending: _Pending) -> None:
        def leave() -> Send:
            pending.left = self._now()
            return pending.object

        self._outgoing.put(leave, len(pending.object.msg))

    def _settle(self, pending: _Pending, error: RelayError | None) -> None:
        del self._pending[pending.object.id]
        self._held -= len(pending.object.msg)
        for tag in pending.tags:
            self._listener.answered(self._session.relay, tag, error)

    def _is_ready(self, uri: str) -> bool:
        attachment = self._attached.get(uri)
        return attachment is not None and attachment.ready
