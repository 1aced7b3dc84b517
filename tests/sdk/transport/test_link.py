import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
from aiohttp import web
from tests.sdk.transport.scripted import (
    KEY,
    NONCE,
    QUEUE,
    SENDER,
    Recorder,
    ScriptedRelay,
    ok,
    serving,
    transporting,
    until,
)

from graphchat.crypto.keys import verify
from graphchat.ids import QueueId
from graphchat.testing.proxy import FaultProxy
from graphchat.transport import Delivery, Link, link, talk
from graphchat.transport.sending import MOST_BYTES
from graphchat.wire.frames import encode_binary, encode_text
from graphchat.wire.limits import XXL, S
from graphchat.wire.rest import Message
from graphchat.wire.signing import socket_bytes
from graphchat.wire.socket import (
    Attach,
    ClientObject,
    DeleteMessage,
    End,
    Push,
    Ready,
    Send,
    ServerObject,
    Session,
    Subscribe,
    Subscribed,
)
from graphchat.wire.uri import RelayAddress

BODY = bytes(S)


@dataclass
class Linked:
    relay: ScriptedRelay
    listener: Recorder
    link: Link
    proxy: FaultProxy

    def send(self, tag: int, body: bytes = BODY, sender: QueueId = SENDER) -> None:
        self.link.send(sender, KEY, body, tag, f"request{tag}")

    async def up(self, times: int = 1) -> None:
        await until(lambda: len(self.listener.all("up")) >= times)


@asynccontextmanager
async def linked(
    scripted: ScriptedRelay | None = None,
    silence: float = 5.0,
    reconnect_delay: tuple[float, float] = (0.01, 0.05),
) -> AsyncIterator[Linked]:
    """Run a link to a scripted relay through a fault proxy."""
    async with (
        serving(scripted or ScriptedRelay()) as relay,
        FaultProxy(relay.address) as proxy,
        transporting(silence=silence, reconnect_delay=reconnect_delay) as transport,
    ):
        listener = Recorder()
        link = transport.link(proxy.relay, listener)
        running = asyncio.create_task(link.run())
        try:
            yield Linked(relay, listener, link, proxy)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            assert running.cancelled()


def pushed(proxy: FaultProxy, name: str, body: bytes = BODY, queue: QueueId = QUEUE) -> Push:
    return Push(proxy.relay.queue_uri(queue), Message(name, 5, len(body), body))


async def test_a_subscription_is_signed_for_this_socket() -> None:
    async with linked() as on:
        on.link.subscribe(QUEUE, KEY)
        await until(lambda: on.relay.said)
        [asked] = on.relay.said
        assert isinstance(asked, Subscribe)
        uri = on.proxy.relay.queue_uri(QUEUE)
        data = socket_bytes(on.relay.address.fingerprint, NONCE, uri, "subscribe")
        assert asked.recipient_uri == uri
        assert verify(KEY.public, data, asked.auth)
        assert on.link.connected


async def test_what_is_pushed_in_one_frame_is_received_together() -> None:
    async with linked() as on:
        on.link.subscribe(QUEUE, KEY)
        await until(lambda: on.relay.said)
        large = Push(on.proxy.relay.queue_uri(QUEUE), Message("m2", 5, XXL))
        await on.relay.push(pushed(on.proxy, "m1"), large)
        await until(lambda: on.listener.all("received"))
        assert on.listener.all("received") == [
            ("received", Delivery(QUEUE, "m1", S, BODY), Delivery(QUEUE, "m2", XXL, None))
        ]
        on.link.delete(QUEUE, "m1")
        on.link.delete(QUEUE, "m2")
        await until(lambda: len(on.relay.said) == 3)
        deleted = [found.message_id for found in on.relay.said if isinstance(found, DeleteMessage)]
        assert deleted == ["m1", "m2"]
        assert len(on.relay.frames) == 2  # both deletions left together


async def test_the_first_send_attaches_and_the_next_do_not() -> None:
    async with linked() as on:
        await on.up()
        on.send(1)
        on.send(2)
        await until(lambda: len(on.listener.all("answered")) == 2)
        on.send(3)
        await until(lambda: len(on.listener.all("answered")) == 3)
        assert [type(found) for found in on.relay.said] == [Attach, Send, Send, Send]
        uri = on.proxy.relay.queue_uri(SENDER)
        attach, *sends = on.relay.said
        assert isinstance(attach, Attach)
        data = socket_bytes(on.relay.address.fingerprint, NONCE, uri, "attach")
        assert verify(KEY.public, data, attach.auth)
        assert sends == [Send(f"request{tag}", uri, BODY) for tag in (1, 2, 3)]
        assert on.listener.all("answered") == [("answered", tag, None) for tag in (1, 2, 3)]


async def test_all_that_is_said_in_one_turn_leaves_as_one_frame() -> None:
    async with linked() as on:
        await on.up()
        on.send(0)
        await until(lambda: on.listener.all("answered"))
        before = len(on.relay.frames)
        for tag in range(1, 101):
            on.send(tag)
        await until(lambda: len(on.listener.all("answered")) == 101)
        assert [len(frame) for frame in on.relay.frames[before:]] == [100]


async def test_a_link_connects_again_and_subscribes_again() -> None:
    async with linked() as on:
        queues = [QueueId(n.to_bytes(18, "big")) for n in range(600)]
        for queue in queues:
            on.link.subscribe(queue, KEY)
        await until(lambda: len(on.relay.said) == 600)
        on.link.unsubscribe(queues[0])
        on.proxy.cut()
        await on.up(2)
        await until(lambda: len(on.relay.said) >= 600 + 599)
        again = {
            found.recipient_uri for found in on.relay.said[-599:] if isinstance(found, Subscribe)
        }
        assert again == {on.proxy.relay.queue_uri(queue) for queue in queues[1:]}
        assert max(len(frame) for frame in on.relay.frames) == 256
        assert on.listener.heard[:3] == [("up",), ("down", "RelayUnreachableError"), ("up",)]


async def test_a_send_that_was_not_answered_is_answered_when_the_socket_breaks() -> None:
    async with linked(
        ScriptedRelay(script=lambda asked: None if isinstance(asked, Send) else ok(asked))
    ) as on:
        await on.up()
        on.send(1)
        on.send(2)
        await until(lambda: len(on.relay.said) == 3)
        on.send(3, sender=QUEUE)
        on.proxy.cut()
        await until(lambda: len(on.listener.all("answered")) == 3)
        assert on.listener.all("answered") == [
            ("answered", tag, "RelayUnreachableError") for tag in (1, 2, 3)
        ]


async def test_a_send_without_a_connection_is_answered_later_and_not_inside_the_call() -> None:
    async with linked() as on:
        on.send(1)
        assert on.listener.heard == []
        await until(lambda: on.listener.all("answered"))
        assert on.listener.all("answered") == [("answered", 1, "RelayUnreachableError")]


async def test_a_cancelled_link_answers_what_waits() -> None:
    async with linked(ScriptedRelay(script=lambda _: None)) as on:
        await on.up()
        on.send(1)
        await until(lambda: on.relay.said)
    assert on.listener.all("answered") == [("answered", 1, "RelayUnreachableError")]
    assert not on.link.connected


async def test_a_connection_that_went_silent_is_given_up() -> None:
    async with linked(silence=0.2) as on:
        await on.up()
        on.proxy.silence()
        time = asyncio.get_running_loop().time
        started = time()
        await until(lambda: on.listener.all("down"))
        assert time() - started < 1
        assert "does not answer any more" in str(on.listener.errors[0])
        on.proxy.heal()
        await on.up(2)


async def test_a_quiet_connection_is_kept() -> None:
    async with linked(silence=0.25) as on:
        await on.up()
        await asyncio.sleep(0.7)
        assert on.listener.heard == [("up",)]


async def test_a_relay_that_comes_back_is_found_again() -> None:
    async with linked() as on:
        await on.up()
        await on.proxy.refuse()
        await until(lambda: len(on.listener.all("down")) >= 3)
        assert "accepts no connection" in str(on.listener.errors[-1])
        await on.proxy.accept()
        await on.up(2)


async def test_a_relay_that_asks_to_wait_is_not_asked_again_at_once() -> None:
    busy = web.Response(status=503, headers={"Retry-After": "3600"})
    async with linked(ScriptedRelay(refusal=busy)) as on:
        await until(lambda: on.listener.all("down"))
        await asyncio.sleep(0.2)
        assert on.listener.heard == [("down", "RateError")]


async def test_another_relay_than_the_address_names_is_not_spoken_to() -> None:
    relay = ScriptedRelay()
    async with linked(relay) as on:
        await on.up()
        relay.greeting = lambda: encode_text([Session(NONCE, KEY.public)])
        on.link.subscribe(QUEUE, KEY)
        await until(lambda: relay.said)
        relay.frames.clear()
        on.proxy.cut()
        await until(lambda: len(on.listener.errors) >= 3)
        assert on.listener.heard[-1] == ("down", "RelayIdentityError")
        assert "not the relay that the address names" in str(on.listener.errors[-1])
        assert relay.said == []


@pytest.mark.parametrize(
    "greeting",
    [
        "",
        "hello",
        "[]",
        b"\x80",
        '{"type":"end","recipientURI":"x"}',
        encode_text([Session("short", KEY.public)]),
        encode_text([Session("two\nlines-of-nonce", KEY.public)]),
        encode_text([Session(NONCE, KEY.public), End("x")]),
    ],
)
async def test_a_server_that_does_not_begin_like_a_relay_is_left(greeting: str | bytes) -> None:
    async with linked(ScriptedRelay(greeting=lambda: greeting)) as on:
        await until(lambda: on.listener.errors)
        assert "does not answer as a relay does" in str(on.listener.errors[0])
        assert on.listener.all("up") == []


async def test_a_relay_may_ping_before_it_greets() -> None:
    async with linked(ScriptedRelay(curious=True)) as on:
        await on.up()


async def test_a_server_that_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "GREETING", 0.05)
    async with linked(ScriptedRelay(greeting=lambda: None)) as on:
        await until(lambda: on.listener.errors)
        assert "does not answer in time" in str(on.listener.errors[0])


@pytest.mark.parametrize(
    "frame",
    [
        b"nonsense",
        b"",
        b"\x90" * 3,
        encode_text([Session(NONCE, KEY.public)]).encode(),
    ],
)
async def test_a_relay_that_talks_nonsense_is_left_and_tried_again(frame: bytes) -> None:
    async with linked() as on:
        await on.up()
        await on.relay.sockets[-1].send_bytes(frame)
        await on.up(2)
        assert "does not answer as a relay does" in str(on.listener.errors[0])


async def test_a_frame_that_is_too_large_breaks_the_connection() -> None:
    async with linked() as on:
        await on.up()
        harmless = encode_binary([Ready("x" * 4 * 2**20)])
        with suppress(OSError):  # it is cut off in the middle
            await on.relay.sockets[-1].send_bytes(harmless)
        await until(lambda: on.listener.errors)


async def test_pings_of_the_relay_are_answered() -> None:
    pongs = []
    async with linked() as on:
        await on.up()
        socket = on.relay.sockets[-1]
        await socket.ping(b"are you there")
        await asyncio.sleep(0.02)
        # aiohttp's server shows pongs only through its own heartbeat, so look at the bytes.
        pongs.append(on.proxy.sent)
        await socket.ping(b"are you there")
        await until(lambda: on.proxy.sent - pongs[0] == 6 + len(b"are you there"))


async def test_an_end_is_told_and_the_queue_is_asked_for_on_the_next_socket() -> None:
    async with linked() as on:
        on.link.subscribe(QUEUE, KEY)
        await until(lambda: on.relay.said)
        await on.relay.push(pushed(on.proxy, "m1"), End(on.proxy.relay.queue_uri(QUEUE)))
        await until(lambda: on.listener.all("ended"))
        assert [event[0] for event in on.listener.heard] == ["up", "received", "ended"]
        await asyncio.sleep(0.02)
        assert len(on.relay.said) == 1
        on.proxy.cut()
        await until(lambda: len(on.relay.said) == 2)


async def test_ready_is_told() -> None:
    async with linked() as on:
        await on.up()
        on.send(1)
        await until(lambda: on.listener.all("answered"))
        await on.relay.push(Ready(on.proxy.relay.queue_uri(SENDER)), Ready("https://other/q/x"))
        await until(lambda: on.listener.all("ready"))
        assert on.listener.all("ready") == [("ready", SENDER)]


async def test_who_sends_more_than_the_network_takes_is_asked_to_wait() -> None:
    async with linked(ScriptedRelay(script=lambda _: None)) as on:
        await on.up()
        for tag in range(MOST_BYTES // XXL + 1):
            on.send(tag, bytes(XXL))
        on.send(1000)
        assert on.listener.all("answered") == []
        await until(lambda: on.listener.all("answered"))
        assert on.listener.all("answered") == [("answered", 1000, "RateError")]


async def test_a_relay_that_was_busy_is_asked_again() -> None:
    busy = [True]

    def script(asked: ClientObject) -> ServerObject:
        assert isinstance(asked, Subscribe)
        if busy.pop():
            busy.append(False)
            return Subscribed(asked.id, ok=False, error="busy")
        return Subscribed(asked.id, ok=True)

    async with linked(ScriptedRelay(script=script), silence=0.1) as on:
        on.link.subscribe(QUEUE, KEY)
        await until(lambda: len(on.relay.said) == 2)
        assert on.relay.said[0] == on.relay.said[1]


async def test_a_relay_that_answers_only_pings_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "PATIENCE", 0.1)
    async with linked(ScriptedRelay(script=lambda _: None), silence=0.3) as on:
        await on.up()
        on.send(1)
        await until(lambda: on.listener.errors)
        assert "does not answer any more" in str(on.listener.errors[0])
        assert on.listener.all("answered") == [("answered", 1, "RelayUnreachableError")]


@pytest.mark.parametrize("good", [True, False])
async def test_pauses_grow_until_a_connection_was_a_good_one(
    monkeypatch: pytest.MonkeyPatch, *, good: bool
) -> None:
    monkeypatch.setattr(link, "GOOD", 0.0 if good else 30.0)
    async with linked(reconnect_delay=(0.01, 60.0)) as on:
        for ups in range(1, 5):
            await on.up(ups)
            on.proxy.cut()
        await on.up(5)
        assert isinstance(on.link, link.SocketLink)
        assert on.link.backoff._next == (0.02 if good else 0.16)


async def test_a_bug_in_the_listener_is_not_hidden() -> None:
    class Broken(Recorder):
        def up(self, relay: RelayAddress) -> None:
            raise ZeroDivisionError

    async with serving(ScriptedRelay()) as relay, transporting() as transport:
        link = transport.link(relay.address, Broken())
        with pytest.raises(ZeroDivisionError):
            await link.run()


async def test_nothing_is_logged_and_no_error_names_a_path(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(0)
    asyncio.get_running_loop().set_debug(True)
    async with linked() as on:
        on.link.subscribe(QUEUE, KEY)
        await on.up()
        on.send(1)
        await until(lambda: on.listener.all("answered"))
        on.proxy.cut()
        await until(lambda: on.listener.errors)
        await on.proxy.refuse()
        await until(lambda: len(on.listener.errors) > 2)
    asyncio.get_running_loop().set_debug(False)
    secrets = [base64.urlsafe_b64encode(name).decode() for name in (QUEUE, SENDER)]
    shown = caplog.text + "".join(map(str, on.listener.errors))
    assert not any(secret in shown for secret in [*secrets, "/q", KEY.public.hex()])
    # What is left is of the event loop, which was asked to talk, and of the scripted relay.
    assert {record.name for record in caplog.records} <= {"asyncio", "aiohttp.server"}
