import asyncio
from pathlib import Path

import pytest

from graphchat.client import Client, MessageReceived, Profile
from graphchat.content import Text
from graphchat.errors import CodeError, RelayUnreachableError, StateError
from graphchat.testing.proxy import FaultProxy
from graphchat.wire.uri import RelayAddress
from graphchat_bots import Bot
from graphchat_bots.home import open_bot
from graphchat_bots.local_relay import local_relay
from graphchat_bots.place import Place


async def test_the_profile_of_a_bot_says_what_it_is(tmp_path: Path) -> None:
    async with local_relay(None) as relay:
        place = Place(tmp_path, (relay,))
        for about in ("first", "second"):
            async with open_bot(Bot("shop", about=about).plan(), place, None):
                pass
            async with Client(place.database("shop")) as client:
                [profile] = await client.profiles()
                assert (profile.card.name, profile.card.kind) == ("shop", "bot")
                assert profile.card.bio == about


async def test_a_bot_needs_a_relay(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="graphchat servers add"):
        async with open_bot(Bot("shop").plan(), Place(tmp_path, ()), None):
            pass
    with pytest.raises(CodeError):
        async with open_bot(Bot("shop").plan(), Place(tmp_path, ("nonsense",)), None):
            pass


async def test_a_bot_borrows_the_relays_of_its_home(tmp_path: Path) -> None:
    async with local_relay(None) as relay:
        async with Client(tmp_path / "client.db", relays=[relay]) as client:
            await client.create_profile(Profile("Ann"))
        async with open_bot(Bot("shop").plan(), Place(tmp_path, ()), None) as (port, _):
            assert (await port.invitation()).text


async def test_a_relay_that_is_new_to_a_bot_is_tried(tmp_path: Path) -> None:
    async with (
        local_relay(None) as other,
        local_relay(None) as relay,
        open_bot(Bot("shop").plan(), Place(tmp_path, (relay,)), None),
    ):
        pass
    # Neither answers now; the bot knows one of them, which will be back.
    with pytest.raises(RelayUnreachableError):
        async with open_bot(Bot("shop").plan(), Place(tmp_path, (other,)), None):
            pass
    for known in ((relay,), ()):
        async with open_bot(Bot("shop").plan(), Place(tmp_path, known), None):
            pass


async def test_the_passphrase_protects_client_and_store(tmp_path: Path) -> None:
    async with local_relay(None) as relay:
        place = Place(tmp_path, (relay,))
        async with open_bot(Bot("shop").plan(), place, "correct horse"):
            pass
    for name in ("client.db", "bot.db"):
        vault = place.folder("shop") / f"{name}.vault"
        assert len(vault.read_bytes()) > 60  # a wrapped key, not a bare one


async def test_what_was_sent_leaves_before_an_orderly_end(tmp_path: Path) -> None:
    heard: list[object] = []
    async with (
        local_relay(None) as relay,
        FaultProxy(RelayAddress.parse(relay)) as proxy,
        Client(tmp_path / "ann.db", relays=[proxy.relay.text]) as client,
    ):
        ann = await client.create_profile(Profile("Ann"))
        place = Place(tmp_path, (proxy.relay.text,))
        async with open_bot(Bot("shop").plan(), place, None) as (port, _):
            contact = await ann.connect((await port.invitation()).text)
            await contact.established()
            await port.receive(1)
            proxy.delay = 0.02  # only so many leave before the relay has answered
            for number in range(60):
                await port.send(contact.id, Text(str(number)), number.to_bytes(16))
        async with asyncio.timeout(30):
            async for event in ann.events():
                if isinstance(event, MessageReceived):
                    heard.append(event.message)
                if len(heard) == 60:
                    break
    assert heard == [Text(str(number)) for number in range(60)]
