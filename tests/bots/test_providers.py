from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from graphchat_bots import Bot, Ctx, Message, given
from graphchat_bots.faults import Fault
from graphchat_bots.providers import Factory, Provider, read_providers


class Database:
    pass


class Orders:
    pass


class Mail:
    pass


def read(*factories: Factory) -> tuple[list[str], list[str]]:
    """Return the names of providers, and all faults."""
    faults: list[Fault] = []
    found: Sequence[Provider] = read_providers(factories, [Ctx], faults)
    return [each.name for each in found], [fault.text for fault in faults]


def database() -> Database:
    return Database()


async def orders(db: Database) -> Orders:
    return Orders()


async def mail(db: Database, *, shop: Orders) -> AsyncIterator[Mail]:
    yield Mail()


def test_providers_stand_behind_those_that_they_need() -> None:
    assert read(mail, orders, database) == (["database", "orders", "mail"], [])


def test_what_nothing_provides_is_a_fault_of_each_that_needs_it() -> None:
    assert read(orders, mail)[1] == [
        "provider orders: parameter 'db': nothing provides Database",
        "provider mail: parameter 'db': nothing provides Database",
    ]


def test_a_circle_is_a_fault_that_names_it() -> None:
    def chicken(egg: Orders) -> Database:
        return Database()

    assert read(mail, chicken, orders)[1] == [
        "provider chicken: it needs itself: chicken -> orders -> chicken"
    ]

    def alone(mine: Mail) -> Mail:
        return mine

    assert read(alone)[1] == ["provider alone: it needs itself: alone -> alone"]


def test_two_providers_of_one_type_are_a_fault() -> None:
    def second() -> Database:
        return Database()

    assert read(database, second) == (
        ["database"],
        ["provider second: Database is provided by database already"],
    )


def test_a_provider_says_what_it_provides() -> None:
    async def silent():  # type: ignore[no-untyped-def]  # that is the point
        pass

    async def anything() -> Any:
        pass

    def pages() -> Iterator[Mail]:
        yield Mail()

    async def several() -> AsyncIterator:  # type: ignore[type-arg]  # that is the point
        yield Mail()

    for factory in (silent, anything):
        example = "say what it provides, for example -> Orders"
        assert read(factory)[1] == [f"provider {factory.__name__}: {example}"]
    for generator in (pages, several):
        (fault,) = read(generator)[1]
        assert fault.endswith("AsyncIterator[Orders] with `async def` and `yield`")


def test_parameters_need_a_type_and_a_name() -> None:
    def wild(first, *rest: Database) -> Mail:  # type: ignore[no-untyped-def]  # that is the point
        return Mail()

    assert read(wild)[1] == [
        "provider wild: parameter 'first': give it a type that is provided",
        "provider wild: parameter 'rest': give it a type that is provided",
    ]


def test_nobody_provides_what_handlers_get_anyway_or_words_become() -> None:
    def number() -> int:
        return 3

    def context() -> Ctx:
        raise NotImplementedError

    assert read(number, context)[1] == [
        "provider number: int is what words become; provide a type of your own",
        "provider context: handlers get Ctx from the bot itself",
    ]


def test_annotations_that_cannot_be_read_are_a_fault() -> None:
    def broken() -> "Nothing":  # type: ignore[name-defined]  # noqa: F821 - that is the point
        pass

    (fault,) = read(broken)[1]
    assert fault.startswith("provider broken: its annotations cannot be read")


def test_the_bot_lists_every_missing_provider_before_it_starts() -> None:
    # dishka, like other containers, tells the first only, and of handlers nothing.
    bot = Bot("shop")
    bot.provide(orders)

    @bot.command()
    async def buy(shop: Orders, mail: Mail) -> str:
        return ""

    @bot.message()
    async def echo(msg: Message, mail: Mail) -> str:
        return ""

    @bot.job
    async def ring(ctx: Ctx, text: str, *, mail: Mail = given()) -> str:
        return ""

    assert bot.check() == [
        "provider orders: parameter 'db': nothing provides Database",
        "message echo: parameter 'mail': nothing provides Mail",
        "command buy: parameter 'mail': words cannot become Mail, and nothing provides it",
        "job ring: parameter 'mail': nothing provides Mail",
    ]


def test_a_marked_parameter_says_so() -> None:
    assert repr(given()) == "given()"
