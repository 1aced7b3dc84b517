"""Those who would use a relay up, each a process of its own: they go on until they are killed."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp
from tests.bench._bare import RECIPIENT
from tests.bench._load import Line, Server, ask, connect, create

from graphchat.wire import rest
from graphchat.wire.frames import encode_binary
from graphchat.wire.limits import M
from graphchat.wire.socket import Send
from graphchat.wire.uri import RelayAddress

HELLO: Final = (
    b"GET /q HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
BODY: Final = b"POST /q HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
# Masked with zeros: 65,000 bytes of text, which is no object.
RUBBISH: Final = b"\x81\xfe\xfd\xe8" + bytes(4) + b"?" * 65_000
# 256 objects of which each is none: the most that one frame asks for.
NONSENSE: Final = b"\x81\xfe\x03\x01" + bytes(4) + b"[" + b",".join([b"{}"] * 256) + b"]"
GARBAGE: Final = 10
FLOOD: Final = 16
BODIES: Final = 600
READERS: Final = 10
QUEUES: Final = 20
PAUSE: Final = 0.05


def main(kind: str, uri: str, count: int) -> None:
    """Attack the relay at ``uri``. ``count`` is that of the idle sockets."""
    # What the attackers spend is theirs: they shall not slow the honest down by that.
    os.nice(10)
    asyncio.run(_attack(kind, RelayAddress.parse(uri), count))


async def _attack(kind: str, address: RelayAddress, count: int) -> None:
    attacks: dict[str, Callable[[], Awaitable[None]]] = {
        "subscribers that take nothing": lambda: _take_nothing(address),
        "idle sockets": lambda: _many(address, count, _idle),
        "sockets with garbage": lambda: _many(address, GARBAGE, _garbage),
        "a flood of creates": lambda: _creates(address),
        "bodies that never end": lambda: _many(address, BODIES, _endless),
    }
    await attacks[kind]()


Attack = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _many(address: RelayAddress, count: int, attack: Attack) -> None:
    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            tasks.create_task(_again(address, attack))
            if number % 50 == 0:
                await asyncio.sleep(PAUSE)


async def _again(address: RelayAddress, attack: Attack) -> None:
    """Connect, attack until the relay has enough of it, and come back."""
    host, port = address.base.split("/")[2].split(":")
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                await attack(reader, writer)
            except (OSError, EOFError):
                pass
            finally:
                writer.transport.abort()
        await asyncio.sleep(PAUSE)


async def _idle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HELLO)
    await reader.read()


async def _garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HELLO)
    await reader.readuntil(b"\r\n\r\n")
    hearing = asyncio.create_task(reader.read())
    try:
        while not hearing.done():
            writer.write(RUBBISH + NONSENSE)
            await writer.drain()
            await asyncio.sleep(0)
    finally:
        hearing.cancel()


async def _endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(BODY)
    hearing = asyncio.create_task(reader.read())
    try:
        while not hearing.done():
            writer.write(b"x")
            await asyncio.wait([hearing], timeout=1.0)
    finally:
        hearing.cancel()


async def _creates(address: RelayAddress) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http, asyncio.TaskGroup() as tasks:
        for _ in range(FLOOD):
            tasks.create_task(_create(address, http))


async def _create(address: RelayAddress, http: aiohttp.ClientSession) -> None:
    server = Server(None, address, http)
    body = rest.encode(rest.CreateQueue(RECIPIENT.public))
    while True:
        with contextlib.suppress(aiohttp.ClientError):
            await ask(server, "POST", address.create_uri, body)


async def _take_nothing(address: RelayAddress) -> None:
    """Have the relay push to sockets that read nothing, and feed their queues."""
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as tasks:
        for _ in range(READERS):
            tasks.create_task(_stuff(Server(None, address, http)))


async def _stuff(server: Server) -> None:
    while True:
        recipient, sender = await connect(server), await connect(server)
        queues = [await create(server) for _ in range(QUEUES)]
        uris = [queue.sender_uri for queue in queues]
        _narrow(recipient)
        await recipient.subscribe(*(queue.recipient_uri for queue in queues))
        for uri in uris:
            await sender.attach(uri)
        with contextlib.suppress(ConnectionError):
            for number in range(100):
                msg = bytes(M)
                found = [Send(f"{number}-{place}", uri, msg) for place, uri in enumerate(uris)]
                await sender.socket.send_bytes(encode_binary(found))
                await sender.read(lambda _: True)
            while True:
                await sender.read(lambda _: False)


def _narrow(line: Line) -> None:
    """Take as little as the kernel allows, and read none of it."""
    assert isinstance(line.socket, aiohttp.ClientWebSocketResponse)
    transport = line.socket.get_extra_info("socket")
    transport.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    assert line.socket._conn is not None
    reading = line.socket._conn.transport  # there is no other way
    assert reading is not None
    reading.pause_reading()
