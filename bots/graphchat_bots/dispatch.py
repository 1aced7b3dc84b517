"""From an event to its effects: finds the handler, gives it what it asks for, runs it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from graphchat.content import Text
from graphchat_bots import help as words
from graphchat_bots.addressing import Called, called
from graphchat_bots.announcing import Announcer
from graphchat_bots.context import TIMEOUT, Ctx
from graphchat_bots.conversation.calls import Calls
from graphchat_bots.conversation.keeper import Keeper
from graphchat_bots.doing import Doing
from graphchat_bots.errors import ConversationBusyError, HandlerCancelledError, UserError
from graphchat_bots.figures import Figures
from graphchat_bots.granting import Roles
from graphchat_bots.groups import answer_invitation, is_for, is_ignored, is_meant
from graphchat_bots.growing import Growing
from graphchat_bots.languages import COMMAND as LANGUAGE, ChosenLanguage
from graphchat_bots.log import handled
from graphchat_bots.message import Event, Message, event_of
from graphchat_bots.middleware import wrap
from graphchat_bots.plan import Plan, Rule
from graphchat_bots.port import GroupInfo, Incoming, Kind, Port
from graphchat_bots.providers import show
from graphchat_bots.rates import Limiter
from graphchat_bots.roles import RESERVED, Role
from graphchat_bots.speech import gettext, in_words, marked
from graphchat_bots.states import States
from graphchat_bots.store import BotStore, Outcome
from graphchat_bots.surroundings import Surroundings
from graphchat_bots.turn import Job, Turn
from graphchat_bots.understanding import is_offered, understand

CANCEL: Final = "cancel"
NOTHING: Final = marked("There is nothing to cancel.")
ASIDE: Final = marked("(What I asked before is off.)")


@dataclass(frozen=True, slots=True)
class Services:
    """What lives as long as the bot runs, and handlers make use of."""

    roles: Roles
    port: Port
    growing: Growing
    figures: Figures = field(default_factory=Figures)


class Dispatch:
    """Runs handlers. Whatever they do is in what it returns; the caller stores it, or not."""

    def __init__(
        self, plan: Plan, store: BotStore, surroundings: Surroundings, services: Services
    ) -> None:
        limits = surroundings.limits
        self._plan = plan
        self._store = store
        self._timer = surroundings.timer
        self.max_file: Final = limits.max_file
        self._provided = surroundings.provided
        self._port = services.port
        self.growing: Final = services.growing
        self._roles = services.roles
        self._limiter = Limiter()
        self._patience = limits.patience.total_seconds()
        self._announcer = Announcer(plan, store.announced)
        self._calls = Calls(plan)
        self._unsettled: dict[str, Doing] = {}
        self.keeper: Final = Keeper(self._calls, store, self, limits, services.figures)

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

    def make_way(self, turn: Turn, talk: str) -> None:
        event = turn.event
        other = self._store.conversations.waiting(event.chat, event.sender.id)
        if other in {None, talk}:
            return
        if event.kind == "job":
            raise ConversationBusyError
        turn.say(Text(gettext(ASIDE)))

    def role_of(self, sender: str) -> Role:
        return self._roles.of(sender)

    async def group(self, chat: str) -> GroupInfo:
        return await self._port.group(chat)

    def event_of(self, incoming: Incoming) -> Event:
        """Return what handlers are given for ``incoming``."""
        role = self._roles.of(incoming.sender_id)
        return event_of(incoming, max(role, incoming.role), self._plan.name)

    async def run(self, event: Event, job: Job | None = None) -> Doing:
        """Handle ``event``, or run ``job``; return all that follows.

        Raises whatever the handler raises, but for `UserError`: its text is the answer, and
        the rest of what the handler did is dropped. Raises `HandlerCancelledError` if the
        handler waited for something that was cancelled, `ConversationBusyError` if a job asks
        while somebody is being asked.
        """
        handled.set(event.id)
        await self.speak(event)
        states = States(self._store, event, self._plan.scopes)
        doing = Doing(Turn(event), self.now(), states)
        try:
            async with asyncio.timeout(self._patience):
                await self._in_layers(doing, job)
        except UserError as error:
            if event.kind == "cron":
                raise  # nobody is there to be told
            doing.rewind((Turn(event).mark(), {}))
            doing.turn.say(Text(in_words(error)))
        except BaseException as error:
            self.keeper.drop(doing)
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task and not task.cancelling():
                raise HandlerCancelledError from error  # else it is us who are to end
            raise
        doing.rows += self._announcer.add(doing.turn)
        self._unsettled[event.id] = doing
        return doing

    async def speak(self, event: Event) -> None:
        """Speak the language of whoever has caused ``event`` from here on."""
        if self._plan.languages is not None:
            await self._plan.languages.speak(event, self._store)

    def settle(self, outcome: Outcome, *, stored: bool) -> None:
        """Note whether what `run` has returned is on disk now."""
        doing = self._unsettled.pop(outcome.id, None)
        if doing is not None and not stored:
            self.keeper.drop(doing)
        elif stored:
            self.keeper.keep(doing.runs if doing else (), outcome.changes)

    def close(self) -> None:
        """End every handler that waits, also those whose event was not stored."""
        for doing in self._unsettled.values():
            self.keeper.drop(doing)
        self.keeper.close()

    def following(self, job: Job) -> tuple[Job, ...]:
        """Return the run after ``job``, if that is one of a cron."""
        cron = self._plan.crons.get(job.name) if job.is_planned else None
        return () if cron is None else (cron.following(job, self.now()),)

    async def _in_layers(self, doing: Doing, job: Job | None) -> None:
        if self._plan.middleware:
            ctx = Ctx(doing.turn, self)
            await wrap(self._plan.middleware, doing, ctx, partial(self._handle, doing, job))
        else:
            await self._handle(doing, job)
        doing.rows = doing.states.changed()

    async def _handle(self, doing: Doing, job: Job | None) -> None:
        waiting = await self._answered(doing)
        event = doing.event
        if job is not None:
            await self._run_job(doing, job)
        elif event.kind == "invited":
            answer_invitation(self._plan, doing.turn)
        elif (
            waiting and event.reaction and await self.keeper.react(doing, waiting, event.reaction)
        ):
            return
        elif event.message is None:
            for rule in self._rules(event.kind):
                await self.keeper.begin(doing, self._calls.plain(rule.handler))
        elif is_ignored(event.message):
            return
        elif event.kind == "edited":
            await self._first_that_fits(self._plan.edits, doing, event.message)
        else:
            await self._handle_message(doing, event.message, waiting)

    async def _answered(self, doing: Doing) -> str | None:
        """Return the conversation that the event may answer; else let it say what it chose."""
        if doing.event.kind not in {"message", "reaction"}:
            return None
        waiting = self.keeper.waiting(doing)
        if waiting is not None and not await is_offered(doing.event, self._store.offers):
            return waiting
        await understand(doing.turn, self._store.offers)
        return None

    def _rules(self, kind: Kind) -> Sequence[Rule]:
        match kind:
            case "joined" | "left":
                return self._plan.members
            case "request":
                return self._plan.requests
            case "reaction":
                return self._plan.reactions
            case _:
                return self._plan.contacts

    async def _run_job(self, doing: Doing, job: Job) -> None:
        if job.name == TIMEOUT:
            id_, size = msgspec.msgpack.decode(job.body, type=tuple[str, int])
            await self.keeper.time_out(doing, id_, size)
            return
        if job.is_cron:
            await self.keeper.begin(doing, self._calls.plain(self._plan.crons[job.name].handler))
            return
        handler = self._plan.jobs.get(job.name)
        if handler is None:
            raise LookupError(f"there is no job {job.name} any more")
        await self.keeper.begin(doing, self._calls.job(handler, job.body))

    async def _handle_message(self, doing: Doing, message: Message, waiting: str | None) -> None:
        if command := called(message.text):
            await self._handle_command(doing, message, command)
            return
        if waiting is not None:
            await self.keeper.answer(doing, waiting)
            return
        await self._first_that_fits(self._plan.messages, doing, message)

    async def _first_that_fits(
        self, rules: Sequence[Rule], doing: Doing, message: Message
    ) -> None:
        for rule in rules:
            if is_meant(rule, message) and rule.fits(message):
                if self._may(rule, rule.handler.name, doing.turn):
                    await self.keeper.begin(doing, self._calls.plain(rule.handler))
                return

    async def _handle_command(self, doing: Doing, message: Message, typed: Called) -> None:
        if message.group is not None and not is_for(self._plan.name, message.group, typed):
            return
        waiting = self.keeper.waiting(doing)
        command = self._plan.by_name.get(typed.name)
        if typed.name == CANCEL and waiting is not None:
            await self.keeper.cancel(doing, waiting)
        elif command is not None and command.rule.fits(message):
            if self._may(command.rule, f"/{command.name}", doing.turn):
                await self.keeper.begin(doing, self._calls.command(command, typed.text))
        elif await self._is_answered(doing, typed):
            return
        elif typed.name == "help":
            doing.turn.say(Text(words.topic(self._plan.seen_by(message), typed.text)))
        elif typed.name == CANCEL and message.mentioned:
            doing.turn.say(Text(gettext(NOTHING)))
        elif message.mentioned:
            doing.turn.say(Text(words.unknown(self._plan.seen_by(message), typed.name)))

    async def _is_answered(self, doing: Doing, typed: Called) -> bool:
        """Answer a command about roles or languages, if it is one that there is."""
        if typed.name in RESERVED:
            return await self._roles.answer(doing.turn, typed.name, typed.text)
        languages = self._plan.languages
        if typed.name != LANGUAGE or languages is None or not languages.are_several:
            return False
        chosen = await doing.states.load(ChosenLanguage)
        assert isinstance(chosen, ChosenLanguage)
        doing.turn.say(Text(languages.answer(chosen, typed.text)))
        return True

    def _may(self, rule: Rule, name: str, turn: Turn) -> bool:
        """Say whether the sender may use this now; if not, they are told, but not again."""
        if rule.limit is None:
            return True
        event = turn.event
        refusal = self._limiter.take((name, event.sender.id), event.id, rule.limit, self.now())
        if refusal is not None and refusal.first:
            turn.say(Text(str(refusal)))
        return refusal is None
