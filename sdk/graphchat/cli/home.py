"""The home of a person: opening its client for one command, as the profile that was named."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, TypeVar

import typer

from graphchat.cli.output import can_ask, plain, say
from graphchat.errors import NotFoundError, StateError, StoreBusyError

if TYPE_CHECKING:  # half a second that `--help` has no use for
    from graphchat.client import Client, OwnProfile

T = TypeVar("T")

DIRECT: Final = "direct"
"""What is typed for no proxy."""
DATABASE: Final = "client.db"
# Seconds that a command waits for another one to finish with the home.
PATIENCE: Final = 10.0
_AGAIN: Final = 0.1
# Seconds until it says that it waits: most commands are done before.
QUIET: Final = 1.0
# Seconds for what relays have to do before a command ends; the rest is done by the next one.
SETTLE: Final = 5.0

WAITING: Final = "Waiting for another command of this home to end ..."
BUSY: Final = (
    "Another command has this home open, such as receive --follow, invite --wait, or a bot. End"
    " it with Ctrl-C, then try again."
)
NO_PROFILE: Final = "There is no profile yet. Make one: graphchat profile create NAME"


@dataclass(frozen=True, slots=True)
class Home:
    """A folder with one encrypted database, and the name of a profile in it."""

    folder: Path
    profile: str | None
    proxy: str | None = None
    """Instead of the one that the home has; empty: none."""

    @classmethod
    def of(cls, ctx: typer.Context) -> Self:
        """Return what the global options say."""
        proxy = ctx.obj.get("proxy")
        return cls(ctx.obj["home"], ctx.obj["profile"], "" if proxy == DIRECT else proxy)

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
    return _run(home, _secret(home, create=create), work)


def run_after_a_yes(
    ctx: typer.Context,
    look: "Callable[[Client], Awaitable[str]]",
    work: "Callable[[Client], Awaitable[None]]",
    refusal: str,
) -> None:
    """Ask the question that ``look`` returns, then do ``work``.

    The client is closed while a person thinks: a prompt would stop its loop. Raises as `run`,
    `StateError` with ``refusal`` if nobody is there to ask, and `typer.Abort` after a no.
    """
    home = Home.of(ctx)
    secret = _secret(home, create=False)
    question = _run(home, secret, look)
    if not can_ask():
        raise StateError(refusal)
    typer.confirm(plain(question), abort=True, err=True)
    _run(home, secret, work)


def run_as(ctx: typer.Context, work: "Callable[[Client, OwnProfile], Awaitable[T]]") -> T:
    """Do ``work`` as the profile of the global option, or the only one. Raises as `run`."""

    async def chosen(client: "Client") -> T:
        return await work(client, await choose(client, Home.of(ctx).profile))

    return run(ctx, chosen)


async def choose(
    client: "Client", name: str | None, advice: str = "graphchat --profile NAME"
) -> "OwnProfile":
    """Return the profile with this name, or the only one.

    Raises `NotFoundError`, and `StateError` if there are several: nobody speaks by accident
    under a name that was not meant.
    """
    profiles = await client.profiles()
    if not profiles:
        raise NotFoundError(NO_PROFILE)
    if name is None and len(profiles) > 1:
        names = ", ".join(profile.name for profile in profiles)
        raise StateError(f"There are several profiles: {names}. Choose: {advice}")
    return await client.profile(name)


def _secret(home: Home, *, create: bool) -> str | None:
    if not create and not home.exists:
        raise NotFoundError(NO_PROFILE)
    from graphchat.cli import passphrase
    from graphchat.store.files import disk_errors

    with disk_errors():
        return passphrase.get(home.database)


def _run(home: Home, secret: str | None, work: "Callable[[Client], Awaitable[T]]") -> T:
    from graphchat.cli import passphrase

    is_new = not home.exists

    async def with_client() -> T:
        async with AsyncExitStack() as stack:
            with passphrase.explained(secret):
                client = await _open(stack, home, secret)
            if is_new and secret is None:
                passphrase.tell_without(home.database)
            return await work(client)

    return asyncio.run(with_client())


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


async def _open(stack: AsyncExitStack, home: Home, secret: str | None) -> "Client":
    """Open the client; wait a little for another command to finish with it."""
    from graphchat.client import Client

    loop = asyncio.get_running_loop()
    begin, told = loop.time(), False
    while True:
        try:
            return await stack.enter_async_context(Client(home.database, secret, proxy=home.proxy))
        except StoreBusyError:
            if loop.time() >= begin + PATIENCE:
                raise StoreBusyError(BUSY) from None
        if not told and loop.time() >= begin + QUIET:
            say(WAITING)
            told = True
        await asyncio.sleep(_AGAIN)
