from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from graphchat_bots import Bot, Ctx, Message, given
from graphchat_bots.errors import ProviderError


class Database:
    def __init__(self, name: str = "real") -> None:
        self.name = name


class Orders:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.taken: list[str] = []

    def place(self, what: str) -> str:
        self.taken.append(what)
        return f"{self.database.name} {len(self.taken)}: {what}"


def shop(log: list[str]) -> Bot:
    bot = Bot("shop")

    @bot.provide
    async def orders(database: Database) -> AsyncIterator[Orders]:
        log.append("orders opened")
        yield Orders(database)
        log.append("orders closed")

    @bot.provide
    async def database() -> AsyncIterator[Database]:
        log.append("database opened")
        yield Database()
        log.append("database closed")

    @bot.contact()
    async def greet(ctx: Ctx, store: Orders) -> None:
        await ctx.send(f"We have {len(store.taken)} orders.")

    @bot.command()
    async def order(ctx: Ctx, what: str, store: Orders) -> str:
        await ctx.later(timedelta(minutes=1), remind, what)
        return store.place(what)

    @bot.message()
    async def ask(msg: Message, ctx: Ctx, *, store: Orders = given()) -> str:
        assert await ctx.get(Orders) is store
        return f"Taken: {', '.join(store.taken)}"

    @bot.job
    async def remind(ctx: Ctx, what: str, *, store: Orders = given()) -> str:
        return f"{what} is {'still' if what in store.taken else 'no longer'} ordered."

    return bot


OPENED = ["database opened", "orders opened"]
CLOSED = ["orders closed", "database closed"]


async def test_handlers_of_every_kind_get_what_they_ask_for_by_type(tmp_path: Path) -> None:
    async with shop([]).testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.joins() == ["We have 0 orders."]
        assert await ann.says("/order tea") == ["real 1: tea"]
        assert await ann.says("and?") == ["Taken: tea"]
        await world.advance(timedelta(minutes=1))
        assert await ann.hears() == ["tea is still ordered."]


async def test_providers_live_as_long_as_the_bot(tmp_path: Path) -> None:
    log: list[str] = []
    async with shop(log).testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/order tea")
        assert log == OPENED
        await world.restart()
        assert log == [*OPENED, *CLOSED, *OPENED]
        assert await ann.says("/order cake") == ["real 1: cake"]
        await world.crash()
        assert await ann.says("/order milk") == ["real 1: milk"]
    assert log == [*OPENED, *CLOSED] * 3


async def test_a_test_brings_a_value_of_its_own(tmp_path: Path) -> None:
    log: list[str] = []
    provide = {Database: Database("fake")}
    async with shop(log).testing(tmp_path, provide=provide) as world:
        assert await world.person("Ann").says("/order tea") == ["fake 1: tea"]
    assert log == ["orders opened", "orders closed"]


def test_nothing_takes_the_place_of_what_nobody_provides(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="no provider makes Path"):
        shop([]).testing(tmp_path, provide={Path: tmp_path})


async def test_a_provider_that_fails_is_named_and_what_was_opened_is_closed(
    tmp_path: Path,
) -> None:
    log: list[str] = []
    bot = shop(log)

    class Mail:
        pass

    @bot.provide
    async def mail(store: Orders) -> Mail:
        raise OSError("no route")

    with pytest.raises(ProviderError, match=r"provider mail failed.*OSError: no route"):
        async with bot.testing(tmp_path):
            pass
    assert log == [*OPENED, *CLOSED]
    # It was no crash: the next start need not be careful.
    async with shop([]).testing(tmp_path) as world:
        assert not world._store.crashed


async def test_one_that_fails_at_the_end_keeps_no_other_open(tmp_path: Path) -> None:
    bot, log = Bot("shop"), list[str]()

    @bot.provide
    async def database() -> AsyncIterator[Database]:
        yield Database()
        log.append("database closed")

    @bot.provide
    async def orders(database: Database) -> AsyncIterator[Orders]:
        yield Orders(database)
        raise OSError("too late")

    with pytest.raises(ProviderError, match="while it was closed: OSError: too late"):
        async with bot.testing(tmp_path):
            pass
    assert log == ["database closed"]


async def test_what_is_asked_for_by_hand_may_be_missing(tmp_path: Path) -> None:
    bot = Bot("shop")

    @bot.message()
    async def ask(ctx: Ctx) -> str:
        return (await ctx.get(Database)).name

    async with bot.testing(tmp_path) as world:
        with world.expecting(LookupError):
            await world.person("Ann").says("x")
