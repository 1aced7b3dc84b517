"""The life of one bot: its files, its network, its runtime, its health."""

import asyncio
import shlex
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Final, Self, final

from graphchat.cli import codes
from graphchat.cli.output import say
from graphchat.client.address import LANES
from graphchat.codes import Code
from graphchat.wire.uri import RelayAddress
from graphchat_bots.figures import Figures
from graphchat_bots.health import Health
from graphchat_bots.home import open_bot
from graphchat_bots.inlet import Inlet
from graphchat_bots.network import NetworkPort
from graphchat_bots.place import Place
from graphchat_bots.port import Invitation
from graphchat_bots.provided import opened
from graphchat_bots.runtime import Runtime
from graphchat_bots.setup import Setup
from graphchat_bots.surroundings import Surroundings


@final
class Life:
    """A bot that runs."""

    def __init__(
        self, runtime: Runtime, running: asyncio.Task[None], port: NetworkPort, inlet: Inlet
    ) -> None:
        self.inlet: Final = inlet
        self._runtime = runtime
        self._running = running
        self._port = port

    @classmethod
    @asynccontextmanager
    async def begin(
        cls, setup: Setup, secret: str | None, health: Health | None = None
    ) -> AsyncIterator[Self]:
        """Run a bot in the background; at the end let it finish what has begun.

        Its health is shown in ``health``, else served where the setup says. Raises as
        `open_bot`, and `StateError` if it cannot be served there. If the block raises or is
        cancelled, the bot ends at once: what it had not finished comes again.
        """
        plan = setup.plan
        async with AsyncExitStack() as stack:
            if health is None and setup.health:
                health = await stack.enter_async_context(Health.served(setup.health))
            bots = {} if health is None else health.bots
            bots[plan.name] = None
            opening = open_bot(plan, setup.place, secret)
            port, store = await stack.enter_async_context(opening)
            inlet = Inlet(plan, store)
            provided = await stack.enter_async_context(opened(plan.providers, store, inlet))
            surroundings = Surroundings(
                limits=setup.limits,
                provided=provided,
                inlet=inlet,
                folder=setup.place.folder(plan.name),
            )
            runtime = Runtime(plan, port, store, surroundings)
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(runtime.run())
                await runtime.begun.wait()
                bots[plan.name] = life = cls(runtime, running, port, inlet)
                stack.callback(bots.update, {plan.name: None})
                yield life
                runtime.stop()

    @property
    def figures(self) -> Figures:
        return self._runtime.figures

    def is_alive(self) -> bool:
        return self._runtime.is_alive()

    def is_ready(self) -> bool:
        return self._runtime.receives and self._port.online()

    async def gauges(self) -> Mapping[str, float]:
        return await self._runtime.gauges()

    def stop(self) -> None:
        """Receive nothing more, and end once what had begun has ended."""
        self._runtime.stop()

    async def ended(self) -> None:
        """Wait until the bot has stopped."""
        await asyncio.wait([self._running])

    async def invitation(self) -> Invitation:
        """Return how people reach the bot."""
        return await self._port.invitation()


def show(name: str, invitation: Invitation) -> None:
    """Print the link, and on a terminal its QR code."""
    say(f"{name} runs. Whoever has this link, or scans its code, can talk with it:")
    codes.show(invitation.text, None, as_json=False)


def left_out(link: str, named: Sequence[str]) -> Sequence[str]:
    """Return the relays that ``link`` goes by, if it could go by more of those in ``named``."""
    used = {lane.address for lane in Code.parse(link).lanes}
    wanted = {replace(RelayAddress.parse(text), token=None) for text in named}
    if len(used & wanted) >= min(LANES, len(wanted)):
        return ()
    return sorted(relay.base for relay in used)


def tell_left_out(name: str, old: Sequence[str], place: Place) -> None:
    """Say that the address was made before the relays that were named now, and what to do."""
    home = shlex.quote(str(place.folder(name)))
    say(
        f"The address of {name} was made earlier and still goes by {' and '.join(old)}, not by"
        " the relays named now. To have one that does, stop the bot, take the address back with"
        f" graphchat --home {home} address delete, and start it again; or run it in another"
        " home: graphchat --home DIR bot run ..."
    )
