from datetime import timedelta

import msgspec
import pytest

from graphchat_bots import Bot, Ctx, Message, Router
from graphchat_bots.errors import BotFaultsError
from graphchat_bots.plan import unpack


async def ring(ctx: Ctx, text: str, after: timedelta = timedelta(minutes=1)) -> None:
    pass


async def never(text: str) -> None:
    pass


def test_all_faults_are_listed_at_once() -> None:
    bot = Bot("shop")

    @bot.state
    class Basket(msgspec.Struct):
        n: int

    @bot.command(aliases=["o", "Upper"])
    async def order(data: bytes) -> str:
        return ""

    @bot.command(name="o")
    async def other() -> str:
        return ""

    @bot.message()
    async def first(msg: Message) -> str:
        return ""

    @bot.message()
    async def second(msg: Message) -> str:
        return ""

    unreachable = (
        "message second: it is never reached, for first takes every message; "
        "give one of them a condition"
    )
    assert bot.check() == [
        "state Basket: every field needs a default",
        "command order: parameter 'data': words cannot become bytes, and nothing provides it",
        "command 'Upper': a name is a letter and up to 31 of a-z, 0-9, - and _",
        "command /o: there are two with this name",
        unreachable,
    ]
    with pytest.raises(BotFaultsError, match="never reached"):
        bot.plan()


def test_two_commands_of_one_name_are_a_fault() -> None:
    bot = Bot("shop")
    for name in ("order", "order", "Order"):
        bot.command(name=name)(never)
    bot.job(never)
    bot.job(never)
    assert bot.check() == [
        "command /order: there are two with this name",
        "command 'Order': a name is a letter and up to 31 of a-z, 0-9, - and _",
        "job never: there are two with this name",
    ]


def test_two_states_of_one_name_are_a_fault() -> None:
    bot = Bot("shop")
    for _ in range(2):
        bot.state(msgspec.defstruct("Basket", [("n", int, 0)]))
    assert bot.check() == ["state Basket: there are two with this name"]


def test_handlers_with_conditions_are_asked_first() -> None:
    bot, router = Bot("shop"), Router(lambda msg: "x" in msg.text)

    @bot.message()
    async def rest(msg: Message) -> str:
        return ""

    @router.message()
    async def special(msg: Message) -> str:
        return ""

    bot.include(router)
    assert [rule.handler.name for rule in bot.plan().messages] == ["special", "rest"]


def test_arguments_of_a_job_come_back_as_they_were() -> None:
    bot = Bot("shop")
    bot.job(ring)
    plan = bot.plan()
    name, body = plan.pack(ring, ["tea", timedelta(hours=1)])
    assert unpack(plan.jobs[name], body) == {"text": "tea", "after": timedelta(hours=1)}
    _, body = plan.pack(ring, ["tea"])
    assert unpack(plan.jobs[name], body) == {"text": "tea", "after": timedelta(minutes=1)}


@pytest.mark.parametrize("args", [[], [1], ["a", "b"], ["a", timedelta(), 3], [object()]])
def test_arguments_that_do_not_fit_a_job_are_refused_at_once(args: list[object]) -> None:
    bot = Bot("shop")
    bot.job(ring)
    with pytest.raises(TypeError):
        bot.plan().pack(ring, args)


def test_a_function_that_is_no_job_is_refused() -> None:
    with pytest.raises(TypeError, match=r"decorate it with @bot\.job"):
        Bot("shop").plan().pack(ring, ["tea"])


def test_a_limit_that_says_nothing_is_a_fault() -> None:
    bot = Bot("shop")

    @bot.command(limit="often")
    async def order() -> str:
        return ""

    @bot.message(limit="0/min")
    async def echo(msg: Message) -> str:
        return ""

    assert bot.check() == [
        "message echo: the limit '0/min' is not like 5/min, 10/h or 1/10s",
        "command order: the limit 'often' is not like 5/min, 10/h or 1/10s",
    ]


def test_a_handler_behind_one_that_takes_all_of_it_is_a_fault() -> None:
    bot, router = Bot("shop"), Router(lambda msg: "x" in msg.text)

    @router.message()
    async def every(msg: Message) -> str:
        return ""

    @router.message(lambda msg: "y" in msg.text)
    async def some(msg: Message) -> str:
        return ""

    bot.include(router)
    assert bot.check() == [
        "message some: it is never reached, for every takes every message that it would"
    ]
