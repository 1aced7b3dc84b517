"""What time brings in a group: hosts to connect to, holes to ask for, connections to end.

One task for all groups of a client; it sleeps for ever where there are none.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from graphchat.client.apply import Applier
from graphchat.client.groups import joining, letters, posts, records, rows, wants
from graphchat.client.groups.forward import Pump, lagging
from graphchat.client.groups.live import LiveGroup, Peer
from graphchat.client.groups.posts import Came
from graphchat.client.groups.registry import Groups
from graphchat.codes import Code, GroupCode
from graphchat.errors import CodeError, GraphchatError, NotFoundError

# Seconds between looks.
TICK: Final = 1.0
# Seconds until a hole is asked for, and until nobody waits for it any more.
ASK: Final = 2.0
GIVE_UP: Final = 10.0
# Seconds after which a host that brings other things has left something out.
LATE: Final = 30.0
# Seconds that a connection which ends may take for its last words.
LAST_WORDS: Final = 60.0
# Seconds until a host that could not be asked is asked again, at first and at last.
FIRST_RETRY: Final = 2.0
LAST_RETRY: Final = 180.0
# Seconds between looks for posts that disappear.
SWEEP: Final = 60.0
MAX_HOSTS: Final = 3
"""Hosts that a member connects to."""

log = logging.getLogger("graphchat.client")


@dataclass(slots=True)
class _Try:
    """When something may be tried again."""

    at: float = 0.0
    delay: float = FIRST_RETRY


class Keeper:
    """Looks after all groups of one client."""

    def __init__(self, groups: Groups) -> None:
        self._groups: Final = groups
        self._pump: Final = Pump(groups)
        self._tries: dict[tuple[int, bytes], _Try] = {}
        self._swept: dict[int, float] = {}
        self._tasks: dict[tuple[int, bytes], asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        groups.wake = self._wake.set
        groups.answer = self._answer

    def start(self) -> None:
        self._wake.set()
        self._task = asyncio.create_task(self._run(), name="graphchat groups")

    async def close(self) -> None:
        tasks = [*self._tasks.values(), *([self._task] if self._task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            patience = TICK if self._groups.index.groups else None
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._wake.wait()
            self._wake.clear()
            for row_id in list(self._groups.index.groups):
                try:
                    await self._look(await self._groups.get(row_id))
                except NotFoundError:
                    self._groups.index.groups.pop(row_id, None)
                except GraphchatError as error:
                    # What cannot be done now is looked at again.
                    log.debug("a group waits: %s", type(error).__name__)
            # Many changes at once are one look.
            await asyncio.sleep(0.02)

    async def _look(self, group: LiveGroup) -> None:
        now = self._groups.context.clock.monotonic()
        self._connect(group, now)
        if self._due(group, now):
            await self._groups.engine.do(partial(self._tick, group.id))
        if lagging(group):
            self._pump.soon(group.id)

    # What is done within a unit

    def _due(self, group: LiveGroup, now: float) -> bool:
        lives = self._groups.context.lives
        # A host looks at a thousand peers each second: once, and no longer than it has to.
        for name, peer in group.peers.items():
            if peer.state == "closing" or ((live := lives.get(name)) and live.failed):
                return True
            if peer.late and any(since + LATE < now for since in peer.late.values()):
                return True
        waits = any(since + ASK < now for since in group.waiting.values())
        return waits or self._sweeps(group, now)

    def _sweeps(self, group: LiveGroup, now: float) -> bool:
        disappear = group.log.begun and group.state.settings.disappear
        return bool(disappear) and self._swept.get(group.id, -SWEEP) + SWEEP < now

    async def _tick(self, row_id: int, turn: Applier) -> None:
        group, now = await self._groups.get(row_id), self._groups.context.clock.monotonic()
        await self._holes(group, now, turn)
        self._late(group, now, turn)
        for peer in list(group.peers.values()):
            live = self._groups.context.lives.get(peer.connection)
            if live is not None and live.failed:
                await self._groups.failed(turn, live)
            elif peer.state == "closing":
                await self._end(group, peer, now, turn)
        if self._sweeps(group, now):
            self._swept[group.id] = now
            before = self._groups.context.clock.now() - group.state.settings.disappear
            turn.unit.write(rows.disappear(group.id, before))

    async def _holes(self, group: LiveGroup, now: float, turn: Applier) -> None:
        asking = [
            author
            for author, since in group.waiting.items()
            if since + ASK < now and author not in group.asked
        ]
        if asking:
            group.asked.update(asking)
            await wants.posts(self._groups, turn, group, asking)
        for author in [name for name, since in group.waiting.items() if since + GIVE_UP < now]:
            self._groups.touch(turn, group)
            group.waiting[author] = now
            found = group.chains.skip(author)
            posts.use(self._groups, turn, group, found, Came(0, old=False))

    def _late(self, group: LiveGroup, now: float, turn: Applier) -> None:
        for peer in group.open("host"):
            for author, seq in posts.late(group, peer, now - LATE):
                name, host = group.name_of(author), group.name_of(peer.key)
                event = records.GroupGapRecord(group.id, name, seq, seq, host)
                self._groups.tell(turn, group, event)

    async def _end(self, group: LiveGroup, peer: Peer, now: float, turn: Applier) -> None:
        with suppress(NotFoundError):
            live = await self._groups.engine.live(peer.connection)
            outbox = live.connection.state.outbox
            if outbox.covered < outbox.seq and now < peer.since + LAST_WORDS:
                return
        await self._groups.drop_peer(turn, group, peer)

    # What takes time

    def _connect(self, group: LiveGroup, now: float) -> None:
        for key, code in self._hosts(group):
            self._try(group, key, now, partial(self._join, group.id, key, code))
        for key in letters.wanted(group):
            self._try(group, key, now, partial(self._write, group.id, key))

    def _hosts(self, group: LiveGroup) -> list[tuple[bytes, Code]]:
        """Return the hosts to connect to: by the link at first, then as the log says."""
        if group.is_host and not group.state.forwarders.keys() - {group.me}:
            return []
        known = {peer.key for peer in group.peers.values() if peer.kind != "mesh"}
        hosts = [peer for peer in group.peers.values() if peer.kind == "host"]
        if group.status == "asked":
            if hosts or not group.record.link:
                return []
            return [(b"", GroupCode.parse(group.record.link).hosts[0])]
        if group.status != "member" or any(not peer.key for peer in hosts):
            return []
        found: list[tuple[bytes, Code]] = []
        for key, link in sorted(group.state.forwarders.items()):
            # Of two hosts, the one with the higher key connects to the other.
            if key == group.me or key in known or (group.is_host and key > group.me):
                continue
            if not group.is_host and len(hosts) + len(found) >= MAX_HOSTS:
                break
            with suppress(CodeError):
                found.append((key, Code.parse(link)))
        return found

    def _try(
        self,
        group: LiveGroup,
        key: bytes,
        now: float,
        work: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        name = (group.id, key)
        known = self._tries.setdefault(name, _Try())
        if name in self._tasks or known.at > now:
            return
        known.at, known.delay = now + known.delay, min(known.delay * 2, LAST_RETRY)
        self._start(name, work())

    def _start(self, name: tuple[int, bytes], work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_quietly(work))
        self._tasks[name] = task
        task.add_done_callback(lambda _: self._tasks.pop(name, None))

    async def _join(self, row_id: int, key: bytes, code: Code) -> None:
        group = await self._groups.get(row_id)
        lanes = await joining.lanes_for(self._groups, group.profile, code)

        async def begin(turn: Applier) -> None:
            loaded = await self._groups.get(row_id)
            if any(name == key for name, _ in self._hosts(loaded)):
                await joining.connect(
                    self._groups, turn, loaded, code, lanes, Peer(0, "host", key)
                )

        await self._groups.engine.do(begin)

    async def _write(self, row_id: int, key: bytes) -> None:
        lanes = await letters.lanes(self._groups, await self._groups.get(row_id))

        async def send(turn: Applier) -> None:
            loaded = await self._groups.get(row_id)
            await letters.write(self._groups, turn, loaded, key, lanes)

        await self._groups.engine.do(send)

    def _answer(self, row_id: int, key: bytes, code: Code) -> None:
        name = (row_id, key)
        if name not in self._tasks:
            self._start(name, self._accept(row_id, key, code))

    async def _accept(self, row_id: int, key: bytes, code: Code) -> None:
        group = await self._groups.get(row_id)
        lanes = await joining.lanes_for(self._groups, group.profile, code)

        async def begin(turn: Applier) -> None:
            loaded = await self._groups.get(row_id)
            if not any(peer.key == key and peer.kind == "mesh" for peer in loaded.peers.values()):
                await joining.connect(
                    self._groups, turn, loaded, code, lanes, Peer(0, "mesh", key)
                )

        await self._groups.engine.do(begin)


async def _quietly(work: Awaitable[None]) -> None:
    """Do what is tried again if it fails."""
    try:
        await work
    except GraphchatError as error:
        log.debug("a connection of a group waits: %s", type(error).__name__)
