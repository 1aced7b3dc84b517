"""A relay in this process, for the demonstration and for tests.

The one place where bots know the relay's package, and only when it is asked for.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from graphchat.errors import StateError

# Hypercorn cancels what a connection still does at the end, and asyncio reports that as if
# it were a fault.
_CALLBACK: Final = "StreamReaderProtocol.connection_made"


@asynccontextmanager
async def local_relay(folder: Path | None, port: int = 0) -> AsyncIterator[str]:
    """Run a relay on a port of the loopback interface, 0 for a free one; yield its address.

    It keeps its queues in ``folder``, or in memory. Raises `ModuleNotFoundError` if the
    relay is not installed, `OSError` if the port is taken.
    """
    from graphchat_relay.server import RelayServer  # noqa: PLC0415 - an extra of its own
    from graphchat_relay.settings import RelaySettings  # noqa: PLC0415

    store = "memory:"
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - once, at the start
        store = str(folder / "relay.db")
    settings = RelaySettings(host="127.0.0.1", port=port, private_port=None, store=store)
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


@contextmanager
def relay_beside(folder: Path) -> Iterator[str]:
    """Run a relay in a thread; yield its address, which is the same whenever it runs again.

    Raises `StateError` if its port is taken.
    """
    started: Future[tuple[str, Callable[[], object]]] = Future()

    async def serve() -> None:
        stop = asyncio.Event()
        async with local_relay(folder, _port(folder)) as address:
            loop = asyncio.get_running_loop()
            started.set_result((address, lambda: loop.call_soon_threadsafe(stop.set)))
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits for it
            if not started.done():
                started.set_exception(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        address, stop = started.result()
    except (OSError, ExceptionGroup):
        raise StateError(
            f"The relay in {folder} cannot start: its port {_port(folder)} is taken, perhaps by"
            " another bot dev. End that, or name a relay with --relay."
        ) from None
    (folder / "port").write_text(str(urlsplit(address).port))
    try:
        yield address
    finally:
        stop()
        thread.join()


def _port(folder: Path) -> int:
    """Return the port of the last time: the address of a bot names it."""
    try:
        return int((folder / "port").read_text())
    except (OSError, ValueError):
        return 0


def _quiet(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    cancelled = isinstance(context.get("exception"), asyncio.CancelledError)
    if not (cancelled and _CALLBACK in str(context.get("message"))):
        loop.default_exception_handler(context)
