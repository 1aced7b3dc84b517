"""All conversations of a bot: begins them, sets them aside, wakes them when they are answered."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, final

from graphchat.content import Choice, Text
from graphchat_bots.calling import call
from graphchat_bots.context import Ctx, World
from graphchat_bots.conversation.calls import Call, Calls, is_command
from graphchat_bots.conversation.journal import DivergedError, Journal
from graphchat_bots.conversation.record import (
    Answered,
    Change,
    Head,
    TimedOut,
    Waiting,
    entry_of,
    event_of,
    happened,
    head_of,
)
from graphchat_bots.conversation.run import Run
from graphchat_bots.conversation.talk import Talk
from graphchat_bots.doing import Doing
from graphchat_bots.errors import ArgumentError, AskTimeoutError, CancelledByUserError, UserError
from graphchat_bots.figures import Figures
from graphchat_bots.limits import Limits
from graphchat_bots.log import note
from graphchat_bots.message import Message, Reaction
from graphchat_bots.speech import gettext, in_words, marked
from graphchat_bots.states import States
from graphchat_bots.store import BotStore, Conversations
from graphchat_bots.turn import Turn
from graphchat_bots.understanding import as_choice

# Coroutines that are set aside; of more, the oldest are run again when they are answered.
MAX_LIVE: Final = 10_000

# Questions of which a button is still taken, the newest.
MAX_QUESTIONS: Final = 8

LATE: Final = marked("That belongs to an earlier question.")
CHANGED: Final = marked("Sorry, I was changed while we were talking. Please begin again.")
AGAIN: Final = marked("Sorry, I was changed while we were talking, so let us begin again.")


@final
class Keeper:
    """The conversations of one run of a bot."""

    def __init__(
        self, calls: Calls, store: BotStore, world: World, limits: Limits, figures: Figures
    ) -> None:
        self._calls = calls
        self._store = store
        self._world = world
        self._figures = figures
        self._on_change = limits.on_change
        self._keep = limits.waiting.total_seconds()
        self._live: OrderedDict[str, Run] = OrderedDict()

    def waiting(self, doing: Doing) -> str | None:
        """Return the id of the conversation that whoever caused the event is in."""
        event = doing.event
        return self._store.conversations.waiting(event.chat, event.sender.id)

    async def begin(self, doing: Doing, called: Call) -> None:
        """Call a handler. If it asks something it is set aside."""
        id_ = doing.next_id()
        journal = Journal([entry_of(body) for body in await self._conversations.journal(id_)])
        talk = Talk(id_, journal, self._save)
        await self._go(doing, self._make(talk, called, doing.turn, doing.states, doing.at))

    async def answer(self, doing: Doing, id_: str) -> None:
        """Take the message of the event as an answer."""
        try:
            run = await self._wake(doing, id_)
        except DivergedError:
            await self._changed(doing, id_)
        else:
            await self._accept(doing, run)

    async def react(self, doing: Doing, id_: str, reaction: Reaction) -> bool:
        """Take an emoji as the answer, if it stands for one; return whether it does."""
        try:
            run = await self._wake(doing, id_)
        except DivergedError:
            return False
        option = None
        if run.prompt is not None and reaction.to in run.talk.questions:
            option = run.prompt.reacted(reaction.emoji)
        if option is not None:
            said = Choice(reaction.to, option.id, option.label)
            doing.turn.event = as_choice(doing.event, said)
        if option is None and not run.has_taken:
            doing.runs.append(run)
            return False
        await self._accept(doing, run)
        return True

    async def cancel(self, doing: Doing, id_: str) -> None:
        """Raise `CancelledByUserError` in the handler that waits, and end it.

        Raises it here too, unless the handler catches it and says something.
        """
        doing.changes[id_] = Change(id_)
        try:
            run = await self._wake(doing, id_)
        except DivergedError:
            raise CancelledByUserError from None
        await self._enter(doing, run)
        try:
            await run.go(doing.turn, error=CancelledByUserError())
        finally:
            run.close()
        if run.prompt is not None or not doing.turn.messages:
            raise CancelledByUserError
        doing.states.take(run.states)

    async def time_out(self, doing: Doing, id_: str, size: int) -> None:
        """Raise `AskTimeoutError` in the handler, if its journal still has ``size`` entries."""
        if await self._conversations.find(id_) is None:
            return
        try:
            run = await self._wake(doing, id_)
        except DivergedError:
            doing.changes[id_] = Change(id_)
            return
        if run.has_taken:
            self._settle(doing, run)
        elif run.prompt is None or run.talk.journal.size != size:
            doing.runs.append(run)
        else:
            states = await self._enter(doing, run)
            event = happened(doing.event, doing.at)
            run.talk.journal.add(TimedOut(run.prompt.name, event, states))
            await self._go(doing, run, error=AskTimeoutError())

    def keep(self, runs: Sequence[Run], changes: Sequence[Change]) -> None:
        """Set ``runs`` aside: what their event has set off is stored."""
        for run in runs:
            run.talk.journal.are_stored()
            self._live[run.talk.id] = run
            self._live.move_to_end(run.talk.id)
        for change in changes:
            ended = self._live.pop(change.id, None) if change.waiting is None else None
            if ended is not None:
                ended.close()
        while len(self._live) > MAX_LIVE:
            _, oldest = self._live.popitem(last=False)
            oldest.close()

    def drop(self, doing: Doing) -> None:
        """End the handlers of an event that is not stored: what they hold is not true."""
        for run in doing.runs:
            run.close()

    def close(self) -> None:
        """End every coroutine that was set aside."""
        while self._live:
            self._live.popitem()[1].close()

    def abandon(self, doing: Doing) -> None:
        """End the conversation that an event belongs to which cannot be handled."""
        id_, event = self.waiting(doing), doing.event
        if id_ is not None and event.kind == "message" and not is_command(event):
            doing.changes[id_] = Change(id_)
        if self._conversations.has_journal(doing.event.id):
            doing.changes[doing.event.id] = Change(doing.event.id)

    def _make(
        self,
        talk: Talk,
        called: Call,
        turn: Turn,
        states: States,
        at: float,
    ) -> Run:
        ctx = Ctx(turn, self._world, talk, at)
        return Run(called, ctx, states, call(called.handler, ctx, states, called.values))

    async def _save(self, id_: str, journal: Journal) -> None:
        entries, at = journal.unstored(), self._world.now()
        await self._conversations.append(id_, entries, at, rewrite=journal.is_rewritten)
        journal.are_stored()

    async def _go(
        self, doing: Doing, run: Run, answer: object = None, error: Exception | None = None
    ) -> None:
        first = run.prompt is None
        try:
            with self._figures.timing(run.call.handler.name):
                await run.go(doing.turn, answer, error)
        except BaseException as raised:
            run.close()
            if isinstance(raised, UserError):
                self._end(doing, run)
            raise
        if first and run.prompt is not None:
            # Only now: most handlers ask nothing, and are not worth to be packed.
            event = happened(doing.event, doing.at) if run.head is None else run.head.event
            run.head = Head(event, run.states.at_first(), run.call.body)
        self._settle(doing, run)

    def _settle(self, doing: Doing, run: Run) -> None:
        """Note what becomes of the conversation of ``run`` and of its states."""
        doing.states.take(run.states)
        if run.prompt is None:
            self._end(doing, run)
        else:
            self._wait(doing, run)

    def _end(self, doing: Doing, run: Run) -> None:
        id_ = run.talk.id
        if self._conversations.is_known(id_):
            doing.changes[id_] = Change(id_)

    def _wait(self, doing: Doing, run: Run) -> None:
        id_, journal = run.talk.id, run.talk.journal
        other = self.waiting(doing)
        if other is not None and other != id_:
            doing.changes[other] = Change(other)
        doing.changes[id_] = Change(
            id_, run.waiting(doing.at + self._keep), journal.unstored(), journal.is_rewritten
        )
        doing.runs.append(run)

    async def _enter(self, doing: Doing, run: Run) -> dict[str, bytes]:
        """Let ``run`` go on for this event; return the states that others have changed."""
        run.ctx.enter(doing.turn, doing.at)
        try:
            return await run.states.refresh(doing.states)
        except BaseException:
            run.close()  # it is set aside no more, and nobody else has it
            raise

    async def _accept(self, doing: Doing, run: Run) -> None:
        if run.has_taken or run.prompt is None:
            self._settle(doing, run)
            return
        message = doing.event.message
        assert message is not None  # only messages answer
        try:
            _check_button(run, message)
            value = run.prompt.accept(message)
        except ArgumentError as error:
            asked = doing.turn.say(run.prompt.words(in_words(error)))
            run.talk.questions = [*run.talk.questions, asked][-MAX_QUESTIONS:]
            self._wait(doing, run)
            return
        states = await self._enter(doing, run)
        event = happened(doing.event, doing.at)
        run.talk.journal.add(Answered(run.prompt.name, event, states))
        await self._go(doing, run, value)

    async def _wake(self, doing: Doing, id_: str) -> Run:
        """Return a conversation that waits. Raises `DivergedError` if its handler has changed."""
        if (run := self._live.pop(id_, None)) is not None:
            return run
        row = await self._conversations.find(id_)
        assert row is not None  # it is among those that wait
        return await self._again(doing, row)

    async def _again(self, doing: Doing, row: Waiting, *, by_name: bool = False) -> Run:
        head = head_of(row.head)
        event = event_of(head.event)
        called = self._calls.again(row.handler, event, head.body)
        if called is None:
            raise DivergedError
        entries = [entry_of(body) for body in await self._conversations.journal(row.id)]
        talk = Talk(row.id, Journal(entries, by_name=by_name), self._save)
        talk.waking = True
        turn = Turn(doing.event if by_name else event, is_over=True)
        states = States(self._store, event, self._calls.scopes, head.states)
        run = self._make(talk, called, turn, states, head.event.at)
        run.head = head
        try:
            await run.go(doing.turn)
        except BaseException as error:
            run.close()
            if talk.waking and not by_name and isinstance(error, Exception):
                raise DivergedError from error
            raise
        self._check_woken(run, row)
        return run

    def _check_woken(self, run: Run, row: Waiting) -> None:
        talk = run.talk
        same = run.prompt is not None and run.prompt.name == row.prompt
        if not (same or run.has_taken or talk.journal.by_name):
            run.close()
            raise DivergedError
        talk.waking = False
        if same and not run.has_taken:
            talk.questions = [row.questions[i : i + 16] for i in range(0, len(row.questions), 16)]

    async def _changed(self, doing: Doing, id_: str) -> None:
        """Do what the bot does about a conversation whose handler has changed."""
        note("warning", "a handler has changed while it waited", policy=self._on_change)
        row = await self._conversations.find(id_)
        assert row is not None  # it was found before
        match self._on_change:
            case "restart":
                await self._restart(doing, row)
            case "migrate":
                await self._migrate(doing, row)
            case "abort":
                self._abort(doing, row)

    def _abort(self, doing: Doing, row: Waiting) -> None:
        doing.changes[row.id] = Change(row.id)
        doing.turn.say(Text(gettext(CHANGED)))

    async def _restart(self, doing: Doing, row: Waiting) -> None:
        head = head_of(row.head)
        called = self._calls.again(row.handler, event_of(head.event), head.body)
        if called is None:
            self._abort(doing, row)
            return
        doing.turn = Turn(replace(event_of(head.event), id=doing.event.id))
        doing.turn.say(Text(gettext(AGAIN)))
        # By name, what is stored replaces the old journal.
        talk = Talk(row.id, Journal([], by_name=True), self._save)
        run = self._make(talk, called, doing.turn, doing.states, head.event.at)
        run.head = head
        await self._go(doing, run)

    async def _migrate(self, doing: Doing, row: Waiting) -> None:
        try:
            run = await self._again(doing, row, by_name=True)
        except DivergedError:
            self._abort(doing, row)
            return
        if run.prompt is not None and run.prompt.name == row.prompt:
            await self._accept(doing, run)
        else:
            doing.turn = run.ctx.turn
            doing.turn.is_over = False
            self._settle(doing, run)

    @property
    def _conversations(self) -> Conversations:
        return self._store.conversations


def _check_button(run: Run, message: Message) -> None:
    # A button of an earlier question would answer this one: two of them may both say "Yes".
    if isinstance(message.content, Choice) and message.content.target not in run.talk.questions:
        raise ArgumentError(gettext(LATE))
