"""A relay that says what a test wants, a listener that remembers, and certificates."""

import asyncio
import datetime as dt
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from aiohttp import WSMsgType, web
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from graphchat.crypto.keys import SigningKey
from graphchat.errors import RelayError
from graphchat.ids import Fingerprint, QueueId
from graphchat.secret import Secret
from graphchat.testing.clock import FakeClock
from graphchat.transport import Delivery, HttpTransport
from graphchat.wire.frames import decode_client, encode_binary, encode_text
from graphchat.wire.socket import (
    Attach,
    Attached,
    ClientObject,
    Deleted,
    DeleteMessage,
    Invalid,
    Send,
    Sent,
    ServerObject,
    Session,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)
from graphchat.wire.uri import RelayAddress, fingerprint

NONCE: Final = "nonce-of-the-session"
KEY: Final = SigningKey(Secret(b"k" * 32))
ADDRESS: Final = RelayAddress("https://relay.example/q", Fingerprint(b"f" * 16))
QUEUE: Final = QueueId(b"q" * 18)
SENDER: Final = QueueId(b"s" * 18)

Script = Callable[[ClientObject], ServerObject | None]


def ok(asked: ClientObject) -> ServerObject:
    """Answer as a relay that agrees with everything."""
    match asked:
        case Subscribe():
            return Subscribed(asked.id, ok=True)
        case Unsubscribe():
            return Unsubscribed(asked.id, ok=True)
        case DeleteMessage():
            return Deleted(asked.id, ok=True)
        case Attach():
            return Attached(asked.id, ok=True)
        case Send():
            return Sent(asked.id, ok=True)


@dataclass
class Seen:
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class ScriptedRelay:
    """A web server that records requests, answers from a list, and sockets by a script."""

    identity: SigningKey = field(default_factory=lambda: SigningKey(Secret(b"i" * 32)))
    script: Script = ok
    greeting: Callable[[], str | bytes | None] | None = None
    seen: list[Seen] = field(default_factory=list)
    answers: deque[web.Response] = field(default_factory=deque)
    frames: list[list[ClientObject]] = field(default_factory=list)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    curious: bool = False
    """Whether it pings before it says anything."""
    refusal: web.Response | None = None
    """What a socket gets instead of a welcome."""
    address: RelayAddress = ADDRESS

    @property
    def said(self) -> list[ClientObject]:
        return [found for frame in self.frames for found in frame]

    async def push(self, *objects: ServerObject) -> None:
        await self.sockets[-1].send_bytes(encode_binary(objects))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        target = request.raw_path
        if headers.get("upgrade", "").lower() == "websocket":
            self.seen.append(Seen("WS", target, headers, b""))
            return await self._socket(request)
        self.seen.append(Seen(request.method, target, headers, await request.read()))
        return self.answers.popleft()

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self.refusal is not None:
            return self.refusal
        socket = web.WebSocketResponse(max_msg_size=8 * 2**20)
        await socket.prepare(request)
        self.sockets.append(socket)
        if self.curious:
            await socket.ping()
        greeting = self._greeting() if self.greeting is None else self.greeting()
        if isinstance(greeting, str):
            await socket.send_str(greeting)
        elif greeting is not None:
            await socket.send_bytes(greeting)
        async for message in socket:
            if message.type is not WSMsgType.BINARY:
                continue
            await self._answer(socket, message.data)
        return socket

    async def _answer(self, socket: web.WebSocketResponse, frame: bytes) -> None:
        objects: list[ClientObject] = []
        for found in decode_client(frame):
            assert not isinstance(found, Invalid)
            objects.append(found)
        self.frames.append(objects)
        answers = [answer for found in objects if (answer := self.script(found)) is not None]
        if answers and not socket.closed:
            await socket.send_bytes(encode_binary(answers))

    def _greeting(self) -> str:
        return encode_text([Session(NONCE, self.identity.public)])


@asynccontextmanager
async def serving(
    relay: ScriptedRelay, tls: ssl.SSLContext | None = None, path: str = "/q"
) -> AsyncIterator[ScriptedRelay]:
    app = web.Application(client_max_size=4 * 2**20)
    app.router.add_route("*", "/{rest:.*}", relay.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    scheme = "http" if tls is None else "https"
    known = fingerprint(relay.identity.public)
    relay.address = RelayAddress(f"{scheme}://127.0.0.1:{port}{path}", known)
    try:
        yield relay
    finally:
        await runner.cleanup()


@asynccontextmanager
async def transporting(
    *,
    proxy: str | None = None,
    authorities: ssl.SSLContext | None = None,
    reconnect_delay: tuple[float, float] = (0.01, 0.05),
    silence: float = 5.0,
) -> AsyncIterator[HttpTransport]:
    transport = HttpTransport(
        FakeClock(),
        proxy=proxy,
        authorities=authorities,
        reconnect_delay=reconnect_delay,
        silence=silence,
    )
    try:
        yield transport
    finally:
        await transport.close()


Event = tuple[object, ...]


@dataclass
class Recorder:
    """A listener that remembers what it heard, each with its name."""

    heard: list[Event] = field(default_factory=list)
    errors: list[RelayError] = field(default_factory=list)

    def up(self, relay: RelayAddress) -> None:
        self.heard.append(("up",))

    def down(self, relay: RelayAddress, error: RelayError) -> None:
        self.errors.append(error)
        self.heard.append(("down", type(error).__name__))

    def received(self, relay: RelayAddress, deliveries: Sequence[Delivery]) -> None:
        self.heard.append(("received", *deliveries))

    def ended(self, relay: RelayAddress, queue: QueueId) -> None:
        self.heard.append(("ended", queue))

    def refused(self, relay: RelayAddress, queue: QueueId, error: RelayError) -> None:
        self.heard.append(("refused", queue, type(error).__name__))

    def answered(self, relay: RelayAddress, tag: int, error: RelayError | None) -> None:
        self.heard.append(("answered", tag, error and type(error).__name__))

    def ready(self, relay: RelayAddress, sender: QueueId) -> None:
        self.heard.append(("ready", sender))

    def all(self, name: str) -> list[Event]:
        return [event for event in self.heard if event[0] == name]


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait for ``condition``; `TimeoutError` if it never comes true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - conditions are of all kinds
            await asyncio.sleep(0.002)


@dataclass(frozen=True)
class Certificates:
    """Makes certificates for 127.0.0.1 in a folder."""

    folder: Path

    def by_itself(self, identity: SigningKey) -> ssl.SSLContext:
        """Return the server side of a relay that signed for itself, years ago, for no name."""
        key = Ed25519PrivateKey.from_private_bytes(identity.seed.reveal())
        name = _name("relay")
        builder = _builder(name, name, key, year=2001)
        return self._context(builder.sign(key, None), key)

    def by_authority(self) -> tuple[ssl.SSLContext, ssl.SSLContext]:
        """Return the server side with a certificate of an authority, and who trusts that."""
        above, key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        root = (
            _builder(_name("authority"), _name("authority"), above)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(above, None)
        )
        leaf = (
            _builder(_name("127.0.0.1"), _name("authority"), key)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]),
                critical=False,
            )
            .sign(above, None)
        )
        trust = ssl.create_default_context(
            cadata=root.public_bytes(serialization.Encoding.PEM).decode()
        )
        return self._context(leaf, key), trust

    def _context(self, certificate: x509.Certificate, key: Ed25519PrivateKey) -> ssl.SSLContext:
        path = self.folder / "server.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Ed25519PrivateKey, year: int = 2101
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(year, 1, 1, tzinfo=dt.UTC))
    )
