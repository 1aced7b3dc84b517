import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from tests.sdk.transport.scripted import (
    KEY,
    NONCE,
    QUEUE,
    SENDER,
    ScriptedRelay,
    Seen,
    serving,
    transporting,
)

from graphchat.crypto.keys import verify
from graphchat.errors import (
    BadRequestError,
    QuotaError,
    RateError,
    RelayError,
    RelayIdentityError,
    RelayUnreachableError,
    StateError,
    UnauthorizedError,
)
from graphchat.ids import QueueId
from graphchat.secret import Secret
from graphchat.testing.proxy import FaultProxy
from graphchat.transport import HttpTransport, NewQueue
from graphchat.wire.base64url import to_text
from graphchat.wire.frames import encode_text
from graphchat.wire.limits import XXL, S
from graphchat.wire.signing import Authorization, request_bytes
from graphchat.wire.socket import Session
from graphchat.wire.uri import RelayAddress

NAME = to_text(QUEUE)
Call = Callable[[HttpTransport, RelayAddress], Awaitable[object]]
CALLS: dict[str, Call] = {
    "create": lambda transport, relay: transport.create(relay, KEY),
    "secure": lambda transport, relay: transport.secure(relay, QUEUE, KEY, bytes(32)),
    "remove": lambda transport, relay: transport.remove(relay, QUEUE, KEY),
    "put": lambda transport, relay: transport.put(relay, SENDER, bytes(S)),
    "fetch": lambda transport, relay: transport.fetch(relay, QUEUE, KEY, "m1"),
}


@asynccontextmanager
async def both() -> AsyncIterator[tuple[ScriptedRelay, HttpTransport]]:
    async with serving(ScriptedRelay()) as relay, transporting() as transport:
        yield relay, transport


def assert_signed(relay: ScriptedRelay, seen: Seen) -> None:
    shown = Authorization.parse(seen.headers["authorization"])
    data = request_bytes(
        seen.method, relay.address.fingerprint, seen.target, shown.ts, shown.nonce, seen.body
    )
    assert shown.ts == 1_700_000_000
    assert verify(KEY.public, data, shown.signature)


async def test_no_connection_carries_two_profiles() -> None:
    async with both() as (relay, transport), FaultProxy(relay.address) as proxy:
        one, two = transport.of(1), transport.of(2)
        assert transport.of(1) is one
        for asks in (one, two, one, transport, two):
            relay.answers.append(web.Response(body=b"{}"))
            await asks.put(proxy.relay, SENDER, bytes(S))
        assert proxy.accepted == 3
        await transport.close()
        for closed in (one, two):
            with pytest.raises(StateError, match="was closed"):
                await closed.identify(proxy.relay)
        with pytest.raises(StateError, match="was closed"):
            transport.of(3)


def made(recipient: str, sender: str) -> web.Response:
    body = json.dumps({"recipientURI": recipient, "senderURI": sender})
    return web.Response(status=201, text=body)


async def test_a_queue_is_created_with_the_token_of_the_address() -> None:
    async with both() as (relay, transport):
        base = relay.address.base
        relay.answers.append(made(f"{base}/{NAME}", f"{base}/{to_text(SENDER)}"))
        address = RelayAddress(base, relay.address.fingerprint, Secret(b"token"))
        assert await transport.create(address, KEY) == NewQueue(QUEUE, SENDER)
        [seen] = relay.seen
        assert (seen.method, seen.target) == ("POST", "/q/token")
        assert json.loads(seen.body) == {"recipient": b64encode(KEY.public).decode()}
        assert seen.headers["content-type"] == "application/json"
        assert_signed(relay, seen)


async def test_a_queue_is_secured_and_removed() -> None:
    async with both() as (relay, transport):
        relay.answers += [web.Response(text='"OK"'), web.Response(text='"OK"')]
        await transport.secure(relay.address, QUEUE, KEY, b"s" * 32)
        await transport.remove(relay.address, QUEUE, KEY)
        secured, removed = relay.seen
        assert (secured.method, secured.target) == ("PUT", f"/q/{NAME}")
        assert json.loads(secured.body) == {"sender": b64encode(b"s" * 32).decode()}
        assert (removed.method, removed.target, removed.body) == ("DELETE", f"/q/{NAME}", b"")
        assert "content-type" not in removed.headers
        assert_signed(relay, secured)
        assert_signed(relay, removed)
        assert secured.headers["authorization"] != removed.headers["authorization"]


async def test_an_envelope_is_put_unsigned() -> None:
    async with both() as (relay, transport):
        relay.answers.append(web.Response(text='"OK"'))
        await transport.put(relay.address, QUEUE, b"e" * XXL)
        [seen] = relay.seen
        assert (seen.method, seen.target) == ("POST", f"/q/{NAME}/messages")
        assert json.loads(seen.body) == {"msg": b64encode(b"e" * XXL).decode()}
        assert "authorization" not in seen.headers


def stored(name: str, size: int, body: bytes) -> web.Response:
    message = {"id": name, "ts": 5, "size": size, "msg": b64encode(body).decode()}
    return web.Response(text=json.dumps(message))


async def test_the_largest_envelope_is_fetched() -> None:
    async with both() as (relay, transport):
        relay.answers.append(stored("m-1_", XXL, b"e" * XXL))
        assert await transport.fetch(relay.address, QUEUE, KEY, "m-1_") == b"e" * XXL
        [seen] = relay.seen
        assert (seen.method, seen.target) == ("GET", f"/q/{NAME}/messages/m-1_")
        assert_signed(relay, seen)


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a?b", "a b", "a" * 65, "é", "%2e"])
async def test_no_request_is_signed_for_a_strange_message_id(name: str) -> None:
    async with both() as (relay, transport):
        with pytest.raises(RelayUnreachableError):
            await transport.fetch(relay.address, QUEUE, KEY, name)
        assert relay.seen == []


@pytest.mark.parametrize(
    "answer",
    [
        stored("m2", S, bytes(S)),
        stored("m1", S, bytes(S - 1)),
        stored("m1", 0, b""),
        web.Response(text='{"id":"m1","ts":5,"size":4608}'),
        web.Response(text="[]"),
        web.Response(body=b"\xff\xfe"),
        web.Response(body=bytes(2 * XXL)),
    ],
)
async def test_an_envelope_that_is_not_the_right_one_is_refused(answer: web.Response) -> None:
    async with both() as (relay, transport):
        relay.answers.append(answer)
        with pytest.raises(RelayUnreachableError, match="does not answer as a relay does"):
            await transport.fetch(relay.address, QUEUE, KEY, "m1")


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=201, text="{}"),
        web.Response(status=201, text="<html>"),
        web.Response(status=200, text="<html>Log in</html>"),
        made("https://a/q/short", "https://a/q/short"),
        made("", ""),
    ],
)
async def test_a_queue_that_is_none_is_refused(answer: web.Response) -> None:
    async with both() as (relay, transport):
        relay.answers.append(answer)
        with pytest.raises(RelayUnreachableError, match="does not answer as a relay does"):
            await transport.create(relay.address, KEY)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, '"Unauthorized"', UnauthorizedError),
        (429, '"Quota"', QuotaError),
        (429, '{"error":"rate"}', RateError),
        (400, '{"error":"/msg"}', BadRequestError),
        (503, '{"error":"busy"}', RelayUnreachableError),
        (500, "oops", RelayUnreachableError),
        (302, "", RelayUnreachableError),
        (404, "", RelayUnreachableError),
        (204, "", RelayUnreachableError),
    ],
)
async def test_each_refusal_is_its_error(
    call: str, status: int, body: str, kind: type[RelayError]
) -> None:
    async with both() as (relay, transport):
        relay.answers.append(web.Response(status=status, text=body if status != 204 else None))
        with pytest.raises(kind) as caught:
            await CALLS[call](transport, relay.address)
        assert type(caught.value) is kind
        assert NAME not in str(caught.value)


@pytest.mark.parametrize("call", [*CALLS, "identify"])
async def test_a_call_can_be_cancelled_and_leaves_nothing_open(call: str) -> None:
    calls = CALLS | {"identify": lambda transport, relay: transport.identify(relay)}
    async with both() as (relay, transport), FaultProxy(relay.address) as proxy:
        proxy.silence()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await calls[call](transport, proxy.relay)


async def test_identify_compares_the_key_of_the_relay() -> None:
    async with both() as (relay, transport):
        await transport.identify(relay.address)
        relay.greeting = lambda: encode_text([Session(NONCE, KEY.public)])
        with pytest.raises(RelayIdentityError, match="not the relay that the address names"):
            await transport.identify(relay.address)
        relay.greeting = lambda: "welcome"
        with pytest.raises(RelayUnreachableError, match="does not answer as a relay does"):
            await transport.identify(relay.address)
        relay.refusal = web.Response(status=404)
        with pytest.raises(RelayUnreachableError, match="has no relay at this path"):
            await transport.identify(relay.address)


async def test_a_transport_opens_nothing_before_it_is_used_and_closes_twice() -> None:
    async with transporting() as transport:
        await transport.close()


async def test_a_new_queue_does_not_show_its_ids() -> None:
    assert "qqqq" not in repr(NewQueue(QUEUE, QueueId(SENDER)))
