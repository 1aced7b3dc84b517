"""One file of somebody else, fetched from the relays where its chunks wait.

Rule: nothing is believed but what opens under the key of the file, at its place; the file has its
name only once all of it was read again from the disk, and is what its message says.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from graphchat.client.apply import Applier
from graphchat.client.context import Context
from graphchat.client.files import removing, rows
from graphchat.client.files.disk import Part, safe_name
from graphchat.client.files.each import each
from graphchat.client.files.records import PlaceState, Where
from graphchat.client.live import relay_of
from graphchat.client.reach import may_reach
from graphchat.client.stored import RelayFailedRecord
from graphchat.content import File
from graphchat.content.files import count
from graphchat.core import chunks
from graphchat.core.chunks import Layout
from graphchat.crypto.keys import SigningKey
from graphchat.errors import (
    CodeError,
    GraphchatError,
    NotFoundError,
    RateError,
    RelayError,
    RelayUnreachableError,
    RemoteProtocolError,
    StateError,
    UnauthorizedError,
)
from graphchat.ids import QueueId
from graphchat.secret import Secret
from graphchat.wire.limits import SIZES
from graphchat.wire.uri import split_create_uri

if TYPE_CHECKING:
    from graphchat.client.engine import Engine

T = TypeVar("T")
Watch = Callable[[int, int], None]
"""Hears how many bytes are done, and of how many."""

# Strips on their way at the same time: each holds one chunk in memory.
AT_ONCE: Final = 4
# Seconds before the next tries, if no relay answers.
AGAIN: Final = (1.0, 3.0)
# Seconds for which a relay that failed is asked after the others.
REST: Final = 20.0
SLOWER: Final = 20
GONE: Final = (
    "This file is not at the relays any more: it was deleted, or had waited for too long. Ask for"
    " it again."
)


class AltersError(RemoteProtocolError):
    """A relay has changed what it keeps of a file."""


def quiet(_done: int, _total: int) -> None:
    """Watch nothing."""


class Fetching:
    """One file on its way here."""

    def __init__(self, engine: "Engine", where: Where, profile: int, file: File) -> None:
        self._engine: Final = engine
        self._context: Final[Context] = engine.context
        self._where: Final = where
        self._profile: Final = profile
        self._file: Final = file
        self._key: Final = Secret(file.key)
        self._layout: Final = Layout(file.size, file.strip)
        self._have: bytearray = bytearray(count(self._layout.chunks, 8))
        self._done = 0
        self._resting: dict[bytes, float] = {}
        self._blamed: set[bytes] = set()

    async def run(self, target: Path, watch: Watch) -> Path:
        """Fetch what is missing, and return where the file is. See `Talking.fetch`."""
        self._check()
        running = self._context.fetching
        if self._where.key in running:
            raise StateError("This file is being fetched already.")
        running.add(self._where.key)
        try:
            return await self._run(target, watch)
        except OSError as error:
            raise StateError(f"The file cannot be written: {error.strerror}.") from None
        finally:
            running.discard(self._where.key)

    async def _run(self, target: Path, watch: Watch) -> Path:
        exactly = not await asyncio.to_thread(target.is_dir)
        path = target if exactly else target / safe_name(self._file.name)
        if exactly and path.exists():
            raise StateError("There is a file with this name already. Choose another name.")
        part = await self._part(path.parent)
        resumed = self._done > 0
        await self._all(part, watch)
        if resumed and not await self._is_right(part):
            # What had come before was not on the disk yet when this machine went down.
            part = await self._new_part(path.parent)
            await self._all(part, watch)
        if not await self._is_right(part):
            part.path.unlink()
            await self._engine.do(self._forget)
            raise RemoteProtocolError("What was sent is not the file that its message describes.")
        found = await asyncio.to_thread(partial(part.become, path, exactly=exactly))
        await self._engine.do(self._finish)
        return found

    def _check(self) -> None:
        if self._file.size > self._context.max_file:
            raise StateError(
                f"The file has {self._file.size:,} bytes, more than the limit here:"
                f" {self._context.max_file:,}."
            )
        for host in self._file.hosts:
            try:
                plain = split_create_uri(host.base) == (host.base, None)
            except CodeError:
                plain = False
            if not plain or not may_reach(host.base, self._context.relays):
                raise RemoteProtocolError("The file names a relay that nobody here goes to.")

    async def _part(self, folder: Path) -> Part:
        """Return what there is of the file already, or a new empty one."""
        part = Part(folder / self._part_name)
        known = await self._context.database.read(partial(rows.download, self._where))
        same = known is not None and known[0] == part.path.absolute()
        if known is not None and same and await asyncio.to_thread(part.has, self._file.size):
            self._have[:] = known[1][: len(self._have)].ljust(len(self._have), b"\0")
            here = [n for n in range(self._layout.chunks) if self._has(n)]
            self._done = sum(map(self._layout.length, here))
            return part
        return await self._new_part(folder)

    async def _new_part(self, folder: Path) -> Part:
        part = Part(folder / self._part_name)
        await asyncio.to_thread(part.make, self._file.size)
        self._have[:], self._done = bytes(len(self._have)), 0
        now, path = self._context.clock.now(), part.path.absolute()
        begin = partial(rows.begin_download, self._where, path, bytes(self._have), now)
        await self._context.database.write(begin)
        return part

    @property
    def _part_name(self) -> str:
        return f".{self._where.message_id.hex()}.part"

    async def _is_right(self, part: Part) -> bool:
        return await asyncio.to_thread(part.sha256) == self._file.sha256

    def _has(self, chunk: int) -> bool:
        return bool(self._have[chunk // 8] >> chunk % 8 & 1)

    async def _all(self, part: Part, watch: Watch) -> None:
        watch(self._done, self._file.size)
        for seconds in AGAIN:
            try:
                await self._missing(part, watch)
            except RelayUnreachableError:
                self._resting.clear()
                await asyncio.sleep(seconds)
            else:
                return
        await self._missing(part, watch)

    async def _missing(self, part: Part, watch: Watch) -> None:
        async def fetch(strip: int) -> None:
            await self._strip(strip, part, watch)

        await each(fetch, self._layout.strips, AT_ONCE)

    async def _strip(self, strip: int, part: Part, watch: Watch) -> None:
        """Fetch a strip from one relay, and what that does not have from the others."""
        missing = {n for n in self._layout.of(strip) if not self._has(n)}
        if not missing:
            return
        failures: list[tuple[PlaceState, GraphchatError]] = []
        for place in self._places(strip):
            try:
                await self._from(strip, place, missing, part, watch)
            except (RelayError, NotFoundError, AltersError) as error:
                self._resting[place.relay] = self._context.clock.monotonic() + REST
                failures.append((place, error))
            if not missing:
                break
        for place, fault in failures:
            # If nobody has it, it may just have expired.
            if isinstance(fault, AltersError) or not missing:
                await self._blame(place, fault)
        if missing:
            raise _worst([fault for _, fault in failures])

    def _places(self, strip: int) -> Iterator[PlaceState]:
        """Yield the queues that have a strip, in turn, those of relays that failed last."""
        copies, now = self._file.strips[strip], self._context.clock.monotonic()
        turn = strip % len(copies)
        found = [self._place(strip, n) for n in range(len(copies))]
        order = [*found[turn:], *found[:turn]]
        order.sort(key=lambda place: self._resting.get(place.relay, 0.0) > now)
        yield from order

    def _place(self, strip: int, number: int) -> PlaceState:
        place = self._file.strips[strip][number]
        host = self._file.hosts[place.host]
        return PlaceState(host.relay, host.base, place.queue, b"", Secret(place.key))

    async def _keep(self, part: Part, chunk: int, data: bytes) -> None:
        await asyncio.to_thread(part.write, chunk, data)
        self._have[chunk // 8] |= 1 << chunk % 8
        self._done += len(data)
        note = partial(rows.have, self._where, bytes(self._have))
        await self._context.database.write(note)

    async def _from(
        self, strip: int, place: PlaceState, missing: set[int], part: Part, watch: Watch
    ) -> None:
        """Take from a queue what is missing of a strip.

        Raises `RelayError`, `NotFoundError` if it does not have all of it, `AltersError`.
        """
        relay, queue = relay_of(place.relay, place.base), QueueId(place.recipient_id)
        transport, key = self._context.transport.of(self._profile), SigningKey(place.key)
        altered, place_of = False, self._layout.of(strip)
        found = await self._slowly(partial(transport.listed, relay, queue, key))
        # In the order in which they were sent, unless the relay or an accident wanted otherwise.
        likely = dict(zip([name for name, _ in found], place_of, strict=False))
        for name, size in sorted(found, key=lambda entry: likely.get(entry[0]) not in missing):
            if not missing:
                return
            if size not in SIZES:
                altered = True
                continue
            envelope = await self._slowly(partial(transport.fetch, relay, queue, key, name))
            # What comes twice is no fault: its sender could not know that it had come.
            wanted = sorted(place_of, key=lambda chunk: (chunk != likely.get(name), chunk))
            opened = partial(chunks.find, self._key, self._layout, wanted, envelope)
            if (chunk := await asyncio.to_thread(opened)) is None:
                altered = True
            elif chunk[0] in missing:
                await self._keep(part, *chunk)
                missing.discard(chunk[0])
                watch(self._done, self._file.size)
        if missing:
            raise AltersError if altered else NotFoundError(GONE)

    @staticmethod
    async def _slowly(ask: Callable[[], Awaitable[T]]) -> T:
        """Ask a relay, and wait as often as it wants."""
        for _ in range(SLOWER):
            try:
                return await ask()
            except RateError as error:
                await asyncio.sleep(error.retry_after)
        return await ask()

    async def _blame(self, place: PlaceState, error: GraphchatError) -> None:
        """Name a relay that has not kept what it took, once a file."""
        if isinstance(error, RelayUnreachableError | RateError) or not self._where.connection:
            return
        if place.relay in self._blamed:
            return
        self._blamed.add(place.relay)
        why = "alters" if isinstance(error, AltersError) else "loses"

        async def tell(turn: Applier) -> None:
            event = RelayFailedRecord(self._where.connection, place.base, ours=False, why=why)
            turn.context.tell(turn.unit, self._profile, event)

        await self._engine.do(tell)

    async def _finish(self, turn: Applier) -> None:
        """Note that all is here, and delete it at the relays if nobody else wants it."""
        turn.unit.write(rows.drop_download(self._where))
        if not self._file.keep:
            removing.remove(turn, self._profile, removing.places_of(self._file))

    async def _forget(self, turn: Applier) -> None:
        turn.unit.write(rows.drop_download(self._where))


def _worst(errors: list[GraphchatError]) -> GraphchatError:
    """Return what to say if no relay has a strip: whether it is worth trying again."""
    for error in errors:
        if isinstance(error, RelayUnreachableError):
            return error
    for error in errors:
        if isinstance(error, AltersError):
            return RemoteProtocolError(
                "The relays have changed the file, or it was damaged there. Ask for it again."
            )
    if all(isinstance(error, UnauthorizedError | NotFoundError) for error in errors):
        return NotFoundError(GONE)
    return errors[0]
