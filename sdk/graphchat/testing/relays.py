"""Real relays on loopback, in the event loop of a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphchat_relay.server import RelayServer


class TestRelay:
    """A relay that a test may stop, kill, and start again in the same place."""

    __test__ = False  # pytest looks for classes with this name

    def __init__(self, folder: Path, store: str | None, settings: dict[str, Any]) -> None:
        self._folder = folder
        self._store = store or str(folder / "relay.db")
        self._settings = settings
        self._port = 0
        self._task: asyncio.Task[None] | None = None
        self._server: RelayServer | None = None
        self.uri = ""
        """The create URI with the fingerprint, as people exchange it."""
        self.private_uri = ""
        """Where /readyz and /metrics are."""

    async def start(self) -> None:
        """Serve, on the same port and store as before. Returns when connections are accepted."""
        from graphchat_relay.server import RelayServer  # noqa: PLC0415 - not in every install
        from graphchat_relay.settings import RelaySettings  # noqa: PLC0415

        values = {"port": self._port, **self._settings}
        settings = RelaySettings.load(None, self._folder, store=self._store, **values)
        ready = asyncio.Event()
        self._server = RelayServer(settings)
        self._task = asyncio.create_task(self._server.run(ready.set))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({self._task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._task.done():
            await self._task
        self.uri = self._server.address.text
        self.private_uri = self._server.private_uri or ""
        self._port = self._server.port

    async def stop(self) -> None:
        """End as an operator ends it: sockets are told, everything is written."""
        if self._server is not None and self._task is not None:
            self._server.stop()
            await self._task
        self._task = None

    async def kill(self) -> None:
        """End as a crash does: nothing is written any more, connections just break."""
        if self._server is not None and self._task is not None:
            self._server.abort()
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._task = None

    @property
    def metrics(self) -> dict[str, int]:
        """The totals that the relay counts."""
        assert self._server is not None
        return self._server.metrics


@asynccontextmanager
async def relay(
    store: str | None = None, *, folder: Path | None = None, **settings: Any
) -> AsyncIterator[TestRelay]:
    """Run a relay on a free port of this machine.

    ``store`` is as in `RelaySettings`: by default SQLite in ``folder``, or in a folder of its
    own that is removed afterwards. Other keywords are other settings.
    """
    with TemporaryDirectory(prefix="graphchat-relay-") as temporary:
        found = TestRelay(folder or Path(temporary), store, settings)
        await found.start()
        try:
            yield found
        finally:
            await found.stop()
