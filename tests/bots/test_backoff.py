import pytest

from graphchat.errors import NotFoundError
from graphchat_bots.backoff import FIRST, LONGEST, delay, insist
from graphchat_bots.testing.clock import START, HandClock


def test_the_pauses_double_up_to_a_minute_with_jitter() -> None:
    clock = HandClock()
    for tries in range(1, 2000):
        longest = min(FIRST * 2.0 ** min(tries - 1, 99), LONGEST)
        assert longest / 2 <= delay(tries, clock) <= longest
    assert len({delay(50, clock) for _ in range(50)}) > 10


async def test_what_fails_is_tried_until_it_works() -> None:
    clock, failures = HandClock(), [OSError(), ValueError(), NotFoundError()]

    async def action() -> str:
        if failures:
            raise failures.pop()
        return "done"

    assert await insist("trying", action, clock) == "done"
    assert START + 1.7 < clock.now() < START + 4


async def test_what_is_not_there_is_not_tried_again() -> None:
    async def action() -> None:
        raise NotFoundError

    with pytest.raises(NotFoundError):
        await insist("trying", action, HandClock(), hopeless=(NotFoundError,))
