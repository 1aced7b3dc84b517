from typing import Any, cast

import pytest
from tests.sdk.client.people import Home

from graphchat import Client
from graphchat.errors import StateError
from graphchat.transport import HttpTransport


def urls(client: Client, profile: int) -> tuple[str | None, str | None]:
    """Return by which proxy a profile, and the client itself, go."""
    transport = client.engine.context.transport
    found = [transport, transport.of(profile)]
    own, of_profile = (cast(Any, each)._connections._proxy for each in found)
    return own, of_profile


async def test_a_home_keeps_its_proxy_and_profiles_are_apart_there(alice: Home) -> None:
    assert await alice.client.proxy() is None
    await alice.client.set_proxy("socks5h://127.0.0.1:9050")
    await alice.reopen()
    assert str(await alice.client.proxy()) == "socks5h://127.0.0.1:9050"
    found = {*urls(alice.client, 1), *urls(alice.client, 2)}
    assert len(found) == 3
    assert all(url and url.endswith("@127.0.0.1:9050") for url in found)
    assert urls(alice.client, 1) == urls(alice.client, 1)
    with pytest.raises(StateError, match="A proxy is written as"):
        await alice.client.set_proxy("tor")
    await alice.client.set_proxy("http://me:secret@proxy:3128")
    assert str(await alice.client.proxy()) == "http://me@proxy:3128"
    await alice.client.set_proxy(None)
    await alice.reopen()
    assert urls(alice.client, 1) == (None, None)


async def test_another_proxy_can_be_chosen_for_one_opening(alice: Home) -> None:
    await alice.client.set_proxy("socks5h://127.0.0.1:9050")
    await alice.close()
    async with Client(alice.path, proxy="") as client:
        assert urls(client, 1) == (None, None)
    async with Client(alice.path, proxy="http://proxy:3128") as client:
        assert urls(client, 1) == ("http://proxy:3128",) * 2
        assert isinstance(client.engine.context.transport, HttpTransport)
