from collections.abc import MutableMapping
from typing import Any

from tests.relay.support import clients

from graphchat.testing import relay
from graphchat_relay.underneath import abort, refuse_compression, transport_of


async def plain(event: MutableMapping[str, Any]) -> None:
    """Send nothing."""


async def test_another_server_is_left_alone() -> None:
    refuse_compression(plain)
    abort(plain)
    assert transport_of(plain) is None


async def test_hypercorn_has_a_transport_that_can_be_broken() -> None:
    async with relay("memory:") as served, clients(served.uri) as peers:
        talk = await peers.socket()
        await served.kill()
        frame = await talk.socket.receive()
        assert talk.socket.closed, frame
        await served.start()
        assert (await peers.socket()).session is not None
