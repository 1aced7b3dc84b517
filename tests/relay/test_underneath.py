import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest
from tests.relay.raw import (
    BINARY,
    CONTINUATION,
    HELLO,
    PING,
    TEXT,
    all_of,
    frame,
    head,
    said,
    until,
    upgraded,
)
from tests.relay.support import clients

from graphchat.testing import relay
from graphchat.wire.limits import FRAME
from graphchat_relay import direct, underneath
from graphchat_relay.underneath import (
    abort,
    bound_messages,
    ignore_late_bodies,
    is_over,
    refuse_compression,
    transport_of,
)

# What holds on this way, and on the other: `graphchat_relay.direct`.
both = pytest.mark.parametrize("hand_over", [False, True], ids=["asgi", "direct"])


async def plain(event: MutableMapping[str, Any]) -> None:
    """Send nothing."""


async def test_another_server_is_left_alone() -> None:
    refuse_compression(plain)
    bound_messages(plain, 1)
    ignore_late_bodies(plain)
    abort(plain)
    assert transport_of(plain) is None
    assert not is_over(plain)


@both
async def test_hypercorn_has_a_transport_that_can_be_broken(hand_over: bool) -> None:  # noqa: FBT001 - a parameter
    async with relay("memory:", hand_over=hand_over) as served, clients(served.uri) as peers:
        talk = await peers.socket()
        await served.kill()
        found = await talk.socket.receive()
        assert talk.socket.closed, found
        await served.start()
        assert (await peers.socket()).session is not None


@both
@pytest.mark.parametrize(
    ("opcode", "text"), [(BINARY, b"z" * 4), (TEXT, b"zzzz"), (TEXT, "\U0001f600".encode())]
)
async def test_a_message_that_is_too_long_ends_its_connection(
    opcode: int,
    text: bytes,
    hand_over: bool,  # noqa: FBT001 - a parameter
) -> None:
    async with (
        relay("memory:", hand_over=hand_over) as served,
        clients(served.uri) as peers,
        upgraded(peers) as (reader, writer),
    ):
        writer.write(head(0x80 | opcode, 2**40) + bytes(4) + text * (FRAME // len(text) + 1))
        reading = asyncio.create_task(all_of(reader))
        async with asyncio.timeout(5):
            try:
                while True:
                    writer.write(bytes(100_000))
                    await writer.drain()
                    await asyncio.sleep(0.01)
            except ConnectionError:
                pass
        assert said(1009) in await reading


@both
async def test_a_message_that_never_ends_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
    hand_over: bool,  # noqa: FBT001 - a parameter
) -> None:
    monkeypatch.setattr(underneath, "UNFINISHED", 0.2)
    monkeypatch.setattr(direct, "UNFINISHED", 0.2)
    async with relay("memory:", hand_over=hand_over) as served, clients(served.uri) as peers:
        async with upgraded(peers) as (reader, writer):
            writer.write(frame(TEXT, b"0123456789")[:-5])
            await all_of(reader)
        async with upgraded(peers) as (reader, writer):
            writer.write(frame(TEXT, b"[{}", last=False) + frame(CONTINUATION, b"]"))
            await asyncio.sleep(0.5)
            writer.write(frame(PING))
            await until(reader, b"\x8a\x00")


@both
async def test_a_message_in_parts_arrives_as_one(hand_over: bool) -> None:  # noqa: FBT001 - a parameter
    async with (
        relay("memory:", hand_over=hand_over) as served,
        clients(served.uri) as peers,
        upgraded(peers) as (reader, writer),
    ):
        name = "\u00e4\U0001f600"
        data = f'{{"type":"unsubscribe","id":"{name}","recipientUri":"x"}}'.encode()
        for number in range(len(data)):
            more = number + 1 < len(data)
            opcode = 0 if number else TEXT
            writer.write(frame(opcode, data[number : number + 1], last=not more))
        await until(reader, name.encode())


@both
async def test_one_who_does_not_wait_for_the_handshake_is_not_kept(
    hand_over: bool,  # noqa: FBT001 - a parameter
) -> None:
    async with relay("memory:", hand_over=hand_over) as served, clients(served.uri) as peers:
        host, port = peers.address.base.split("/")[2].split(":")
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(HELLO + frame(TEXT, b"[]"))
        assert b" 400 " in await all_of(reader)
        writer.close()
        async with peers.http.get(f"{served.private_uri}/metrics") as answer:
            assert "graphchat_relay_sockets 0.0" in await answer.text()
