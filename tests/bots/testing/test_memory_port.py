import asyncio

from graphchat.content import Text
from graphchat_bots.testing.clock import HandClock
from graphchat_bots.testing.memory import MemoryNetwork
from graphchat_bots.testing.network import Heard


async def test_receiving_waits_for_something_and_takes_no_more_than_its_limit() -> None:
    network = MemoryNetwork(HandClock())
    port = await network.start()
    receiving = asyncio.create_task(port.receive(1))
    await asyncio.sleep(0)
    assert not receiving.done()
    await network.join("Ann", is_bot=False)
    await network.join("Ben", is_bot=False)
    assert [incoming.sender_name for incoming in await receiving] == ["Ann"]
    assert [incoming.sender_name for incoming in await port.receive(1)] == ["Ben"]


async def test_the_same_message_id_is_heard_once() -> None:
    network = MemoryNetwork(HandClock())
    port = await network.start()
    chat = await network.join("Ann", is_bot=False)
    await port.send(chat, Text("a"), b"1" * 16)
    await port.send(chat, Text("a"), b"1" * 16)
    assert await network.hear(chat) == [Heard(b"1" * 16, Text("a"))]
    assert await network.hear(chat) == []
    await network.close()
