"""From an event to its effects: finds the handler, gives it what it asks for, runs it."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import msgspec

from graphchat.errors import LocalProtocolError
from graphchat_bots import help as words
from graphchat_bots.arguments import parse
from graphchat_bots.context import Ctx
from graphchat_bots.errors import ArgumentError, HandlerCancelledError, UserError
from graphchat_bots.handler import Handler, State
from graphchat_bots.message import Event, Message, Sender
from graphchat_bots.plan import Command, Plan, unpack
from graphchat_bots.reply import ANSWERS, Answer, Reply
from graphchat_bots.store import BotStore, StateRow
from graphchat_bots.timer import Timer
from graphchat_bots.turn import Job, Turn

# Bytes of one state as it is stored.
MAX_STATE: Final = 2**16

_COMMAND: Final = re.compile(r"/([A-Za-z][\w-]{0,63})(?:\s+|$)", re.ASCII)


@dataclass(slots=True)
class _States:
    """The states that a handler was given, and the bytes that they were made of."""

    store: BotStore
    event: Event
    given: dict[State, tuple[msgspec.Struct, bytes]] = field(default_factory=dict)

    async def load(self, state: State) -> msgspec.Struct:
        if state not in self.given:
            body = await self.store.state(self.event.chat, self.event.sender.id, state.__name__)
            value = state() if body is None else msgspec.msgpack.decode(body, type=state)
            self.given[state] = value, msgspec.msgpack.encode(value)
        return self.given[state][0]

    def changed(self) -> tuple[StateRow, ...]:
        rows = []
        for state, (value, before) in self.given.items():
            body = msgspec.msgpack.encode(value)
            if body != before:
                _check(state, body)
                event = self.event
                rows.append(StateRow(event.chat, event.sender.id, state.__name__, body))
        return tuple(rows)


def _check(state: State, body: bytes) -> None:
    # What cannot be read again would break every later event of the chat.
    if len(body) > MAX_STATE:
        raise LocalProtocolError(f"state {state.__name__}: it is larger than 64 KiB")
    try:
        msgspec.msgpack.decode(body, type=state)
    except msgspec.ValidationError:
        # Its text may quote the value.
        raise TypeError(f"state {state.__name__}: a field has another type") from None


class Dispatch:
    """Runs handlers. Whatever they do is in the turn; the caller stores it, or not."""

    def __init__(self, plan: Plan, store: BotStore, timer: Timer, patience: timedelta) -> None:
        self._plan = plan
        self._store = store
        self._timer = timer
        self._patience = patience.total_seconds()

    def now(self) -> float:
        return self._timer.now()

    def pack(self, job: Callable[..., object], args: Sequence[object]) -> tuple[str, bytes]:
        return self._plan.pack(job, args)

    async def count_jobs(self, chat: str) -> int:
        return await self._store.count_jobs(chat)

    async def run(self, event: Event, job: Job | None = None) -> tuple[Turn, tuple[StateRow, ...]]:
        """Handle ``event``, or run ``job``; return all that follows.

        Raises whatever the handler raises, but for `UserError`: its text is the answer, and
        the rest of what the handler did is dropped. Raises `HandlerCancelledError` if the
        handler waited for something that was cancelled, `TypeError` or `LocalProtocolError`
        if it has left a state that cannot be stored.
        """
        turn = Turn(event)
        states = _States(self._store, event)
        try:
            async with asyncio.timeout(self._patience):
                await self._handle(turn, states, job)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise  # it is us who are to end
            raise HandlerCancelledError from error
        except UserError as error:
            turn = Turn(event)
            await Ctx(turn, self).send(str(error))
            return turn, ()
        return turn, states.changed()

    async def _handle(self, turn: Turn, states: _States, job: Job | None) -> None:
        event = turn.event
        if job is not None:
            handler = self._plan.jobs.get(job.name)
            if handler is None:
                raise LookupError(f"there is no job {job.name} any more")
            await self._call(handler, turn, states, unpack(handler, job.body))
        elif event.message is None:
            for rule in self._plan.contacts:
                await self._call(rule.handler, turn, states, {})
        else:
            await self._handle_message(turn, states, event.message)

    async def _handle_message(self, turn: Turn, states: _States, message: Message) -> None:
        if found := _COMMAND.match(message.text):
            await self._handle_command(turn, states, message, found)
            return
        for rule in self._plan.messages:
            if rule.fits(message):
                await self._call(rule.handler, turn, states, {})
                return

    async def _handle_command(
        self, turn: Turn, states: _States, message: Message, found: re.Match[str]
    ) -> None:
        name, text = found[1].lower(), message.text[found.end() :]
        command = self._plan.by_name.get(name)
        if command is not None and command.rule.fits(message):
            values = _arguments(command, text)
            await self._call(command.rule.handler, turn, states, values)
        elif name == "help":
            await Ctx(turn, self).send(words.topic(self._plan, text))
        else:
            await Ctx(turn, self).send(words.unknown(self._plan, name))

    async def _call(
        self, handler: Handler, turn: Turn, states: _States, values: Mapping[str, object]
    ) -> None:
        ctx = Ctx(turn, self)
        given = {
            name: await _provide(annotation, ctx, states)
            for name, annotation in handler.given.items()
        }
        answers = handler.call({**values, **given})
        if isinstance(answers, AsyncGenerator):
            # Closed here, not by the garbage collector: its `finally` is part of the turn.
            async with aclosing(answers):
                async for answer in answers:
                    await _say(handler, ctx, answer)
        else:
            assert isinstance(answers, Awaitable)  # `inspect_handler` lets nothing else in
            await _say(handler, ctx, await answers)


async def _provide(annotation: object, ctx: Ctx, states: _States) -> object:
    if annotation is Ctx:
        return ctx
    if annotation is Event:
        return ctx.event
    if annotation is Sender:
        return ctx.sender
    if annotation is Message:
        return ctx.message
    assert isinstance(annotation, type)  # `inspect_handler` lets nothing else in
    return await states.load(annotation)


async def _say(handler: Handler, ctx: Ctx, answer: Answer) -> None:
    if answer is not None and not isinstance(answer, ANSWERS):
        raise TypeError(f"{handler.name} answered with {type(answer).__name__}, not text or Reply")
    if answer not in ("", Reply()):  # nothing that anybody could read
        await ctx.send(answer)


def _arguments(command: Command, text: str) -> dict[str, object]:
    try:
        return parse(command.rule.handler.arguments, text)
    except ArgumentError as error:
        raise ArgumentError(f"{error}\n\nUsage: {command.usage()}") from None
