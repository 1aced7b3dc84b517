"""Clients that tests speak to a relay with: as plain as the protocol is."""

import asyncio
from base64 import b64encode
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Any, Final

import aiohttp
import msgspec
from yarl import URL

from graphchat.clock import SystemClock
from graphchat.crypto.keys import SigningKey
from graphchat.secret import Secret
from graphchat.wire import rest
from graphchat.wire.frames import decode_server, encode_binary, encode_text
from graphchat.wire.limits import FRAME, S
from graphchat.wire.signing import Authorization, new_nonce, request_bytes, socket_bytes
from graphchat.wire.socket import (
    Attach,
    ClientObject,
    ServerObject,
    Session,
    Subscribe,
)
from graphchat.wire.uri import RelayAddress

CLOCK: Final = SystemClock()
PATIENCE: Final = 10.0


def key(name: str) -> SigningKey:
    """Return the key of somebody; the same name has the same key."""
    return SigningKey(Secret(sha256(name.encode()).digest()))


def envelope(text: str = "", size: int = S) -> bytes:
    """Return bytes of a size class that are the same for the same text."""
    return (text.encode() + bytes(size))[:size]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Rest:
    """Sends requests, signed as the test wants."""

    def __init__(self, address: RelayAddress, http: aiohttp.ClientSession) -> None:
        self.address = address
        self.http = http

    async def ask(self, method: str, uri: str, body: bytes = b"", **options: Any) -> Answer:
        """``by`` is who signs, ``late`` seconds, ``nonce`` a text, ``headers`` more of them."""
        url = URL(uri, encoded=True)
        headers = dict(options.get("headers", {}))
        who = options.get("by")
        if who is not None:
            ts = int(CLOCK.now()) + options.get("late", 0)
            nonce = options.get("nonce") or new_nonce(CLOCK)
            fp = options.get("fingerprint", self.address.fingerprint)
            signed = request_bytes(method, fp, url.raw_path_qs, ts, nonce, body)
            headers["Authorization"] = Authorization(ts, nonce, key(who).sign(signed)).header
        return await self.fetch(method, url, headers, body)

    async def fetch(self, method: str, url: URL, headers: dict[str, str], body: bytes) -> Answer:
        """Send what is ready, and return the answer."""
        data = BytesIO(body) if body else None
        async with self.http.request(method, url, data=data, headers=headers) as found:
            return Answer(found.status, await found.read(), found.headers)

    async def create(self, who: str) -> rest.CreatedQueue:
        body = rest.encode(rest.CreateQueue(key(who).public))
        found = await self.ask("POST", self.address.create_uri, body, by=who)
        assert found.status == 201, found
        return rest.decode(rest.CreatedQueue, found.body)

    async def queue(self, recipient: str, sender: str | None) -> rest.CreatedQueue:
        """Create a queue, and secure it if it has a sender."""
        queue = await self.create(recipient)
        if sender is not None:
            body = rest.encode(rest.SecureQueue(key(sender).public))
            found = await self.ask("PUT", queue.recipient_uri, body, by=recipient)
            assert found.status == 200, found
        return queue

    async def send(
        self, queue: rest.CreatedQueue, who: str | None, msg: bytes, **options: Any
    ) -> Answer:
        body = b'{"msg":"%s"}' % b64encode(msg)
        return await self.ask("POST", f"{queue.sender_uri}/messages", body, by=who, **options)

    async def list(self, queue: rest.CreatedQueue, who: str) -> list[rest.Message]:
        found = await self.ask("GET", f"{queue.recipient_uri}/messages", by=who)
        assert found.status == 200, found
        return rest.decode(rest.MessageList, found.body).messages


class Talk:
    """A socket: what is said, and what is heard, one object after the other."""

    def __init__(
        self, address: RelayAddress, socket: aiohttp.ClientWebSocketResponse, *, binary: bool
    ) -> None:
        self.address = address
        self.socket = socket
        self.binary = binary
        self.session: Session | None = None
        self._heard: deque[ServerObject] = deque()
        self._count = 0

    async def hear(self, seconds: float = PATIENCE) -> ServerObject:
        async with asyncio.timeout(seconds):
            while not self._heard:
                frame = await self.socket.receive()
                assert frame.type in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}, frame
                if self.session is not None:
                    assert isinstance(frame.data, bytes) is self.binary
                self._heard.extend(decode_server(frame.data))
        return self._heard.popleft()

    async def hears_nothing(self) -> None:
        await asyncio.sleep(0.05)
        try:
            found = await self.hear(0.05)
        except TimeoutError:
            return
        raise AssertionError(found)

    async def say(self, *objects: ClientObject) -> None:
        if self.binary:
            await self.socket.send_bytes(encode_binary(objects))
        else:
            await self.socket.send_str(encode_text(objects))

    @property
    def opening(self) -> Session:
        """What the relay said first."""
        assert self.session is not None
        return self.session

    def name(self) -> str:
        self._count += 1
        return f"{id(self)}-{self._count}"

    def auth(self, who: str, uri: str, kind: str) -> bytes:
        assert self.session is not None
        data = socket_bytes(self.address.fingerprint, self.session.nonce, uri, kind)
        return key(who).sign(data)

    def subscribe(self, who: str, uri: str) -> Subscribe:
        return Subscribe(self.name(), uri, self.auth(who, uri, "subscribe"))

    def attach(self, who: str | None, uri: str) -> Attach:
        return Attach(self.name(), uri, self.auth(who, uri, "attach") if who else b"")


@dataclass(slots=True)
class Clients:
    """Everything of one test that speaks to one relay."""

    address: RelayAddress
    http: aiohttp.ClientSession

    @property
    def rest(self) -> Rest:
        return Rest(self.address, self.http)

    async def socket(self, *, binary: bool = True) -> Talk:
        found = await self.http.ws_connect(self.address.socket_uri, max_msg_size=FRAME, compress=0)
        talk = Talk(self.address, found, binary=binary)
        try:
            session = await talk.hear()
        except BaseException:
            await found.close()
            raise
        assert isinstance(session, Session)
        talk.session = session
        return talk


@asynccontextmanager
async def clients(
    uri: str, connector: aiohttp.BaseConnector | None = None
) -> AsyncIterator[Clients]:
    """Speak to the relay at this address."""
    async with aiohttp.ClientSession(connector=connector) as http:
        yield Clients(RelayAddress.parse(uri), http)


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait for what happens by itself."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(0.005)
