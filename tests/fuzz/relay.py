"""A whole relay in memory that a stranger speaks to, by REST or by a socket, in any way it likes.

In the input ``RU`` and ``SU`` stand for the URIs of the stranger's queue, and ``SIGN`` for a
valid signature, so that the depth of the relay is reached too.
"""

import asyncio
from base64 import b64encode
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from graphchat.crypto.keys import SigningKey
from graphchat.secret import Secret
from graphchat.testing.clock import FakeClock
from graphchat.wire import rest
from graphchat.wire.frames import decode_client, decode_server
from graphchat.wire.signing import Authorization, new_nonce, request_bytes, socket_bytes
from graphchat.wire.socket import Answer, Invalid, ServerObject, Session
from graphchat.wire.uri import fingerprint
from graphchat_relay.app import make_parts, public_app
from graphchat_relay.gate import App
from graphchat_relay.settings import RelaySettings

Event = MutableMapping[str, Any]

ANSWERS: Final = frozenset({200, 201, 204, 400, 401, 404, 405, 429})
ORIGIN: Final = "http://127.0.0.1"
KEY: Final = SigningKey(Secret(bytes(32)))
# Seconds after which a relay that has not answered hangs.
PATIENCE: Final = 5
FRAMES: Final = 20


def rest_request(data: bytes) -> None:
    """Send one request: the first line is ``[SIGN ]METHOD TARGET``, all after it the body."""
    asyncio.run(_ask(data))


def socket_talk(data: bytes) -> None:
    """Send each line as a frame: text if it begins like JSON, else binary."""
    asyncio.run(_talk(data.split(b"\n")[:FRAMES]))


async def _ask(data: bytes) -> None:
    head, _, body = data.partition(b"\n")
    signed, line = head.startswith(b"SIGN "), head.removeprefix(b"SIGN ")
    method, _, target = line.decode("ascii", "replace").partition(" ")
    parts = make_parts(RelaySettings(store="memory:"), FakeClock(b"relay"))
    async with parts.serving(), asyncio.timeout(PATIENCE):
        stranger = Stranger(public_app(parts), parts.site.identity)
        await stranger.move_in()
        target = target.replace("RU", stranger.recipient).replace("SU", stranger.sender)
        status, _ = await stranger.request(method, target, body, signed=signed)
    assert status in ANSWERS


async def _talk(frames: list[bytes]) -> None:
    parts = make_parts(RelaySettings(store="memory:"), FakeClock(b"relay"))
    async with parts.serving(), asyncio.timeout(PATIENCE):
        stranger = Stranger(public_app(parts), parts.site.identity)
        await stranger.move_in()
        await stranger.talk(frames)


@dataclass(slots=True)
class Stranger:
    """Somebody with a queue, in front of one relay."""

    app: App
    identity: bytes
    recipient: str = ""
    sender: str = ""
    clock: FakeClock = field(default_factory=FakeClock)

    async def move_in(self) -> None:
        """Make a queue."""
        body = rest.encode(rest.CreateQueue(KEY.public))
        status, answer = await self.request("POST", "/q", body, signed=True)
        assert status == 201
        made = rest.decode(rest.CreatedQueue, answer)
        self.recipient, self.sender = made.recipient_uri, made.sender_uri

    async def request(
        self, method: str, target: str, body: bytes, *, signed: bool
    ) -> tuple[int, bytes]:
        """Return status and body of the answer. A target may be a whole URI."""
        target = target.removeprefix(ORIGIN)
        path, _, query = target.encode("ascii", "replace").partition(b"?")
        scope = _scope("http", path)
        scope |= {"method": method, "query_string": query}
        if signed:
            scope["headers"].append((b"authorization", self._authorization(method, target, body)))
        incoming: list[Event] = [{"type": "http.request", "body": body}]
        sent: list[Event] = []

        async def receive() -> Event:
            return incoming.pop() if incoming else {"type": "http.disconnect"}

        async def send(event: Event) -> None:
            sent.append(event)

        await self.app(scope, receive, send)
        return sent[0]["status"], b"".join(event["body"] for event in sent[1:])

    async def talk(self, frames: list[bytes]) -> None:
        """Send each frame once the frames before it are answered; every object has an answer."""
        incoming: asyncio.Queue[Event] = asyncio.Queue()
        outgoing: asyncio.Queue[Event] = asyncio.Queue()
        incoming.put_nowait({"type": "websocket.connect"})
        serving = asyncio.ensure_future(
            self.app(_scope("websocket", b"/q"), incoming.get, outgoing.put)
        )
        assert (await outgoing.get())["type"] == "websocket.accept"
        [session] = _objects(await outgoing.get())
        assert isinstance(session, Session)
        for frame in frames:
            event = _frame(self._filled_in(frame, session.nonce))
            expected = len(decode_client(event.get("text", event.get("bytes"))))
            incoming.put_nowait(event)
            while expected > 0:
                found = _objects(await outgoing.get())
                expected -= sum(isinstance(one, Answer | Invalid) for one in found)
            assert expected == 0
        incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await serving

    def _filled_in(self, frame: bytes, nonce: str) -> bytes:
        for place, uri, kind in (
            (b"SIGN-RU", self.recipient, "subscribe"),
            (b"SIGN-SU", self.sender, "attach"),
        ):
            data = socket_bytes(fingerprint(self.identity), nonce, uri, kind)
            frame = frame.replace(place, b64encode(KEY.sign(data)))
        return frame.replace(b"RU", self.recipient.encode()).replace(b"SU", self.sender.encode())

    def _authorization(self, method: str, target: str, body: bytes) -> bytes:
        ts, nonce = int(self.clock.now()), new_nonce(self.clock)
        data = request_bytes(method, fingerprint(self.identity), target, ts, nonce, body)
        return Authorization(ts, nonce, KEY.sign(data)).header.encode()


def _scope(kind: str, path: bytes) -> dict[str, Any]:
    return {
        "type": kind,
        "scheme": "http" if kind == "http" else "ws",
        "path": unquote(path.decode()),
        "raw_path": path,
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
    }


def _frame(data: bytes) -> Event:
    if data[:1] in {b"{", b"["}:
        return {"type": "websocket.receive", "text": data.decode(errors="replace")}
    return {"type": "websocket.receive", "bytes": data}


def _objects(event: Event) -> list[ServerObject]:
    assert event["type"] == "websocket.send"
    text: str | None = event.get("text")
    return decode_server(event["bytes"] if text is None else text)
