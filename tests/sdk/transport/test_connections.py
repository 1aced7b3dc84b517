import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import web
from tests.sdk.transport.scripted import Certificates, ScriptedRelay, serving, until

from graphchat.crypto.keys import SigningKey
from graphchat.errors import (
    RelayError,
    RelayIdentityError,
    RelayUnreachableError,
    StateError,
)
from graphchat.ids import Fingerprint
from graphchat.secret import Secret
from graphchat.testing.proxy import FaultProxy
from graphchat.transport.connections import Connections, Request
from graphchat.wire.uri import RelayAddress

OTHER = SigningKey(Secret(b"o" * 32))


def request(relay: RelayAddress, most: int = 1000, body: bytes = b"") -> Request:
    return Request("POST", f"{relay.base}/x", {}, body, most)


@asynccontextmanager
async def connections(
    proxy: str | None = None, authorities: ssl.SSLContext | None = None
) -> AsyncIterator[Connections]:
    made = Connections(proxy, authorities)
    try:
        yield made
    finally:
        await made.close()


async def test_an_answer_is_returned_whatever_its_status() -> None:
    async with serving(ScriptedRelay()) as relay, connections() as network:
        relay.answers.append(web.Response(status=418, headers={"X-A": "b"}, body=b"tea"))
        answer = await network.ask(relay.address, request(relay.address, body=b"pot"))
        assert (answer.status, answer.headers["x-a"], answer.body) == (418, "b", b"tea")
        assert (relay.seen[0].target, relay.seen[0].body) == ("/q/x", b"pot")


async def test_nothing_tells_programs_apart() -> None:
    async with serving(ScriptedRelay()) as relay, connections() as network:
        relay.answers.append(web.Response())
        await network.ask(relay.address, request(relay.address, body=b"x"))
        headers = relay.seen[0].headers
        assert set(headers) <= {"host", "content-length", "content-type"}
        await (await network.dial(relay.address)).close()
        assert set(relay.seen[1].headers) <= {
            *("host", "upgrade", "connection", "accept-encoding"),
            *("sec-websocket-version", "sec-websocket-key"),
        }


@pytest.mark.parametrize("host", ["a..b", "a" * 64, "xn--.example", "xn--a.example"])
async def test_a_host_that_cannot_be_a_name_is_a_relay_that_is_not_there(host: str) -> None:
    address = RelayAddress(f"https://{host}/q", Fingerprint(bytes(16)))
    async with connections() as network:
        with pytest.raises(RelayUnreachableError):
            await network.ask(address, request(address))
        with pytest.raises(RelayUnreachableError):
            await network.dial(address)


async def test_redirects_are_not_followed() -> None:
    async with serving(ScriptedRelay()) as relay, connections() as network:
        moved = {"Location": "/elsewhere"}
        relay.answers += [web.Response(status=302, headers=moved), web.Response()]
        answer = await network.ask(relay.address, request(relay.address))
        assert answer.status == 302
        assert len(relay.seen) == 1
        relay.refusal = web.Response(status=307, headers=moved)
        with pytest.raises(RelayUnreachableError, match="has moved"):
            await network.dial(relay.address)
        assert len(relay.seen) == 2


async def test_no_cookie_comes_back() -> None:
    async with serving(ScriptedRelay()) as relay, connections() as network:
        relay.answers += [web.Response(headers={"Set-Cookie": "a=b"}), web.Response()]
        await network.ask(relay.address, request(relay.address))
        await network.ask(relay.address, request(relay.address))
        assert "cookie" not in relay.seen[1].headers


async def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with serving(ScriptedRelay()) as relay, connections() as network:
        relay.answers.append(web.Response())
        await network.ask(relay.address, request(relay.address))
        assert len(relay.seen) == 1


async def test_an_answer_that_is_too_long_is_not_read_to_its_end() -> None:
    async with serving(ScriptedRelay()) as relay, connections() as network:
        relay.answers += [web.Response(body=bytes(1000)), web.Response(body=bytes(1001))]
        assert len((await network.ask(relay.address, request(relay.address))).body) == 1000
        with pytest.raises(RelayUnreachableError, match="does not answer as a relay does"):
            await network.ask(relay.address, request(relay.address))


async def test_a_compressed_answer_is_not_unpacked() -> None:
    async with serving(ScriptedRelay()) as relay, connections() as network:
        packed = web.Response(body=b"\x1f\x8b...", headers={"Content-Encoding": "gzip"})
        relay.answers.append(packed)
        answer = await network.ask(relay.address, request(relay.address))
        assert answer.body == b"\x1f\x8b..."


async def test_a_relay_that_is_not_there_is_explained_without_a_path() -> None:
    async with serving(ScriptedRelay()) as relay, FaultProxy(relay.address) as proxy:
        address = proxy.relay
        await proxy.refuse()
        async with connections() as network:
            for attempt in (network.ask(address, request(address)), network.dial(address)):
                with pytest.raises(RelayUnreachableError, match="accepts no connection") as caught:
                    await attempt
                assert caught.value.__suppress_context__
                assert "/q" not in str(caught.value)


async def test_a_broken_answer_is_explained() -> None:
    async with (
        serving(ScriptedRelay()) as relay,
        FaultProxy(relay.address) as proxy,
        connections() as network,
    ):
        proxy.silence()
        waiting = asyncio.create_task(network.ask(proxy.relay, request(proxy.relay)))
        await until(lambda: proxy.accepted)
        proxy.cut()
        with pytest.raises(RelayUnreachableError, match="broke the connection"):
            await waiting


async def test_a_name_that_nobody_knows_is_explained() -> None:
    address = RelayAddress("https://relay.invalid/q", Fingerprint(bytes(16)))
    async with connections() as network:
        with pytest.raises(RelayUnreachableError, match=r"relay\.invalid has a name"):
            await network.dial(address)


async def test_a_relay_that_signed_for_itself_is_known_by_its_key(tmp_path: Path) -> None:
    relay = ScriptedRelay()
    tls = Certificates(tmp_path).by_itself(relay.identity)
    async with serving(relay, tls), connections() as network:
        relay.answers += [web.Response(body=b"1"), web.Response(body=b"2")]
        assert (await network.ask(relay.address, request(relay.address))).body == b"1"
        socket = await network.dial(relay.address)
        await socket.close()
        assert (await network.ask(relay.address, request(relay.address))).body == b"2"


async def test_a_relay_with_a_certificate_of_the_authorities_is_known_by_its_name(
    tmp_path: Path,
) -> None:
    tls, trust = Certificates(tmp_path).by_authority()
    async with serving(ScriptedRelay(), tls) as relay, connections(None, trust) as network:
        relay.answers.append(web.Response(body=b"1"))
        assert (await network.ask(relay.address, request(relay.address))).body == b"1"
        named = RelayAddress(
            relay.address.base.replace("127.0.0.1", "localhost"), relay.address.fingerprint
        )
        with pytest.raises(RelayIdentityError, match="neither valid nor made with the key"):
            await network.ask(named, request(named))


async def test_a_relay_may_change_from_its_own_certificate_to_one_of_the_authorities(
    tmp_path: Path,
) -> None:
    relay = ScriptedRelay()
    own = Certificates(tmp_path).by_itself(relay.identity)
    tls, trust = Certificates(tmp_path).by_authority()
    async with (
        serving(relay, own),
        FaultProxy(relay.address) as proxy,
        connections(None, trust) as network,
        serving(relay, tls),
    ):
        relay.answers += [web.Response() for _ in range(3)]
        await network.ask(proxy.relay, request(proxy.relay))
        proxy.move(relay.address)
        proxy.cut()
        await asyncio.sleep(0.01)
        await network.ask(proxy.relay, request(proxy.relay))
        await network.ask(proxy.relay, request(proxy.relay))
        assert len(relay.seen) == 3


class TlsServer:
    """Counts handshakes, and what comes through them."""

    def __init__(self) -> None:
        self.data = b""
        self.ports: list[int] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            self.data += await reader.read(1000)
        writer.close()


async def test_with_a_wrong_fingerprint_no_byte_of_a_request_is_seen(tmp_path: Path) -> None:
    tls = Certificates(tmp_path).by_itself(OTHER)
    seen = TlsServer()
    async with await asyncio.start_server(seen.serve, "127.0.0.1", 0, ssl=tls) as server:
        port = server.sockets[0].getsockname()[1]
        address = RelayAddress(f"https://127.0.0.1:{port}/q", Fingerprint(b"f" * 16))
        async with connections() as network:
            attempts = [network.ask(address, request(address, body=b"secret"))]
            for attempt in (*attempts, network.dial(address)):
                with pytest.raises(RelayIdentityError, match="Somebody may be in between"):
                    await attempt
        await asyncio.sleep(0.05)
    assert seen.data == b""


async def test_the_test_above_would_see_a_request(tmp_path: Path) -> None:
    tls = Certificates(tmp_path).by_itself(OTHER)
    seen = TlsServer()
    async with await asyncio.start_server(seen.serve, "127.0.0.1", 0, ssl=tls) as server:
        port = server.sockets[0].getsockname()[1]
        relay = ScriptedRelay(identity=OTHER)
        async with serving(relay):
            known = relay.address.fingerprint
        address = RelayAddress(f"https://127.0.0.1:{port}/q", known)
        async with connections() as network:
            with pytest.raises(RelayError):
                await network.ask(address, request(address, body=b"secret"))
    assert b"POST /q/x" in seen.data


async def test_a_server_without_tls_is_explained() -> None:
    async with serving(ScriptedRelay()) as relay, connections() as network:
        address = RelayAddress(
            relay.address.base.replace("http:", "https:"), relay.address.fingerprint
        )
        with pytest.raises(RelayUnreachableError, match="does not speak TLS"):
            await network.dial(address)


class Socks:
    """A SOCKS5 proxy that knows where ``relay.example`` is."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.asked: list[bytes] = []
        self.names: list[bytes] = []
        """Names with which somebody signed in."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            await self._serve(reader, writer)

    @staticmethod
    async def _text(reader: asyncio.StreamReader, skip: int) -> bytes:
        await reader.readexactly(skip)
        return await reader.readexactly((await reader.readexactly(1))[0])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        methods = await reader.readexactly((await reader.readexactly(2))[1])
        assert set(methods) == {0, 2}
        writer.write(b"\x05\x02")
        name, _ = [await self._text(reader, skip) for skip in (1, 0)]
        self.names.append(name)
        writer.write(b"\x01\x00")
        assert await reader.readexactly(4) == b"\x05\x01\x00\x03"  # a name, not an IP address
        self.asked.append(await reader.readexactly((await reader.readexactly(1))[0]))
        await reader.readexactly(2)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1000):
        writer.write(data)
    writer.close()


async def test_a_proxy_carries_everything_and_looks_names_up(tmp_path: Path) -> None:
    relay = ScriptedRelay()
    tls = Certificates(tmp_path).by_itself(relay.identity)
    async with serving(relay, tls):
        port = int(relay.address.base.split(":")[2].removesuffix("/q"))
        socks = Socks(port)
        async with await asyncio.start_server(socks.serve, "127.0.0.1", 0) as server:
            proxy = f"socks5h://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            address = RelayAddress("https://relay.example/q", relay.address.fingerprint)
            async with connections(proxy) as network:
                relay.answers.append(web.Response(body=b"1"))
                assert (await network.ask(address, request(address))).body == b"1"
                await (await network.dial(address)).close()
                stranger = RelayAddress(address.base, Fingerprint(bytes(16)))
                with pytest.raises(RelayIdentityError):
                    await network.dial(stranger)
    assert set(socks.asked) == {b"relay.example"}
    assert set(socks.names) == {bytes(16).hex().encode()}
    assert [seen.method for seen in relay.seen] == ["POST", "WS"]


async def test_loopback_does_not_go_through_a_proxy() -> None:
    async with serving(ScriptedRelay()) as relay, connections("socks5://127.0.0.1:1") as network:
        relay.answers.append(web.Response())
        assert (await network.ask(relay.address, request(relay.address))).status == 200
        far = RelayAddress("https://relay.example/q", relay.address.fingerprint)
        with pytest.raises(RelayUnreachableError, match="through the proxy"):
            await network.ask(far, request(far))


async def test_an_onion_service_is_asked_of_no_name_server() -> None:
    async with connections() as network:
        hidden = RelayAddress("https://abcdefgh.onion/q", Fingerprint(bytes(16)))
        with pytest.raises(RelayUnreachableError, match="which only Tor reaches") as caught:
            await network.ask(hidden, request(hidden))
        assert not caught.value.heard
        with pytest.raises(RelayUnreachableError, match="servers proxy socks5h:"):
            await network.dial(hidden)


async def test_what_is_closed_opens_nothing_more() -> None:
    async with serving(ScriptedRelay()) as relay, connections() as network:
        relay.answers.append(web.Response())
        await network.ask(relay.address, request(relay.address))
        await network.close()
        with pytest.raises(StateError, match="was closed"):
            await network.ask(relay.address, request(relay.address))
        with pytest.raises(StateError, match="was closed"):
            await network.dial(relay.address)
        assert len(relay.seen) == 1


@pytest.mark.parametrize("proxy", ["", "127.0.0.1:9050", "ftp://a:1", "socks5://", "http://a:x"])
def test_a_proxy_that_cannot_be_one_is_refused(proxy: str) -> None:
    with pytest.raises(StateError, match="written as socks5"):
        Connections(proxy, None)
