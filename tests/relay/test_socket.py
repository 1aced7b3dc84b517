"""Talk over sockets, written down in ``transcripts/socket_*.txt``, and what does not fit there."""

import asyncio
import re
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
import pytest
from tests.relay.conftest import Serving
from tests.relay.described import agree
from tests.relay.support import PATIENCE, Clients, Talk, clients, envelope, eventually, key
from tests.relay.transcript import disk, lines_of, settings_of, transcripts

from graphchat.testing import TestRelay, relay
from graphchat.wire import limits, rest
from graphchat.wire.frames import decode_server, encode_binary
from graphchat.wire.limits import BATCH, FRAME, IN_FLIGHT
from graphchat.wire.socket import (
    Answer,
    ClientObject,
    Deleted,
    DeleteMessage,
    Invalid,
    Push,
    Send,
    Sent,
    ServerObject,
    Subscribed,
    Unsubscribe,
)
from graphchat_relay.description import asyncapi

SIZES: Final = {name: getattr(limits, name) for name in ("S", "M", "L", "XL", "XXL")}
UPGRADE: Final = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "A" * 22 + "==",
}
EVENTS: Final = {"relay stops", "disk is full", "disk is away", "disk works"}
CLOSED: Final = {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED}
NAMES: Final = {size: name for name, size in SIZES.items()}


def shown(found: ServerObject) -> str:
    """Return an object as transcripts write it."""
    kind = str(found.__struct_config__.tag)
    match found:
        case Answer():
            return f"{kind} {'ok' if found.ok else found.error}"
        case Push():
            size = NAMES[found.message.size]
            return f"{kind} {size if found.message.msg else f'({size})'}"
        case Invalid():
            return f"{kind} {found.error}".strip()
        case _:
            return kind


class Transcript:
    """Plays a transcript, and remembers what its names stand for."""

    def __init__(self, served: TestRelay, peers: Clients, *, binary: bool) -> None:
        self.served = served
        self.peers = peers
        self.binary = binary
        self.talks: dict[str, Talk] = {}
        self.queue: rest.CreatedQueue | None = None
        self.ids: list[str] = []
        self.last: ClientObject | None = None
        self.stopping: asyncio.Task[None] | None = None

    async def play(self, line: str) -> None:
        times, _, action = line.rpartition(" times ")
        for _ in range(int(times or 1)):
            await (self._relay(action) if action in EVENTS else self._play(action))

    async def finish(self) -> None:
        if self.stopping is not None:
            await self.stopping

    async def _relay(self, line: str) -> None:
        if line == "relay stops":
            self.stopping = asyncio.create_task(self.served.stop())
        else:
            await disk(self.served, line)

    async def _play(self, line: str) -> None:
        match line.split(maxsplit=2):
            case ["queue", recipient, sender]:
                self.queue = await self.peers.rest.queue(
                    recipient, None if sender == "-" else sender
                )
            case [who, "opens"]:
                self.talks[who] = await self.peers.socket(binary=self.binary)
                agree(self.talks[who].opening)
            case [_, "opens", place]:
                await self._refused(*place.split(" -> "))
            case [who, "hears", "nothing"]:
                await self.talks[who].hears_nothing()
            case [who, "secures", _]:
                body = rest.encode(rest.SecureQueue(key(line.rsplit(maxsplit=1)[-1]).public))
                await self._rest("PUT", who, body)
            case [who, "removes"]:
                await self._rest("DELETE", who)
            case [who, *_] if who.endswith("<"):
                expected = line.partition("< ")[2]
                closes = expected.startswith("closed ")
                heard = (self._closed if closes else self._heard)(self.talks[who[:-1]])
                assert await heard == expected, line
            case [who, *_] if who.endswith(">"):
                await self._say(who[:-1], line.partition("> ")[2])
            case _:
                raise AssertionError(line)

    async def _closed(self, talk: Talk) -> str:
        async with asyncio.timeout(PATIENCE):
            frame = await talk.socket.receive()
        assert frame.type in CLOSED, frame
        return f"closed {talk.socket.close_code}"

    async def _heard(self, talk: Talk) -> str:
        found = await talk.hear()
        agree(found)
        if isinstance(found, Push) and found.message.id not in self.ids:
            self.ids.append(found.message.id)
        return shown(found)

    async def _refused(self, place: str, status: str) -> None:
        """Open a socket where, or as, none is opened."""
        headers = dict(UPGRADE)
        if place.startswith("Cookie="):
            cookie, _, place = place.partition(" ")
            headers["Cookie"] = cookie.removeprefix("Cookie=")
        uri = self.peers.address.base.removesuffix("/q") + "/" + place.replace("create", "q", 1)
        async with self.peers.http.get(uri, headers=headers) as answer:
            assert answer.status == int(status)
            assert answer.headers["Graph-Chat-Version"] == "1"
            assert ("Retry-After" in answer.headers) == (status == "503")
            assert answer.headers["Connection"] == "close"

    async def _rest(self, method: str, who: str, body: bytes = b"") -> None:
        assert self.queue is not None
        found = await self.peers.rest.ask(method, self.queue.recipient_uri, body, by=who)
        assert found.status == 200, found

    def _uri(self, where: str) -> str:
        if where == "nobody":
            return f"{self.peers.address.base}/{'A' * 24}"
        assert self.queue is not None
        return {"RU": self.queue.recipient_uri, "SU": self.queue.sender_uri}[where]

    async def _say(self, who: str, text: str) -> None:
        talk = self.talks[who]
        if text.startswith("raw "):
            await self._raw(talk, text.removeprefix("raw "))
        elif text == "a frame of more than 4 MiB":
            await talk.socket.send_bytes(bytes(FRAME + 1))
        elif text.startswith("send ") and text.endswith(" ok"):
            await talk.say(self._object(talk, who, text.removesuffix(" ok")))
            assert shown(await talk.hear()) == "send ok"
        else:
            # What " & " joins is one frame.
            await talk.say(*(self._object(talk, who, part) for part in text.split(" & ")))

    def _object(self, talk: Talk, who: str, text: str) -> ClientObject:
        found = self._named(talk, who, text)
        if not re.fullmatch(r"send \w+[+-]1", text):
            agree(found)
        return found

    def _named(self, talk: Talk, who: str, text: str) -> ClientObject:
        match text.split():
            case ["subscribe", where, *more]:
                return talk.subscribe(more[1] if more else who, self._uri(where))
            case ["attach", where, *more]:
                return talk.attach(None if more else who, self._uri(where))
            case ["unsubscribe", where]:
                return Unsubscribe(talk.name(), self._uri(where))
            case ["delete", number]:
                name = self.ids[int(number) - 1] if len(self.ids) >= int(number) else "gone"
                return DeleteMessage(talk.name(), self._uri("RU"), name)
            case ["send", size]:
                found = re.fullmatch(r"(\w+?)([+-]1)?", size)
                assert found is not None
                body = envelope(size=SIZES[found[1]] + int(found[2] or 0))
                self.last = Send(talk.name(), self._uri("SU"), body)
                return self.last
            case ["again"]:
                assert self.last is not None
                return self.last
            case _:
                raise AssertionError(text)

    async def _raw(self, talk: Talk, text: str) -> None:
        if self.binary:
            await talk.socket.send_bytes(msgspec.msgpack.encode(msgspec.json.decode(text)))
        else:
            await talk.socket.send_str(text)


@pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])
@pytest.mark.parametrize("path", transcripts("socket"), ids=lambda path: path.stem)
async def test_transcript(path: Path, serving: Serving, *, binary: bool) -> None:
    async with serving(**settings_of(path)) as served, clients(served.uri) as peers:
        transcript = Transcript(served, peers, binary=binary)
        for line in lines_of(path):
            await transcript.play(line)
        await transcript.finish()


def test_every_object_of_the_document_and_every_error_is_in_a_transcript() -> None:
    lines = [line for path in transcripts("socket") for line in lines_of(path)]
    heard = {line.partition("< ")[2] for line in lines}
    heard |= {"session" for line in lines if line.endswith(" opens")}
    said = {part.split()[0] for line in lines if "> " in line for part in [line.split("> ")[1]]}
    for asked, answer in asyncapi.ANSWERS.items():
        tag = str(asked.__struct_config__.tag)
        assert tag.removesuffix("_message") in said
        words = ("ok", *asyncapi.ERRORS[answer])
        assert {f"{tag} {word}" for word in words} <= heard
    unasked = set(asyncapi.SAYS) - set(asyncapi.ANSWERS.values())
    tags = {str(kind.__struct_config__.tag) for kind in unasked}
    assert tags <= {line.partition(" ")[0] for line in heard}


async def pair(peers: Clients) -> tuple[rest.CreatedQueue, Talk, Talk]:
    """Return a secured queue, its recipient subscribed, its sender attached."""
    queue = await peers.rest.queue("alice", "bob")
    alice, bob = await peers.socket(), await peers.socket()
    await alice.say(alice.subscribe("alice", queue.recipient_uri))
    await bob.say(bob.attach("bob", queue.sender_uri))
    assert shown(await alice.hear()) == "subscribe ok"
    assert shown(await bob.hear()) == "attach ok"
    return queue, alice, bob


async def test_a_batch_is_answered_as_a_batch(peers: Clients) -> None:
    queue, alice, bob = await pair(peers)
    await bob.say(*(Send(f"s{n}", queue.sender_uri, envelope(str(n))) for n in range(IN_FLIGHT)))
    pushed = [await alice.hear() for _ in range(IN_FLIGHT)]
    bodies = [found.message.msg for found in pushed if isinstance(found, Push)]
    assert bodies == [envelope(str(n)) for n in range(IN_FLIGHT)]
    await alice.say(
        *(
            DeleteMessage(f"d{n}", queue.recipient_uri, found.message.id)
            for n, found in enumerate(pushed)
            if isinstance(found, Push)
        )
    )
    frames: list[list[str]] = []
    while sum(map(len, frames)) < IN_FLIGHT:
        answers = decode_server((await alice.socket.receive()).data)
        frames.append([answer.id for answer in answers if isinstance(answer, Deleted)])
    # One frame, or a second one for what was just being written.
    assert len(frames) <= 4
    assert {name for names in frames for name in names} == {f"d{n}" for n in range(IN_FLIGHT)}
    found = {(await bob.hear()).id for _ in range(IN_FLIGHT)}  # type: ignore[union-attr] # they are answers
    assert found == {f"s{n}" for n in range(IN_FLIGHT)}


async def test_a_client_is_answered_as_it_speaks(peers: Clients) -> None:
    queue, _, bob = await pair(peers)
    assert bob.binary
    await bob.socket.send_str('{"id":"x","type":"unsubscribe","recipientURI":"u"}')
    frame = await bob.socket.receive()
    assert frame.type is aiohttp.WSMsgType.TEXT
    await bob.socket.send_bytes(encode_binary([Unsubscribe("y", queue.recipient_uri)]))
    assert (await bob.socket.receive()).type is aiohttp.WSMsgType.BINARY


async def test_the_last_part_of_a_uri_names_the_queue(peers: Clients) -> None:
    queue, alice, bob = await pair(peers)
    moved = "https://moved.example/q/" + queue.sender_uri.rpartition("/")[2]
    await bob.say(Send("1", moved, envelope("by another name")))
    found = await alice.hear()
    assert isinstance(found, Push)
    assert found.message.msg == envelope("by another name")


async def test_an_auth_is_good_for_one_socket_uri_and_type(peers: Clients) -> None:
    queue, alice, bob = await pair(peers)
    other = await peers.socket()
    stolen: list[ClientObject] = [
        alice.subscribe("alice", queue.recipient_uri),
        msgspec.structs.replace(
            other.subscribe("alice", queue.recipient_uri),
            auth=other.auth("alice", queue.recipient_uri, "attach"),
        ),
        msgspec.structs.replace(
            other.subscribe("alice", queue.recipient_uri),
            auth=other.auth("alice", queue.sender_uri, "subscribe"),
        ),
        bob.attach("bob", queue.sender_uri),
    ]
    await other.say(*stolen)
    for _ in stolen:
        assert shown(await other.hear()).endswith("unauthorized")


async def test_a_frame_that_is_too_long_closes_the_socket(peers: Clients) -> None:
    talk = await peers.socket()
    await talk.socket.send_bytes(bytes(FRAME + 1))
    frame = await talk.socket.receive()
    assert frame.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}
    assert talk.socket.close_code == 1009


async def test_a_batch_that_is_too_long_is_not_done(peers: Clients) -> None:
    queue, alice, bob = await pair(peers)
    await bob.say(*(Send(f"{n}", queue.sender_uri, b"") for n in range(BATCH + 1)))
    assert shown(await bob.hear()) == "invalid"
    await bob.hears_nothing()
    await alice.hears_nothing()


async def test_ten_thousand_objects_do_not_queue_up_for_one_who_does_not_read(
    peers: Clients, served: TestRelay
) -> None:
    queue, _, bob = await pair(peers)
    # Each of these is answered; the client reads none of the answers.
    frame = encode_binary([Unsubscribe("x" * 60, queue.recipient_uri)] * BATCH)
    sent = 0
    try:
        async with asyncio.timeout(1):
            for _ in range(4000):
                await bob.socket.send_bytes(frame)
                sent += 1
    except TimeoutError:
        pass
    assert sent < 4000, "the relay reads on although nobody takes its answers"
    assert served.metrics["refused"] == 0
    bob.socket._response.close()  # an abrupt end, without a closing handshake


async def test_one_socket_holds_so_many_queues_and_no_more() -> None:
    async with relay("memory:", queues_per_socket=2) as served, clients(served.uri) as peers:
        talk = await peers.socket()
        answers = []
        for _ in range(3):
            queue = await peers.rest.queue("alice", "bob")
            await talk.say(talk.subscribe("alice", queue.recipient_uri))
            answers.append(await talk.hear())
        assert [shown(found) for found in answers] == [
            "subscribe ok",
            "subscribe ok",
            "subscribe busy",
        ]


async def test_many_queues_are_opened_by_one_frame(peers: Clients) -> None:
    queues = [await peers.rest.queue("alice", "bob") for _ in range(40)]
    for queue in queues[:5]:
        assert (await peers.rest.send(queue, "bob", envelope())).status == 200
    talk = await peers.socket()
    await talk.say(
        *(talk.subscribe("alice", queue.recipient_uri) for queue in queues),
        *(talk.attach("bob", queue.sender_uri) for queue in queues),
    )
    found = [await talk.hear() for _ in range(85)]
    assert sum(isinstance(o, Subscribed) and o.ok for o in found) == 40
    assert sum(isinstance(o, Push) for o in found) == 5
    await talk.say(Send("1", queues[7].sender_uri, envelope("hello")))
    answers = [await talk.hear(), await talk.hear()]
    assert {type(o) for o in answers} == {Push, Sent}


async def test_everybody_can_leave_at_any_time(served: TestRelay, peers: Clients) -> None:
    queue, alice, bob = await pair(peers)
    await bob.say(Send("1", queue.sender_uri, envelope("1")))
    assert isinstance(await alice.hear(), Push)
    await alice.socket.close()
    await bob.say(Send("2", queue.sender_uri, envelope("2")))
    assert {shown(await bob.hear()), shown(await bob.hear())} == {"send ok"}
    bob.socket._response.close()  # an abrupt end
    assert [m.msg for m in await peers.rest.list(queue, "alice")] == [envelope("1"), envelope("2")]


async def test_what_was_said_before_leaving_is_done(peers: Clients, served: TestRelay) -> None:
    queue = await peers.rest.queue("alice", "bob")
    bob = await peers.socket()
    await bob.say(bob.attach("bob", queue.sender_uri))
    for number in range(3):
        await bob.say(Send(str(number), queue.sender_uri, envelope(str(number))))
    await bob.socket.close()
    await eventually(lambda: served.metrics["received"] == 3)
    found = await peers.rest.list(queue, "alice")
    assert [message.msg for message in found] == [envelope(str(n)) for n in range(3)]
