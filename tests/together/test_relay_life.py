"""After the life of many people, a relay's files, output and figures know none of them."""

import asyncio
import re
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final

import aiohttp
import pytest
from tests.postgres import Postgres
from tests.relay.support import Clients, Talk, clients, envelope, key
from tests.together.test_relay_kill import killed, started
from tests.together.traces import contents, found

from graphchat.wire import rest
from graphchat.wire.base64url import from_text
from graphchat.wire.limits import M, S
from graphchat.wire.socket import Attached, Deleted, DeleteMessage, Push, Send, Sent, Subscribed

SAID: Final = "what nobody but the two shall know, number "
DAY: Final = 86_400


@dataclass
class Someone:
    """A person with an address of their own, a queue, and a contact who writes to it."""

    number: int
    peers: Clients
    queue: rest.CreatedQueue = field(init=False)
    envelopes: list[bytes] = field(default_factory=list[bytes])
    ids: list[str] = field(default_factory=list[str])
    places: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])

    @property
    def owner(self) -> str:
        return f"the owner of {self.number}"

    @property
    def writer(self) -> str:
        return f"who writes to {self.number}"

    async def live(self) -> None:
        """Be invited, read and delete what comes, and leave the last message for later."""
        self.queue = await self.peers.rest.queue(self.owner, self.writer)
        await self._hear_by_socket()
        for size in (S, M):
            answer = await self.peers.rest.send(self.queue, self.writer, self._say(size))
            assert answer.status == 200
        assert (await self.peers.rest.send(self.queue, "eve", self._say(S))).status == 401
        assert (await self.peers.rest.ask("GET", f"{self.uri}/messages", by="eve")).status == 401
        listed = await self.peers.rest.list(self.queue, self.owner)
        self.ids += [message.id for message in listed]
        gone = f"{self.uri}/messages/{listed[0].id}"
        assert (await self.peers.rest.ask("DELETE", gone, by=self.owner)).status == 200

    async def leave(self) -> None:
        """Delete the queue with what is in it."""
        assert (await self.peers.rest.ask("DELETE", self.uri, by=self.owner)).status == 200

    @property
    def uri(self) -> str:
        return self.queue.recipient_uri

    def _say(self, size: int) -> bytes:
        said = f"{SAID}{self.number}-{len(self.envelopes)} "
        self.envelopes.append(envelope(said + sha256(said.encode()).hexdigest(), size))
        return self.envelopes[-1]

    async def _hear_by_socket(self) -> None:
        writer, reader = await self._socket(), await self._socket()
        await writer.say(writer.attach(self.writer, self.queue.sender_uri))
        assert isinstance(await writer.hear(), Attached)
        await writer.say(Send("first", self.queue.sender_uri, self._say(S)))
        answer = await writer.hear()
        assert isinstance(answer, Sent)
        assert answer.ok
        await reader.say(reader.subscribe(self.owner, self.uri))
        assert isinstance(await reader.hear(), Subscribed)
        pushed = await reader.hear()
        assert isinstance(pushed, Push)
        self.ids.append(pushed.message.id)
        await reader.say(DeleteMessage("gone", self.uri, pushed.message.id))
        assert isinstance(await reader.hear(), Deleted)
        for talk in (writer, reader):
            await talk.socket.close()

    async def _socket(self) -> Talk:
        talk = await self.peers.socket()
        self.places.add(talk.socket.get_extra_info("sockname"))
        return talk

    # What a relay may know while the queue is there, and what it may never.

    @property
    def names(self) -> list[bytes]:
        texts = (uri.rpartition("/")[2] for uri in (self.uri, self.queue.sender_uri))
        return [from_text(text, 18) for text in texts]

    @property
    def public(self) -> list[bytes]:
        """Keys and hashes by which the relay knows the queue."""
        keys = [key(who).public for who in (self.owner, self.writer)]
        return [*keys, *(sha256(name).digest() for name in self.names)]

    @property
    def secrets(self) -> list[bytes]:
        """What a relay is never to write down."""
        seeds = [sha256(who.encode()).digest() for who in (self.owner, self.writer)]
        texts = [text for host, port in self.places for text in (host, f"{host}:{port}")]
        return [*self.names, *seeds, *(text.encode() for text in texts)]


@dataclass
class Watched:
    """A relay process, and everything that it says or writes."""

    process: asyncio.subprocess.Process
    uri: str
    private_uri: str
    folder: Path
    figures: str = ""

    async def look(self) -> None:
        async with aiohttp.ClientSession() as http, http.get(self.private_uri) as answer:
            self.figures += await answer.text()

    async def ends(self) -> str:
        """End the process; return what it has said."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.process.terminate()
        out, err = await self.process.communicate()
        return (out + err).decode()


@asynccontextmanager
async def watched(folder: Path, *options: str) -> AsyncIterator[Watched]:
    process, uri = await started(folder, "--port", "0", *options)
    try:
        assert process.stderr is not None
        line = (await process.stderr.readline()).decode()
        figures = line.partition(": ")[2].strip().replace("/readyz", "/metrics")
        yield Watched(process, uri, figures, folder)
    finally:
        if process.returncode is None:
            await killed(process)


@asynccontextmanager
async def crowd(uri: str, count: int) -> AsyncIterator[list[Someone]]:
    """Return people who come from as many addresses."""
    random = Random(count)
    async with AsyncExitStack() as stack:
        people: list[Someone] = []
        for number in range(count):
            host = ".".join(["127", *(f"{random.randint(100, 250)}" for _ in range(3))])
            connector = aiohttp.TCPConnector(local_addr=(host, 0))
            peers = await stack.enter_async_context(clients(uri, connector))
            people.append(Someone(number, peers))
        yield people


async def together(people: list[Someone], *, leave: bool = False) -> None:
    """Let everybody live, or leave, some at the same time."""
    for start in range(0, len(people), 10):
        group = people[start : start + 10]
        await asyncio.gather(*(one.leave() if leave else one.live() for one in group))


def explained(path: Path, people: list[Someone], since: float) -> None:
    """Every value in the database is one that protocol section 6 allows."""
    known = {value for one in people for value in (*one.public, *one.envelopes)}
    names = {name for one in people for name in one.ids}
    today = {int(since) // DAY, int(time.time()) // DAY}
    seconds = range(int(since), int(time.time()) + 1)
    small = range(4 * len(people) + 1)  # keys and positions count queues and messages
    with sqlite3.connect(path) as db:
        for table in ("relay_queue", "relay_message", "relay_setting"):
            for row in db.execute(f"SELECT * FROM {table}"):
                for value in row:
                    numbers = isinstance(value, int) and (value in seconds or value in small)
                    assert numbers or value in known | names | today, (table, value)
    db.close()


@pytest.mark.parametrize("count", [10, pytest.param(100, marks=pytest.mark.slow)])
async def test_a_relay_knows_nobody(tmp_path: Path, count: int) -> None:
    since = time.time()
    async with watched(tmp_path) as relay, crowd(relay.uri, count) as people:
        await together(people)
        await relay.look()
        secrets = [secret for one in people for secret in one.secrets]
        living = contents(tmp_path)
        explained(tmp_path / "relay" / "relay.db", people, since)
        assert people[0].envelopes[2][:90] in living, "this is where one has to look"
        assert found(secrets, living) == []
        deleted = [one.envelopes[0][:90] for one in people]
        await together(people, leave=True)
        await relay.look()
        after = contents(tmp_path)
        said = relay.figures + await relay.ends()
    left = [value for one in people for value in one.public]
    ids = [name for one in people for name in one.ids]
    assert found([*secrets, *left], after + contents(tmp_path)) == []
    for text in (SAID.encode(), *deleted, *(name.encode() for name in ids)):
        assert text not in after
    assert found([*secrets, *left], said.encode()) == []
    assert not [name for name in ids if name in said]
    is_silent(said)


def is_silent(said: str) -> None:
    """Expect nothing but sums without labels, and where things are."""
    line = re.compile(
        r"#.*|graphchat_relay_\w+ [\d.e+]+|a new key, by which clients know this relay.*|"
    )
    assert [text for text in said.splitlines() if not line.fullmatch(text)] == []


async def test_a_relay_on_postgresql_knows_nobody(postgres: Postgres, tmp_path: Path) -> None:
    dsn = postgres.database()
    async with watched(tmp_path, "--store", dsn) as relay, crowd(relay.uri, 5) as people:
        await together(people)
        await together(people, leave=True)
        await relay.look()
        said = relay.figures + await relay.ends()
    postgres.psql("postgres", "CHECKPOINT")
    # The server has files of its own, too, and many; these hold rows, or what is said of them.
    place = postgres.psql(dsn.rpartition("/")[2], "SELECT pg_relation_filepath('relay_queue')")
    folders = [postgres.data / Path(place.strip()).parent, postgres.data / "pg_wal", tmp_path]
    kept = b"".join(map(contents, folders)) + postgres.log.read_bytes()
    assert sha256(people[0].names[0]).digest() in kept, "this is where one has to look"
    secrets = [secret for one in people for secret in one.secrets]
    assert found(secrets, kept + said.encode()) == []
    is_silent(said)
