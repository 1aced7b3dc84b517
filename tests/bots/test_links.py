from pathlib import Path

from graphchat.client import Client
from graphchat_bots import Bot
from graphchat_bots.home import open_bot
from graphchat_bots.links import current_link
from graphchat_bots.local_relay import local_relay
from graphchat_bots.place import Place
from graphchat_bots.store.reading import reading


async def test_the_link_is_there_once_it_was_made_and_follows_changes(tmp_path: Path) -> None:
    async with local_relay(None) as relay:
        place = Place(tmp_path, (relay,))
        path = place.database("shop")
        async with open_bot(Bot("shop").plan(), place, None) as (port, _):
            with reading(path, None) as cursor:
                assert current_link(cursor) is None
            link = (await port.invitation()).text
            with reading(path, None) as cursor:
                assert current_link(cursor) == link
        async with Client(path) as client:
            [profile] = await client.profiles()
            other = (await profile.rotate_address(keep=1000)).link
    with reading(path, None) as cursor:
        assert current_link(cursor) == other != link
