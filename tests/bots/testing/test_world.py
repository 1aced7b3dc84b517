import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from graphchat.errors import StoreBusyError
from graphchat_bots import Bot, Message
from graphchat_bots.limits import Limits
from graphchat_bots.testing.world import HandlerError


def bot(limits: Limits | None = None) -> Bot:
    made = Bot("world", limits=limits)

    @made.message()
    async def fail(msg: Message) -> str:
        if msg.text == "hang":
            await asyncio.Event().wait()
        if msg.text == "fail":
            raise KeyError(msg.text)
        return msg.text

    return made


async def test_a_failing_handler_fails_the_test_where_it_happens(tmp_path: Path) -> None:
    async with bot().testing(tmp_path) as world:
        with pytest.raises(HandlerError) as caught:
            await world.person("Ann").says("fail")
        assert isinstance(caught.value.__cause__, KeyError)
        with world.expecting(KeyError):  # the other tries
            await world.settle()


async def test_a_failing_handler_fails_the_test_at_the_end_at_the_latest(tmp_path: Path) -> None:
    with pytest.raises(HandlerError):
        async with bot().testing(tmp_path) as world:
            await world.person("Ann").sends("fail")


async def test_an_expected_failure_must_happen(tmp_path: Path) -> None:
    async with bot().testing(tmp_path) as world:
        with (
            pytest.raises(AssertionError, match="no handler failed with KeyError"),
            world.expecting(KeyError),
        ):
            await world.person("Ann").says("fine")


async def test_another_failure_than_the_expected_fails_the_test(tmp_path: Path) -> None:
    async with bot().testing(tmp_path) as world:
        with pytest.raises(HandlerError), world.expecting(ValueError):
            await world.person("Ann").says("fail")
        world._failures.clear()


async def test_a_handler_that_hangs_does_not_keep_the_end_waiting(tmp_path: Path) -> None:
    limits = Limits(drain=timedelta(milliseconds=50))
    async with asyncio.timeout(10):
        async with bot(limits).testing(tmp_path) as world:
            await world.person("Ann").sends("hang")
            await asyncio.sleep(0.01)


async def test_an_error_in_the_test_comes_through_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the whole world is under test
        async with bot().testing(tmp_path) as world:
            await world.person("Ann").sends("hang")
            _ = 1 / 0


async def test_time_stands_still_until_it_is_turned(tmp_path: Path) -> None:
    async with bot().testing(tmp_path) as world:
        before = world.clock.now()
        await world.person("Ann").says("x")
        assert world.clock.now() == before
        await world.advance(timedelta(days=365))
        assert world.clock.now() == before + 365 * 86400


async def test_two_worlds_need_two_folders(tmp_path: Path) -> None:
    async with bot().testing(tmp_path):
        with pytest.raises(StoreBusyError):
            async with bot().testing(tmp_path):
                pass


async def test_two_bots_in_one_loop_do_not_disturb_each_other(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    async with bot().testing(tmp_path / "a") as first, bot().testing(tmp_path / "b") as second:
        people = [world.person(str(number)) for world in (first, second) for number in range(5)]
        answers = await asyncio.gather(*(person.says(person.name) for person in people))
        assert answers == [[person.name] for person in people]
