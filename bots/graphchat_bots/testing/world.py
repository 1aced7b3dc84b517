"""A bot in a test, people who talk with it, and everything that can happen to it."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, TypeVar, cast, final

from graphchat.store import Database
from graphchat_bots.grants import invite
from graphchat_bots.inlet import Inlet
from graphchat_bots.limits import Limits
from graphchat_bots.plan import Plan
from graphchat_bots.provided import NOTHING, Provided, opened
from graphchat_bots.providers import show
from graphchat_bots.roles import Role
from graphchat_bots.runtime import Runtime
from graphchat_bots.store import BOT, BotStore, DeadLetter
from graphchat_bots.surroundings import Surroundings
from graphchat_bots.testing.clock import HandClock
from graphchat_bots.testing.memory import MemoryNetwork
from graphchat_bots.testing.network import Network
from graphchat_bots.testing.person import Person
from graphchat_bots.testing.room import Room
from graphchat_bots.testing.weather import Weather, WeatheredPort

Level = Literal["memory", "relay"]
T = TypeVar("T")

# A handler that hangs shall not keep the end of a test waiting for long.
DRAIN: Final = timedelta(seconds=2)


class HandlerError(AssertionError):
    """A handler of the bot failed, and the test did not expect it."""


@final
class World:
    """One bot in a test. Use it with ``async with``."""

    def __init__(
        self,
        plan: Plan,
        limits: Limits,
        folder: Path,
        level: Level,
        provide: Provided = NOTHING,
    ) -> None:
        known = {each.provides for each in plan.providers}
        if unknown := [show(type_) for type_ in provide if type_ not in known]:
            raise TypeError(
                f"no provider makes {', '.join(unknown)}: nothing to take the place of"
            )
        self.clock: Final = HandClock()
        """The bot's clock; `advance` turns it."""
        self.network: Final[Network] = _network(level, folder, self.clock, plan.name)
        self._plan = plan
        self._limits = replace(limits, drain=min(limits.drain, DRAIN))
        self._folder = folder
        self._provide = provide
        self._people: list[Person] = []
        self._failures: list[Exception] = []
        self._expected: tuple[type[Exception], ...] = ()
        self._named = 0
        self._weather = Weather()
        self._stack = AsyncExitStack()

    def person(self, name: str, *, is_bot: bool = False) -> Person:
        """Return somebody new, who has not connected yet. Names need not differ."""
        person = Person(self, name, is_bot=is_bot)
        self._people.append(person)
        return person

    def invite(self, role: Role) -> str:
        """Return what somebody has to say to the bot to get a role, as `graphchat bot admin`."""
        return invite(self._folder, role, self.clock)

    async def group(
        self, name: str, founder: Person, *others: Person, role: str | None = "member"
    ) -> Room:
        """Return a new group of these people and the bot, which gets ``role`` in it.

        Without a role the bot is not in it, and `Room.invites` invites it.
        """
        return await self._room(name, founder, others, role=role, approval=False)

    async def closed_group(
        self, name: str, founder: Person, *others: Person, role: str | None = "moderator"
    ) -> Room:
        """Return a group as `group` does, into which nobody else comes without approval."""
        return await self._room(name, founder, others, role=role, approval=True)

    async def _room(
        self,
        name: str,
        founder: Person,
        others: Sequence[Person],
        *,
        role: str | None,
        approval: bool,
    ) -> Room:
        groups = self.network.groups
        room = Room(self, await groups.found(name, await founder.chat(), approval=approval))
        for person in others:
            await groups.enter(room.chat, await person.chat())
        if role is not None:
            await groups.take_bot(room.chat, role)
        return room

    async def advance(self, by: timedelta) -> None:
        """Let time pass for the bot, alarm by alarm; return once all is quiet again."""
        target = self.clock.now() + by.total_seconds()
        await self.settle()
        while (due := self.clock.next_alarm()) is not None and due <= target:
            self.clock.turn_to(due)
            await self.settle()
        self.clock.turn_to(target)
        await self.settle()

    def get(self, kind: type[T]) -> T:
        """Return what a provider of the bot has made. Raises `LookupError` if none makes it."""
        return cast("T", self._provided[kind])

    async def crash(self) -> None:
        """Kill the bot in the middle of whatever it does, and start it again."""
        await self._kill()
        await self._start()

    async def restart(self) -> None:
        """Stop the bot in good order, and start it again."""
        await self.away(timedelta())

    async def away(self, by: timedelta) -> None:
        """Stop the bot in good order, let time pass, and start it again."""
        self._runtime.stop()
        await self._running
        await self._kill()
        self.clock.turn_to(self.clock.now() + by.total_seconds())
        await self._start()

    @contextmanager
    def expecting(self, *kinds: type[Exception]) -> Iterator[None]:
        """Allow handlers to fail with these errors; at least one must."""
        before, self._expected = self._expected, kinds
        try:
            yield
        finally:
            self._expected = before
        expected = [error for error in self._failures if isinstance(error, kinds)]
        # In place: the bot that runs appends to this very list.
        self._failures[:] = [error for error in self._failures if error not in expected]
        if not expected:
            raise AssertionError(f"no handler failed with {', '.join(k.__name__ for k in kinds)}")

    async def dead_letters(self) -> list[DeadLetter]:
        """Return what the bot has set aside."""
        return await self._store.dead_letters()

    async def settle(self, chat: str | None = None) -> None:
        """Wait until the bot has nothing more to do, in ``chat`` or at all.

        Raises `HandlerError` if a handler has failed that was not expected to.
        """
        await self._while_running(self._settle(chat))
        self._raise_failures()

    def duplicate(self) -> None:
        """Let the bot receive everything a second time from now on, once it has handled it."""
        self._weather.duplicating = True

    def reorder(self) -> None:
        """Let chats reach the bot in another order from now on.

        Inside a chat the order is a promise of the network, and stays.
        """
        self._weather.reordering = True

    def partition(self) -> None:
        """Cut the bot off from its relays until `heal`: nothing arrives, and nothing leaves."""
        self._weather.is_cut = True

    async def heal(self) -> None:
        """End `partition`: what waited on both sides arrives; return once all is quiet."""
        await self._weather.mend(self._network_port)
        await self.settle()

    def message_id(self, name: str | None) -> bytes:
        """Return the id of a message: always the same for a name, a fresh one for none."""
        self._named += name is None
        return sha256((name or f"number {self._named}").encode()).digest()[:16]

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            await self.network.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                await self._finish()
        finally:
            await self._kill()
            await self.network.close()

    async def _finish(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.drain.total_seconds()):
                await self.settle()
        self._runtime.stop()
        await self._running
        self._raise_failures()

    async def _start(self) -> None:
        opening = Database.open(self._folder / "bot.db", None, clock=self.clock, app=BOT)
        database = await self._stack.enter_async_context(opening)
        self._store = await BotStore.open(database)
        self._network_port = await self.network.start()
        self._port = WeatheredPort(self._network_port, self._weather)
        inlet = Inlet(self._plan, self._store)
        self._provided = await self._stack.enter_async_context(
            opened(self._plan.providers, self._store, inlet, self._provide)
        )
        surroundings = Surroundings(
            self.clock,
            self._limits,
            self._provided,
            inlet,
            self._folder,
            self._failures.append,
        )
        self._runtime = Runtime(self._plan, self._port, self._store, surroundings)
        self._running = asyncio.create_task(self._runtime.run())

    async def _kill(self) -> None:
        self._running.cancel()
        await asyncio.wait([self._running])
        self._port.close()
        await self.network.kill()
        await self._stack.aclose()
        if not self._running.cancelled():
            self._running.result()

    async def _settle(self, chat: str | None) -> None:
        quiet = False
        while not quiet:
            if not self._weather.is_cut:
                await self.network.settle()
            quiet = await self._port.quiet()
            await self._runtime.idle(chat)
            quiet = quiet and await self._port.quiet()

    async def _while_running(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        try:
            await asyncio.wait([task, self._running], return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                self._running.result()
                raise RuntimeError("the bot has stopped")
            task.result()
        finally:
            task.cancel()

    def _raise_failures(self) -> None:
        for error in self._failures:
            if not isinstance(error, self._expected):
                self._failures.remove(error)
                raise HandlerError(f"a handler failed: {error!r}") from error


def _network(level: Level, folder: Path, clock: HandClock, bot: str) -> Network:
    match level:
        case "memory":
            return MemoryNetwork(clock, bot)
        case "relay":
            # Heavy, and it needs more than the extra of bots.
            from graphchat_bots.testing.relay import RelayNetwork  # noqa: PLC0415

            return RelayNetwork(folder, bot)
