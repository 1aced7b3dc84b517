"""Talk over sockets, written down in ``transcripts/socket_*.txt``, and what does not fit there."""

import asyncio
import re
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
import pytest
from tests.relay.support import Clients, Talk, clients, envelope, eventually, key

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

SIZES: Final = {name: getattr(limits, name) for name in ("S", "M", "L", "XL", "XXL")}
NAMES: Final = {size: name for name, size in SIZES.items()}
TRANSCRIPTS: Final = sorted(Path(__file__).with_name("transcripts").glob("socket_*.txt"))


def lines_of(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").splitlines() if line and line[0] != "#"]


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

    def __init__(self, peers: Clients, *, binary: bool) -> None:
        self.peers = peers
        self.binary = binary
        self.talks: dict[str, Talk] = {}
        self.queue: rest.CreatedQueue | None = None
        self.ids: list[str] = []
        self.last: ClientObject | None = None

    async def play(self, line: str) -> None:
        times, _, action = line.rpartition(" times ")
        for _ in range(int(times or 1)):
            await self._play(action)

    async def _play(self, line: str) -> None:
        match line.split(maxsplit=2):
            case ["queue", recipient, sender]:
                self.queue = await self.peers.rest.queue(
                    recipient, None if sender == "-" else sender
                )
            case [who, "opens"]:
                self.talks[who] = await self.peers.socket(binary=self.binary)
            case [who, "hears", "nothing"]:
                await self.talks[who].hears_nothing()
            case [who, "secures", _]:
                body = rest.encode(rest.SecureQueue(key(line.rsplit(maxsplit=1)[-1]).public))
                await self._rest("PUT", who, body)
            case [who, "removes"]:
                await self._rest("DELETE", who)
            case [who, *_] if who.endswith("<"):
                found = await self.talks[who[:-1]].hear()
                if isinstance(found, Push) and found.message.id not in self.ids:
                    self.ids.append(found.message.id)
                assert shown(found) == line.partition("< ")[2], line
            case [who, *_] if who.endswith(">"):
                await self._say(who[:-1], line.partition("> ")[2])
            case _:
                raise AssertionError(line)

    async def _rest(self, method: str, who: str, body: bytes = b"") -> None:
        assert self.queue is not None
        found = await self.peers.rest.ask(method, self.queue.recipient_uri, body, by=who)
        assert found.status == 200, found

    def _uri(self, where: str) -> str:
        assert self.queue is not None
        base = self.peers.address.base
        return {
            "RU": self.queue.recipient_uri,
            "SU": self.queue.sender_uri,
            "nobody": f"{base}/{'A' * 24}",
        }[where]

    async def _say(self, who: str, text: str) -> None:
        talk = self.talks[who]
        match text.split():
            case ["subscribe", where, *more]:
                await talk.say(talk.subscribe(more[1] if more else who, self._uri(where)))
            case ["attach", where, *more]:
                await talk.say(talk.attach(None if more else who, self._uri(where)))
            case ["unsubscribe", where]:
                await talk.say(Unsubscribe(talk.name(), self._uri(where)))
            case ["delete", number]:
                name = self.ids[int(number) - 1] if len(self.ids) >= int(number) else "gone"
                await talk.say(DeleteMessage(talk.name(), self._uri("RU"), name))
            case ["send", size, *more]:
                found = re.fullmatch(r"(\w+?)([+-]1)?", size)
                assert found is not None
                body = envelope(size=SIZES[found[1]] + int(found[2] or 0))
                self.last = Send(talk.name(), self._uri("SU"), body)
                await talk.say(self.last)
                if more:
                    assert shown(await talk.hear()) == "send ok"
            case ["again"]:
                assert self.last is not None
                await talk.say(self.last)
            case _:
                assert text.startswith("raw "), text
                await self._raw(talk, text.removeprefix("raw "))

    async def _raw(self, talk: Talk, text: str) -> None:
        if self.binary:
            await talk.socket.send_bytes(msgspec.msgpack.encode(msgspec.json.decode(text)))
        else:
            await talk.socket.send_str(text)


@pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])
@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
async def test_transcript(path: Path, peers: Clients, binary: bool) -> None:  # noqa: FBT001 - a parameter
    transcript = Transcript(peers, binary=binary)
    for line in lines_of(path):
        await transcript.play(line)


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
