from pathlib import Path

import aiohttp
import pytest

from graphchat.errors import StateError
from graphchat.testing import relay
from graphchat.wire.uri import RelayAddress


async def status(uri: str) -> int:
    async with aiohttp.ClientSession() as http, http.get(RelayAddress.parse(uri).base) as answer:
        return answer.status


async def test_a_relay_comes_back_in_the_same_place_with_the_same_key() -> None:
    async with relay() as served:
        uri = served.uri
        assert await status(uri) == 405
        for end in (served.stop, served.kill):
            await end()
            with pytest.raises(aiohttp.ClientConnectionError):
                await status(uri)
            await served.start()
            assert served.uri == uri
            assert await status(uri) == 405


async def test_several_relays_live_in_one_loop(tmp_path: Path) -> None:
    async with relay("memory:") as one, relay() as two, relay(folder=tmp_path) as three:
        assert len({one.uri, two.uri, three.uri}) == 3
        assert [await status(found.uri) for found in (one, two, three)] == [405] * 3
    assert (tmp_path / "relay.db").exists()


async def test_a_start_that_fails_says_why() -> None:
    async with relay("memory:") as served:
        port = int(RelayAddress.parse(served.uri).base.rpartition(":")[2].removesuffix("/q"))
        with pytest.raises(StateError, match="Cannot listen"):
            async with relay("memory:", port=port):
                pass
