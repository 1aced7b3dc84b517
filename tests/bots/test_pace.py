import asyncio

from graphchat_bots.limits import Limits
from graphchat_bots.pace import MAX_CHATS, Pace
from graphchat_bots.testing.clock import START, HandClock


async def test_a_burst_leaves_at_once_and_the_rest_at_the_rate() -> None:
    clock = HandClock()
    pace = Pace(clock, Limits(chat_rate=4, chat_burst=3))
    left = []
    for _ in range(7):
        await pace.go("a", bulk=False)
        left.append(clock.now() - START)
    assert left == [0, 0, 0, 0.25, 0.5, 0.75, 1]
    await pace.go("b", bulk=False)
    assert clock.now() == START + 1
    clock.turn_to(START + 100)
    for _ in range(3):
        await pace.go("a", bulk=False)
    assert clock.now() == START + 100


async def test_what_is_in_a_hurry_goes_before_the_rest_in_other_chats() -> None:
    clock, order = HandClock(), list[str]()
    pace = Pace(clock, Limits(chat_rate=0, rate=1))
    await pace.go("a", bulk=True)

    async def go(name: str, *, bulk: bool) -> None:
        await pace.go(name, bulk=bulk)
        order.append(name)

    await asyncio.gather(
        go("one", bulk=False), go("bulk 1", bulk=True), go("bulk 2", bulk=True),
        go("two", bulk=False),
    )  # fmt: skip
    assert sorted(order[:2]) == ["one", "two"]
    assert sorted(order[2:]) == ["bulk 1", "bulk 2"]


async def test_without_rates_nothing_waits_and_nothing_is_kept() -> None:
    clock = HandClock()
    pace = Pace(clock, Limits(chat_rate=0))
    for _ in range(1_000):
        await pace.go("a", bulk=False)
    assert clock.now() == START
    assert not pace._chats


async def test_only_the_chats_of_late_are_remembered() -> None:
    pace = Pace(HandClock(), Limits())
    for number in range(MAX_CHATS + 5):
        await pace.go(str(number), bulk=False)
    assert len(pace._chats) == MAX_CHATS
    assert "4" not in pace._chats
