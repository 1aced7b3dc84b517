"""The bot that a command is about, and its files."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

import typer

from graphchat.cli import passphrase
from graphchat.errors import NotFoundError, StateError, StoreBusyError
from graphchat.store import Cursor, Database, files
from graphchat_bots.bot import Bot
from graphchat_bots.cli.target import load
from graphchat_bots.links import current_link
from graphchat_bots.place import Place
from graphchat_bots.store import BOT
from graphchat_bots.store.reading import reading

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """A bot, and where it lives."""

    target: str
    """As it was typed."""
    bot: Bot
    place: Place

    @classmethod
    def of(cls, ctx: typer.Context, target: str) -> Self:
        """Load the bot. Raises `TargetError`."""
        bot = load(target)
        return cls(target, bot, bot.place(home=ctx.obj["home"]))

    @property
    def folder(self) -> Path:
        return self.place.folder(self.bot.name)

    @property
    def client(self) -> Path:
        """The database of its client."""
        return self.place.database(self.bot.name)

    @property
    def store(self) -> Path:
        """Its own database."""
        return self.client.with_name("bot.db")

    def secret(self) -> str | None:
        """Return the passphrase of both. Raises `NotFoundError` if it has not run here yet."""
        if not (self.client.exists() or self.store.exists()):
            raise NotFoundError(
                f"{self.bot.name} has not run yet with its data in {self.folder}. Start it:"
                f" graphchat bot run {self.target}, or name another home: graphchat --home DIR bot"
            )
        with files.disk_errors():
            return passphrase.get(self.client)

    def read(self, path: Path, work: Callable[[Cursor], T]) -> T:
        """Look into one of its databases, also while it runs. Raises as `reading`."""
        secret = self.secret()
        with passphrase.explained(secret), reading(path, secret) as cursor:
            return work(cursor)

    def link(self) -> str:
        """Return the link by which people reach it. Raises `NotFoundError` if it has none yet."""
        if (found := self.read(self.client, current_link)) is None:
            raise NotFoundError(
                f"{self.bot.name} has no link yet: it makes one at its first start. Start it:"
                f" graphchat bot run {self.target}"
            )
        return found

    def write(self, work: Callable[[Cursor], T]) -> T:
        """Change its own database in one transaction. Raises `StateError` while it runs."""
        secret = self.secret()

        async def opened() -> T:
            async with Database.open(self.store, secret, app=BOT) as database:
                return await database.write(work)

        with passphrase.explained(secret), self.stopped():
            return asyncio.run(opened())

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Say of a bot that runs what to do."""
        try:
            yield
        except StoreBusyError:
            raise StateError(
                f"{self.bot.name} runs now, and this needs its files. Stop it first, with Ctrl-C"
                " or SIGTERM, and try again."
            ) from None
