import asyncio
import socket
from pathlib import Path

import aiohttp
import pytest
from tests.relay.support import clients, envelope

from graphchat.errors import StateError
from graphchat.testing import relay
from graphchat.wire.limits import XXL
from graphchat_relay.server import RelayServer
from graphchat_relay.settings import RelaySettings


async def test_a_port_in_use_is_explained() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = RelayServer(RelaySettings(port=port))
        with pytest.raises(StateError, match=f"port {port}.*--port"):
            await server.run(lambda: None)


async def test_a_certificate_that_cannot_be_read_is_explained(tmp_path: Path) -> None:
    missing = tmp_path / "no.pem"
    server = RelayServer(RelaySettings(port=0, certfile=missing, keyfile=missing))
    with pytest.raises(StateError, match="--certfile"):
        await server.run(lambda: None)


async def test_the_address_says_how_to_come() -> None:
    async with relay("memory:", create_tokens=("tok",)) as served:
        assert served.uri.startswith("http://127.0.0.1:")
        assert "/q/tok#" in served.uri
    async with relay("memory:", host="0.0.0.0") as served, clients(served.uri) as peers:
        assert served.uri.startswith("http://127.0.0.1:")
        assert (await peers.rest.create("alice")).sender_uri


async def test_a_self_signed_relay_serves_tls_by_its_own_key() -> None:
    async with relay("memory:", tls_self_signed=True) as served:
        assert served.uri.startswith("https://127.0.0.1:")
        connector = aiohttp.TCPConnector(ssl=False)
        uri = served.uri.partition("#")[0]
        async with aiohttp.ClientSession(connector=connector) as http, http.get(uri) as answer:
            assert answer.status == 405


async def test_a_relay_stops_in_time_though_a_client_reads_nothing() -> None:
    async with relay("memory:", quota_bytes=20 * XXL) as served, clients(served.uri) as peers:
        queue = await peers.rest.queue("alice", "bob")
        for number in range(12):
            answer = await peers.rest.send(queue, "bob", envelope(str(number), XXL))
            assert answer.status == 200
        messages = await peers.rest.list(queue, "alice")
        reader, writer = await asyncio.open_connection(*peers.address.base[7:-2].split(":"))
        for message in messages:
            path = "/" + queue.recipient_uri.split("/", 3)[3] + f"/messages/{message.id}"
            writer.write(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode())
        await asyncio.sleep(0.1)
        async with asyncio.timeout(6):
            await served.stop()
        writer.close()
        assert reader is not None
