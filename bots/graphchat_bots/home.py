"""Where a bot keeps its data, and how it is opened."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from graphchat.client import Client, OwnProfile, Profile
from graphchat.errors import GraphchatError, StateError
from graphchat.store import Database, passphrase
from graphchat.wire.uri import RelayAddress
from graphchat_bots.network import NetworkPort
from graphchat_bots.place import RELAYS, Place
from graphchat_bots.plan import Plan
from graphchat_bots.store import BOT, BotStore

# Seconds that an orderly stop gives relays to take the last messages.
FLUSH: Final = 5.0


@asynccontextmanager
async def open_bot(
    plan: Plan, place: Place, secret: str | None
) -> AsyncIterator[tuple[NetworkPort, BotStore]]:
    """Open the client and the store of a bot, and make its profile at the first time.

    Raises `StateError` if it has no relay to receive through, `StoreBusyError` if it runs
    already, `CodeError` for a relay address that cannot be used, `RelayError` for a relay
    that cannot be reached and is new to a bot with an address, and as opening a `Client`.
    """
    path = place.database(plan.name)
    named = [RelayAddress.parse(text) for text in place.relays]
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(Client(path, secret))
        await _add_relays(client, named)
        if not client.relays:
            await _borrow_relays(client, place.home / "client.db")
        profile = await _profile(client, plan)
        opening = Database.open(path.with_name("bot.db"), secret, app=BOT)
        store = await BotStore.open(await stack.enter_async_context(opening))
        port = NetworkPort(profile, path.with_name("files"), lambda: client.online)
        yield port, store
        await port.flush(FLUSH)


async def _add_relays(client: Client, named: Sequence[RelayAddress]) -> None:
    """Receive through these relays too.

    At the first start, making the address tries them. Later nothing would, so one that is new
    is tried here. One that was here before may be down: the bot starts all the same.
    """
    tried = not await client.profiles()
    for relay in named:
        known = any(relay.text == each.text for each in client.relays)
        await client.add_relay(relay.text, check=not (tried or known))


async def _profile(client: Client, plan: Plan) -> OwnProfile:
    wanted = Profile(plan.name, kind="bot", bio=plan.about)
    profiles = await client.profiles()
    if not profiles:
        return await client.create_profile(wanted)
    if profiles[0].card.bio != plan.about:
        await profiles[0].edit(wanted)
    return profiles[0]


async def _borrow_relays(client: Client, database: Path) -> None:
    """Receive through the relays of the person whose home this is."""
    if database.exists():  # noqa: ASYNC240 - one look
        with suppress(GraphchatError):  # open elsewhere, or nobody can type its passphrase
            secret = passphrase.find(database, os.environ)
            async with Client(database, secret) as person:
                for relay in person.relays:
                    await client.add_relay(relay.text, check=False)
    if not client.relays:
        raise StateError(
            "The bot has no relay to receive through. Name one with Bot(..., relays=[...]),"
            f" with {RELAYS}, or with: graphchat servers add URI."
            " To try it, run one on this machine: graphchat bot dev TARGET --with-relay"
        )
