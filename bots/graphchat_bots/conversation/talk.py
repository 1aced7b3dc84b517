"""One handler that may ask: what its context does when it asks, and when it does a step."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from graphchat.errors import LocalProtocolError
from graphchat_bots.conversation.driving import pause
from graphchat_bots.conversation.journal import DivergedError, Journal
from graphchat_bots.conversation.prompts import Prompt
from graphchat_bots.conversation.record import Did, Failed
from graphchat_bots.errors import StepError, UserError
from graphchat_bots.speech import in_words

MAX_RESULT: Final = 2**18
"""Bytes of what a step returns, as it is stored."""
MAX_REASON: Final = 1_000

DIVERGED: Final = object()
"""Given to the driver instead of a prompt: nothing after it may run."""


Save = Callable[[str, Journal], Awaitable[None]]
"""Write what is new in the journal of a conversation, now."""


class Talk:
    """The journal of a handler, and its way to ask."""

    def __init__(self, id_: str, journal: Journal, save: Save) -> None:
        self.id: Final = id_
        self.journal: Final = journal
        self._save = save
        self.task: asyncio.Task[object] | None = None
        """Who runs the handler at the moment."""
        self.questions: list[bytes] = []
        """Ids of the messages that ask what it waits for."""
        self.waking = False
        """Whether it runs again, up to the question that it waits with."""

    async def ask(self, prompt: Prompt) -> Any:
        """Wait for the answer, however long it takes. The question is said already."""
        self._check_task()
        return await pause(prompt)

    async def step(self, name: str, work: Callable[[], Awaitable[Any]], kind: Any) -> Any:
        """Return what ``work`` returned the first time; do it now if this is the first time.

        ``kind`` is the type of what it returns. Raises `StepError` if it failed, now or then,
        `UserError` as it was raised, `TypeError` if the result cannot be stored.
        """
        self._check_task()
        try:
            known = self.journal.next((Did, Failed), name)
        except DivergedError:
            await pause(DIVERGED)  # nobody goes on from here
            raise
        if known is None and self.waking and not self.journal.by_name:
            await pause(DIVERGED)
        match known:
            case Did(body=body):
                return _unpacked(body, kind)
            case Failed(error="UserError", text=text):
                raise UserError(text)
            case Failed(error=error, text=text):
                raise StepError(name, error, text)
            case _:
                return await self._do(name, work, kind)

    async def _do(self, name: str, work: Callable[[], Awaitable[Any]], kind: Any) -> Any:
        try:
            value = await work()
        except UserError as error:
            self.journal.add(Failed(name, "UserError", in_words(error)[:MAX_REASON]))
            raise
        except Exception as error:
            failed = Failed(name, type(error).__name__, str(error)[:MAX_REASON])
            self.journal.add(failed)
            raise StepError(name, failed.error, failed.text) from error
        body = _packed(name, value)
        self.journal.add(Did(name, body))
        await self._save(self.id, self.journal)
        return _unpacked(body, kind)

    def _check_task(self) -> None:
        if asyncio.current_task() is not self.task:
            raise LocalProtocolError(
                "Only the handler itself asks and does steps, one after the other: not a task"
                " that it has started."
            )


def _packed(name: str, value: object) -> bytes:
    try:
        body = msgspec.msgpack.encode(value)
    except (TypeError, OverflowError):
        # Not its text: that may quote the value.
        raise TypeError(f"step {name}: what it returned cannot be stored") from None
    if len(body) > MAX_RESULT:
        raise LocalProtocolError(f"step {name}: what it returned is larger than 256 KiB")
    return body


def _unpacked(body: bytes, kind: Any) -> Any:
    # Decoded the first time too: a tuple that comes back as a list does so always.
    return msgspec.msgpack.decode(body, type=kind)
