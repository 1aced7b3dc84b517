"""A relay process that is killed between its OK and the coming of the recipient loses nothing.

Here it is the command that is killed, at this one moment; `test_relay_power` does it at any.
"""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from tests.relay.support import Clients, clients, envelope
from tests.together.processes import environment

from graphchat.wire.socket import Push, Send, Sent

PROGRAM: Final = "from graphchat_relay.cli import app; app()"


async def started(home: Path, *options: str) -> tuple[Process, str]:
    """Start a relay process; return it and its address."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, "serve", *options),
        stdout=PIPE,
        stderr=PIPE,
        env=environment(GRAPHCHAT_HOME=str(home)),
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        line = (await process.stdout.readline()).decode()
    assert line.startswith("relay ready "), line
    return process, line.removeprefix("relay ready ").strip()


async def killed(process: Process) -> None:
    process.kill()
    await process.communicate()


@asynccontextmanager
async def running(home: Path, *options: str) -> AsyncIterator[tuple[Process, Clients]]:
    process, uri = await started(home, *options)
    try:
        async with clients(uri) as peers:
            yield process, peers
    finally:
        if process.returncode is None:
            await killed(process)


async def test_what_was_acknowledged_is_there_after_kill_9(tmp_path: Path) -> None:
    times = 3
    async with running(tmp_path, "--port", "0") as (process, peers):
        port = peers.address.base.rpartition(":")[2].removesuffix("/q")
        queue = await peers.rest.queue("alice", "bob")
    for number in range(times):
        async with running(tmp_path, "--port", port) as (process, peers):
            bob = await peers.socket()
            await bob.say(bob.attach("bob", queue.sender_uri))
            await bob.hear()
            message = envelope(f"message {number}")
            await bob.say(Send(f"s{number}", queue.sender_uri, message))
            answer = await bob.hear()
            assert isinstance(answer, Sent)
            assert answer.ok
            process.kill()
            await process.wait()
    async with running(tmp_path, "--port", port) as (_, peers):
        alice = await peers.socket()
        await alice.say(alice.subscribe("alice", queue.recipient_uri))
        await alice.hear()
        pushed = [await alice.hear() for _ in range(times)]
    bodies = [found.message.msg for found in pushed if isinstance(found, Push)]
    assert bodies == [envelope(f"message {number}") for number in range(times)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_relay_ends_politely_and_quietly(tmp_path: Path, number: signal.Signals) -> None:
    async with running(tmp_path, "--port", "0") as (process, peers):
        talk = await peers.socket()
        assert (await peers.rest.create("alice")).sender_uri
        process.send_signal(number)
        async with asyncio.timeout(10):
            frame = await talk.socket.receive()
            assert frame.data == 1012
            await talk.socket.close()
            out, err = await process.communicate()
    assert process.returncode == 0
    assert out == b""
    said = [line.partition(":")[0] for line in err.decode().splitlines()]
    new = "a new key, by which clients know this relay; keep a copy"
    assert said == ["probes and figures", new], "nothing but where things are"


async def test_two_relays_run_side_by_side(tmp_path: Path) -> None:
    async with (
        running(tmp_path / "one", "--port", "0", "--store", "memory:") as (_, first),
        running(tmp_path / "two", "--port", "0", "--tls-self-signed") as (_, second),
    ):
        assert (await first.rest.create("alice")).sender_uri
        assert first.address.fingerprint != second.address.fingerprint
        assert second.address.base.startswith("https://127.0.0.1:")
