"""A relay that cannot write says so, loses nothing it has acknowledged, and goes on by itself."""

import asyncio
import resource
import sqlite3
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from tests.relay.support import PATIENCE, Answer, Clients, Talk, envelope, key
from tests.together.forked import ForkedRelay

from graphchat.wire import rest
from graphchat.wire.socket import Attached, Send, Sent

BUSY: Final = b'{"error":"busy"}'
DISK: Final = 4 * 1024 * 1024


@contextmanager
def full_disk(folder: Path, pid: int) -> Iterator[None]:
    """Fill the file system until the end: writing fails with ENOSPC."""
    ballast = folder / "ballast"
    try:
        with ballast.open("wb") as file:
            while True:
                file.write(bytes(4096))
                file.flush()
    except OSError:
        yield
    finally:
        ballast.unlink()


@contextmanager
def full_files(folder: Path, pid: int) -> Iterator[None]:
    """Let no file of the process grow until the end: writing fails with EFBIG."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def locked(folder: Path, pid: int) -> Iterator[None]:
    """Hold the database, as a tool that forgets to let go does."""
    db = sqlite3.connect(folder / "relay.db", isolation_level=None)
    try:
        db.execute("BEGIN EXCLUSIVE")
        yield
        db.execute("ROLLBACK")
    finally:
        db.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a disk of 4 MiB."""
    words = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "graphchat-test", str(tmp_path)]
    if subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk; full files are tried in any case")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


@dataclass
class Pair:
    """A queue that is written by socket, and one by REST; and what was acknowledged in each."""

    peers: Clients
    talk: Talk
    queues: tuple[rest.CreatedQueue, rest.CreatedQueue]
    said: tuple[list[bytes], list[bytes]]
    count: int = 0

    def _next(self) -> bytes:
        self.count += 1
        return envelope(f"message {self.count}")

    async def by_socket(self) -> bool:
        """Send; tell whether it was acknowledged, and otherwise refused as it should be."""
        body = self._next()
        await self.talk.say(Send(f"s{self.count}", self.queues[0].sender_uri, body))
        answer = await self.talk.hear()
        assert isinstance(answer, Sent)
        assert answer.error in {"", "busy"}
        if answer.ok:
            self.said[0].append(body)
        return answer.ok

    async def by_rest(self) -> bool:
        body = self._next()
        answer = await self.peers.rest.send(self.queues[1], "bob", body)
        if answer.status == 200:
            self.said[1].append(body)
            return True
        is_busy(answer)
        return False

    async def holds(self) -> None:
        """Compare what is there with what was acknowledged."""
        for queue, said in zip(self.queues, self.said, strict=True):
            assert [m.msg for m in await everything(self.peers, queue)] == said


def is_busy(answer: Answer) -> None:
    assert (answer.status, answer.body) == (503, BUSY)
    assert int(answer.headers["Retry-After"]) > 0


async def everything(peers: Clients, queue: rest.CreatedQueue) -> list[rest.Message]:
    found: list[rest.Message] = []
    following = ""
    while True:
        query = f"?fromMessageId={following}" if following else ""
        answer = await peers.rest.ask("GET", f"{queue.recipient_uri}/messages{query}", by="alice")
        assert answer.status == 200
        page = rest.decode(rest.MessageList, answer.body)
        found += page.messages
        following = page.next_message_id
        if not following:
            return found


async def until(send: Callable[[], Awaitable[bool]], *, done: bool) -> None:
    """Send until that is acknowledged, or until it is refused."""
    async with asyncio.timeout(3 * PATIENCE):
        while await send() is not done:  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(0.01)


async def opened(peers: Clients) -> Pair:
    one, two = await peers.rest.queue("alice", "bob"), await peers.rest.queue("alice", "bob")
    talk = await peers.socket()
    await talk.say(talk.attach("bob", one.sender_uri))
    answer = await talk.hear()
    assert isinstance(answer, Attached)
    assert answer.ok
    return Pair(peers, talk, (one, two), ([], []))


Trouble = Callable[[Path, int], AbstractContextManager[None]]


@pytest.mark.parametrize(
    ("trouble", "place"), [(full_disk, "small_disk"), (full_files, "home"), (locked, "home")]
)
async def test_what_cannot_be_written_is_refused_until_it_can(
    trouble: Trouble, place: str, request: pytest.FixtureRequest
) -> None:
    home: Path = request.getfixturevalue(place)
    relay = ForkedRelay(home)
    async with relay.running() as peers:
        pair = await opened(peers)
        sends = (pair.by_socket, pair.by_rest)
        for send in sends:
            assert await send()
        with trouble(home, relay.pid):
            for send in sends:
                await until(send, done=False)
            body = rest.encode(rest.CreateQueue(key("carol").public))
            is_busy(await peers.rest.ask("POST", peers.address.create_uri, body, by="carol"))
            await pair.holds()
        for send in sends:
            await until(send, done=True)
            assert await send()
        await pair.holds()
    async with relay.running() as peers:  # after kill -9
        pair.peers = peers
        await pair.holds()
