from datetime import timedelta
from pathlib import Path

import pytest

from graphchat_bots.examples.reminder import MOST, bot, spoken


def test_nothing_is_wrong_with_it() -> None:
    assert bot.check() == []


async def test_it_reminds_once_also_after_a_crash(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("/remind 5m tea") == ["OK, in 5 minutes."]
        await world.crash()
        await world.advance(timedelta(minutes=5))
        assert await ann.hears() == ["Reminder: tea"]
        assert await ann.says("/reminders") == ["There is nothing on my list."]


async def test_it_reminds_again_and_again_until_that_is_cancelled(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("/every 1h walk") == ["OK, every 1 hour. /reminders ends it."]
        await world.advance(timedelta(hours=2))
        assert await ann.hears() == ["Reminder: walk", "Reminder: walk"]
        await world.away(timedelta(hours=5, minutes=30))
        assert await ann.hears() == ["Reminder: walk"]  # one for all that were missed
        await world.advance(timedelta(minutes=30))
        assert await ann.hears() == ["Reminder: walk"]
        assert await ann.says("/forget 1") == ["#1 is cancelled."]
        await world.advance(timedelta(hours=3))
        assert await ann.hears() == []


async def test_the_list_has_buttons_that_cancel(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/remind 1d tea")
        await ann.says("/remind 2d cake")
        (listed,) = await ann.says("/reminders")
        question = str(listed)
        assert "#1" in question
        assert "UTC: cake" in question
        assert await ann.presses(listed, "Cancel #2") == ["#2 is cancelled."]
        assert await ann.presses(listed, "Cancel #2") == [
            "There is no reminder #2. /reminders shows them."
        ]
        await world.advance(timedelta(days=3))
        assert await ann.hears() == ["Reminder: tea"]


async def test_people_do_not_see_the_reminders_of_others(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        await ann.says("/remind 1d tea")
        assert await ben.says("/forget 1") == ["There is no reminder #1. /reminders shows them."]
        assert await ben.says("hello") == ["Say /remind 5m tea, /every 1d flowers, or /reminders."]


async def test_there_are_bounds(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("/every 5s tea") == ["Not more often than once a minute."]
        assert await ann.says(f"/remind 5s {'x' * 501}") == ["At most 500 characters, please."]
        for number in range(MOST):
            if number % 20 == 0:
                await world.advance(timedelta(minutes=1))
            await ann.says("/remind 1d tea")
        await world.advance(timedelta(minutes=1))
        assert await ann.says("/remind 1d tea") == [
            f"There are {MOST} reminders on my list. Cancel some: /reminders"
        ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5, "5 seconds"),
        (1, "1 second"),
        (60, "1 minute"),
        (5400, "90 minutes"),
        (172800, "2 days"),
    ],
)
def test_times_are_spoken(seconds: int, text: str) -> None:
    assert spoken(timedelta(seconds=seconds)) == text
