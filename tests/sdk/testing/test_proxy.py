import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from graphchat.ids import Fingerprint
from graphchat.testing.proxy import FaultProxy
from graphchat.wire.uri import RelayAddress

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1000):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def proxied_echo() -> AsyncIterator[FaultProxy]:
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        relay = RelayAddress(f"http://127.0.0.1:{port}/q", Fingerprint(bytes(16)))
        async with FaultProxy(relay) as proxy:
            yield proxy


async def connected(proxy: FaultProxy) -> Streams:
    port = int(proxy.relay.base.split(":")[2].removesuffix("/q"))
    return await asyncio.open_connection("127.0.0.1", port)


async def said(streams: Streams, data: bytes) -> bytes:
    streams[1].write(data)
    return await streams[0].readexactly(len(data))


async def test_what_is_said_goes_through() -> None:
    async with proxied_echo() as proxy:
        streams = await connected(proxy)
        assert await said(streams, b"hello") == b"hello"
        assert (proxy.accepted, proxy.sent) == (1, 5)
        streams[1].close()


async def test_a_cut_breaks_connections_but_takes_new_ones() -> None:
    async with proxied_echo() as proxy:
        streams = await connected(proxy)
        await said(streams, b"hello")
        proxy.cut()
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await said(streams, b"hello")
        streams = await connected(proxy)
        assert await said(streams, b"again") == b"again"
        streams[1].close()


async def test_silence_holds_everything_back_until_it_heals() -> None:
    async with proxied_echo() as proxy:
        streams = await connected(proxy)
        await said(streams, b"hello")
        proxy.silence()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await said(streams, b"still")
        proxy.heal()
        assert await streams[0].readexactly(5) == b"still"
        streams[1].close()


async def test_a_refusing_proxy_accepts_again_at_the_same_port() -> None:
    async with proxied_echo() as proxy:
        before = proxy.relay
        await proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            await connected(proxy)
        await proxy.accept()
        assert proxy.relay == before
        streams = await connected(proxy)
        assert await said(streams, b"hello") == b"hello"
        streams[1].close()


async def test_a_relay_that_is_not_there_looks_like_a_broken_connection() -> None:
    async with proxied_echo() as proxy:
        nowhere = RelayAddress("http://127.0.0.1:1/q", Fingerprint(bytes(16)))
        proxy.move(nowhere)
        streams = await connected(proxy)
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await said(streams, b"hello")
        streams[1].close()


async def test_a_delay_is_paid_in_both_directions() -> None:
    async with proxied_echo() as proxy:
        streams = await connected(proxy)
        proxy.delay = 0.05
        time = asyncio.get_running_loop().time
        started = time()
        await said(streams, b"hello")
        assert time() - started >= 0.1
        streams[1].close()
