"""From an event to its effects: finds the handler, gives it what it asks for, runs it."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from graphchat.content import Text
from graphchat_bots import help as words
from graphchat_bots.arguments import parse
from graphchat_bots.calling import call
from graphchat_bots.context import Ctx
from graphchat_bots.errors import ArgumentError, HandlerCancelledError, UserError
from graphchat_bots.figures import Figures
from graphchat_bots.granting import Roles
from graphchat_bots.growing import Growing
from graphchat_bots.handler import Handler
from graphchat_bots.limits import Limits
from graphchat_bots.log import handled
from graphchat_bots.message import Event, Message
from graphchat_bots.middleware import wrap
from graphchat_bots.plan import Command, Plan, Rule, unpack
from graphchat_bots.port import Port
from graphchat_bots.provided import Provided
from graphchat_bots.providers import show
from graphchat_bots.rates import Limiter
from graphchat_bots.roles import RESERVED
from graphchat_bots.states import States
from graphchat_bots.store import BotStore, StateRow
from graphchat_bots.timer import Timer
from graphchat_bots.turn import Job, Turn
from graphchat_bots.understanding import understand

_COMMAND: Final = re.compile(r"/([A-Za-z][\w-]{0,63})(?:\s+|$)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Services:
    """What lives as long as the bot runs, and handlers make use of."""

    provided: Provided
    roles: Roles
    port: Port
    growing: Growing
    figures: Figures = field(default_factory=Figures)


class Dispatch:
    """Runs handlers. Whatever they do is in the turn; the caller stores it, or not."""

    def __init__(
        self, plan: Plan, store: BotStore, timer: Timer, limits: Limits, services: Services
    ) -> None:
        self._figures = services.figures
        self._plan = plan
        self._store = store
        self._timer = timer
        self._patience = limits.patience.total_seconds()
        self.max_file: Final = limits.max_file
        self._provided = services.provided
        self._port = services.port
        self.growing: Final = services.growing
        self._roles = services.roles
        self._limiter = Limiter()

    def now(self) -> float:
        return self._timer.now()

    def pack(
        self, job: Callable[..., object], args: Sequence[object], named: Mapping[str, object]
    ) -> tuple[str, bytes]:
        return self._plan.pack(job, args, named)

    def provided(self, kind: object) -> object:
        try:
            return self._provided[kind]
        except KeyError:
            raise LookupError(f"nothing provides {show(kind)}: add @bot.provide") from None

    async def fetch(self, chat: str, message_id: bytes, target: Path) -> Path:
        return await self._port.fetch(chat, message_id, target)

    async def count_jobs(self, chat: str) -> int:
        return await self._store.count_jobs(chat)

    async def run(self, event: Event, job: Job | None = None) -> tuple[Turn, tuple[StateRow, ...]]:
        """Handle ``event``, or run ``job``; return all that follows.

        Raises whatever the handler raises, but for `UserError`: its text is the answer, and
        the rest of what the handler did is dropped. Raises `HandlerCancelledError` if the
        handler waited for something that was cancelled, `TypeError` or `LocalProtocolError`
        if it has left a state that cannot be stored.
        """
        handled.set(event.id)
        turn = Turn(event)
        states = States(self._store, event, self._plan.scopes)
        try:
            async with asyncio.timeout(self._patience):
                if self._plan.middleware:
                    core = partial(self._handle, turn, states, job)
                    await wrap(self._plan.middleware, turn, Ctx(turn, self), states, core)
                else:
                    await self._handle(turn, states, job)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise  # it is us who are to end
            raise HandlerCancelledError from error
        except UserError as error:
            if event.kind == "cron":
                raise  # nobody is there to be told
            turn = Turn(event)
            await Ctx(turn, self).send(str(error))
            return turn, ()
        return turn, states.changed()

    def following(self, job: Job) -> tuple[Job, ...]:
        """Return the run after ``job``, if that is one of a cron."""
        cron = self._plan.crons.get(job.name) if job.is_planned else None
        return () if cron is None else (cron.following(job, self.now()),)

    async def _handle(self, turn: Turn, states: States, job: Job | None) -> None:
        if turn.event.kind in {"message", "reaction"}:
            await understand(turn, self._store.offers)
        event = turn.event
        if job is not None and job.is_cron:
            await self._call(self._plan.crons[job.name].handler, turn, states, {})
        elif job is not None:
            handler = self._plan.jobs.get(job.name)
            if handler is None:
                raise LookupError(f"there is no job {job.name} any more")
            await self._call(handler, turn, states, unpack(handler, job.body))
        elif event.message is None:
            rules = self._plan.reactions if event.kind == "reaction" else self._plan.contacts
            for rule in rules:
                await self._call(rule.handler, turn, states, {})
        elif event.kind == "edited":
            await self._first_that_fits(self._plan.edits, turn, states, event.message)
        else:
            await self._handle_message(turn, states, event.message)

    async def _call(
        self, handler: Handler, turn: Turn, states: States, values: Mapping[str, object]
    ) -> None:
        with self._figures.timing(handler.name):
            await call(handler, Ctx(turn, self), states, values)

    async def _handle_message(self, turn: Turn, states: States, message: Message) -> None:
        if found := _COMMAND.match(message.text):
            await self._handle_command(turn, states, message, found)
            return
        await self._first_that_fits(self._plan.messages, turn, states, message)

    async def _first_that_fits(
        self, rules: Sequence[Rule], turn: Turn, states: States, message: Message
    ) -> None:
        for rule in rules:
            if rule.fits(message):
                if self._may(rule, rule.handler.name, turn):
                    await self._call(rule.handler, turn, states, {})
                return

    async def _handle_command(
        self, turn: Turn, states: States, message: Message, found: re.Match[str]
    ) -> None:
        name, text = found[1].lower(), message.text[found.end() :]
        command = self._plan.by_name.get(name)
        if command is not None and command.rule.fits(message):
            if self._may(command.rule, f"/{command.name}", turn):
                values = _arguments(command, text)
                await self._call(command.rule.handler, turn, states, values)
        elif name in RESERVED and await self._roles.answer(turn, name, text):
            return
        elif name == "help":
            await Ctx(turn, self).send(words.topic(self._plan.seen_by(message), text))
        else:
            await Ctx(turn, self).send(words.unknown(self._plan.seen_by(message), name))

    def _may(self, rule: Rule, name: str, turn: Turn) -> bool:
        """Say whether the sender may use this now; if not, they are told, but not again."""
        if rule.limit is None:
            return True
        event = turn.event
        refusal = self._limiter.take((name, event.sender.id), event.id, rule.limit, self.now())
        if refusal is not None and refusal.first:
            turn.say(Text(str(refusal)))
        return refusal is None


def _arguments(command: Command, text: str) -> dict[str, object]:
    try:
        return parse(command.rule.handler.arguments, text)
    except ArgumentError as error:
        raise ArgumentError(f"{error}\n\nUsage: {command.usage()}") from None
