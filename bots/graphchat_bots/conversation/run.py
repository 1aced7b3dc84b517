"""One handler at work, or set aside: its coroutine, its journal, and what it was given."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass

from msgspec import structs

from graphchat_bots.context import Ctx
from graphchat_bots.conversation.calls import Call
from graphchat_bots.conversation.driving import ENDED, drive
from graphchat_bots.conversation.journal import DivergedError
from graphchat_bots.conversation.prompts import Prompt
from graphchat_bots.conversation.record import Answered, Head, TimedOut, Waiting, event_of, pack
from graphchat_bots.conversation.talk import DIVERGED, Talk
from graphchat_bots.errors import ArgumentError, AskTimeoutError
from graphchat_bots.speech import locale, speaking
from graphchat_bots.states import States
from graphchat_bots.turn import Turn


@dataclass(slots=True)
class Run:
    """One handler at work, or set aside."""

    call: Call
    ctx: Ctx
    states: States
    work: Coroutine[object, object, None]
    head: Head | None = None
    """How it began, once it waits."""
    prompt: Prompt | None = None
    """What it waits for."""
    has_taken: bool = False
    """Whether the event that is being handled was on record already, from before a crash."""

    @property
    def talk(self) -> Talk:
        return self.ctx.talk

    async def go(self, turn: Turn, answer: object = None, error: Exception | None = None) -> None:
        """Go on until it waits for what the journal does not hold; ``prompt`` is that then.

        Answers of the journal are those of their own turns, but for the one of ``turn``, which
        was begun before a crash. Raises what the handler raises, `DivergedError` if it does
        something else than its journal.
        """
        self.talk.task = asyncio.current_task()
        again = self.head if self.talk.waking else None
        with speaking(locale() if again is None else again.event.locale):
            reason = await drive(self.work, answer, error)
        while reason is not ENDED:
            if not isinstance(reason, Prompt):
                assert reason is DIVERGED  # nothing else pauses
                raise DivergedError
            entry = self.talk.journal.next((Answered, TimedOut), reason.name)
            if entry is None:
                self.prompt = reason
                return
            with speaking(entry.event.locale):
                reason = await self._replay(turn, reason, entry)
        self.prompt = None
        if self.talk.journal.replaying and not self.talk.journal.by_name:
            raise DivergedError

    async def _replay(self, turn: Turn, asked: Prompt, entry: Answered | TimedOut) -> object:
        event = event_of(entry.event)
        own = event.id == turn.event.id
        if own:
            self.ctx.enter(turn, entry.event.at)
        elif self.talk.waking:
            # By name, nobody knows which answer is the last: the effects since then count.
            by_name = self.talk.journal.by_name
            self.ctx.enter(Turn(turn.event if by_name else event, is_over=True), entry.event.at)
        self.states.overwrite(entry.states)
        if own:
            self.has_taken = True
            self.talk.waking = False  # from here on it has not been here before
            await self._refresh(entry)
        if isinstance(entry, TimedOut):
            return await drive(self.work, error=AskTimeoutError())
        assert event.message is not None  # only messages answer
        try:
            value = asked.accept(event.message)
        except ArgumentError:
            raise DivergedError from None  # it is asked for another type now
        return await drive(self.work, value)

    async def _refresh(self, entry: Answered | TimedOut) -> None:
        """Bring in what others have changed since the crash, or since they won a race."""
        if changed := await self.states.refresh():
            states = {**entry.states, **changed}
            self.talk.journal.amend(structs.replace(entry, states=states))

    def waiting(self, until: float) -> Waiting:
        """Return the row that it is stored as."""
        assert self.prompt is not None  # it waits
        assert self.head is not None
        return Waiting(
            self.talk.id,
            self.head.event.chat,
            self.head.event.sender,
            self.call.key,
            pack(self.head),
            self.prompt.name,
            b"".join(self.talk.questions),
            until,
        )

    def close(self) -> None:
        """End the coroutine where it is. What it does about that has no effect."""
        with suppress(Exception, asyncio.CancelledError):
            # By an error and not by `close`: Python 3.11 leaves a generator running with that.
            self.work.throw(asyncio.CancelledError())
        with suppress(Exception):
            self.work.close()
