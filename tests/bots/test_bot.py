from pathlib import Path

import pytest

from graphchat_bots import Bot, Message, Router
from graphchat_bots.errors import BotFaultsError


async def test_the_smallest_bot_echoes(tmp_path: Path) -> None:
    bot = Bot("echo")

    @bot.message()
    async def echo(msg: Message) -> str:
        return msg.text

    async with bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("hello") == ["hello"]


def test_a_bot_in_order_has_no_faults() -> None:
    assert Bot("shop").check() == []


def test_a_bot_with_faults_does_not_start(tmp_path: Path) -> None:
    bot = Bot("shop")

    @bot.message()
    async def bad(msg: Message, n: int) -> str:
        return ""

    with pytest.raises(BotFaultsError, match="nothing provides int"):
        bot.testing(tmp_path)


async def test_routers_are_part_of_the_bot(tmp_path: Path) -> None:
    bot, router = Bot("shop"), Router()

    @router.command()
    async def ping() -> str:
        return "pong"

    bot.include(router)
    async with bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("/ping") == ["pong"]
