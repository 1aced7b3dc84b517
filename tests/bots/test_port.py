"""The contract of a port, over both implementations."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from graphchat.content import Text
from graphchat.errors import NotFoundError
from graphchat_bots.port import Incoming, Port
from graphchat_bots.testing.clock import HandClock
from graphchat_bots.testing.memory import MemoryNetwork
from graphchat_bots.testing.network import Network
from graphchat_bots.testing.relay import RelayNetwork


@pytest.fixture
async def network(tmp_path: Path, bot_level: str) -> AsyncIterator[Network]:
    made: Network = MemoryNetwork(HandClock()) if bot_level == "memory" else RelayNetwork(tmp_path)
    yield made
    await made.kill()
    await made.close()


async def receive(port: Port, count: int) -> list[Incoming]:
    found: list[Incoming] = []
    async with asyncio.timeout(30):
        while len(found) < count:
            found += await port.receive(count - len(found))
    return found


async def meet(network: Network, port: Port, *, is_bot: bool = False) -> str:
    """Let somebody join; take the event of it out of the way."""
    joining = asyncio.create_task(network.join("Ann", is_bot=is_bot))
    (contact,) = await receive(port, 1)
    assert (contact.kind, contact.message, contact.sender_name) == ("contact", None, "Ann")
    assert contact.chat == await joining
    assert contact.from_bot == is_bot
    await port.acknowledge([contact.id])
    return contact.chat


async def hear(network: Network, port: Port, chat: str, text: str) -> Incoming:
    name = text.encode().ljust(16, b"-")
    saying = asyncio.create_task(network.say(chat, Text(text), name))
    (said,) = await receive(port, 1)
    await saying
    assert (said.chat, said.kind, said.message) == (chat, "message", Text(text))
    assert said.message_id == name
    return said


async def test_what_was_handed_out_comes_again_after_a_restart_only(network: Network) -> None:
    port = await network.start()
    chat = await meet(network, port)
    first, second = [await hear(network, port, chat, text) for text in ("a", "b")]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await port.receive(1)
    await port.acknowledge([first.id])
    await network.kill()
    port = await network.start()
    assert await receive(port, 1) == [second]
    await port.acknowledge([second.id])
    await network.kill()
    port = await network.start()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await port.receive(1)


async def test_an_event_can_be_recalled_until_it_is_acknowledged(network: Network) -> None:
    port = await network.start()
    chat = await meet(network, port)
    said = [await hear(network, port, chat, text) for text in ("a", "b", "c")]
    assert [await port.recall(each.id) for each in said] == said
    await port.acknowledge([said[1].id, "never heard of"])
    with pytest.raises(NotFoundError):
        await port.recall(said[1].id)
    with pytest.raises(NotFoundError):
        await port.recall("never heard of")
    assert await port.recall(said[2].id) == said[2]


async def test_the_same_message_id_is_delivered_once(network: Network) -> None:
    port = await network.start()
    chat = await meet(network, port, is_bot=True)
    for text, name in (("a", b"1" * 16), ("a", b"1" * 16), ("b", b"2" * 16)):
        await port.send(chat, Text(text), name)
    await network.kill()
    port = await network.start()
    await port.send(chat, Text("b"), b"2" * 16)
    await port.send(chat, Text("c"), b"3" * 16)
    heard = [each.message for each in await network.hear(chat)]
    assert heard == [Text("a"), Text("b"), Text("c")]


async def test_the_address_stays_the_same(network: Network) -> None:
    port = await network.start()
    first = await port.invitation()
    assert await port.invitation() == first
    await network.kill()
    assert await (await network.start()).invitation() == first
