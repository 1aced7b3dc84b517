"""The transport over HTTP and WebSockets: requests, as section 4 of the protocol has them."""

import ssl
from collections.abc import Sequence
from functools import partial
from typing import Final, TypeVar

from yarl import URL

from graphchat.clock import Clock
from graphchat.crypto.keys import SigningKey
from graphchat.errors import RemoteProtocolError, StateError
from graphchat.ids import QueueId
from graphchat.transport.backoff import Backoff
from graphchat.transport.connections import CLOSED, Connections, Request
from graphchat.transport.faults import no_relay, status
from graphchat.transport.link import SocketLink, goodbye, greeting
from graphchat.transport.ports import Link, Listener, NewQueue, Transport
from graphchat.transport.proxy import circuit as name_circuit
from graphchat.transport.receiving import MESSAGE_ID
from graphchat.wire import rest
from graphchat.wire.limits import BODY
from graphchat.wire.signing import Authorization, new_nonce, request_bytes
from graphchat.wire.uri import RelayAddress, queue_id

B = TypeVar("B", bound=rest.Body)

RECONNECT: Final = (0.5, 60.0)
"""Seconds before the first attempt to reconnect, and at most."""
SILENCE: Final = 50.0
"""Seconds without a sign of life after which a socket is given up."""
SEED: Final = 32
# An answer that holds no envelope.
SMALL: Final = 16 * 1024


class HttpTransport:
    """The `graphchat.transport.ports.Transport` of aiohttp.

    ``proxy``, ``authorities`` and ``circuit`` as in `graphchat.transport.connections.Connections`;
    ``seed`` is what circuits of profiles are named by, random if it is not given;
    ``reconnect_delay`` and ``silence`` in seconds, see `RECONNECT` and `SILENCE`.
    """

    def __init__(  # noqa: PLR0913 - what a network is, each by its name
        self,
        clock: Clock,
        *,
        proxy: str | None = None,
        authorities: ssl.SSLContext | None = None,
        reconnect_delay: tuple[float, float] = RECONNECT,
        silence: float = SILENCE,
        seed: bytes = b"",
        circuit: bytes = bytes(32),
    ) -> None:
        self._clock = clock
        self._connections = Connections(proxy, authorities, circuit)
        self._seed = seed or clock.random(SEED)
        self._reconnect_delay = reconnect_delay
        self._silence = silence
        self._again = partial(
            HttpTransport,
            clock,
            proxy=proxy,
            authorities=authorities,
            reconnect_delay=reconnect_delay,
            silence=silence,
            seed=self._seed,
        )
        self._profiles: dict[int, HttpTransport] = {}

    def of(self, profile: int) -> Transport:
        if self._connections.closed:
            raise StateError(CLOSED)
        if (found := self._profiles.get(profile)) is None:
            apart = name_circuit(self._seed, profile)
            found = self._profiles[profile] = self._again(circuit=apart)
        return found

    async def create(self, relay: RelayAddress, key: SigningKey) -> NewQueue:
        body = rest.encode(rest.CreateQueue(key.public))
        answer = await self._signed(relay, key, "POST", relay.create_uri, body, success=201)
        made = _decoded(relay, rest.CreatedQueue, answer)
        try:
            return NewQueue(queue_id(made.recipient_uri), queue_id(made.sender_uri))
        except RemoteProtocolError:
            raise no_relay(relay) from None

    async def secure(
        self, relay: RelayAddress, queue: QueueId, key: SigningKey, sender: bytes
    ) -> None:
        body = rest.encode(rest.SecureQueue(sender))
        await self._signed(relay, key, "PUT", relay.queue_uri(queue), body)

    async def remove(self, relay: RelayAddress, queue: QueueId, key: SigningKey) -> None:
        await self._signed(relay, key, "DELETE", relay.queue_uri(queue))

    async def put(self, relay: RelayAddress, sender: QueueId, message: bytes) -> None:
        uri = f"{relay.queue_uri(sender)}/messages"
        await self._asked(relay, "POST", uri, rest.encode(rest.SendMessage(message)))

    async def fetch(
        self, relay: RelayAddress, queue: QueueId, key: SigningKey, message_id: str
    ) -> bytes:
        # Else a relay could have us sign a request for another path.
        if not MESSAGE_ID.fullmatch(message_id):
            raise no_relay(relay)
        uri = f"{relay.queue_uri(queue)}/messages/{message_id}"
        answer = await self._signed(relay, key, "GET", uri, most=BODY)
        message = _decoded(relay, rest.Message, answer)
        if message.id != message_id or not len(message.msg) == message.size > 0:
            raise no_relay(relay)
        return message.msg

    async def listed(
        self, relay: RelayAddress, queue: QueueId, key: SigningKey
    ) -> Sequence[tuple[str, int]]:
        uri = f"{relay.queue_uri(queue)}/messages"
        # A page of messages that are short enough to be in it.
        answer = await self._signed(relay, key, "GET", uri, most=BODY)
        found = _decoded(relay, rest.MessageList, answer).messages
        if not all(MESSAGE_ID.fullmatch(message.id) for message in found):
            raise no_relay(relay)
        return [(message.id, message.size) for message in found]

    async def identify(self, relay: RelayAddress) -> None:
        socket = await self._connections.dial(relay)
        try:
            await greeting(relay, socket)
        finally:
            await goodbye(socket)

    def link(self, relay: RelayAddress, listener: Listener) -> Link:
        backoff = Backoff(self._clock, *self._reconnect_delay)
        dial = partial(self._connections.dial, relay)
        return SocketLink(relay, listener, dial, backoff, self._silence)

    async def close(self) -> None:
        await self._connections.close()
        for transport in self._profiles.values():
            await transport.close()
        self._profiles.clear()

    async def _signed(  # noqa: PLR0913 - the parts of a request
        self,
        relay: RelayAddress,
        key: SigningKey,
        method: str,
        uri: str,
        body: bytes = b"",
        *,
        success: int = 200,
        most: int = SMALL,
    ) -> bytes:
        ts, nonce = int(self._clock.now()), new_nonce(self._clock)
        path = URL(uri, encoded=True).raw_path_qs
        signed = request_bytes(method, relay.fingerprint, path, ts, nonce, body)
        header = Authorization(ts, nonce, key.sign(signed)).header
        return await self._asked(
            relay, method, uri, body, {"Authorization": header}, success=success, most=most
        )

    async def _asked(  # noqa: PLR0913 - the parts of a request
        self,
        relay: RelayAddress,
        method: str,
        uri: str,
        body: bytes,
        headers: dict[str, str] | None = None,
        *,
        success: int = 200,
        most: int = SMALL,
    ) -> bytes:
        kind = {"Content-Type": "application/json"} if body else {}
        request = Request(method, uri, kind | (headers or {}), body, most)
        answer = await self._connections.ask(relay, request)
        if answer.status != success:
            raise status(relay, answer.status, answer.headers, answer.body)
        return answer.body


def _decoded(relay: RelayAddress, kind: type[B], data: bytes) -> B:
    try:
        return rest.decode(kind, data)
    except RemoteProtocolError:
        raise no_relay(relay) from None
