import asyncio
from pathlib import Path
from typing import Final

import pytest
from tests.relay.support import Clients, clients

from graphchat.testing import relay
from graphchat.testing.relays import TestRelay
from graphchat_relay import intake

CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"
COOKIE: Final = CHUNKED + b"Cookie: a=b\r\n"


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def few_descriptors(most: int) -> None:
    """Return when there are no more than so many."""
    async with asyncio.timeout(5):
        while descriptors() > most:  # noqa: ASYNC110 - the kernel has no event for it
            await asyncio.sleep(0.02)


async def ask(peers: Clients, start: bytes, body: bytes) -> bytes:
    """Send a request, whose answer is all that comes."""
    host, port = peers.address.base.split("/")[2].split(":")
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(start + b"\r\n" + body)
    async with asyncio.timeout(5):
        found = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted there")
@pytest.mark.parametrize(
    ("line", "headers", "status"),
    [
        (b"POST /nothing", CHUNKED, b"404"),
        (b"PUT /q/x/messages", CHUNKED, b"405"),
        (b"OPTIONS /q", CHUNKED, b"204"),
        (b"POST /q", COOKIE, b"400"),
        (b"POST /q/x/messages?a=1", CHUNKED, b"400"),
        (b"POST /q", CHUNKED, b"400"),
    ],
)
@pytest.mark.parametrize("end", [b"", b"0\r\n\r\n"])
async def test_a_body_that_nobody_reads_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, line: bytes, headers: bytes, status: bytes, end: bytes
) -> None:
    monkeypatch.setattr(intake, "PATIENCE", 0.1)
    body = (b"258\r\n" + b"a" * 600 + b"\r\n") * 40 + end
    async with relay("memory:", idle_seconds=0.2) as served, clients(served.uri) as peers:
        before = descriptors()
        for _ in range(5):
            found = await ask(peers, line + b" HTTP/1.1\r\nHost: x\r\n" + headers, body)
            assert found.split()[1] == status
            assert (b"connection: close" in found.lower()) is (not end)
        await few_descriptors(before)


async def test_a_body_without_end_is_answered_and_closed() -> None:
    async with relay("memory:") as served, clients(served.uri) as peers:
        host, port = peers.address.base.split("/")[2].split(":")
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"POST /nothing HTTP/1.1\r\nHost: x\r\n" + CHUNKED + b"\r\n")
        sent = 0
        try:
            async with asyncio.timeout(5):
                while sent < 100_000_000:
                    writer.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
                    sent += 0x10000
                    await writer.drain()
        except OSError:
            assert sent < 50_000_000
        else:
            raise AssertionError("the relay takes everything")
        writer.close()
        assert reader.at_eof() or reader.exception() is not None


async def test_a_connection_is_kept_when_its_request_was_read(
    peers: Clients, served: TestRelay
) -> None:
    assert served.uri
    host, port = peers.address.base.split("/")[2].split(":")
    reader, writer = await asyncio.open_connection(host, port)
    for line, status in ((b"POST /q", b"400"), (b"POST /nothing", b"404"), (b"GET /q", b"405")):
        body = b"" if line.startswith(b"GET") else b"{}"
        writer.write(line + b" HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
        writer.write(body)
        async with asyncio.timeout(5):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert head.split()[1] == status
            assert b"connection: close" not in head
            length = int(head.partition(b"content-length: ")[2].split()[0])
            await reader.readexactly(length)
    writer.close()
