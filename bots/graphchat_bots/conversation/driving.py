"""Runs a coroutine until it asks for something, and sets it aside without a task.

A coroutine of asyncio gives futures to its task and is called back when they are done. One
that asks gives a `Pause` instead: `drive` returns it, and whoever has the coroutine sends it
on with the answer, from any task, at any time.
"""

from collections.abc import Coroutine, Generator
from dataclasses import dataclass
from types import coroutine
from typing import Final, TypeVar, final

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Pause:
    """What a coroutine gives to `drive`."""

    reason: object


@final
class Ended:
    """The coroutine has returned."""


ENDED: Final = Ended()


@coroutine
def pause(reason: object) -> Generator[Pause, object, object]:
    """Set the coroutine aside; return what it is sent on with.

    Only in a coroutine that `drive` runs, not in a task that it has started.
    """
    return (yield Pause(reason))


@final
class drive:  # noqa: N801 - it is awaited like a function
    """Run ``work`` on with ``value``, or with ``error`` raised in it.

    Returns the reason of the next `pause`, or `ENDED`. Raises what the coroutine raises.
    """

    def __init__(
        self,
        work: Coroutine[object, object, None],
        value: object = None,
        error: BaseException | None = None,
    ) -> None:
        self._work = work
        self._value = value
        self._error = error

    def __await__(self) -> Generator[object, object, object]:
        value, error = self._value, self._error
        while True:
            try:
                given = self._work.send(value) if error is None else self._work.throw(error)
            except StopIteration:
                return ENDED
            if isinstance(given, Pause):
                return given.reason
            value, error = None, None
            try:
                value = yield given
            except BaseException as raised:  # noqa: BLE001 - it is the coroutine's own
                error = raised
