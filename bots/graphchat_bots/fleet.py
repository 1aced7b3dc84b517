"""Bots that run in one process until a signal: begun together, ended together.

If one cannot start, or ends by an error, the others are stopped in good order and the process
fails: whoever watches it starts all again. Nobody is left out in silence.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import Final, final

from graphchat.cli import passphrase
from graphchat.cli.output import say
from graphchat_bots.health import Health
from graphchat_bots.life import Life, left_out, show, tell_left_out
from graphchat_bots.log import configure, describe, note
from graphchat_bots.setup import Setup

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

Unlocked = tuple[Setup, str | None]
"""A bot with the passphrase of its data, if it has one."""


def run(*setups: Setup, announce: bool = True) -> None:
    """Run bots as a program: with passphrases from wherever there are some, until a signal."""
    bots = [(setup, _secret(setup)) for setup in setups]
    asyncio.run(run_until_signal(*bots, announce=announce))


async def run_until_signal(*bots: Unlocked, announce: bool = True) -> None:
    """Run bots until SIGTERM or SIGINT; with ``announce``, show how people reach them."""
    configure()
    fleet = Fleet(announce=announce)
    with _signals(fleet.stop):
        await fleet.run(bots)


@final
class Fleet:
    """Runs bots side by side."""

    def __init__(self, *, announce: bool = True) -> None:
        self._announce = announce
        self._lives: dict[asyncio.Task[None], Life] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    async def run(self, bots: Sequence[Unlocked]) -> None:
        """Return when all have ended.

        Raises what one of them has failed with, an `ExceptionGroup` if it were several.
        """
        async with AsyncExitStack() as stack:
            healths = {
                address: await stack.enter_async_context(Health.served(address))
                for address in dict.fromkeys(setup.health for setup, _ in bots if setup.health)
            }
            for setup, _ in bots:
                if setup.health:
                    healths[setup.health].bots[setup.name] = None  # not ready until it has begun
            self._tasks = [
                asyncio.create_task(self._live(setup, secret, healths.get(setup.health or "")))
                for setup, secret in bots
            ]
            try:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_EXCEPTION)
                self.stop()
                await asyncio.wait(self._tasks)
            finally:
                for task in self._tasks:
                    task.cancel()
                await asyncio.wait(self._tasks)
        self._raise()

    def stop(self) -> None:
        """Let all bots finish what has begun; one that has not begun ends at once."""
        self._stopping = True
        for task in self._tasks:
            if task in self._lives:
                self._lives[task].stop()
            else:
                task.cancel()

    async def _live(self, setup: Setup, secret: str | None, health: Health | None) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            async with Life.begin(setup, secret, health) as life:
                self._lives[task] = life
                if not self._stopping:
                    invitation = await life.invitation()
                    if old := left_out(invitation.text, setup.place.relays):
                        tell_left_out(setup.name, old, setup.place)
                    if self._announce:
                        show(setup.name, invitation)
                    else:
                        say(f"{setup.name} runs.")
                    await life.ended()
        except Exception as error:
            if len(self._tasks) > 1:
                note("error", "a bot has failed; all stop", bot=setup.name, error=describe(error))
            raise

    def _raise(self) -> None:
        failed = [
            error
            for task in self._tasks
            if not task.cancelled() and (error := task.exception()) is not None
        ]
        errors = [error for error in failed if isinstance(error, Exception)]
        if len(errors) > 1:
            raise ExceptionGroup("several bots have failed", errors)
        for error in failed:
            raise error


def _secret(setup: Setup) -> str | None:
    path = setup.place.database(setup.name)
    is_new = not path.exists()
    secret = passphrase.get(path)
    if is_new and secret is None:
        passphrase.tell_without(path)
    return secret


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Let the first signal stop the bots, and the second kill the process."""
    loop = asyncio.get_running_loop()

    def first(number: signal.Signals) -> None:
        for each in _SIGNALS:
            loop.remove_signal_handler(each)
            # Back to what the system does: a second one kills.
            signal.signal(each, signal.SIG_DFL)
        say(f"{number.name}: finishing what has begun. Once more to end at once.")
        stop()

    with suppress(NotImplementedError):  # Windows has none of this; Ctrl-C works all the same
        for each in _SIGNALS:
            loop.add_signal_handler(each, first, each)
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            for each in _SIGNALS:
                loop.remove_signal_handler(each)
