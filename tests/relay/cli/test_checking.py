import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from typer.testing import CliRunner

from graphchat.errors import (
    CodeError,
    RelayError,
    RelayIdentityError,
    RelayUnreachableError,
    UnauthorizedError,
)
from graphchat.testing import relay
from graphchat_relay.cli import app
from graphchat_relay.cli.checking import check_relay

NOBODY = "A" * 22


@pytest.mark.parametrize("secure", [False, True])
async def test_a_relay_that_works_is_measured(secure: bool) -> None:
    async with relay(tls_self_signed=secure, create_tokens=("tok",)) as served:
        steps = await check_relay(served.uri, 5)
        assert [step.what for step in steps][1] == "create a queue"
        assert len(steps) == 11
        assert all(step.ms > 0 for step in steps)
        assert served.metrics["created"] == 1


@pytest.mark.parametrize("secure", [False, True])
async def test_another_relay_is_noticed(secure: bool) -> None:
    async with relay("memory:", tls_self_signed=secure) as served:
        with pytest.raises(RelayIdentityError):
            await check_relay(f"{served.uri.partition('#')[0]}#{NOBODY}", 5)
        assert served.metrics["created"] == 0


async def test_a_missing_token_is_explained() -> None:
    async with relay("memory:", create_tokens=("tok",)) as served:
        with pytest.raises(UnauthorizedError, match="token"):
            await check_relay(served.uri.replace("/tok", ""), 5)


async def test_nobody_there_is_explained() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for scheme in ("http", "https"):
        with pytest.raises(RelayUnreachableError):
            await check_relay(f"{scheme}://127.0.0.1:{port}/q#{NOBODY}", 1)


@asynccontextmanager
async def answering(data: bytes) -> AsyncIterator[str]:
    """Serve something that is no relay."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/q"


async def test_something_else_there_is_explained() -> None:
    async with answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi") as uri:
        with pytest.raises(RelayError, match="no graphchat relay"):
            await check_relay(f"{uri}#{NOBODY}", 2)


async def test_an_address_that_is_none_is_explained() -> None:
    with pytest.raises(CodeError):
        await check_relay("http://127.0.0.1/q", 1)


def test_the_command_fails_with_one_line() -> None:
    found = CliRunner().invoke(app, ["check", f"http://127.0.0.1:1/q#{NOBODY}", "--timeout", "1"])
    assert found.exit_code == 1
    assert found.stderr.startswith("graphchat relay: The relay does not answer.")
    assert len(found.stderr.splitlines()) == 1
