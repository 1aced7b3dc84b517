"""A bot: what it answers, and its life."""

import asyncio
import inspect
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, final, overload

from graphchat.errors import GraphchatError
from graphchat_bots.cron import CronEntry, Missed
from graphchat_bots.errors import BotFaultsError
from graphchat_bots.faults import Fault
from graphchat_bots.handler import Function, Scope, State
from graphchat_bots.health import HEALTH
from graphchat_bots.inlet import Inlet
from graphchat_bots.languages import read_languages
from graphchat_bots.limits import Limits
from graphchat_bots.place import Place
from graphchat_bots.plan import Draft, Join, Plan
from graphchat_bots.plugins import PluginFaultError, load
from graphchat_bots.port import Invitation
from graphchat_bots.providers import Factory
from graphchat_bots.roles import Role
from graphchat_bots.router import Filter, Router
from graphchat_bots.settings import Table, read
from graphchat_bots.setup import Setup

if TYPE_CHECKING:
    # The client, its database and its network are slow to load: they come when a bot starts.
    from graphchat_bots.life import Life
    from graphchat_bots.testing.world import Level, World

loading: Final = ContextVar("loading", default=False)
"""Whether a file is only read for the bot in it: then `Bot.run` returns at once."""

F = TypeVar("F", bound=Function)
S = TypeVar("S", bound=State)
P = TypeVar("P", bound=Factory)


@final
class Bot:
    """A program that holds conversations.

    Decorate functions with its methods, then `run` it. ``relays`` are create URIs that it
    receives through, by default those in ``GRAPHCHAT_RELAYS``, separated by spaces; ``home``
    is where its data lives, by default ``GRAPHCHAT_HOME`` or the platform's data folder.
    ``join`` says by whose invitation it goes into a group.
    ``health`` is where its probes and figures are served, such as ``127.0.0.1:9464``, by
    default ``GRAPHCHAT_BOT_HEALTH`` or nowhere. A file ``bot.toml`` beside the file that makes
    the bot, or in its home, sets the same in a table with the bot's name.
    ``locale`` is the language that it speaks, such as ``de``, and ``catalogue`` a folder with
    its texts in other languages, as gettext has them, beside the file that makes the bot.
    """

    def __init__(  # noqa: PLR0913 - all but one go by name
        self,
        name: str,
        *,
        about: str = "",
        relays: Sequence[str] | None = None,
        home: Path | None = None,
        limits: Limits | None = None,
        health: str | None = None,
        join: Join = "admins",
        locale: str | None = None,
        catalogue: Path | None = None,
    ) -> None:
        self.name: Final = name
        self.about: Final = about
        self._home = home
        self._relays = relays
        self._limits = limits
        self._health = health
        caller = inspect.currentframe()
        caller = caller and caller.f_back
        self._beside: Final = Path(caller.f_code.co_filename).parent if caller else Path()
        self._plugins: list[str] = []
        self._plugged: set[str] = set()
        self.join: Final[Join] = join
        self._locale = locale
        self._catalogue = catalogue
        self._router = Router()
        self._jobs: list[Function] = []
        self._crons: list[CronEntry] = []
        self._states: list[State] = []
        self._middleware: list[Function] = []
        self._factories: list[Factory] = []
        self._scopes: dict[State, Scope] = {}
        self._life: Life | None = None
        self._stack = AsyncExitStack()

    def message(
        self, condition: Filter | None = None, *, limit: str | None = None
    ) -> Callable[[F], F]:
        """Answer messages that are no commands, if ``condition`` says yes to them.

        ``limit`` is as for commands.
        """
        return self._router.message(condition, limit=limit)

    def command(
        self,
        *without_brackets: object,
        name: str | None = None,
        aliases: Sequence[str] = (),
        role: Role = Role.MEMBER,
        limit: str | None = None,
    ) -> Callable[[F], F]:
        """Answer ``/name``; by default the name is that of the function.

        The parameters are the arguments, the docstring is the help. For who has a lower
        ``role`` there is no such command. ``limit`` is how often each sender may use it, such
        as "5/min" or "1/10s": who asks more is told once when to try again, then nothing.
        """
        return self._router.command(
            *without_brackets, name=name, aliases=aliases, role=role, limit=limit
        )

    def contact(self) -> Callable[[F], F]:
        """Answer when somebody has connected, before they say anything."""
        return self._router.contact()

    def reaction(self) -> Callable[[F], F]:
        """Answer when somebody reacts to a message by an emoji, or takes that back."""
        return self._router.reaction()

    def edited(self, condition: Filter | None = None) -> Callable[[F], F]:
        """Answer when somebody has edited a message, if ``condition`` says yes to it now."""
        return self._router.edited(condition)

    def use(self, *plugins: str) -> None:
        """Take plugins in that other distributions bring, by their names.

        Each is a `Router`, or a function that is called with this bot, in the group
        ``graphchat_bots.plugins`` of entry points. One that is missing is found by `check`.
        """
        self._plugins += plugins

    def member(self) -> Callable[[F], F]:
        """Answer when somebody has come into a group of the bot's, or is in it no more.

        The kind of the `Event` is ``joined`` or ``left``, its sender is whom it is about.
        """
        return self._router.member()

    def join_request(self) -> Callable[[F], F]:
        """Answer when somebody asks to be let into a group in which the bot may do so.

        `Sender.accept` lets them in, `Sender.reject` does not; until then they wait.
        """
        return self._router.join_request()

    def include(self, router: Router) -> None:
        """Take the handlers of ``router`` in, at this place."""
        self._router.include(router)

    def job(self, function: F) -> F:
        """Let `Ctx.later` run this function. Its arguments are stored until then."""
        self._jobs.append(function)
        return function

    def cron(
        self, expression: str, *, tz: str = "UTC", missed: Missed = "once"
    ) -> Callable[[F], F]:
        """Run a function by the calendar, for example ``0 9 * * mon-fri``.

        The fields are minute, hour, day of the month, month, day of the week; ``tz`` is the
        name of a time zone. Of the runs that were due while the bot was away, ``once`` makes
        up for the last, ``all`` for each of the last 100, ``skip`` for none. A cron belongs
        to no chat: it says things by ``ctx.send(..., to=chat)``, and knows what is kept in
        states of scope ``bot``.
        """

        def add(function: F) -> F:
            self._crons.append(CronEntry(function, expression, tz, missed))
            return function

        return add

    @overload
    def state(self, state: S, /) -> S: ...

    @overload
    def state(self, /, *, scope: Scope = "sender") -> Callable[[S], S]: ...

    def state(self, state: S | None = None, /, *, scope: Scope = "sender") -> S | Callable[[S], S]:
        """Keep one of these structs for each sender in a chat.

        With ``scope="chat"`` there is one for each chat, and with ``scope="bot"`` one for the
        whole bot. A handler that has a parameter of this type is given it; what it changes is
        saved together with its answer, or not at all. Every field needs a default.

        Chats run in parallel: if another has changed a state of the bot meanwhile, nothing of
        the handler happens, and it runs again.
        """

        def keep(state: S) -> S:
            self._states.append(state)
            self._scopes[state] = scope
            return state

        return keep if state is None else keep(state)

    def middleware(self, function: F) -> F:
        """Run this function round every event: messages, contacts and jobs.

        It has a parameter of the type `Next`, and lets the event through by calling that. It
        may instead answer as a handler does, or catch what the handler raises: what that had
        done until then is undone. The first that is decorated is the outermost.
        """
        self._middleware.append(function)
        return function

    def provide(self, factory: P) -> P:
        """Let handlers ask for what this function makes, by its type.

        A function or ``async def`` with a return type, or an async generator that yields once:
        what stands behind its ``yield`` runs when the bot stops. Its parameters are types that
        others provide. There is one value of each type, made before the bot starts to listen.
        """
        self._factories.append(factory)
        return factory

    def check(self) -> list[str]:
        """Return everything that is wrong with the bot, in words; empty if it can start."""
        return [fault.text for fault in self.faults()]

    def faults(self) -> list[Fault]:
        """Return everything that is wrong with the bot, with the places in its source."""
        draft = self._draft()
        draft.plan()
        return draft.faults

    def plan(self) -> Plan:
        """Return the bot as it will run. Raises `BotFaultsError` with all that is wrong."""
        draft = self._draft()
        plan = draft.plan()
        if draft.faults:
            raise BotFaultsError(self.name, [fault.text for fault in draft.faults])
        return plan

    @property
    def limits(self) -> Limits:
        """How much the bot may take. Raises `SettingsError`."""
        table = self._table().limits
        return self._limits or (Limits() if table is None else table.limits())

    def place(self, home: Path | None = None, relays: Sequence[str] | None = None) -> Place:
        """Return where the bot lives.

        By its own arguments, these, its ``bot.toml``, or the environment. Raises
        `SettingsError`.
        """
        table = self._table()
        if home == Place.of(os.environ, None, None).home:
            home = None  # nobody has chosen it
        chosen = self._home or home or (Path(table.home).expanduser() if table.home else None)
        named = [self._relays, relays, table.relays]
        return Place.of(
            os.environ, chosen, next((each for each in named if each is not None), None)
        )

    def setup(self, home: Path | None = None, relays: Sequence[str] | None = None) -> Setup:
        """Return all that the bot needs to run.

        Raises `BotFaultsError` with all that is wrong, `SettingsError`.
        """
        health = self._health or self._table().health or os.environ.get(HEALTH)
        return Setup(self.plan(), self.limits, self.place(home, relays), health or None)

    def _table(self) -> Table:
        home = self._home or Place.of(os.environ, None, None).home
        return read(self.name, (self._beside, home))

    def testing(
        self,
        folder: Path,
        level: "Level" = "memory",
        *,
        provide: Mapping[Any, object] | None = None,
    ) -> "World":
        """Return a world in which people talk with this bot: for tests, with ``async with``.

        Level ``memory`` has no network and takes milliseconds; level ``relay`` has a real
        relay, real encryption and real clients. The bot's database is real in both.
        ``provide`` are values that take the place of those that providers would make, by type.
        """
        from graphchat_bots.testing.world import World  # noqa: PLC0415 - heavy

        return World(self.plan(), self.limits, folder, level, provide or {})

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, and then until what had begun has ended.

        Shows how people reach the bot. A second signal kills. Asks for the passphrase of its
        data if there is a terminal. What goes wrong is one line on standard error, and the
        exit status 1; after Ctrl-C at the question it is 130.
        """
        run_all(self)

    async def serve(self) -> None:
        """Run inside an existing event loop until `stop` is called, or this is cancelled."""
        if self._life is not None:
            await self._life.ended()
            return
        async with self:
            await self._live().ended()

    def stop(self) -> None:
        """Receive nothing more, and end once what had begun has ended."""
        self._live().stop()

    async def invitation(self) -> Invitation:
        """Return how people reach the bot, which runs: a link, and its QR code."""
        return await self._live().invitation()

    @property
    def inlet(self) -> Inlet:
        """Where to start jobs from outside, inside of ``async with bot``.

        Raises `RuntimeError` if the bot does not run. A provider has `Inlet` as a parameter.
        """
        return self._live().inlet

    async def __aenter__(self) -> Self:
        from graphchat.store.passphrase import find  # noqa: PLC0415 - heavy, as the other
        from graphchat_bots.life import Life  # noqa: PLC0415

        setup = self.setup()
        database = setup.place.database(self.name)
        secret = await asyncio.to_thread(find, database, os.environ)
        self._life = await self._stack.enter_async_context(Life.begin(setup, secret))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._stack.__aexit__(kind, error, trace)
        finally:
            self._life = None

    def _live(self) -> "Life":
        if self._life is None:
            raise RuntimeError("the bot does not run")
        return self._life

    def _draft(self) -> Draft:
        faults = self._plug_in()
        draft = Draft(
            self.name,
            self.about,
            self._router.entries(),
            self._jobs,
            self._states,
            self._middleware,
            self._factories,
            self._scopes,
            self._crons,
            join=self.join,
            languages=read_languages(self._locale, self._folder(self._catalogue), self, faults),
        )
        draft.faults += faults
        return draft

    def _folder(self, folder: Path | None) -> Path | None:
        return None if folder is None else self._beside / folder

    def _plug_in(self) -> list[Fault]:
        """Take in what was not taken in before; return what cannot be."""
        faults = []
        for name in dict.fromkeys((*self._plugins, *self._table().plugins)):
            if name in self._plugged:
                continue
            try:
                plugin = load(name)
            except PluginFaultError as error:
                faults.append(Fault(str(error), self))
                continue
            self._plugged.add(name)
            if isinstance(plugin, Router):
                self.include(plugin)
            else:
                plugin(self)
        return faults


def run_all(*bots: Bot) -> None:
    """Run several bots in one process, as `Bot.run` does one.

    Each has its own profile, store and figures. If one cannot start, or ends by an error, the
    others are stopped in good order, and the process ends with the status 1.
    """
    if loading.get():
        return
    import typer  # noqa: PLC0415 - heavy, as the others

    from graphchat.cli.errors import report  # noqa: PLC0415
    from graphchat_bots.fleet import run  # noqa: PLC0415

    try:
        run(*(bot.setup() for bot in bots))
    except (GraphchatError, ExceptionGroup, OSError, typer.Abort, KeyboardInterrupt) as error:
        sys.exit(report(error))
