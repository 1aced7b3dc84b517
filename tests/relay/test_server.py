import asyncio
import socket
import ssl
from pathlib import Path

import aiohttp
import pytest
from tests.relay.raw import HELLO
from tests.relay.support import clients, envelope

from graphchat.errors import StateError
from graphchat.testing import relay
from graphchat.wire.limits import XXL
from graphchat_relay.server import RelayServer
from graphchat_relay.service.relay import Relay
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


BEGUN = b"POST /q HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"


async def begin(uri: str, text: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = uri.split("/")[2].split(":")
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(text)
    return reader, writer


async def test_a_stranger_who_never_ends_makes_room_for_who_asks() -> None:
    async with relay("memory:", requests=2) as served, clients(served.uri) as peers:
        begun = [await begin(served.uri, BEGUN) for _ in range(2)]
        await asyncio.sleep(0.05)
        found = await peers.rest.ask("GET", f"{peers.address.base}/x/messages")
        assert found.status == 401
        async with asyncio.timeout(5):
            ended = await begun[0][0].read()
        assert ended.split()[1] == b"408"
        assert served.metrics["evicted"] == 1
        for _, writer in begun:
            writer.close()


async def test_so_many_requests_that_are_worked_on_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    going = asyncio.Event()

    async def bodies(*_: object) -> dict[int, bytes]:
        await going.wait()
        return {}

    async with relay("memory:", requests=1) as served, clients(served.uri) as peers:
        queue = await peers.rest.queue("alice", "bob")
        monkeypatch.setattr(Relay, "bodies", bodies)
        slow = asyncio.create_task(peers.rest.list(queue, "alice"))
        await asyncio.sleep(0.1)
        found = await peers.rest.ask("GET", f"{peers.address.base}/x/messages")
        assert (found.status, found.headers["retry-after"]) == (503, "5")
        assert found.headers["graph-chat-version"] == "1"
        going.set()
        assert await slow == []
        assert served.metrics["evicted"] == 0


@pytest.mark.parametrize("text", [b"", b"GET /q HTTP/1.1\r\nHost: x\r\nA: ", BEGUN[:-1] + b"{"])
async def test_who_does_not_go_on_is_left(text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphchat_relay.intake.PATIENCE", 0.1)
    async with relay("memory:", idle_seconds=0.2, request_seconds=0.2) as served:
        reader, writer = await begin(served.uri, text)
        async with asyncio.timeout(5):
            await reader.read()  # to the end
        writer.close()


@pytest.mark.parametrize("secure", [False, True])
async def test_who_connects_and_says_nothing_is_left(secure: bool) -> None:  # noqa: FBT001 - a parameter
    async with relay("memory:", idle_seconds=0.2, tls_self_signed=secure) as served:
        reader, writer = await begin(served.uri, b"")
        async with asyncio.timeout(5):
            await reader.read()
        writer.close()


@pytest.mark.parametrize(
    ("text", "status", "error"),
    [
        (b"GET /q HTTP/1.1\r\nHost: x\r\nA: %s\r\n\r\n" % (b"a" * 3000), b"431", b"headers"),
        (b"GET /q?%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a" * 2050), b"414", b"target"),
        (HELLO.replace(b"/q", b"/q/" + b"a" * 2050), b"414", b"target"),
    ],
    ids=["headers", "target", "socket"],
)
async def test_a_head_has_its_bounds(text: bytes, status: bytes, error: bytes) -> None:
    async with relay("memory:", header_bytes=3000) as served:
        reader, writer = await begin(served.uri, text)
        async with asyncio.timeout(5):
            found = await reader.readuntil(b"}")
        assert found.split()[1] == status
        assert found.endswith(b'{"error":"%s"}' % error)
        assert b"graph-chat-version: 1" in found.lower()
        writer.close()


async def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphchat_relay.intake.PATIENCE", 0.1)
    async with relay("memory:", request_seconds=0.1) as served:
        reader, writer = await begin(served.uri, BEGUN)
        async with asyncio.timeout(5):
            found = await reader.read()  # to the end
        assert found.split()[1] == b"408"
        assert b"connection: close" in found.lower()
        writer.close()


@pytest.mark.parametrize(
    "text",
    [
        (
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            b"\0\0\0\4\0\0\0\0\0"  # SETTINGS
            b"\0\0\x06\1\5\0\0\0\1\x82\x84\x86\x41\1x"
        ),  # HEADERS
        (
            b"GET /q HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
            b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
        ),
    ],
)
async def test_another_version_of_http_is_not_spoken_if_it_is_off(text: bytes) -> None:
    async with relay("memory:", http2=False) as served:
        reader, writer = await begin(served.uri, text)
        found = b""
        async with asyncio.timeout(5):
            try:
                while part := await reader.read(65536):
                    found += part
            except ConnectionError:
                pass
        assert b"Not Allowed" not in found
        writer.close()


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"no HTTP\r\n\r\n", 400),
        (b"GET /q HTTP/1.1\r\n\r\n", 400),
        (b"GET /q HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 2**17 + b"\r\n\r\n", 431),
        (b"POST /q HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ],
    ids=["garbage", "no host", "long headers", "encoded"],
)
async def test_what_is_no_request_gets_a_bare_answer(text: bytes, status: int) -> None:
    async with relay("memory:") as served, clients(served.uri) as peers:
        reader, writer = await asyncio.open_connection(*peers.address.base[7:-2].split(":"))
        writer.write(text)
        async with asyncio.timeout(10):
            found = await reader.readuntil(b"\r\n\r\n")
        writer.close()
    assert found == (b"HTTP/1.1 %d \r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status)


@pytest.mark.parametrize(("http2", "spoken"), [(True, "h2"), (False, "http/1.1")])
async def test_tls_chooses_the_version_of_http(http2: bool, spoken: str) -> None:  # noqa: FBT001 - a parameter
    async with relay("memory:", tls_self_signed=True, http2=http2) as served:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2", "http/1.1"])
        host, port = served.uri.split("/")[2].split(":")
        _, writer = await asyncio.open_connection(host, port, ssl=context)
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == spoken
        writer.close()
