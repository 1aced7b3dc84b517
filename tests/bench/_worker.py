"""What the process of one benchmark does: import it, and run it."""

import asyncio
import importlib
import inspect
from collections.abc import Awaitable, Mapping
from typing import TypeAlias, cast

Figure: TypeAlias = int | float | str
Figures: TypeAlias = Mapping[str, "Figure | Figures"]


def run(name: str, *, quick: bool) -> Figures:
    result = importlib.import_module(f"tests.bench.{name}").run(quick)
    if inspect.isawaitable(result):
        result = asyncio.run(_finished(result))
    return cast(Figures, result)


async def _finished(result: Awaitable[object]) -> object:
    return await result
