"""How failures of the surroundings are outlived: wait, longer each time, and try again."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from graphchat.clock import Clock
from graphchat_bots.log import describe, note
from graphchat_bots.timer import Timer

T = TypeVar("T")

FIRST: Final = 0.5
LONGEST: Final = 60.0


def delay(tries: int, clock: Clock) -> float:
    """Return seconds to wait after ``tries`` failures: doubling, with jitter, at most a minute."""
    longest = min(FIRST * 2.0 ** min(tries - 1, 20), LONGEST)
    # Half of it by chance: what failed together does not come back together.
    return longest / 2 * (1 + clock.random(1)[0] / 255)


async def insist(
    what: str,
    action: Callable[[], Awaitable[T]],
    timer: Timer,
    *,
    hopeless: tuple[type[Exception], ...] = (),
) -> T:
    """Return what ``action`` returns, once it works: a full disk must not end a loop for good.

    Raises an error that is one of ``hopeless``, for nothing can come of that.
    """
    tries = 0
    while True:
        try:
            return await action()
        except hopeless:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the next try may do
            tries += 1
            note("error", f"{what} failed", tries=tries, error=describe(error))
            await timer.sleep(delay(tries, timer))
