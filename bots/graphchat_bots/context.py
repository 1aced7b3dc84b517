"""What a handler can do, besides returning an answer."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Concatenate, Final, ParamSpec, Protocol, TypeVar, cast, final

from graphchat_bots.errors import UserError
from graphchat_bots.message import Event, Message, Sender
from graphchat_bots.reply import Answer, message_of
from graphchat_bots.turn import Turn

MAX_DELAY: Final = timedelta(days=3660)
# Rows that one chat may leave in the store.
MAX_JOBS: Final = 1_000
# Bytes of all arguments of a job as they are stored.
MAX_ARGUMENTS: Final = 2**16


T = TypeVar("T")
P = ParamSpec("P")


class World(Protocol):
    """What a context needs of the runtime."""

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        ...

    def pack(
        self, job: Callable[..., object], args: Sequence[object], named: Mapping[str, object]
    ) -> tuple[str, bytes]:
        """Return the name of a job and its arguments as they are stored.

        Raises `TypeError` if ``job`` is none, or ``args`` do not fit it.
        """
        ...

    def provided(self, kind: object) -> object:
        """Return what a provider of the bot has made. Raises `LookupError` if there is none."""
        ...

    async def count_jobs(self, chat: str) -> int:
        """Return how many jobs of a chat are stored."""
        ...


@final
class Ctx:
    """One event and its effects; they happen when the handler has ended well."""

    def __init__(self, turn: Turn, world: World) -> None:
        self._turn = turn
        self._world = world

    @property
    def event(self) -> Event:
        return self._turn.event

    @property
    def chat(self) -> str:
        """Opaque name of the chat."""
        return self._turn.event.chat

    @property
    def sender(self) -> Sender:
        """Who caused the event; for a job, who was there when it was scheduled."""
        return self._turn.event.sender

    @property
    def message(self) -> Message | None:
        return self._turn.event.message

    def now(self) -> datetime:
        """Return the time, in UTC; tests turn this clock."""
        return datetime.fromtimestamp(self._world.now(), UTC)

    async def get(self, kind: type[T]) -> T:
        """Return the value that a function decorated with ``@bot.provide`` has made.

        Raises `LookupError` if none makes this type. A parameter of the type does the same,
        and is checked before the bot starts.
        """
        return cast("T", self._world.provided(kind))

    async def send(self, answer: Answer, *, to: str | None = None) -> None:
        """Say something before the handler returns, here or in the chat ``to``.

        Like everything else it leaves when the handler has ended well. Raises
        `ContentError` if it cannot be sent as it is, `LocalProtocolError` if one event sets
        off more than 1,000 messages, `TypeError` if a cron names no chat.
        """
        if answer is not None:
            self._turn.say(await message_of(answer), to)

    async def later(
        self,
        delay: timedelta,
        job: Callable[Concatenate["Ctx", P], Awaitable[Answer] | AsyncIterator[Answer]],
        *args: P.args,
        **named: P.kwargs,
    ) -> None:
        """Run a function decorated with ``@bot.job`` after ``delay``, in this chat.

        Its first parameter is a `Ctx`; all others are given here and stored, but for those
        that the bot provides: they stand behind a ``*`` and are marked by `given`.

        It is a row in the bot's store: it survives restarts, runs late if the bot was not
        running, and is tried again if it fails. At most ten years and 1,000 jobs in a chat.
        Raises `UserError` if there are more, or ``args`` are larger than 64 KiB, `TypeError`
        if they do not fit ``job``.
        """
        if delay > MAX_DELAY:
            raise UserError("That is too far in the future.")
        name, body = self._world.pack(job, args, named)
        if len(body) > MAX_ARGUMENTS:
            raise UserError("That is too long to be kept.")
        if await self._world.count_jobs(self.chat) + len(self._turn.jobs) >= MAX_JOBS:
            raise UserError("There is too much on my list already.")
        seconds = max(delay.total_seconds(), 0)
        self._turn.schedule(name, body, self._world.now() + seconds)
