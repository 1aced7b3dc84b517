import asyncio
from pathlib import Path

import pytest

from graphchat.client import Client
from graphchat.errors import StateError
from graphchat_bots.local_relay import local_relay, relay_beside


async def test_a_relay_runs_on_loopback_and_ends(tmp_path: Path) -> None:
    before = asyncio.get_running_loop().get_exception_handler()
    async with local_relay(tmp_path / "relay") as address:
        assert address.startswith("http://127.0.0.1:")
        async with Client(tmp_path / "client.db") as client:
            await client.add_relay(address)
    assert (tmp_path / "relay" / "relay.db").exists()
    assert asyncio.get_running_loop().get_exception_handler() is before


async def test_in_memory_it_leaves_nothing(tmp_path: Path) -> None:
    async with local_relay(None), local_relay(None):
        pass
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - a look


def test_a_relay_beside_has_the_same_address_the_next_time(tmp_path: Path) -> None:
    folder = tmp_path / "relay"
    with (
        relay_beside(folder) as first,
        pytest.raises(StateError, match=r"its port [0-9]+ is taken"),
        relay_beside(folder),
    ):
        pass
    with relay_beside(folder) as again:
        assert again == first
