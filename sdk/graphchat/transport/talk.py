"""The talk over one connected socket: objects out, objects in, each to the half it concerns.

It does no I/O: frames come out of `frame` and go into `hear`.
"""

from collections.abc import Callable
from typing import Final

from graphchat.crypto.keys import SigningKey
from graphchat.errors import BadRequestError, RelayError, RemoteProtocolError
from graphchat.ids import QueueId
from graphchat.transport.faults import refusal
from graphchat.transport.outgoing import Outgoing
from graphchat.transport.ports import Delivery, Listener
from graphchat.transport.receiving import Receiving
from graphchat.transport.sending import Sending
from graphchat.transport.session import Session
from graphchat.wire.frames import decode_server
from graphchat.wire.socket import Answer, End, Invalid, Push, Ready, ServerObject

# Seconds after which a relay that answers pings but not questions is taken for stuck.
PATIENCE: Final = 120.0


class Talk:
    def __init__(
        self,
        session: Session,
        listener: Listener,
        wanted: dict[QueueId, SigningKey],
        wake: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        """Begin by subscribing to all queues in ``wanted``.

        ``wake`` is called when `frame` has something to give; ``now`` is a stopwatch.
        """
        self._relay = session.relay
        self._listener = listener
        self._now = now
        self._outgoing = Outgoing(wake)
        self.receiving: Final = Receiving(session, listener, wanted, self._outgoing, now)
        self.sending: Final = Sending(session, listener, self._outgoing, now)

    def frame(self) -> bytes | None:
        """Return the next frame to write; None if there is nothing to say."""
        return self._outgoing.frame()

    def hear(self, frame: str | bytes) -> None:
        """Take a frame that came. Raises `RemoteProtocolError`: such a relay is left."""
        deliveries: list[Delivery] = []
        for said in decode_server(frame):
            if isinstance(said, Push):
                if (delivery := self.receiving.pushed(said)) is not None:
                    deliveries.append(delivery)
                continue
            if isinstance(said, End):  # what came before it is told before it
                deliveries = self._deliver(deliveries)
            self._hear_other(said)
        self._deliver(deliveries)

    def end(self, error: RelayError) -> None:
        """Answer everything that still waits with ``error``."""
        self.sending.end(error)

    def is_stuck(self) -> bool:
        """Tell whether the relay owes an answer for too long."""
        oldest = min(self.receiving.asked_since(), self.sending.asked_since())
        return self._now() - oldest > PATIENCE

    def _deliver(self, deliveries: list[Delivery]) -> list[Delivery]:
        if deliveries:
            self._listener.received(self._relay, deliveries)
        return []

    def _hear_other(self, said: ServerObject) -> None:
        match said:
            case Answer():
                self._answered(said.id, None if said.ok else refusal(self._relay, said.error))
            case Invalid() if said.id:
                self._answered(said.id, BadRequestError())
            case End():
                self.receiving.ended(said)
            case Ready():
                self.sending.ready(said)
            case _:
                # A second session, or a frame of ours that could not be read at all: then it
                # is not known what else in it is lost.
                raise RemoteProtocolError("the relay says what it may not say here")

    def _answered(self, name: str, error: RelayError | None) -> None:
        self.receiving.answered(name, error)
        self.sending.answered(name, error)
