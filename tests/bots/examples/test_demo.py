from datetime import timedelta
from pathlib import Path

import pytest

from graphchat.content import Image
from graphchat_bots.examples.demo import bot, draw, spoken


async def test_it_echoes_reminds_and_draws(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("hello") == ["hello"]
        assert await ann.says("/remind 5s tea") == ["OK, in 5 seconds."]
        (picture,) = await ann.says("/picture")
        assert isinstance(picture, Image)
        assert await ann.says(picture) == ["Drawn for you just now."]
        await world.advance(timedelta(seconds=5))
        assert await ann.hears() == ["Reminder: tea"]
        (listed,) = await ann.says("/help")
        assert isinstance(listed, str)
        assert all(name in listed for name in ("/remind WHEN TEXT", "/picture", "/help"))


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(seconds=5), "5 seconds"),
        (timedelta(seconds=0.5), "0.5 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(days=2), "2 days"),
    ],
)
def test_times_are_spoken(span: timedelta, text: str) -> None:
    assert spoken(span) == text


def test_each_minute_has_its_own_picture() -> None:
    assert len({draw(minute).tobytes() for minute in range(60)}) == 60
