import asyncio
from pathlib import Path

import pytest

from graphchat_bots import Bot, Message
from graphchat_bots.testing.relay import Signal


async def test_all_who_wait_for_a_signal_are_waked() -> None:
    signal, holds = Signal(), list[int]()
    waiting = [asyncio.create_task(signal.until(lambda: bool(holds))) for _ in range(3)]
    await asyncio.sleep(0)
    signal.ring()
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    holds.append(1)
    signal.ring()
    await asyncio.wait_for(asyncio.gather(*waiting), 5)


async def test_what_never_holds_is_not_waited_for_for_ever() -> None:
    with pytest.raises(TimeoutError):
        await Signal().until(lambda: False, patience=0.01)


async def test_two_real_bots_stop_answering_each_other(tmp_path: Path) -> None:
    from graphchat_bots.local_relay import local_relay  # noqa: PLC0415

    said: list[str] = []

    def echo(name: str, relay: str) -> Bot:
        bot = Bot(name, home=tmp_path, relays=[relay])

        @bot.message()
        async def again(msg: Message) -> str:
            said.append(name)
            return msg.text

        return bot

    async with local_relay(None) as relay, echo("one", relay) as one, echo("two", relay) as two:
        link = (await two.invitation()).text
        assert one._life is not None
        profile = one._life._port._profile  # there is no other way to make a bot begin
        contact = await profile.connect(link)
        await contact.established()
        await contact.send("hello")
        count = -1
        async with asyncio.timeout(30):
            while count < len(said):
                count = len(said)
                await asyncio.sleep(0.4)
    assert 10 < len(said) <= 21
