"""The life of a bot in a process: its files, its network, its runtime, and signals."""

import asyncio
import shlex
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from typing import Final, Self, final

from graphchat.cli import codes, passphrase
from graphchat.cli.output import say
from graphchat.client.address import LANES
from graphchat.codes import Code
from graphchat.wire.uri import RelayAddress
from graphchat_bots.handling import Surroundings
from graphchat_bots.home import open_bot
from graphchat_bots.limits import Limits
from graphchat_bots.log import configure
from graphchat_bots.place import Place
from graphchat_bots.plan import Plan
from graphchat_bots.port import Invitation, Port
from graphchat_bots.provided import opened
from graphchat_bots.runtime import Runtime

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@final
class Life:
    """A bot that runs."""

    def __init__(self, runtime: Runtime, running: asyncio.Task[None], port: Port) -> None:
        self._runtime = runtime
        self._running = running
        self._port = port

    @classmethod
    @asynccontextmanager
    async def begin(
        cls, plan: Plan, limits: Limits, place: Place, secret: str | None
    ) -> AsyncIterator[Self]:
        """Run a bot in the background; at the end let it finish what has begun.

        Raises as `open_bot`. If the block raises or is cancelled, the bot ends at once: what
        it had not finished comes again.
        """
        async with (
            open_bot(plan, place, secret) as (port, store),
            opened(plan.providers, store) as provided,
        ):
            surroundings = Surroundings(
                limits=limits, provided=provided, folder=place.folder(plan.name)
            )
            runtime = Runtime(plan, port, store, surroundings)
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(runtime.run())
                yield cls(runtime, running, port)
                runtime.stop()

    def stop(self) -> None:
        """Receive nothing more, and end once what had begun has ended."""
        self._runtime.stop()

    async def ended(self) -> None:
        """Wait until the bot has stopped."""
        await asyncio.wait([self._running])

    async def invitation(self) -> Invitation:
        """Return how people reach the bot."""
        return await self._port.invitation()


def run(plan: Plan, limits: Limits, place: Place, *, announce: bool = True) -> None:
    """Run a bot as a program: with a passphrase from wherever there is one, until a signal."""
    path = place.database(plan.name)
    is_new = not path.exists()
    secret = passphrase.get(path)
    if is_new and secret is None:
        passphrase.tell_without(path)
    asyncio.run(run_until_signal(plan, limits, place, secret, announce=announce))


async def run_until_signal(
    plan: Plan, limits: Limits, place: Place, secret: str | None, *, announce: bool = True
) -> None:
    """Run a bot until SIGTERM or SIGINT, and show how people reach it."""
    configure()
    async with Life.begin(plan, limits, place, secret) as life:
        with _signals(life):
            invitation = await life.invitation()
            if old := left_out(invitation.text, place.relays):
                tell_left_out(plan.name, old, place)
            if announce:
                show(plan.name, invitation)
            else:
                say(f"{plan.name} runs.")
            await life.ended()


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


@contextmanager
def _signals(life: Life) -> Iterator[None]:
    """Let the first signal stop the bot, and the second kill the process."""
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        for each in _SIGNALS:
            loop.remove_signal_handler(each)
            # Back to what the system does: a second one kills.
            signal.signal(each, signal.SIG_DFL)
        say(f"{number.name}: finishing what has begun. Once more to end at once.")
        life.stop()

    with suppress(NotImplementedError):  # Windows has none of this; Ctrl-C works all the same
        for each in _SIGNALS:
            loop.add_signal_handler(each, stop, each)
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            for each in _SIGNALS:
                loop.remove_signal_handler(each)
