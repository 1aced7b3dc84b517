"""HTTP/2 from clients who keep its rules, and from those who use them to do harm.

That answers are those of HTTP/1.1 is in `test_rest`: the same transcripts are played over both.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
from h2.settings import SettingCodes
from tests.relay.http2 import Connection, Http2Rest, Stream, asking, connected
from tests.relay.raw import TEXT, frame
from tests.relay.support import clients, envelope, eventually

from graphchat.testing import TestRelay, relay
from graphchat.wire import rest as wire
from graphchat.wire.frames import decode_server, encode_text
from graphchat.wire.limits import XXL
from graphchat.wire.socket import Session, Unsubscribe, Unsubscribed
from graphchat.wire.uri import RelayAddress
from graphchat_relay import intake
from graphchat_relay.http2 import STREAMS, UNDER_WAY
from graphchat_relay.settings import RelaySettings

LONG = RelaySettings().header_bytes
CLIENT_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"


@pytest.fixture
async def served() -> AsyncIterator[TestRelay]:
    """Return a relay whose store needs a moment."""
    async with relay() as found:
        yield found


def base_of(served: TestRelay) -> str:
    return RelayAddress.parse(served.uri).base


async def works(served: TestRelay) -> None:
    """Another connection is served as if nothing had been."""
    async with clients(served.uri) as peers:
        assert (await peers.rest.ask("GET", f"{peers.address.base}/x/messages")).status == 401


async def test_a_client_is_told_the_bounds(served: TestRelay) -> None:
    async with connected(base_of(served)) as connection:
        settings = connection.h2.remote_settings
        assert settings[SettingCodes.MAX_CONCURRENT_STREAMS] == STREAMS
        assert settings[SettingCodes.MAX_HEADER_LIST_SIZE] == LONG


async def test_many_requests_of_one_connection_are_answered_together(served: TestRelay) -> None:
    address = RelayAddress.parse(served.uri)
    async with connected(address.base) as connection:
        asked = Http2Rest(address, connection)
        queue = await asked.queue("alice", "bob")
        found = await asyncio.gather(
            *(asked.send(queue, "bob", envelope(str(n))) for n in range(STREAMS))
        )
        assert [answer.status for answer in found] == [200] * STREAMS
        assert len({m.msg for m in await asked.list(queue, "alice")}) == STREAMS
        big = envelope("big", XXL)
        assert (await asked.send(queue, "bob", big)).status == 200


async def test_the_end_does_not_wait_for_an_idle_connection(served: TestRelay) -> None:
    async with connected(base_of(served)) as connection:
        number = connection.begin(asking("GET", base_of(served)), end=True)
        assert (await connection.streams[number].answer()).status == 405
        async with asyncio.timeout(5):
            await served.stop()
            await connection.over.wait()


async def test_headers_have_the_bound_of_the_other_version(served: TestRelay) -> None:
    async with connected(base_of(served)) as connection:
        asked = asking("GET", base_of(served), [("a", "a" * LONG)])
        number = connection.begin(asked, end=True)
        answer = await connection.streams[number].answer()
        assert (answer.status, answer.json) == (431, {"error": "headers"})
        # Beyond what h2 unpacks at all.
        connection.begin(asking("GET", base_of(served), [("a", "a" * 2**17)]), end=True)
        await asyncio.wait_for(connection.over.wait(), 5)
    await works(served)


async def test_headers_without_end_end_the_connection(served: TestRelay) -> None:
    reader, writer = await asyncio.open_connection(*base_of(served)[7:-2].split(":"))
    writer.write(CLIENT_HELLO + b"\0\0\1\1\1\0\0\0\1\x82")  # HEADERS that do not end
    writer.write(b"\0\0\1\x09\0\0\0\0\1\x84" * 200)  # CONTINUATION
    async with asyncio.timeout(5):
        while await _more(reader):
            pass
    writer.close()
    await works(served)


async def _more(reader: asyncio.StreamReader) -> bool:
    try:
        return bool(await reader.read(65536))
    except ConnectionError:
        return False


async def test_who_begins_and_resets_without_end_is_put_out(served: TestRelay) -> None:
    async with connected(base_of(served)) as connection:
        for _ in range(4 * UNDER_WAY):
            number = connection.h2.get_next_available_stream_id()
            connection.streams[number] = Stream()
            uri = f"{base_of(served)}/{'A' * 24}/messages"
            connection.h2.send_headers(number, asking("GET", uri), end_stream=True)
            connection.h2.reset_stream(number)
        connection.flush()
        await asyncio.wait_for(connection.over.wait(), 10)
    assert served._server is not None
    counted = served._server._connections
    await eventually(lambda: len(counted) == 0)
    await works(served)


async def test_some_resets_are_no_crime(served: TestRelay) -> None:
    async with connected(base_of(served)) as connection:
        for _ in range(STREAMS):
            number = connection.begin(asking("POST", base_of(served)), end=False)
            connection.h2.reset_stream(number)
            connection.flush()
        number = connection.begin(asking("GET", base_of(served)), end=True)
        assert (await connection.streams[number].answer()).status == 405


async def test_who_takes_no_answer_is_given_up() -> None:
    async with relay(stall_seconds=0.1) as served:
        async with connected(base_of(served), window=0) as connection:
            connection.begin(asking("GET", base_of(served)), end=True)
            await asyncio.wait_for(connection.over.wait(), 5)
        assert served._server is not None
        assert len(served._server._parts.requests) == 0
        await works(served)


async def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "PATIENCE", 0.1)
    async with relay(request_seconds=0.1) as served, connected(base_of(served)) as connection:
        number = connection.begin(asking("POST", base_of(served)), end=False)
        await connection.push(number, b"{", end=False)
        answer = await connection.streams[number].answer()
        assert answer.status == 408
        assert "connection" not in answer.headers


async def test_a_body_that_goes_on_after_its_answer_disturbs_nobody(
    served: TestRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "PATIENCE", 0.1)
    async with connected(base_of(served)) as connection:
        late = connection.begin(asking("POST", base_of(served) + "/a/b/c"), end=False)
        await connection.push(late, b"x" * 1000, end=False)
        assert (await connection.streams[late].answer()).status == 404
        for _ in range(5):
            await _push_late(connection, late)
        await eventually(lambda: connection.streams[late].reset == 0)
        number = connection.begin(asking("GET", base_of(served)), end=True)
        assert (await connection.streams[number].answer()).status == 405


async def _push_late(connection: Connection, number: int) -> None:
    if connection.streams[number].reset is None:
        await connection.push(number, b"x" * 100, end=False)
        await asyncio.sleep(0.01)


async def test_an_upgrade_is_not_followed(served: TestRelay) -> None:
    reader, writer = await asyncio.open_connection(*base_of(served)[7:-2].split(":"))
    writer.write(
        b"GET /q HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
    )
    async with asyncio.timeout(5):
        while await _more(reader):
            pass
    writer.close()
    await works(served)


async def test_a_socket_is_one_stream(served: TestRelay) -> None:
    base = base_of(served)
    more = [("sec-websocket-version", "13")]
    asked = asking("CONNECT", base, more)
    async with connected(base) as connection:
        number = connection.begin([asked[0], (":protocol", "websocket"), *asked[1:]], end=False)
        stream = connection.streams[number]
        await eventually(lambda: len(stream.body) > 2)
        [session] = decode_server(payload(stream.body).decode())
        assert isinstance(session, Session)
        assert stream.headers[":status"] == "200"
        stream.body.clear()
        said = encode_text([Unsubscribe("1", f"{base}/x")]).encode()
        await connection.push(number, frame(TEXT, said), end=False)
        await eventually(lambda: len(stream.body) > 2)
        assert decode_server(payload(stream.body).decode()) == [Unsubscribed("1", ok=True)]
        # Requests go on beside it.
        other = connection.begin(asking("GET", base), end=True)
        assert (await connection.streams[other].answer()).status == 405
    assert served._server is not None
    sockets = served._server._parts.sockets
    await eventually(lambda: len(sockets) == 0)


def payload(found: bytes | bytearray) -> bytes:
    """Return what a frame of a server holds."""
    start = {126: 4, 127: 10}.get(found[1], 2)
    return bytes(found[start:])


async def test_a_socket_with_a_cookie_is_refused_here_too(served: TestRelay) -> None:
    more = [("sec-websocket-version", "13"), ("cookie", "a=b")]
    asked = asking("CONNECT", base_of(served), more)
    async with connected(base_of(served)) as connection:
        number = connection.begin([asked[0], (":protocol", "websocket"), *asked[1:]], end=False)
        answer = await connection.streams[number].answer()
        assert answer.status == 400
        assert answer.body == wire.encode(wire.Refusal("Cookie"))
