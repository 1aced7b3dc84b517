"""Two people who talk through a real SOCKS server, and one that refuses them."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen

import pytest
from tests.sdk.client.people import introduce, texts

from graphchat import Client, Profile
from graphchat.errors import RelayUnreachableError
from graphchat.testing.relays import TestRelay, relay as running_relay
from graphchat.transport import connections

SERVER = shutil.which("microsocks")
# CI has it: there these tests fail without it.
pytestmark = pytest.mark.skipif(
    SERVER is None and "CI" not in os.environ, reason="microsocks is not installed here"
)
PATIENCE = 20.0


@pytest.fixture(autouse=True)
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let loopback be as far as any other place: else nothing here would need a proxy."""
    monkeypatch.setattr(connections, "is_loopback", lambda _: False)


@pytest.fixture
async def relay() -> AsyncIterator[TestRelay]:
    async with running_relay(tls_self_signed=True) as found:
        yield found


@contextmanager
def socks(*options: str) -> Iterator[int]:
    """Run a server; yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [str(SERVER), "-i", "127.0.0.1", "-p", str(port), *options]
    with Popen(words, stdout=DEVNULL, stderr=DEVNULL) as process:
        try:
            yield port
        finally:
            process.terminate()


async def until_open(port: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return


async def test_people_talk_through_it_and_the_key_of_the_relay_is_checked(
    relay: TestRelay, tmp_path: Path
) -> None:
    with socks() as port:
        await until_open(port)
        proxy = f"socks5h://127.0.0.1:{port}"
        async with AsyncExitStack() as stack:
            one, other = [
                await stack.enter_async_context(
                    Client(tmp_path / name, relays=[relay.uri], proxy=proxy)
                )
                for name in ("alice.db", "bob.db")
            ]
            alice = await one.create_profile(Profile("Alice"))
            bob = await other.create_profile(Profile("Bob"))
            friend, _ = await introduce(alice, bob)
            await friend.send("through a tunnel")
            assert await texts(bob, 1) == ["through a tunnel"]


async def test_without_it_nothing_leaves_and_what_was_said_waits(
    relay: TestRelay, tmp_path: Path
) -> None:
    """A proxy that dies is no reason to go past it; what was queued leaves once it is back."""
    async with AsyncExitStack() as stack:
        with socks() as port:
            await until_open(port)
            proxy = f"socks5h://127.0.0.1:{port}"
            alice_client = Client(tmp_path / "alice.db", relays=[relay.uri], proxy=proxy)
            async with (
                alice_client as one,
                Client(tmp_path / "bob.db", relays=[relay.uri], proxy=proxy) as other,
            ):
                alice = await one.create_profile(Profile("Alice"))
                bob = await other.create_profile(Profile("Bob"))
                await introduce(alice, bob)
        seen = relay.metrics.copy()
        down = Client(tmp_path / "alice.db", proxy=proxy)
        async with down as one:
            alice = await one.profile()
            [friend] = await alice.contacts()
            assert (await friend.send("later", timeout=0.3)).state == "queued"
            with pytest.raises(RelayUnreachableError, match="which does not answer"):
                await one.add_relay(relay.uri)
        assert relay.metrics == seen
        with socks() as port:
            await until_open(port)
            proxy = f"socks5h://127.0.0.1:{port}"
            one = await stack.enter_async_context(Client(tmp_path / "alice.db", proxy=proxy))
            other = await stack.enter_async_context(Client(tmp_path / "bob.db", proxy=proxy))
            assert await texts(await other.profile(), 1) == ["later"]
            await stack.aclose()


@pytest.mark.parametrize(
    ("sign", "sentence"),
    [("me:right@", ""), ("me:wrong@", "refuses the name or the password")],
)
async def test_a_name_and_a_password_open_it(
    sign: str, sentence: str, relay: TestRelay, tmp_path: Path
) -> None:
    with socks("-u", "me", "-P", "right") as port:
        await until_open(port)
        proxy = f"socks5h://{sign}127.0.0.1:{port}"
        async with Client(tmp_path / "alice.db", proxy=proxy) as client:
            if sentence:
                with pytest.raises(RelayUnreachableError, match=sentence):
                    await client.add_relay(relay.uri)
            else:
                await client.add_relay(relay.uri)


async def test_a_relay_that_it_does_not_reach_is_told_apart(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        gone = free.getsockname()[1]
    with socks() as port:
        await until_open(port)
        proxy = f"socks5h://127.0.0.1:{port}"
        async with Client(tmp_path / "alice.db", proxy=proxy) as client:
            with pytest.raises(RelayUnreachableError, match="was not reached by the proxy"):
                await client.add_relay(f"https://127.0.0.1:{gone}/q#AAAAAAAAAAAAAAAAAAAAAA")
