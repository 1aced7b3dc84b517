"""Relay processes that start in a moment: forked from one that has everything imported."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from tests.relay.support import PATIENCE, Clients, clients

from graphchat_relay.server import RelayServer
from graphchat_relay.settings import RelaySettings

FORKING: Final = get_context("forkserver")
FORKING.set_forkserver_preload([__name__, "graphchat_relay.store.sqlite"])


def _serve(folder: Path, port: int, told: Connection) -> None:
    server = RelayServer(RelaySettings.load(None, folder, port=port, private_port=None))
    asyncio.run(server.run(lambda: told.send(server.address.text)))


@dataclass
class ForkedRelay:
    """A relay with a database, which can be killed and started again in the same place."""

    folder: Path
    uri: str = ""
    _port: int = 0
    _process: BaseProcess | None = field(default=None, repr=False)

    @property
    def pid(self) -> int:
        assert self._process is not None
        assert self._process.pid is not None
        return self._process.pid

    async def start(self) -> None:
        heard, told = FORKING.Pipe(duplex=False)
        with heard:
            with told:
                self._process = FORKING.Process(
                    target=_serve, args=(self.folder, self._port, told), daemon=True
                )
                self._process.start()
            assert await asyncio.to_thread(heard.poll, 3 * PATIENCE), "the relay does not start"
            self.uri = heard.recv()
        self._port = int(self.uri.rpartition(":")[2].partition("/")[0])

    def kill(self) -> None:
        """End it as SIGKILL does: between any two of its instructions."""
        assert self._process is not None
        self._process.kill()
        self._process.join()
        self._process.close()
        self._process = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Clients]:
        """Start it, and kill it at the end if that has not happened."""
        await self.start()
        try:
            async with clients(self.uri) as peers:
                yield peers
        finally:
            if self._process is not None:
                self.kill()
