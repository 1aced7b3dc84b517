"""What a handler can do, besides returning an answer."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Final,
    ParamSpec,
    Protocol,
    TypeVar,
    cast,
    final,
    get_type_hints,
    overload,
)

import msgspec

from graphchat import content
from graphchat.content import Choices
from graphchat.errors import LocalProtocolError, StateError
from graphchat_bots.actions import Action
from graphchat_bots.conversation.forms import Form, fields_of
from graphchat_bots.conversation.prompts import Prompt, choice, confirmation, prompt
from graphchat_bots.conversation.question import Q
from graphchat_bots.conversation.talk import Talk
from graphchat_bots.errors import UserError
from graphchat_bots.message import Event, Message, Sender
from graphchat_bots.parcel import Parcel
from graphchat_bots.port import GroupInfo, Member
from graphchat_bots.reply import Answer, Part, Said, message_of
from graphchat_bots.roles import Role
from graphchat_bots.sent import Sent
from graphchat_bots.speech import ENGLISH, gettext, locale, of_bot, of_bot_counted
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
F = TypeVar("F", bound=Form)
P = ParamSpec("P")

TIMEOUT: Final = "question timed out"
"""Name of the job that ends the waiting; no function can have it."""


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

    def make_way(self, turn: Turn, talk: str) -> None:
        """Let the conversation ``talk`` ask: say so if that ends another one.

        Raises `ConversationBusyError` if a job is to ask in the middle of another one.
        """
        ...

    def role_of(self, sender: str) -> Role:
        """Return the role that a sender holds now."""
        ...

    async def group(self, chat: str) -> GroupInfo:
        """Return how a group is now. Raises `StateError`, `NotFoundError`."""
        ...


@final
class Ctx:
    """One event and its effects; they happen when the handler has ended well."""

    def __init__(
        self, turn: Turn, world: World, talk: Talk | None = None, at: float | None = None
    ) -> None:
        self._turn = turn
        self._world = world
        self._talk = talk
        self._at = world.now() if at is None else at
        self._growing: Stream | None = None
        self._bound: tuple[Event, Event] | None = None

    def enter(self, turn: Turn, at: float) -> None:
        """Go on for another event: a question was answered. For the runtime."""
        self._turn = turn
        self._at = at

    @property
    def turn(self) -> Turn:
        """The effects of the event. For the runtime."""
        return self._turn

    @property
    def talk(self) -> Talk:
        """The conversation. For the runtime."""
        if self._talk is None:
            raise LocalProtocolError("Only a handler asks and does steps.")
        return self._talk

    @property
    def event(self) -> Event:
        event = self._turn.event
        if self._bound is None or self._bound[0] is not event:
            self._bound = event, event.at(self)
        return self._bound[1]

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
        """Return when the event began to be handled, in UTC; tests turn this clock.

        It does not pass while a handler runs, and is the same when it runs again.
        """
        return datetime.fromtimestamp(self._at, UTC)

    @property
    def locale(self) -> str:
        """The language that is spoken with the sender, such as ``de``: for babel."""
        return locale() or ENGLISH

    def gettext(self, text: str) -> str:
        """Return ``text`` in the language of the sender, as the bot's catalogue has it."""
        return of_bot(text)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """Return the text for ``count`` things in the language of the sender."""
        return of_bot_counted(one, many, count)

    async def get(self, kind: type[T]) -> T:
        """Return the value that a function decorated with ``@bot.provide`` has made.

        Raises `LookupError` if none makes this type. A parameter of the type does the same,
        and is checked before the bot starts.
        """
        return cast("T", self._world.provided(kind))

    def act(self, action: Action) -> None:
        """Do something in the group; `Sender` and `Message` have methods for all of it."""
        self._check_group()
        self._turn.act(action)

    async def group(self) -> GroupInfo:
        """Return how the group is now: who is in it, and what the bot may do.

        Raises `StateError` in a chat with a contact, or if the bot is in the group no more.
        """
        self._check_group()
        return await self._world.group(self.chat)

    async def members(self) -> Sequence[Member]:
        """Return who is in the group now, by name; the bot is one of them. Raises as `group`."""
        return (await self.group()).members

    def sender_of(self, member: Member) -> Sender:
        """Return a member as somebody whom the bot can mute, remove and so on."""
        return Sender(member.id, member.name, member.is_bot).at(self)

    def role_of(self, sender: str) -> Role:
        """Return what somebody else may do with the bot now, by their `Sender.id`.

        Of a contact that is the name of the chat. What somebody may do in a group because they
        moderate it is not in it.
        """
        return self._world.role_of(sender)

    def _check_group(self) -> None:
        if self._turn.event.group is None:
            raise StateError("This is a chat with one contact, and no group.")

    @overload
    async def send(self, answer: Said, *, to: str | None = None, bulk: bool = False) -> Sent: ...

    @overload
    async def send(self, answer: None, *, to: str | None = None, bulk: bool = False) -> None: ...

    async def send(
        self, answer: Answer, *, to: str | None = None, bulk: bool = False
    ) -> Sent | None:
        """Say something before the handler returns, here or in the chat ``to``.

        Like everything else it leaves when the handler has ended well; with ``bulk`` other
        messages of the chat may leave before it, as before what jobs say. Return the message, to
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
        return Sent(self.say(message, to, bulk=bulk), partial(self.say, to=to))

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
            text = gettext("This file is too large for me: at most {most} MiB.")
            raise UserError(text.format(most=f"{most:,.0f}"))
        return await self._world.fetch(self.chat, message.id, target)

    def say(self, message: Parcel, to: str | None = None, *, bulk: bool = False) -> bytes:
        """Say a finished message, or something about one; return its id."""
        if isinstance(message, Choices | content.Form):
            return self._turn.offer(message, to, bulk=bulk)
        return self._turn.say(message, to, bulk=bulk)

    @overload
    async def ask(self, question: str | Q, *, within: timedelta | None = None) -> str: ...
    @overload
    async def ask(
        self, question: str | Q, kind: type[T], *, within: timedelta | None = None
    ) -> T: ...
    async def ask(
        self, question: str | Q, kind: type[object] = str, *, within: timedelta | None = None
    ) -> object:
        """Ask whoever caused the event, and return what they answer.

        ``kind`` is what the answer must be: `str`, `int`, `float`, `bool`, an `Enum`,
        `timedelta`, `date`, `Message` for anything, or `Image`, `File` or `Location`. What does
        not fit is asked again. The handler is set aside meanwhile: it holds nothing, and after
        a restart it runs again from its beginning, with the answers that it got.

        Raises `AskTimeoutError` if there is no answer ``within`` this time,
        `CancelledByUserError` if they say /cancel, `TypeError` if nothing that people say
        becomes a ``kind``.
        """
        return await self._ask(prompt(question, kind), within)

    async def choose(
        self, question: str | Q, options: Sequence[str], *, within: timedelta | None = None
    ) -> str:
        """Ask for one of ``options``: by button, number or label. As `ask`."""
        asked = choice(_as_question(question), {option: option for option in options})
        return str(await self._ask(asked, within))

    async def confirm(self, question: str | Q, *, within: timedelta | None = None) -> bool:
        """Ask for yes or no. As `ask`."""
        return bool(await self._ask(confirmation(_as_question(question)), within))

    async def fill(self, form: type[F], *, within: timedelta | None = None) -> F:
        """Ask for each field of a `Form`, and return it filled in. As `ask`.

        ``within`` is for each answer.
        """
        values = {field.name: await self._ask(field.prompt, within) for field in fields_of(form)}
        return form(**values)

    async def step(self, work: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something outside of the bot once, and return what it returns.

        The result is stored before this returns: when the handler runs again after a restart,
        or is tried again, the work is not. It may be done twice only if the process dies
        between its end and the store. What it returns must be storable as MessagePack.

        Raises `StepError` if it fails, now or the first time, `UserError` as it is raised.
        """
        name = getattr(work, "__qualname__", type(work).__name__)
        kind = get_type_hints(work).get("return", Any)
        done: T = await self.talk.step(name, lambda: work(*args, **kwargs), kind)
        return done

    async def _ask(self, asked: Prompt, within: timedelta | None) -> object:
        talk = self.talk
        if not talk.journal.knows(asked.name):
            self._world.make_way(self._turn, talk.id)
            talk.questions = [self._turn.say(asked.words(""))]
            if within is not None:
                body = msgspec.msgpack.encode((talk.id, talk.journal.size))
                self._turn.schedule(TIMEOUT, body, self._at + max(within.total_seconds(), 0))
        answer = await talk.ask(asked)
        # The one that is being handled now, and can be replied to.
        return self.message if isinstance(answer, Message) else answer

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
            raise UserError(gettext("That is too far in the future."))
        name, body = self._world.pack(job, args, named)
        storable(body, await self._world.count_jobs(self.chat) + len(self._turn.jobs))
        seconds = max(delay.total_seconds(), 0)
        self._turn.schedule(name, body, self._world.now() + seconds)


def storable(body: bytes, jobs: int) -> None:
    """Raise `UserError` if a chat with so many jobs can have no other one with these arguments."""
    if len(body) > MAX_ARGUMENTS:
        raise UserError(gettext("That is too long to be kept."))
    if jobs >= MAX_JOBS:
        raise UserError(gettext("There is too much on my list already."))


def _as_question(question: str | Q) -> Q:
    return Q(question) if isinstance(question, str) else question
