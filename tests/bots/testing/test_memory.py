import asyncio

import pytest

from graphchat.content import Text
from graphchat.errors import NotFoundError
from graphchat_bots.testing.clock import HandClock
from graphchat_bots.testing.memory import MemoryNetwork


async def test_what_is_said_is_received_once_until_the_bot_dies() -> None:
    network = MemoryNetwork(HandClock())
    port = await network.start()
    chat = await network.join("Ann", is_bot=True)
    await network.say(chat, Text("a"), b"1" * 16)
    contact, said = await port.receive(10)
    assert (contact.kind, contact.message, contact.from_bot) == ("contact", None, True)
    assert (said.kind, said.message, said.sender_name) == ("message", Text("a"), "Ann")
    await asyncio.wait_for(network.settle(), 1)
    await port.acknowledge([contact.id])
    await network.kill()
    port = await network.start()
    assert await port.receive(10) == [said]
    assert await port.recall(said.id) == said
    await port.acknowledge([said.id])
    with pytest.raises(NotFoundError):
        await port.recall(said.id)
