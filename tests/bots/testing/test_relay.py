import asyncio
from pathlib import Path

from graphchat_bots import Bot, Message


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
