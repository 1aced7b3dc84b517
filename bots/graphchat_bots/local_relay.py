"""A relay in this process, for the demonstration and for tests.

The one place where bots know the relay's package, and only when it is asked for.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

# Hypercorn cancels what a connection still does at the end, and asyncio reports that as if
# it were a fault.
_CALLBACK: Final = "StreamReaderProtocol.connection_made"


@asynccontextmanager
async def local_relay(folder: Path | None) -> AsyncIterator[str]:
    """Run a relay on a free port of the loopback interface; yield its address.

    It keeps its queues in ``folder``, or in memory. Raises `ModuleNotFoundError` if the
    relay is not installed.
    """
    from graphchat_relay.server import RelayServer  # noqa: PLC0415 - an extra of its own
    from graphchat_relay.settings import RelaySettings  # noqa: PLC0415

    store = "memory:"
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - once, at the start
        store = str(folder / "relay.db")
    settings = RelaySettings(host="127.0.0.1", port=0, private_port=None, store=store)
    server = RelayServer(settings)
    ready = asyncio.Event()
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.run(ready.set))
        await ready.wait()
        try:
            yield server.address.text
        finally:
            loop.set_exception_handler(_quiet)
            server.stop()
    loop.set_exception_handler(before)


def _quiet(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    cancelled = isinstance(context.get("exception"), asyncio.CancelledError)
    if not (cancelled and _CALLBACK in str(context.get("message"))):
        loop.default_exception_handler(context)
