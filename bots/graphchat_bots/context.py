"""What a handler can do, besides returning an answer."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Concatenate,
    Final,
    ParamSpec,
    Protocol,
    TypeVar,
    cast,
    final,
    overload,
)

from graphchat.content import Choices
from graphchat.errors import StateError
from graphchat_bots.errors import UserError
from graphchat_bots.message import Event, Message, Sender
from graphchat_bots.parcel import Parcel
from graphchat_bots.reply import Answer, Part, Said, message_of
from graphchat_bots.sent import Sent
from graphchat_bots.streaming import Stream
from graphchat_bots.turn import Turn

if TYPE_CHECKING:
    from graphchat_bots.growing import Growing

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

    @property
    def growing(self) -> "Growing":
        """Shows messages before they are finished."""
        ...

    @property
    def max_file(self) -> int:
        """Bytes of the largest file that a handler can download."""
        ...

    async def fetch(self, chat: str, message_id: bytes, target: Path) -> Path:
        """Get the file of a message. See `graphchat_bots.port.Port.fetch`."""
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
        self._growing: Stream | None = None

    @property
    def event(self) -> Event:
        return self._turn.event.at(self)

    @property
    def chat(self) -> str:
        """Opaque name of the chat."""
        return self._turn.event.chat

    @property
    def sender(self) -> Sender:
        """Who caused the event; for a job, who was there when it was scheduled."""
        return self.event.sender

    @property
    def message(self) -> Message | None:
        return self.event.message

    def now(self) -> datetime:
        """Return the time, in UTC; tests turn this clock."""
        return datetime.fromtimestamp(self._world.now(), UTC)

    async def get(self, kind: type[T]) -> T:
        """Return the value that a function decorated with ``@bot.provide`` has made.

        Raises `LookupError` if none makes this type. A parameter of the type does the same,
        and is checked before the bot starts.
        """
        return cast("T", self._world.provided(kind))

    @overload
    async def send(self, answer: Said, *, to: str | None = None) -> Sent: ...

    @overload
    async def send(self, answer: None, *, to: str | None = None) -> None: ...

    async def send(self, answer: Answer, *, to: str | None = None) -> Sent | None:
        """Say something before the handler returns, here or in the chat ``to``.

        Like everything else it leaves when the handler has ended well. Return the message, to
        edit or delete it. Raises `ContentError` if it cannot be sent as it is,
        `LocalProtocolError` if one event sets off more than 1,000 messages, `TypeError` if a
        cron names no chat.
        """
        if answer is None:
            return None
        if isinstance(answer, Part) and to is None:
            return await self._grow(answer)
        self._growing = None
        said = self._turn.event.message
        message = await message_of(answer, (said.id, said.text) if said else None)
        say = partial(self.say, to=to)
        return Sent(say(message), say)

    def stream(self) -> Stream:
        """Begin a message that people see growing: ``async with ctx.stream() as out``.

        ``await out.write("...")`` appends to it; see `Limits.stream_every`. If something was
        said before it in the same handler, or the chat is behind, it arrives whole.
        """
        self._growing = None
        return Stream(self._world.growing, self._turn)

    async def _grow(self, part: Part) -> Sent:
        # A conversation that goes on has another turn than the one in which it began.
        if self._growing is None or self._growing.turn is not self._turn:
            self._growing = self.stream()
        await self._growing.write(part.text)
        return self.sent(self._growing.id)

    def sent(self, id: bytes, *, to: str | None = None) -> Sent:  # noqa: A002 - as `Message` has it
        """Return a message that the bot has said before, here or in the chat ``to``."""
        return Sent(id, partial(self.say, to=to))

    async def download(self, message: Message, target: Path) -> Path:
        """Get the file of ``message`` to a folder or a new name; return where it is.

        In a folder it gets a safe and free name: nothing is overwritten. When the handler is
        run again after a failure, the file is there again. Raises `UserError` if it is larger
        than `Limits.max_file`, `StateError` if it is none or cannot be written,
        `NotFoundError` if it has waited too long, `RelayError` if no relay answers.
        """
        if message.file is None:
            raise StateError("There is no file in this message.")
        if message.file.size > self._world.max_file:
            most = self._world.max_file / 2**20
            raise UserError(f"This file is too large for me: at most {most:,.0f} MiB.")
        return await self._world.fetch(self.chat, message.id, target)

    def say(self, message: Parcel, to: str | None = None) -> bytes:
        """Say a finished message, or something about one; return its id."""
        if isinstance(message, Choices):
            return self._turn.offer(message, to)
        return self._turn.say(message, to)

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
