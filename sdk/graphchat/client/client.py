"""The client: one encrypted database, its profiles, and the relays that it receives through."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from PIL import Image as Pillow

from graphchat.client import proxying, restored
from graphchat.client.context import MAX_FILE_BYTES, Context
from graphchat.client.devices import linking, own as devices
from graphchat.client.devices.own import Acceptance
from graphchat.client.engine import Engine
from graphchat.client.health import RelayHealth
from graphchat.client.offrecord import asking
from graphchat.client.policy import SETTING as POLICY, Policy
from graphchat.client.profile import OwnProfile, Profile
from graphchat.client.rows import setting
from graphchat.clock import Clock, SystemClock
from graphchat.content import ProfileCard
from graphchat.core import record
from graphchat.core.doubt import Schedule
from graphchat.crypto.vault import MODERATE, Strength
from graphchat.errors import GraphchatError, NotFoundError, PassphraseError, StateError
from graphchat.store import Cursor, Database
from graphchat.store.backup import Progress, Report, quiet, write as write_backup
from graphchat.transport import HttpTransport, Transport
from graphchat.transport.proxy import ProxyAddress
from graphchat.wire.uri import RelayAddress


class Client:
    """One device. Open it with ``async with``; several can be open in one process.

    ``path`` is the database, made at the first opening; ``passphrase`` protects it, None
    keeps the key in a file beside it. ``relays`` are addresses like
    ``https://relay.example/q#FP``, through which this client is to receive; they are added
    to those that it knows. ``proxy`` is used instead of that of `set_proxy`; "" is none.
    ``max_file`` is the size in bytes of the largest file that is sent or
    fetched. ``schedule`` says when lanes are
    replaced. Entering raises `PassphraseError`, `StoreBusyError`, `StoreError`,
    and `CodeError` for a relay address that cannot be used.
    """

    def __init__(  # noqa: PLR0913 - what a device is, each by its name
        self,
        path: Path | str,
        passphrase: str | None = None,
        relays: Sequence[str] = (),
        *,
        proxy: str | None = None,
        max_file: int = MAX_FILE_BYTES,
        schedule: Schedule | None = None,
        clock: Clock | None = None,
        strength: Strength = MODERATE,
    ) -> None:
        self._path: Final = Path(path)
        self._passphrase = passphrase
        self._relays: Final = [RelayAddress.parse(text) for text in relays]
        self._proxy: Final = proxy
        self._max_file: Final = max_file
        self._schedule: Final = schedule or Schedule()
        self._clock: Final[Clock] = clock or SystemClock()
        self._strength: Final = strength
        self._stack = AsyncExitStack()
        self._open: Engine | None = None

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(
                Database.open(
                    self._path, self._passphrase, clock=self._clock, strength=self._strength
                )
            )
            proxy = self._proxy
            if proxy is None:
                proxy = await database.read(proxying.stored)
            transport: Transport = HttpTransport(self._clock, proxy=proxy or None)
            stack.push_async_callback(transport.close)
            engine = Engine(Context(database, transport, self._clock, self._schedule))
            engine.context.desk.wanted = partial(asking.again, engine)
            stack.push_async_callback(engine.close)
            for relay in self._relays:
                await database.write(partial(_add_relay, relay.text, self._clock.now()))
            engine.context.relays = await self._stored_relays(database)
            engine.context.max_file = self._max_file
            if await database.read(restored.is_marked):
                await database.write(partial(restored.settle, self._clock))
            await engine.start()
            self._open, self._stack = engine, stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open = None
        await self._stack.aclose()

    @property
    def engine(self) -> Engine:
        """What runs underneath. Raises `StateError` outside of ``async with``."""
        if self._open is None:
            raise StateError("The client is not open. Use it inside `async with Client(...)`.")
        return self._open

    async def settled(self) -> None:
        """Return once relays have all that handshakes and deletions want of them.

        Nobody needs to wait for it: what remains is done when the client is open again.
        """
        await self.engine.worker.settled()

    # Profiles

    async def create_profile(self, profile: Profile) -> OwnProfile:
        """Make a profile. Raises `ContentError` for a name or picture that cannot be used."""
        context, card = self.engine.context, await profile.card()

        def insert(cursor: Cursor) -> int:
            cursor.execute(
                "INSERT INTO client_profile (name, card, created_at) VALUES (?, ?, ?)",
                (card.name, record.dump(card), context.clock.now()),
            )
            return cursor.lastrowid

        row_id = await context.database.write(insert)
        context.cards[row_id] = card
        return OwnProfile(self.engine, row_id)

    async def accept_device(
        self, source: str | Path | Pillow.Image, name: str = "second device"
    ) -> Acceptance:
        """Become one more device of whoever has made this code, which is a link or a picture.

        Makes a profile, which is filled once the older device has said yes: compare the words
        of both screens before. ``name`` is what your devices call this one. A home without a
        relay uses those of the code. Raises `CodeError`, `ContentError` for the name,
        `StateError`, `RelayError`.
        """
        code = await asyncio.to_thread(linking.read, source)
        ProfileCard(name, "device")  # refuses what cannot be
        if not self.relays:
            for lane in code.lanes:
                await self.add_relay(lane.address.text)
        profile = await self.create_profile(Profile(linking.UNNAMED))
        try:
            return await devices.accept(self.engine, profile, code, name)
        except GraphchatError:
            await profile.remove()
            raise

    async def profiles(self) -> list[OwnProfile]:
        """Return all profiles, oldest first."""
        return [OwnProfile(self.engine, row_id) for row_id in sorted(self.engine.context.cards)]

    async def profile(self, name: str | None = None) -> OwnProfile:
        """Return the profile with this name; without one, the only profile, or the oldest.

        Raises `NotFoundError`.
        """
        profiles = await self.profiles()
        for profile in profiles:
            if name is None or profile.name == name:
                return profile
        if not profiles:
            raise NotFoundError("There is no profile yet. Make one: graphchat profile create NAME")
        known = ", ".join(each.name for each in profiles[:10])
        raise NotFoundError(f"There is no profile {name!r}. Profiles: {known}.")

    async def delete_profile(self, profile: OwnProfile) -> None:
        """Delete a profile with its contacts, conversations and queues."""
        await profile.remove()

    # Relays

    @property
    def online(self) -> bool:
        """Whether a socket to any relay is up now."""
        return any(entry.up for entry in self.engine.links.entries)

    @property
    def policy(self) -> Policy:
        """By how many lanes messages leave, where nothing else is chosen for a contact."""
        return self.engine.context.policy

    async def set_policy(self, policy: Policy) -> None:
        """Choose it. Its number of lanes is for new connections. Raises `ContentError`."""
        policy.check()
        row = setting(POLICY, record.dump(policy))
        database = self.engine.context.database
        await database.write(lambda cursor: cursor.execute(row.sql, row.arguments))
        self.engine.context.policy = policy

    @property
    def relays(self) -> list[RelayAddress]:
        """The relays through which new contacts will reach this client."""
        return list(self.engine.context.relays)

    def health(self, relay: RelayAddress) -> RelayHealth:
        """Return how a relay does, as this client sees it."""
        return self.engine.context.health.of(relay)

    async def add_relay(self, text: str, *, check: bool = True) -> RelayAddress:
        """Receive through one more relay, after trying it.

        Raises `CodeError` for an address that cannot be used, `RelayUnreachableError`,
        `RelayIdentityError` if the relay there has another fingerprint.
        """
        relay, context = RelayAddress.parse(text), self.engine.context
        if check:
            await context.transport.identify(relay)
        await context.database.write(partial(_add_relay, relay.text, context.clock.now()))
        context.relays = await self._stored_relays(context.database)
        return relay

    async def remove_relay(self, text: str) -> None:
        """Make no more queues at a relay; contacts that use it go on using it.

        ``text`` is its address, or its create URI alone. Raises `NotFoundError`.
        """
        context = self.engine.context
        for relay in context.relays:
            if text in {relay.text, relay.create_uri, relay.base}:
                await context.database.write(partial(_remove_relay, relay.text))
                context.relays = await self._stored_relays(context.database)
                return
        raise NotFoundError("This home does not use that relay. See: graphchat servers list")

    async def proxy(self) -> ProxyAddress | None:
        """Return the proxy that this home goes through; None: there is none."""
        found = await self.engine.context.database.read(proxying.stored)
        return None if found is None else ProxyAddress.parse(found)

    async def set_proxy(self, url: str | None) -> None:
        """Go through a proxy from the next opening on, such as socks5h://127.0.0.1:9050 for Tor.

        None: through none. It also looks names up; each profile has circuits of its own there,
        and what it does not reach is not reached at all. Raises `StateError` for what is none.
        """
        if url is not None:
            ProxyAddress.parse(url)
        await self.engine.context.database.write(partial(proxying.store, url))

    async def change_passphrase(self, new: str | None) -> None:
        """Protect the database by another passphrase, or by none."""
        await self.engine.context.database.change_passphrase(
            self._passphrase, new, clock=self._clock, strength=self._strength
        )
        self._passphrase = new

    async def backup(
        self, target: Path, passphrase: str | None = None, progress: Progress = quiet
    ) -> Report:
        """Write everything into one encrypted file, which replaces ``target``.

        ``passphrase`` protects it; None takes that of the database. Raises `PassphraseError`
        if there is none, `StoreError`.
        """
        protect = passphrase or self._passphrase
        if protect is None:
            raise PassphraseError("A backup needs a passphrase. Choose one for it.")
        work = partial(
            write_backup,
            self._path,
            target,
            passphrase=self._passphrase,
            protect=protect,
            clock=self._clock,
            strength=self._strength,
            progress=progress,
        )
        return await asyncio.to_thread(work)

    @staticmethod
    async def _stored_relays(database: Database) -> list[RelayAddress]:
        found = await database.read(
            lambda cursor: cursor.execute(
                "SELECT address FROM client_relay ORDER BY position, id"
            ).fetchall()
        )
        return [RelayAddress.parse(text) for (text,) in found]


def _add_relay(text: str, now: float, cursor: Cursor) -> None:
    cursor.execute(
        "INSERT INTO client_relay (address, position, added_at)"
        " SELECT ?, (SELECT count(*) FROM client_relay), ?"
        " WHERE NOT EXISTS (SELECT 1 FROM client_relay WHERE address = ?)",
        (text, now, text),
    )


def _remove_relay(text: str, cursor: Cursor) -> None:
    cursor.execute("DELETE FROM client_relay WHERE address = ?", (text,))
