"""The home of a person: opening its client for one command, as the profile that was named."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, TypeVar

import typer

from graphchat.cli.output import say
from graphchat.errors import NotFoundError, StateError, StoreBusyError

if TYPE_CHECKING:  # half a second that `--help` has no use for
    from graphchat.client import Client, OwnProfile

T = TypeVar("T")

DATABASE: Final = "client.db"
# Seconds that a command waits for another one to finish with the home.
PATIENCE: Final = 10.0
_AGAIN: Final = 0.1
# Seconds for what relays have to do before a command ends; the rest is done by the next one.
SETTLE: Final = 5.0

NO_PROFILE: Final = "There is no profile yet. Make one: graphchat profile create NAME"


@dataclass(frozen=True, slots=True)
class Home:
    """A folder with one encrypted database, and the name of a profile in it."""

    folder: Path
    profile: str | None

    @classmethod
    def of(cls, ctx: typer.Context) -> Self:
        """Return what the global options say."""
        return cls(ctx.obj["home"], ctx.obj["profile"])

    @property
    def database(self) -> Path:
        return self.folder / DATABASE

    @property
    def exists(self) -> bool:
        """Whether a database is there, or half of one."""
        vault = self.database.with_name(f"{DATABASE}.vault")
        return self.database.exists() or vault.exists()


def run(
    ctx: typer.Context, work: "Callable[[Client], Awaitable[T]]", *, create: bool = False
) -> T:
    """Open the client, do ``work``, close it. Ctrl-C cancels ``work`` and closes it too.

    Raises `NotFoundError` if there is no home and it shall not be made, and whatever opening
    and ``work`` raise.
    """
    home = Home.of(ctx)
    if not create and not home.exists:
        raise NotFoundError(NO_PROFILE)
    from graphchat.cli import passphrase

    secret, is_new = passphrase.get(home.database), not home.exists

    async def with_client() -> T:
        async with AsyncExitStack() as stack:
            client = await _open(stack, home.database, secret)
            if is_new and secret is None:
                passphrase.tell_without(home.database)
            return await work(client)

    return asyncio.run(with_client())


def run_as(ctx: typer.Context, work: "Callable[[Client, OwnProfile], Awaitable[T]]") -> T:
    """Do ``work`` as the profile of the global option, or the only one. Raises as `run`."""

    async def chosen(client: "Client") -> T:
        return await work(client, await choose(client, Home.of(ctx).profile))

    return run(ctx, chosen)


async def choose(client: "Client", name: str | None) -> "OwnProfile":
    """Return the profile with this name, or the only one.

    Raises `NotFoundError`, and `StateError` if there are several: nobody speaks by accident
    under a name that was not meant.
    """
    profiles = await client.profiles()
    if not profiles:
        raise NotFoundError(NO_PROFILE)
    if name is None and len(profiles) > 1:
        names = ", ".join(profile.name for profile in profiles)
        raise StateError(f"There are several profiles: {names}. Choose: graphchat --profile NAME")
    return await client.profile(name)


async def in_time(work: Awaitable[object], seconds: float) -> bool:
    """Await ``work`` for this long at most; tell whether it came to its end."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        return False
    return True


async def settle(client: "Client", seconds: float = SETTLE) -> None:
    """Give relays a moment for what they have to do; what remains is done next time."""
    await in_time(client.settled(), seconds)


async def _open(stack: AsyncExitStack, path: Path, secret: str | None) -> "Client":
    """Open the client; wait a little for another command to finish with it."""
    from graphchat.client import Client

    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    told = False
    while True:
        try:
            return await stack.enter_async_context(Client(path, secret))
        except StoreBusyError:
            if loop.time() >= end:
                raise
        if not told:
            say("Another graphchat command uses this home; waiting for it to end ...")
            told = True
        await asyncio.sleep(_AGAIN)
