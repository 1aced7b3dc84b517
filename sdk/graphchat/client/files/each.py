"""Work on many strips, a few at a time."""

import asyncio
from collections.abc import Awaitable, Callable


async def each(work: Callable[[int], Awaitable[None]], count: int, at_once: int) -> None:
    """Do ``work`` for the numbers below ``count``; the first error ends it, and is raised."""
    numbers = iter(range(count))

    async def some() -> None:
        for number in numbers:
            await work(number)

    tasks = [asyncio.create_task(some()) for _ in range(min(at_once, count))]
    if not tasks:
        return
    # No TaskGroup: one that fails while it is cancelled forgets, in Python 3.11, that it is.
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
