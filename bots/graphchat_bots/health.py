"""Probes and figures of bots, for their operator only: /livez, /readyz, /metrics."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol, Self

from graphchat.errors import StateError
from graphchat_bots.figures import Figures

HEALTH: Final = "GRAPHCHAT_BOT_HEALTH"

_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


class Watched(Protocol):
    """A bot that runs."""

    @property
    def figures(self) -> Figures: ...

    def is_alive(self) -> bool:
        """Say whether it gets on; if not, only a restart helps."""
        ...

    def is_ready(self) -> bool:
        """Say whether it receives, and a relay is reachable."""
        ...

    async def gauges(self) -> Mapping[str, float]:
        """Return what stands now, by the names in `graphchat_bots.exposition`."""
        ...


@dataclass(slots=True)
class Health:
    """The health of all bots in a process. One that has not begun yet is not ready."""

    bots: dict[str, Watched | None] = field(default_factory=dict[str, "Watched | None"])
    port: int = 0
    """The port at which it is served."""

    def is_alive(self) -> bool:
        return all(bot is None or bot.is_alive() for bot in self.bots.values())

    def is_ready(self) -> bool:
        return bool(self.bots) and all(bot and bot.is_ready() for bot in self.bots.values())

    async def exposition(self) -> bytes:
        """Return the figures of all bots that run."""
        from graphchat_bots.exposition import exposition  # noqa: PLC0415 - only for who asks

        return exposition(
            {
                name: (bot.figures, {**await bot.gauges(), "ready": float(bot.is_ready())})
                for name, bot in self.bots.items()
                if bot is not None
            }
        )

    @classmethod
    @asynccontextmanager
    async def served(cls, address: str) -> AsyncIterator[Self]:
        """Serve the health of bots at ``address``, such as ``127.0.0.1:9464``.

        Raises `StateError` if it is no address, or something else is served there.
        """
        from aiohttp import web  # noqa: PLC0415 - only for who wants it

        host, port = parse(address)
        health = cls()

        def probe(good: bool) -> web.Response:  # noqa: FBT001 - it is the whole question
            return web.Response(text="ok\n" if good else "no\n", status=200 if good else 503)

        async def livez(request: web.Request) -> web.Response:
            return probe(health.is_alive())

        async def readyz(request: web.Request) -> web.Response:
            return probe(health.is_ready())

        async def metrics(request: web.Request) -> web.Response:
            body = await health.exposition()
            return web.Response(body=body, headers={"Content-Type": _TEXT})

        app = web.Application()
        app.add_routes(
            [web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", metrics)]
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port)
            try:
                await site.start()
            except OSError as error:
                raise StateError(
                    f"The health of the bot cannot be served at {address}: {error.strerror}."
                    " Choose another port."
                ) from None
            health.port = runner.addresses[0][1]
            yield health
        finally:
            await runner.cleanup()


def parse(address: str) -> tuple[str, int]:
    """Return host and port. Raises `StateError`."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise StateError(
            f"{address!r} is no address for the health of a bot; one is 127.0.0.1:9464."
        )
    return host.removeprefix("[").removesuffix("]"), int(port)
