"""A bot: what it answers, and its life."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar, final

from graphchat_bots.errors import BotFaultsError
from graphchat_bots.handler import Function, State
from graphchat_bots.handling import Limits
from graphchat_bots.plan import Draft, Plan
from graphchat_bots.router import Filter, Router
from graphchat_bots.testing.world import Level, World

F = TypeVar("F", bound=Function)
S = TypeVar("S", bound=State)


@final
class Bot:
    """A program that holds conversations.

    Decorate functions with its methods.
    """

    def __init__(
        self,
        name: str,
        *,
        about: str = "",
        limits: Limits | None = None,
    ) -> None:
        self.name: Final = name
        self.about: Final = about
        self._limits = limits or Limits()
        self._router = Router()
        self._jobs: list[Function] = []
        self._states: list[State] = []

    def message(self, condition: Filter | None = None) -> Callable[[F], F]:
        """Answer messages that are no commands, if ``condition`` says yes to them."""
        return self._router.message(condition)

    def command(self, *, name: str | None = None, aliases: Sequence[str] = ()) -> Callable[[F], F]:
        """Answer ``/name``; by default the name is that of the function.

        The parameters are the arguments, the docstring is the help.
        """
        return self._router.command(name=name, aliases=aliases)

    def contact(self) -> Callable[[F], F]:
        """Answer when somebody has connected, before they say anything."""
        return self._router.contact()

    def include(self, router: Router) -> None:
        """Take the handlers of ``router`` in, at this place."""
        self._router.include(router)

    def job(self, function: F) -> F:
        """Let `Ctx.later` run this function. Its arguments are stored until then."""
        self._jobs.append(function)
        return function

    def state(self, state: S) -> S:
        """Keep one of these structs for each sender in a chat.

        A handler that has a parameter of this type is given it; what it changes is saved
        together with its answer, or not at all. Every field needs a default.
        """
        self._states.append(state)
        return state

    def check(self) -> list[str]:
        """Return everything that is wrong with the bot, in words; empty if it can start."""
        draft = self._draft()
        draft.plan()
        return draft.faults

    def plan(self) -> Plan:
        """Return the bot as it will run. Raises `BotFaultsError` with all that is wrong."""
        draft = self._draft()
        plan = draft.plan()
        if draft.faults:
            raise BotFaultsError(self.name, draft.faults)
        return plan

    def testing(self, folder: Path, level: Level = "memory") -> World:
        """Return a world in which people talk with this bot: for tests, with ``async with``.

        Level ``memory`` has no network and takes milliseconds; level ``relay`` has a real
        relay, real encryption and real clients. The bot's database is real in both.
        """
        return World(self.plan(), self._limits, folder, level)

    def _draft(self) -> Draft:
        return Draft(self.name, self.about, self._router.entries(), self._jobs, self._states)
