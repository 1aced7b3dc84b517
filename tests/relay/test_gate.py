import asyncio
from collections.abc import Mapping

import aiohttp
import pytest
from tests.relay.raw import all_of, said, upgraded
from tests.relay.support import Clients, clients

from graphchat.testing import TestRelay, relay


async def refused(
    peers: Clients, path: str, headers: dict[str, str] | None = None
) -> tuple[int, Mapping[str, str]]:
    """Return status and headers with which a socket is refused."""
    uri = peers.address.socket_uri.removesuffix("/q") + path
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await peers.http.ws_connect(uri, headers=headers)
    assert caught.value.headers is not None
    return caught.value.status, caught.value.headers


async def test_a_socket_is_refused_where_none_is(peers: Clients) -> None:
    for path, status in (("/", 404), ("/elsewhere", 404), ("/q/token", 401), ("/q/x/y", 404)):
        found, headers = await refused(peers, path)
        assert found == status, path
        assert headers["graph-chat-version"] == "1"
        assert "Server" not in headers


async def test_a_socket_with_a_cookie_is_refused(peers: Clients) -> None:
    found, _ = await refused(peers, "/q", headers={"Cookie": "a=b"})
    assert found == 400


async def test_a_token_opens_a_socket_and_a_wrong_one_does_not() -> None:
    async with relay("memory:", create_tokens=("tok",)) as served, clients(served.uri) as peers:
        base = peers.address.socket_uri
        for uri in (base, f"{base}/tok"):
            async with peers.http.ws_connect(uri) as socket:
                assert (await socket.receive()).type is aiohttp.WSMsgType.TEXT
        assert (await refused(peers, "/q/kot"))[0] == 401


async def test_compression_is_not_accepted(peers: Clients) -> None:
    async with peers.http.ws_connect(peers.address.socket_uri, compress=15) as socket:
        assert socket.compress == 0
        assert socket._response.headers["graph-chat-version"] == "1"


async def test_so_many_sockets_and_no_more() -> None:
    async with relay("memory:", sockets=2) as served, clients(served.uri) as peers:
        first, second = await peers.socket(), await peers.socket()
        found, headers = await refused(peers, "/q")
        assert (found, headers["retry-after"]) == (503, "5")
        await first.socket.close()
        await asyncio.sleep(0.05)
        assert (await peers.socket()).session is not None
        await second.socket.close()


async def test_sockets_are_told_that_the_relay_restarts() -> None:
    async with relay("memory:", drain_spread=0.2) as served, clients(served.uri) as peers:
        talks = [await peers.socket() for _ in range(5)]
        stopping = asyncio.create_task(served.stop())
        async with asyncio.timeout(5):
            frames = [await talk.socket.receive() for talk in talks]
        assert [frame.data for frame in frames] == [1012] * 5
        for talk in talks:
            await talk.socket.close()
        await stopping


async def test_who_is_busy_when_the_relay_ends_learns_why() -> None:
    async with (
        relay("memory:") as served,
        clients(served.uri) as peers,
        upgraded(peers) as (reader, _),
    ):
        stopping = asyncio.create_task(served.stop())
        await asyncio.sleep(0.3)  # busy with something else
        assert not stopping.done()
        assert (await all_of(reader)).endswith(said(1012))
        await stopping


async def test_a_preflight_names_what_a_browser_may_send(
    peers: Clients, served: TestRelay
) -> None:
    found = await peers.rest.ask("OPTIONS", f"{peers.address.base}/x/messages")
    assert found.status == 204
    assert found.headers["access-control-allow-methods"] == "GET, POST, PUT, DELETE"
    assert "authorization" in found.headers["access-control-allow-headers"]
    assert served.metrics["refused"] == 0
